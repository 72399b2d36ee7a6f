"""Blind matching at the JSON API: a program asks and reads, for the one purpose of its token."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from jiwar.access.permissions import OF_TOKENS, Permission, Purpose
from jiwar.audit.queries import leaves
from jiwar.matching import services, worker
from tests.matching.conftest import Niger, agree

Ask = Callable[..., Client]
P = Permission
WHERE = "/api/v1/matching/questions"
QUESTION = {
    "neighbour": "NER",
    "key_type": "vin",
    "keys": ["WVWZZZ1JZXW000001;file 1", "1M8GDM9AXKP042788;file 2"],
    "legal_basis": "Agreement LBY-NER, art. 3",
    "case": "LBY/2026/7",
}


@pytest.fixture
def niger(node: None, monkeypatch: pytest.MonkeyPatch) -> Niger:
    monkeypatch.setattr(worker, "wake", lambda: None)
    neighbour = Niger()
    agree(neighbour)
    return neighbour


def post(client: Client, **changes: Any) -> Any:
    return client.post(WHERE, QUESTION | changes, content_type="application/json")


def test_a_program_asks_and_reads_what_matched(niger: Niger, ask: Ask) -> None:
    client = ask(P.MATCHING_REQUEST_MAKE, P.MATCHING_REQUEST_READ, purpose=Purpose.CRIMINAL_INVESTIGATION)
    asked = post(client)
    assert asked.status_code == 202
    assert asked.json() | {"id": "", "asked_at": ""} == {
        "id": "",
        "neighbour": "NER",
        "key_type": "vin",
        "mode": "online",
        "count": 2,
        "state": {"code": "preparing", "text": "being prepared"},
        "refusal": None,
        "again_at": None,
        "asked_at": "",
        "ended_at": None,
        "hits": None,
    }
    services.work()
    for signed in niger.answer(["1M8GDM9AXKP042788"]):
        niger.deliver(signed)
    services.work()
    found = client.get(f"{WHERE}/{asked.json()['id']}").json()
    assert found["state"]["code"] == "answered"
    assert found["hits"] == [{"key": "1M8GDM9AXKP042788", "references": ["file 2"]}]
    assert leaves(act="match_asked").get().actor.startswith("token:")
    other = ask(P.MATCHING_REQUEST_READ, purpose=Purpose.COUNTER_TERRORISM)
    assert other.get(f"{WHERE}/{asked.json()['id']}").status_code == 404


def test_what_is_wrong_is_named(niger: Niger, ask: Ask) -> None:
    client = ask(P.MATCHING_REQUEST_MAKE)
    wrong = post(client, keys=["1M8GDM9A1KP042788"], mode="bulk", reason="")
    assert wrong.status_code == 422
    found = {(fault["field"], fault["code"]) for fault in wrong.json()["faults"]}
    assert found == {("keys.1.vin", "check_digit_wrong"), ("reason", "reason_missing")}
    assert post(client, key_type="fingerprint").status_code == 422
    assert post(client, keys=[]).status_code == 422


def test_each_act_takes_its_permission(niger: Niger, ask: Ask) -> None:
    assert post(ask(P.MATCHING_REQUEST_READ)).status_code == 403
    assert ask(P.MATCHING_REQUEST_MAKE).get(f"{WHERE}/01890000-0000-7000-8000-000000000000").status_code == 403
    assert not {P.MATCHING_LIST_MANAGE, P.MATCHING_QUOTA_MANAGE, P.MATCHING_REQUEST_ANSWER} & set(OF_TOKENS)
