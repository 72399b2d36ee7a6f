"""The start page of documents shows what a person may do, and no more."""

import dataclasses
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from jiwar.access.policy import AccessRefused
from jiwar.documents import pages
from jiwar.identity.models import Agency, Person, RoleGrant
from tests.console import client_of, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_factor(settings: Any) -> None:
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)


def a_person(role: str) -> Person:
    agency = Agency.objects.create(code="ncb", name="NCB")
    person = Person.objects.create(username="amal", full_name="Amal", agency=agency, password="!")
    RoleGrant.objects.create(person=person, role=role)
    return person


def test_the_menu_leads_to_documents_and_documents_to_trust() -> None:
    client = client_of(a_person("contact_officer"))
    page = client.get("/documents/")
    assert page.status_code == 200
    assert 'href="/documents/trust/"' in page.content.decode()
    assert 'href="/documents/"' in client.get("/").content.decode()
    assert "Trust" in text(page)


def test_what_nobody_may_open_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    never = pages.Place("document-trust", "Never", "Nobody", frozenset({pages.P.AUDIT_LEDGER_READ}))
    monkeypatch.setattr(pages, "PLACES", (*pages.PLACES, never))
    assert "Never" not in text(client_of(a_person("field_officer")).get("/documents/"))


def test_nobody_who_is_not_signed_in_sees_it() -> None:
    request = RequestFactory().get("/documents/")
    request.user = AnonymousUser()
    with pytest.raises(AccessRefused, match="not_signed_in"):
        pages.start(request)
