"""The pages of public lists, asked as a browser without JavaScript asks them."""

import dataclasses
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from jiwar.access.policy import Grant
from jiwar.audit.queries import leaves
from jiwar.identity.models import Agency
from jiwar.identity.roles import Role
from jiwar.identity.services import add_person
from jiwar.watchlist.lists import import_un_list
from jiwar.watchlist.models import Entry, ListImport
from tests.watchlist.conftest import SAMPLE

SignedIn = Callable[..., Client]


@pytest.fixture
def signed_in(node: None, settings: Any) -> SignedIn:
    """`signed_in(role, language)`: a browser of a person of this role."""
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    agency = Agency.objects.create(code="ncb", name="NCB")

    def sign_in(role: Role = Role.CONTACT_OFFICER, language: str = "en", **options: Any) -> Client:
        person = add_person(f"a-{role}", "Amal", "a long test secret 1", agency=agency, roles=[role])
        client = Client(**options)
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        client.cookies["jiwar_language"] = language
        return client

    return sign_in


@pytest.fixture
def reading(node: None, importer: Grant) -> ListImport:
    with SAMPLE.open("rb") as file:
        return import_un_list(importer, file, SAMPLE.name)


def send(client: Client, content: bytes, **more: Any) -> Any:
    sent = {"list": "un_security_council", "file": SimpleUploadedFile("list.xml", content)}
    return client.post(reverse("list-read"), sent, **more)


def test_a_list_is_read_and_applied_once_its_changes_were_seen(signed_in: SignedIn) -> None:
    client = signed_in()
    assert reverse("list-read") in client.get(reverse("lists")).content.decode()
    answer = send(client, SAMPLE.read_bytes(), follow=True)
    reading = ListImport.objects.get()
    here = reverse("list-reading", args=[reading.pk])
    assert answer.redirect_chain == [(here, 302)]
    page = answer.content.decode()
    assert "Nothing of this is applied yet" in page
    assert "YOUSSEF EL MEGARYEF" in page
    assert reading.sha256 in page
    assert not Entry.objects.exists()
    assert reading.unread_lines.exclude(value="").exists()
    reads = leaves(act="list_reading_opened").count()
    lines = client.get(here, {"show": "unread"}).content.decode()
    assert leaves(act="list_reading_opened").count() == reads + 1
    for line in reading.unread_lines.all()[:50]:
        assert f"<bdi>{line.line:,}</bdi>" in lines
    page = client.post(here, {"act": "confirm"}, follow=True).content.decode()
    assert "Applied. Screening finds it from now on." in page
    assert "YOUSSEF EL MEGARYEF" not in page
    assert not reading.unread_lines.exclude(value="").exists()
    assert Entry.objects.filter(active=True).count() == reading.entries
    assert client.post(here, {"act": "discard"}).status_code == 422


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "This field is required"),
        (b"<x/>", "not the list that was chosen"),
        (SAMPLE.read_bytes()[:5000], "not whole and well-formed"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "a DTD or entities"),
    ],
)
def test_a_refused_file_leaves_the_form_with_the_reason(signed_in: SignedIn, content: bytes, said: str) -> None:
    client = signed_in()
    sent = {"list": "un_security_council"}
    sent |= {"file": SimpleUploadedFile("list.xml", content)} if content else {}
    answer = client.post(reverse("list-read"), sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert 'name="file"' in answer.content.decode()
    assert not ListImport.objects.exists()


def test_a_body_past_the_limit_is_not_taken_in(signed_in: SignedIn) -> None:
    class Unread(io.BytesIO):
        def read(self, *size: int) -> bytes:
            raise AssertionError("the body was read")

    client = signed_in()
    answer = client.generic(
        "POST", reverse("list-read"), b"", CONTENT_LENGTH=str(110_000_000), **{"wsgi.input": Unread()}
    )
    assert answer.status_code == 422
    assert "100 MB" in answer.content.decode()


def test_a_form_of_another_site_is_refused(signed_in: SignedIn) -> None:
    client = signed_in(enforce_csrf_checks=True)
    assert send(client, SAMPLE.read_bytes()).status_code == 403
    assert not ListImport.objects.exists()


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.FIELD_OFFICER, Role.OVERSIGHT])
def test_who_may_not_read_lists_sees_none(signed_in: SignedIn, reading: ListImport, role: Role) -> None:
    client = signed_in(role)
    entry = Entry.objects.first()
    for address in (
        reverse("lists"),
        reverse("list-read"),
        reverse("list-reading", args=[reading.pk]),
        reverse("listings"),
        reverse("listing", args=[entry.pk]),
    ):
        assert client.get(address).status_code == 403
    assert send(client, SAMPLE.read_bytes()).status_code == 403
    assert ListImport.objects.count() == 1


def test_an_approver_reads_and_does_not_import(signed_in: SignedIn, reading: ListImport) -> None:
    client = signed_in(Role.APPROVER)
    page = client.get(reverse("lists")).content.decode()
    assert reverse("list-reading", args=[reading.pk]) in page
    assert reverse("list-read") not in page
    assert send(client, SAMPLE.read_bytes()).status_code == 403


def test_entries_are_found_by_reference_alone(signed_in: SignedIn, reading: ListImport) -> None:
    client = signed_in()
    assert "JWi.001" in client.get(reverse("listings"), {"reference": " jwi.0"}).content.decode()
    for asked in ("MEGARYEF", "Youssef", "%", "_Wi"):
        page = client.get(reverse("listings"), {"reference": asked}).content.decode()
        assert "No entry has such a reference" in page
    assert leaves(act="listings_browsed").count() == 5


def test_a_page_number_that_is_none_is_the_first(signed_in: SignedIn, reading: ListImport) -> None:
    client = signed_in()
    for page in ("0", "-1", "x", "٣", "99999999999999999999", ""):
        assert client.get(reverse("listings"), {"page": page}).status_code == 200


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_one_entry_says_what_the_list_says(signed_in: SignedIn, reading: ListImport, language: str) -> None:
    client = signed_in(language=language)
    entry = Entry.objects.get(reference="JWi.001")
    page = client.get(reverse("listing", args=[entry.pk])).content.decode()
    for text in ("YOUSSEF EL MEGARYEF", "يوسف المقريف", "LY0042817", "17/06/1984", "Al-Qaida", "Invented person"):
        assert text in page
    assert not re.search(r">\s*(freeze_assets_report|in_force|un_security_council|original_script)\s*<", page)
    assert leaves(act="listing_opened", subject=str(entry.pk)).count() == 1


def test_an_entry_that_was_withdrawn_is_not_shown(signed_in: SignedIn, reading: ListImport, importer: Grant) -> None:
    from jiwar.records.services import withdraw

    entry = Entry.objects.get(reference="JWi.001")
    withdraw(importer, entry.record, "a test")
    client = signed_in()
    assert client.get(reverse("listing", args=[entry.pk])).status_code == 404
    assert "JWi.001" not in client.get(reverse("listings")).content.decode()
