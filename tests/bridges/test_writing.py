"""Writing by TAXII: objects are read whole or refused whole, and wait for an officer like any file."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.bridges.holdings import inbox_of
from jiwar.bridges.models import Reading, Source
from jiwar.identity.models import Agency
from jiwar.watchlist.models import Entry
from tests.bridges.conftest import MEDIA_TYPE, Secret, client
from tests.bridges.logic.test_coming_in import PERSON, person, thing

pytestmark = pytest.mark.django_db
ROOT = "/taxii2/jiwar/"


@pytest.fixture
def writer(outside: Agency, confirm: Any, secret: Secret, source: Callable[..., Source]) -> Client:
    """A program outside that may write into the inbox of its source."""
    confirm(outside, "NER")
    source(writer=outside.code)
    return client(secret(outside, P.BRIDGES_COLLECTION_WRITE))


def inbox() -> str:
    return f"{ROOT}collections/{inbox_of('interpol').id}/"


def write(program: Client, body: Any, content_type: str = MEDIA_TYPE) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return program.post(inbox() + "objects/", data, content_type=content_type)


def test_the_inbox_is_a_collection_that_is_written_and_not_read(writer: Client) -> None:
    (one,) = writer.get(f"{ROOT}collections/").json()["collections"]
    assert (one["alias"], one["can_read"], one["can_write"]) == ("inbox.interpol", False, True)
    assert writer.get(inbox()).json()["title"] == "INTERPOL notices"
    for part in ("objects/", "manifest/", f"objects/{PERSON}/"):
        assert writer.get(inbox() + part).status_code == 403


def test_what_is_written_waits_and_its_status_says_what_was_not_understood(writer: Client) -> None:
    answer = write(writer, {"objects": [person(), thing("malware", name="x"), {"type": "x"}]})
    assert (answer.status_code, answer["Content-Type"]) == (202, MEDIA_TYPE)
    told = answer.json()
    assert (told["status"], told["total_count"], told["success_count"], told["failure_count"]) == ("complete", 3, 1, 2)
    assert [(one["id"], one["version"]) for one in told["failures"]] == [
        (thing("malware")["id"], "2026-04-06T20:03:00.000Z"),
        ("objects.2", "1970-01-01T00:00:00.000000Z"),
    ]
    assert writer.get(f"{ROOT}status/{told['id']}/").json() == told
    reading = Reading.objects.get()
    assert (reading.via, reading.state, reading.found, str(reading.pk)) == ("taxii", "waiting", 1, told["id"])
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ({"objects": [person()]}, "application/json", 415),
        ({"objects": [person()]}, "application/taxii+json", 415),
        ({"objects": [person()]}, "application/taxii+json;version=2.0", 415),
        (b"{", MEDIA_TYPE, 400),
        (b'{"objects":[],"objects":[]}', MEDIA_TYPE, 400),
        ({}, MEDIA_TYPE, 422),
        ({"objects": 7}, MEDIA_TYPE, 422),
        ([], MEDIA_TYPE, 422),
        (b'{"objects":["' + b"x" * 10_000_001 + b'"]}', MEDIA_TYPE, 413),
    ],
    ids=range(9),
)
def test_a_message_that_is_not_understood_writes_nothing(
    writer: Client, body: Any, content_type: str, status: int
) -> None:
    answer = write(writer, body, content_type)
    assert (answer.status_code, answer["Content-Type"]) == (status, MEDIA_TYPE)
    assert answer.json()["http_status"] == str(status)
    assert not Reading.objects.exists()


def test_a_forged_statement_refuses_the_message(writer: Client, niger: Any) -> None:
    from tests.bridges.test_readings import foreign_alert

    _, data = foreign_alert(niger)
    forged = json.loads(data.replace(b"Salem Ould Khattar", b"Somebody Else"))
    answer = write(writer, {"objects": forged["objects"]})
    assert (answer.status_code, answer.json()["error_code"]) == (422, "signature_wrong")


def test_only_the_sources_own_agency_writes_and_reads_its_status(
    writer: Client, agency: Agency, confirm: Any, secret: Secret, outside: Agency
) -> None:
    confirm(agency)
    stranger = client(secret(agency, P.BRIDGES_COLLECTION_WRITE, P.BRIDGES_COLLECTION_READ))
    assert stranger.post(inbox() + "objects/", b"{}", content_type=MEDIA_TYPE).status_code == 404
    told = write(writer, {"objects": [person()]}).json()
    assert stranger.get(f"{ROOT}status/{told['id']}/").status_code == 404
    reader = client(secret(outside, P.BRIDGES_COLLECTION_READ))
    assert reader.post(inbox() + "objects/", b"{}", content_type=MEDIA_TYPE).status_code == 404
    other = client(secret(outside, P.BRIDGES_COLLECTION_WRITE, purpose=Purpose.MISSING_PERSONS))
    assert other.post(inbox() + "objects/", b"{}", content_type=MEDIA_TYPE).status_code == 404
