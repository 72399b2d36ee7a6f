"""Pages of no single room, refusals, and the security headers of every answer."""

import dataclasses
import json
import re

import pytest
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path

from jiwar.access.permissions import Permission
from jiwar.access.purposes import purpose_of
from jiwar.access.services import authorise
from jiwar.audit.queries import leaves
from jiwar.identity.models import Agency
from jiwar.identity.roles import Role
from jiwar.identity.services import add_person
from jiwar.urls import handler400, handler403, handler404, handler500  # noqa: F401 - this module is a ROOT_URLCONF
from jiwar.wire.faults import Fault, Refused

pytestmark = pytest.mark.django_db


def _alerts(request):
    grant = authorise(request, Permission.WATCHLIST_ALERT_READ, purpose_of(request))
    return HttpResponse(f"for {grant.purpose}")


def _refuses(request):
    raise Refused(Fault("missing", "body.surname"), Fault("kept_too_long", "valid_until", "365"))


def _breaks(request):
    raise RuntimeError("a fault of the program")


urlpatterns = [
    path("", include("jiwar.urls")),
    path("try/alerts", _alerts),
    path("try/refuses", _refuses),
    path("try/breaks", _breaks),
]


@pytest.fixture
def person(settings):
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    settings.ROOT_URLCONF = __name__
    agency = Agency.objects.create(code="border", name="Border police")

    def sign_in(role: Role, language: str = "en") -> Client:
        she = add_person(role.value, role.value, "a long walk in the Fezzan", agency=agency, roles=[role])
        client = Client(HTTP_HOST="localhost", raise_request_exception=False)
        client.force_login(she, backend="django.contrib.auth.backends.ModelBackend")
        client.cookies["jiwar_language"] = language
        return client

    return sign_in


def test_django_and_allauth_find_nothing_wrong():
    call_command("check", fail_level="WARNING")


def test_health_answers_without_a_sign_in_and_says_nothing_of_anyone():
    assert Client(HTTP_HOST="localhost").get("/health").json() == {"status": "ok", "node": "LBY", "version": "0.1.0"}


def test_each_kind_of_record_publishes_its_schema():
    client = Client(HTTP_HOST="localhost")
    listed = client.get("/schemas/", HTTP_ACCEPT="application/json").json()["schemas"]
    assert {"kind": "record.withdrawal", "version": 1, "url": "/schemas/record.withdrawal/1"} in listed
    for one in listed:
        response = client.get(one["url"])
        assert response.headers["Content-Type"] == "application/schema+json"
        assert "body" in response.json()["properties"]
    assert client.get("/schemas/record.withdrawal/9").status_code == 404


def test_a_page_of_personal_data_asks_for_the_purpose_and_comes_back(person):
    client = person(Role.CONTACT_OFFICER)
    asked = client.get("/try/alerts?page=2")
    assert asked.status_code == 403
    html = asked.content.decode()
    assert "State the purpose" in html
    assert '<input type="hidden" name="page" value="2">' in html
    assert client.get("/try/alerts?page=2&purpose=criminal_investigation").content == b"for criminal_investigation"
    assert client.get("/try/alerts?purpose=curiosity").status_code == 403


def test_a_refusal_of_access_is_said_and_stands_in_the_ledger(person):
    client = person(Role.ADMINISTRATOR, "fr")
    response = client.get("/try/alerts?purpose=oversight")
    assert response.status_code == 403
    assert "Vos droits ne couvrent pas cet acte." in response.content.decode()
    leaf = leaves(act="access_refused").get()
    assert json.loads(leaf.content)["detail"] == {
        "code": "permission_missing",
        "permission": "watchlist:alert:read",
    }


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("ar", "هذا الحقل مطلوب."), ("fr", "Ce champ est obligatoire."), ("en", "This field is required.")],
)
def test_refused_input_is_422_and_names_field_and_reason_in_the_users_words(person, language, sentence):
    response = person(Role.CONTACT_OFFICER, language).get("/try/refuses")
    html = response.content.decode()
    assert response.status_code == 422
    assert "body.surname" in html
    assert sentence in html
    assert "365" in html


def test_a_fault_of_the_program_is_one_plain_page_that_tells_nothing_of_it(person):
    response = person(Role.CONTACT_OFFICER).get("/try/breaks")
    assert response.status_code == 500
    assert b"a fault of the program" not in response.content
    assert b"jiwar.css" in response.content


def test_a_form_without_its_token_is_refused_in_words(person):
    client = person(Role.CONTACT_OFFICER)
    client.handler.enforce_csrf_checks = True
    response = client.post("/language/", {"language": "ar"})
    assert response.status_code == 403
    assert "open too long" in response.content.decode()


def test_the_language_form_sends_nobody_elsewhere(person):
    client = person(Role.CONTACT_OFFICER)
    for after in ("https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"):
        response = client.post("/language/", {"language": "ar", "next": after})
        assert response.headers["Location"] == "/"
    client.post("/language/", {"language": "xx", "next": "/"})
    assert client.cookies["jiwar_language"].value == "ar"


@pytest.mark.parametrize("path_", ["/sign-in/", "/schemas/", "/nowhere"])
def test_no_page_may_run_what_is_written_into_it(path_):
    response = Client(HTTP_HOST="localhost").get(path_)
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    html = response.content.decode()
    assert not re.search(r"<script(?![^>]*(?: src=|application/json))|\son[a-z]+=|\sstyle=|<style", html)


def test_the_fonts_and_the_sheet_are_served_from_their_packages():
    client = Client(HTTP_HOST="localhost")
    response = client.get("/static/web/jiwar.css")
    sheet = b"".join(response.streaming_content).decode()
    response.close()
    for name in re.findall(r'url\("\.\./([^"]+)"\)', sheet):
        response = client.get(f"/static/{name}")
        assert response.status_code == 200
        response.close()
    assert not re.search(r"(margin|padding|border)-(left|right)|[^-](left|right):", sheet), "logical properties only"
