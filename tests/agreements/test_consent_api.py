"""Passing on at the JSON API: what people said is read, what they allowed is carried out, and nothing else."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from jiwar.access.permissions import OF_TOKENS, Purpose
from jiwar.access.permissions import Permission as P
from jiwar.access.policy import Actor, Grant, allow
from jiwar.access.services import make_token
from jiwar.agreements import consents
from jiwar.agreements.consent_kinds import REFUSAL, REQUEST
from jiwar.audit.models import Leaf
from jiwar.exchange.models import Outgoing
from jiwar.identity.models import Agency, Person
from jiwar.records.models import Record
from tests.agreements.conftest import say, take
from tests.agreements.test_consents import by, consent, ours, theirs, tunisia, with_tunisia  # noqa: F401
from tests.foreign import ForeignNode

Ask = Callable[..., Client]
Granting = Callable[[P], Grant]
ALL = (P.AGREEMENTS_AGREEMENT_READ, P.AGREEMENTS_RECORD_PASS, P.WATCHLIST_ALERT_READ)


@pytest.fixture
def ask(agency: Agency, officer: Person) -> Ask:
    """`ask(*permissions)`: a client with a token for criminal investigation."""

    def client(*permissions: P, purpose: Purpose = Purpose.CRIMINAL_INVESTIGATION) -> Client:
        administrator = Actor(str(officer.pk), "console", frozenset(P))
        made = make_token(allow(administrator, P.ACCESS_TOKEN_MANAGE), agency, str(uuid4()), permissions, purpose, 90)
        return Client(headers={"Authorization": f"Bearer {made[1]}", "Accept-Language": "en"})

    return client


def pass_on(client: Client, record: Record, body: Any) -> Any:
    return client.post(f"/api/v1/records/{record.uid}/passings", json.dumps(body), content_type="application/json")


def fault(answer: Any) -> tuple[int, str, str]:
    [found] = answer.json()["faults"]
    return answer.status_code, found["code"], found["field"]


def test_who_may_be_given_a_record_and_what_was_said(
    theirs: Record,  # noqa: F811
    niger: ForeignNode,
    by: Granting,  # noqa: F811
    ask: Ask,
) -> None:
    client = ask(*ALL)
    request = consents.ask(by(P.AGREEMENTS_CONSENT_DRAFT), theirs.uid, ["TUN"], "seen at Dehiba")
    address = f"/api/v1/records/{theirs.uid}/consents"
    said = client.get(address).json()
    assert (said["origin"], said["onward"]["code"], said["consents"]) == ("NER", "ask", [])
    assert [(way["state"], way["open"], way["verdict"]["code"]) for way in said["ways"]] == [
        ("TUN", False, "no_consent")
    ]
    [asked] = said["requests"]
    assert (asked["uid"], asked["asked_by"], asked["states"], asked["answer"]) == (
        str(request.uid),
        "LBY",
        ["TUN"],
        None,
    )
    given = consent(niger, theirs, "TUN", request=str(request.uid))
    said = client.get(address).json()
    assert [way["open"] for way in said["ways"]] == [True]
    assert [(each["uid"], each["holder"], each["state"]["code"]) for each in said["consents"]] == [
        (str(given.uid), "LBY", "in_force")
    ]
    assert said["requests"][0]["answer"]["uid"] == str(given.uid)


def test_requests_are_listed_by_whose_they_are_and_whether_they_wait(
    theirs: Record,  # noqa: F811
    ours: Record,  # noqa: F811
    niger: ForeignNode,
    by: Granting,  # noqa: F811
    ask: Ask,
) -> None:
    client = ask(*ALL)
    mine = consents.ask(by(P.AGREEMENTS_CONSENT_DRAFT), theirs.uid, ["TUN"], "seen at Dehiba")
    asked = {"target": str(ours.uid), "states": ["TUN"], "reason": "Vu à Dehiba"}
    yours = take(say(niger, REQUEST, asked, days=60))

    def listed(**narrow: str) -> set[str]:
        return {each["uid"] for each in client.get("/api/v1/consents/requests", narrow).json()}

    assert listed() == {str(mine.uid), str(yours.uid)}
    assert (listed(whose="sent"), listed(whose="received")) == ({str(mine.uid)}, {str(yours.uid)})
    refusal = take(say(niger, REFUSAL, {"target": str(mine.uid), "reason": "not for Tunis"}, days=60))
    assert listed(waiting="true") == {str(yours.uid)}
    [answered] = client.get("/api/v1/consents/requests", {"whose": "sent"}).json()
    assert (answered["answer"]["uid"], answered["answer"]["reason"]) == (str(refusal.uid), "not for Tunis")
    assert fault(client.get("/api/v1/consents/requests", {"whose": "theirs"}))[::2] == (422, "whose")


def test_a_program_passes_on_what_the_origin_consented_to(
    theirs: Record,  # noqa: F811
    niger: ForeignNode,
    ask: Ask,
) -> None:
    client = ask(*ALL)
    assert fault(pass_on(client, theirs, {"state": "TUN"})) == (422, "not_open", "state")
    consent(niger, theirs, "TUN")
    answer = pass_on(client, theirs, {"state": "TUN"})
    assert (answer.status_code, answer.json()) == (202, {"record": str(theirs.uid), "state": "TUN"})
    assert list(Outgoing.objects.filter(node="TUN", record=theirs).values_list("state", flat=True)) == ["queued"]
    leaf = Leaf.objects.get(act="record_passed_on")
    assert (leaf.purpose, leaf.subject, json.loads(leaf.content)["via"]) == (
        "criminal_investigation",
        str(theirs.uid),
        "api",
    )


def test_what_is_wrong_is_named(theirs: Record, ours: Record, niger: ForeignNode, ask: Ask) -> None:  # noqa: F811
    client = ask(*ALL)
    consent(niger, theirs, "TUN")
    assert fault(pass_on(client, theirs, {})) == (422, "missing", "state")
    assert fault(pass_on(client, theirs, {"state": "Tunis"}))[::2] == (422, "state")
    assert fault(pass_on(client, ours, {"state": "TUN"}))[:2] == (422, "own_record")
    assert client.get(f"/api/v1/records/{uuid4()}/consents").status_code == 404
    # For another purpose than the record's, without its kind's permission, or without that to pass on: nothing.
    other = ask(*ALL, purpose=Purpose.BORDER_CHECK)
    assert fault(pass_on(other, theirs, {"state": "TUN"}))[:2] == (403, "purpose_not_allowed")
    assert pass_on(ask(P.AGREEMENTS_RECORD_PASS), theirs, {"state": "TUN"}).status_code == 404
    blind = ask(P.AGREEMENTS_AGREEMENT_READ, P.WATCHLIST_ALERT_READ)
    assert fault(pass_on(blind, theirs, {"state": "TUN"}))[:2] == (403, "permission_missing")
    assert not Outgoing.objects.filter(record=theirs).exists()


def test_people_alone_ask_consent_and_take_back() -> None:
    assert {P.AGREEMENTS_CONSENT_DRAFT, P.AGREEMENTS_CONSENT_APPROVE}.isdisjoint(OF_TOKENS)
