"""Exports at the JSON API, for the agency of the token."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from jiwar.access.permissions import Permission as P
from jiwar.bridges.logic import stix
from jiwar.identity.models import Agency
from jiwar.records.models import Record
from tests.bridges.conftest import Secret
from tests.bridges.test_exports import shareable

pytestmark = pytest.mark.django_db


def program(token: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"})


def address(record: Record, format_: str) -> str:
    return f"/api/v1/records/{record.uid}/exports/{format_}"


def test_our_own_program_gets_a_record_with_what_is_lost(
    agency: Agency, confirm: Any, secret: Secret, issued: Callable[..., Record]
) -> None:
    confirm(agency)
    record = issued()
    ours = program(secret(agency, P.BRIDGES_RECORD_EXPORT, P.WATCHLIST_ALERT_READ))
    said = ours.get(address(record, "stix")).json()
    assert said["content"]["objects"][-1]["extensions"][stix.EXTENSION]["statement"] == record.statement
    assert {"path": "content.grading", "why": {"code": "only_signed", "text": "in the signed record alone"}} in said[
        "lost"
    ]
    assert ours.get(address(record, "misp")).json()["content"]["Event"]["published"] is False
    entities = ours.get(address(record, "ftm")).json()["content"]
    assert [entity["schema"] for entity in entities] == ["Person", "Passport", "Sanction", "PlainText"]
    assert ours.get(address(record, "xml")).status_code == 422
    narrow = program(secret(agency, P.BRIDGES_RECORD_EXPORT))
    assert narrow.get(address(record, "stix")).status_code == 404


def test_a_program_outside_learns_nothing_of_what_it_may_not_have(
    outside: Agency, confirm: Any, secret: Secret, issued: Callable[..., Record], opened: Any
) -> None:
    token = secret(outside, P.BRIDGES_RECORD_EXPORT)
    fits, closed = issued(shareable()), issued()
    assert program(token).get(address(fits, "stix")).json()["faults"][0]["code"] == "reader_unknown"
    confirm(outside, "NER")
    assert program(token).get(address(fits, "stix")).status_code == 404
    opened("alert.person")
    assert program(token).get(address(fits, "stix")).status_code == 200
    assert program(token).get(address(closed, "stix")).status_code == 404
    unknown = "/api/v1/records/0197a000-0000-7000-8000-000000000000/exports/stix"
    assert program(token).get(unknown).json() == program(token).get(address(closed, "stix")).json()
