"""Who may open the pages of lost documents and use their API, and what each says when something is wrong."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import Actor, allow
from jiwar.access.services import make_token
from jiwar.documents.models import LostDocument
from jiwar.identity.models import Agency, Person, RoleGrant
from tests.console import client_of, text
from tests.documents.registry import OFFICER, ask, fact, node, report

__all__ = ["ask", "node", "report"]


@pytest.fixture
def of(node: None, settings: Any) -> Callable[..., Client]:
    """`of(role)`: a person's browser."""
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    agency = Agency.objects.create(code="ncb", name="NCB")

    def signed_in(role: str, language: str = "en") -> Client:
        person = Person.objects.create(username=role, full_name=role, agency=agency, password="!")
        RoleGrant.objects.create(person=person, role=role)
        return client_of(person, language)

    return signed_in


@pytest.fixture
def program(node: None) -> Client:
    """A program that asks and reports."""
    cache.clear()
    agency = Agency.objects.create(code="passports", name="Passport office")
    by = allow(Actor(OFFICER, "console", frozenset(P)), P.ACCESS_TOKEN_MANAGE)
    permissions = [P.DOCUMENTS_LOST_REPORT, P.DOCUMENTS_LOST_SEARCH]
    secret = make_token(by, agency, "registry", permissions, Purpose.BORDER_CHECK)[1]
    return Client(headers={"Authorization": f"Bearer {secret}"})


def test_a_field_officer_asks_and_cannot_report(of: Callable[..., Client], report: Any) -> None:
    report(fact("A1"))
    client = of("field_officer")
    page = client.post("/documents/lost/", {"issuer": "lby", "type": "passport", "number": "a-1"})
    assert "Registered" in text(page)
    assert "Report a document" not in text(page)
    assert client.get("/documents/lost/report/").status_code == 403
    assert client.get("/documents/lost/reports/").status_code == 403
    assert client.get("/documents/lost/import/").status_code == 403


@pytest.mark.parametrize("role", ["administrator", "oversight"])
def test_who_reads_no_documents_sees_none(of: Callable[..., Client], role: str) -> None:
    assert of(role).get("/documents/lost/").status_code == 403


def test_a_wrong_question_names_its_fields(of: Callable[..., Client]) -> None:
    page = of("field_officer").post("/documents/lost/", {"issuer": "ZZZ", "number": "é"})
    assert page.status_code == 422
    assert page.content.decode().count('aria-invalid="true"') == 2


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_a_table_is_checked_and_then_reported(of: Callable[..., Client], language: str) -> None:
    client = of("contact_officer", language)
    rows = b"type,number,status,since\npassport,A1,lost,2026-10-01\npassport,A2,gone,2026-10-01\n"
    for act, count in (("check", 0), ("report", 1)):
        page = client.post("/documents/lost/import/", {"file": SimpleUploadedFile("t.csv", rows), "act": act})
        assert page.status_code == 200
        assert LostDocument.objects.count() == count
    wrong = client.post("/documents/lost/import/", {"file": SimpleUploadedFile("t.csv", b"a,b\n"), "act": "report"})
    assert wrong.status_code == client.post("/documents/lost/import/", {"act": "report"}).status_code == 422
    assert client.get("/documents/lost/reports/").status_code == 200


def test_another_states_report_is_not_opened(of: Callable[..., Client], report: Any) -> None:
    client, record = of("contact_officer"), report(fact("A1"))
    assert client.get(f"/documents/lost/reports/{record.uid}/").status_code == 200
    record.__class__.objects.filter(pk=record.pk).update(origin="NER")
    assert client.get(f"/documents/lost/reports/{record.uid}/").status_code == 404


def test_a_program_reports_asks_and_takes_back(program: Client) -> None:
    stated = {"documents": [fact("pa 1"), fact("PA2", status="lost")], "reference": "77/2026"}
    made = program.post("/api/v1/documents/reports", stated, content_type="application/json")
    assert made.status_code == 200
    question = {"issuer": "LBY", "type": "P", "number": "PA1"}
    answer = program.post("/api/v1/documents/lost", question, content_type="application/json").json()
    assert (answer["status"], answer["registry"], answer["entries"][0]["report"]) == (
        "stolen", "in_use", made.json()["report"],
    )  # fmt: skip
    back = program.post(
        f"/api/v1/documents/reports/{made.json()['report']}/take-back",
        {"number": "PA1", "reason": "found"},
        content_type="application/json",
    )
    assert back.json() == {"report": made.json()["report"], "version": 2}
    assert program.post("/api/v1/documents/lost", question, content_type="application/json").json()["status"] is None


@pytest.mark.parametrize(
    ("path", "stated", "field"),
    [
        ("lost", {"issuer": "LBY"}, "number"),
        ("lost", {"issuer": "LBY", "number": "é"}, "number"),
        ("lost", {"issuer": "LBY", "number": "1", "name": "x"}, "name"),
        ("reports", {"documents": []}, "documents"),
        ("reports", {"documents": [fact("é")]}, "documents.0.number"),
        ("reports", {"documents": [fact("A9", last="A1", status="invalid")]}, "documents.0.last"),
    ],
)
def test_a_program_is_told_which_field_is_wrong(program: Client, path: str, stated: Any, field: str) -> None:
    answer = program.post(f"/api/v1/documents/{path}", stated, content_type="application/json")
    assert answer.status_code == 422
    assert field in answer.content.decode()
