"""Every address of the JSON API, as an agency's program meets it."""

import io
import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client

from jiwar.access.permissions import OF_TOKENS, Purpose
from jiwar.access.permissions import Permission as P
from jiwar.access.policy import Actor, allow
from jiwar.access.services import as_node
from jiwar.audit.models import Leaf
from jiwar.records.services import expire
from tests.api.conftest import PERSON, SAMPLE
from tests.documents.test_checking import LINES, reading

Ask = Callable[..., Client]


def post(client: Client, address: str, body: Any) -> Any:
    return client.post(f"/api/v1{address}", json.dumps(body), content_type="application/json")


def test_the_node_says_who_it_is(ask: Ask) -> None:
    answer = ask().get("/api/v1/node").json()
    assert (answer["code"], answer["role"], answer["state"]) == ("LBY", "national", "LBY")
    assert "listing.person/1" in answer["kinds"]


def test_screening_answers_as_the_desk_does(listed: None, ask: Ask) -> None:
    client = ask(P.WATCHLIST_PERSON_SCREEN)
    from jiwar.watchlist.models import Entry

    entry = Entry.objects.filter(facts__type="person").exclude(facts__birth_dates=[]).first()
    assert entry is not None
    name, born = entry.facts["names"][0]["text"], entry.facts["birth_dates"][0]["date"]
    answer = post(client, "/screenings", {"names": [name], "birth_date": born, "case": "LBY/2026/7"})
    assert answer.status_code == 200
    said = answer.json()
    assert 1 <= len(said["candidates"]) <= 5
    first = said["candidates"][0]
    assert first["record"] == str(entry.uid)
    assert {reason["ground"]["code"] for reason in first["reasons"]} >= {"name_same"}
    assert said["list_age"]
    leaf = Leaf.objects.get(act="person_screened")
    assert leaf.subject == said["id"]
    assert (leaf.purpose, leaf.case) == ("border_check", "LBY/2026/7")
    assert leaf.actor.startswith("token:")
    assert name not in leaf.content


def test_a_document_is_checked_and_nothing_of_it_is_kept(node: None, ask: Ask) -> None:
    client = ask(P.WATCHLIST_PERSON_SCREEN)
    files = {name: b64encode(data).decode() for name, data in reading().files.items()}
    said = post(client, "/documents/check", {"zone": LINES, "files": files}).json()
    assert said["verdict"] == {"colour": "amber", "code": "issuer_unknown", "detail": said["verdict"]["detail"]}
    assert [part["id"] for part in said["check"]["children"]] == ["mrz", "chip", "lost"]
    leaf = Leaf.objects.get(act="document_checked")
    assert "L898902C3" not in leaf.content
    wrong = post(client, "/documents/check", {"files": {"passwd": files["EF.SOD"]}})
    assert (wrong.status_code, wrong.json()["faults"][0]["code"]) == (422, "file_unknown")
    assert post(client, "/documents/check", {"zone": "A" * 1001}).status_code == 422
    assert post(ask(P.EXCHANGE_LINK_READ), "/documents/check", {"zone": LINES}).status_code == 403


def test_links_and_agreements_are_lists(ask: Ask) -> None:
    client = ask(P.EXCHANGE_LINK_READ, P.AGREEMENTS_AGREEMENT_READ)
    assert client.get("/api/v1/links").json() == []
    assert client.get("/api/v1/agreements").json() == []


def test_the_gap_matrix_has_every_pair_of_the_plan(ask: Ask) -> None:
    client = ask(P.AGREEMENTS_AGREEMENT_READ)
    whole = client.get("/api/v1/agreements/gaps").json()
    kinds = [kind["code"] for kind in whole["kinds"]]
    assert (len(whole["pairs"]), "alert.person" in kinds) == (45, True)
    [ours] = [pair for pair in whole["pairs"] if pair["states"] == ["LBY", "NER"]]
    assert (ours["open"], ours["agreements"]) == (False, [])
    assert [matter["kind"] for matter in ours["matters"]] == kinds
    assert {(w["verdict"]["code"], w["open"]) for m in ours["matters"] for w in m["ways"]} == {("no_agreement", False)}
    assert len(client.get("/api/v1/agreements/gaps", {"state": "NER"}).json()["pairs"]) == 9
    wrong = client.get("/api/v1/agreements/gaps", {"state": "XXX"})
    assert (wrong.status_code, wrong.json()["faults"][0]["field"]) == (422, "state")
    assert ask(P.EXCHANGE_LINK_READ).get("/api/v1/agreements/gaps").status_code == 403


def test_a_verdict_says_why_not(ask: Ask) -> None:
    asked = {"kind": "alert.person", "purpose": "border_check", "neighbour": "NER"}
    answer = ask(P.AGREEMENTS_AGREEMENT_READ).get("/api/v1/verdict", asked).json()
    assert {way: (said["open"], said["verdict"]["code"]) for way, said in answer.items()} == {
        "sends": (False, "no_agreement"),
        "receives": (False, "no_agreement"),
    }


# ICAO Doc 9303-4, appendix A: the specimen of a TD3 zone.
SPECIMEN = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"


def test_a_zone_is_read(ask: Ask) -> None:
    answer = post(ask(P.WATCHLIST_PERSON_SCREEN), "/mrz", {"text": SPECIMEN})
    assert answer.status_code == 200
    zone = answer.json()
    assert (zone["surname"], zone["given_names"], zone["number"]) == ("ERIKSSON", "ANNA MARIA", "L898902C3")
    assert (zone["birth_date"], zone["expired"], zone["sex"]) == ("1974-08-12", True, "F")
    assert all(check["ok"] for check in zone["checks"])


def test_a_wrong_check_digit_names_its_field(ask: Ask) -> None:
    zone = post(ask(P.WATCHLIST_PERSON_SCREEN), "/mrz", {"text": SPECIMEN.replace("7408122", "7408123")}).json()
    assert {check["field"] for check in zone["checks"] if not check["ok"]} == {"birth_date", "composite"}


def test_no_zone_says_what_is_wrong(ask: Ask) -> None:
    answer = post(ask(P.WATCHLIST_PERSON_SCREEN), "/mrz", {"text": SPECIMEN[:-1]})
    assert answer.status_code == 422
    (fault,) = answer.json()["faults"]
    assert (fault["code"], fault["field"]) == ("mrz_line_length", "line_2")


def test_a_record_is_given_as_it_was_signed(listed: None, ask: Ask) -> None:
    from jiwar.records.models import Record

    record = Record.objects.filter(kind="listing.person").first()
    assert record is not None
    said = ask(P.WATCHLIST_LIST_READ).get(f"/api/v1/records/{record.uid}").json()
    assert (said["statement"], said["signature"], said["hash"]) == (record.statement, record.signature, record.hash)
    assert said["state"] == {"code": "in_force", "text": "in force"}
    assert Leaf.objects.filter(act="record_read", subject=str(record.uid)).count() == 1


def test_a_record_whose_use_is_over_is_named_and_not_shown(listed: None, ask: Ask) -> None:
    from jiwar.records.models import Record

    record = Record.objects.filter(kind="listing.person").first()
    assert record is not None

    def said() -> dict[str, Any]:
        answer: dict[str, Any] = ask(P.WATCHLIST_LIST_READ).get(f"/api/v1/records/{record.uid}").json()
        return answer

    # Before the clock-driven expiry has come to it, and after.
    with time_machine.travel(record.valid_until):
        assert (said()["statement"], said()["state"]["code"]) == ("", "in_force")
        expire(as_node(P.EXCHANGE_MESSAGE_PASS))
        assert (said()["statement"], said()["state"]["code"]) == ("", "expired")
        assert (said()["hash"], said()["origin"]) == (record.hash, record.origin)


def test_a_record_takes_the_permission_of_its_kind(listed: None, ask: Ask) -> None:
    from jiwar.records.models import Record

    record = Record.objects.filter(kind="listing.person").first()
    assert record is not None
    answer = ask(*(set(OF_TOKENS) - {P.WATCHLIST_LIST_READ})).get(f"/api/v1/records/{record.uid}")
    assert (answer.status_code, answer.json()["faults"][0]["code"]) == (403, "permission_missing")
    assert not Leaf.objects.filter(act="record_read").exists()
    record.kind = "secret.thing"
    record.save()
    assert ask(*OF_TOKENS).get(f"/api/v1/records/{record.uid}").status_code == 404


@pytest.mark.parametrize(
    "address",
    ["/api/v1/records/0197a000-0000-7000-8000-000000000000", "/api/v1/records/x", "/api/v1/nothing", "/api/nothing"],
)
def test_what_is_not_there_is_said_in_json(ask: Ask, address: str) -> None:
    answer = ask(*OF_TOKENS).get(address)
    assert (answer.status_code, answer.json()["faults"][0]["code"]) == (404, "not_found")


def test_the_description_names_every_address(client: Client) -> None:
    described = client.get("/api/openapi.json").json()
    assert set(described["paths"]) >= {
        "/api/v1/screenings",
        "/api/v1/mrz",
        "/api/v1/links",
        "/api/v1/agreements",
        "/api/v1/verdict",
        "/api/v1/records/{uid}",
        "/api/v1/node",
    }
    assert all(operation["security"] for path in described["paths"].values() for operation in path.values())


def test_listings_are_read_by_reference_and_the_ledger_knows(listed: None, ask: Ask) -> None:
    client = ask(P.WATCHLIST_LIST_READ)
    said = client.get("/api/v1/listings").json()
    assert said["count"] == len(said["listings"]) > 3
    reference = said["listings"][0]["reference"]
    assert client.get("/api/v1/listings", {"reference": reference}).json()["count"] == 1
    assert Leaf.objects.filter(act="listings_browsed").count() == 2
    assert client.get("/api/v1/listings", {"reference": "a\0", "page": "0"}).status_code == 422
    assert ask().get("/api/v1/listings").status_code == 403


def test_alerts_are_listed_to_who_may_read_them(ask: Ask) -> None:
    assert ask(P.WATCHLIST_ALERT_READ).get("/api/v1/alerts").json() == []
    assert ask(P.WATCHLIST_LIST_READ).get("/api/v1/alerts").status_code == 403
    unknown = "/api/v1/alerts/0197a000-0000-7000-8000-000000000000"
    assert ask(P.WATCHLIST_ALERT_READ).get(unknown).status_code == 404


def test_no_address_approves(client: Client) -> None:
    """Drafting and approving are for people at the console: the API has no address for them."""
    paths = client.get("/api/openapi.json").json()["paths"]
    assert {path for path, acts in paths.items() if "post" in acts} == {
        "/api/v1/analysis/searches",
        "/api/v1/documents/check",
        "/api/v1/documents/lost",
        "/api/v1/documents/reports",
        "/api/v1/documents/reports/{uid}/take-back",
        "/api/v1/inquiries",
        "/api/v1/matching/questions",
        "/api/v1/mrz",
        "/api/v1/records/{uid}/passings",
        "/api/v1/screenings",
    }


def test_a_program_reads_what_a_version_of_a_list_would_change(listed: None, ask: Ask) -> None:
    from jiwar.watchlist.list_readings import read_list

    by = allow(Actor(PERSON, "console", frozenset(P)), P.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS)
    text = SAMPLE.read_text(encoding="utf-8").replace("1984-06-17", "1984-07-17")
    reading = read_list(by, "un_security_council", {"new.xml": io.BytesIO(text.encode())})
    client = ask(P.WATCHLIST_LIST_READ, purpose=Purpose.SANCTIONS)
    waiting, applied = client.get("/api/v1/lists").json()
    assert (waiting["state"]["code"], applied["state"]["code"]) == ("waiting", "applied")
    whole = client.get(f"/api/v1/lists/{reading.pk}?change=changed").json()
    assert [(row["reference"], [one["code"] for one in row["fields"]]) for row in whole["changes"]] == [
        ("JWi.001", ["birth_dates"])
    ]
    assert len(whole["not_understood"]) == whole["unread"] > 0
    assert Leaf.objects.filter(act="list_reading_opened").count() == 1
    # What waits names people: a token for another purpose does not read it.
    assert ask(P.WATCHLIST_LIST_READ).get(f"/api/v1/lists/{reading.pk}").status_code == 403
    assert client.get(f"/api/v1/lists/{uuid4()}").status_code == 404
