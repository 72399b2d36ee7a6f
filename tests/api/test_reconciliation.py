"""What OpenRefine asks at `/api/reconcile/` (Reconciliation Service API 0.2), and what a secret in an address opens."""

import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.secrets_in_logs import NoSecrets
from jiwar.audit.models import Leaf
from jiwar.watchlist.reconciliation import MOST_BYTES

Secret = Callable[..., str]
CASE = "LBY/2026/7"
YOUSSEF = {"query": "Youssef El Megaryef", "properties": [{"pid": "birth_date", "v": "1984-06-17"}]}
STRANGER = {"query": "Nobody Ofthisname", "properties": [{"pid": "birth_date", "v": 1970}]}


@pytest.fixture
def address(secret: Secret) -> str:
    return f"/api/reconcile/{secret(P.WATCHLIST_PERSON_SCREEN, purpose=Purpose.SANCTIONS)}/{CASE}"


def ask(client: Client, address: str, batch: Any, **headers: str) -> Any:
    form = urlencode({"queries": batch if isinstance(batch, str) else json.dumps(batch)})
    return client.generic("POST", address, form, "application/x-www-form-urlencoded", headers=headers)


def codes(answer: Any) -> tuple[int, set[tuple[str, str]]]:
    return answer.status_code, {(fault["field"], fault["code"]) for fault in answer.json()["faults"]}


def test_the_manifest_says_what_there_is_and_no_secret(listed: None, client: Client, address: str) -> None:
    answer = client.get(address)
    manifest = answer.json()
    assert manifest["versions"] == ["0.2"]
    assert {"name", "identifierSpace", "schemaSpace"} <= manifest.keys()
    assert "{{id}}" in manifest["view"]["url"]
    assert manifest["defaultTypes"][0]["id"] == "person"
    assert "preview" not in manifest
    assert "entity" not in manifest["suggest"]
    assert "jiwar_" not in answer.content.decode()
    assert answer["Access-Control-Allow-Origin"] == "*"
    for service in manifest["suggest"].values():
        suggested = client.get(service["service_path"], {"prefix": "per"}).json()["result"]
        assert [each["id"] for each in suggested] in (["person"], [])
    assert [one["id"] for one in client.get("/api/reconcile/suggest/property", {"prefix": "b"}).json()["result"]] == [
        "birth_date",
        "birth_place",
    ]
    assert not Leaf.objects.filter(act="person_screened").exists()


@pytest.mark.parametrize("as_json", [False, True])
def test_a_batch_is_answered_and_each_query_is_a_leaf(
    listed: None, client: Client, address: str, as_json: bool
) -> None:
    batch = {"q0": YOUSSEF | {"type": "person", "limit": 3}, "q1": STRANGER, "q2": YOUSSEF | {"type": ["vessel"]}}
    if as_json:
        answer = client.post(address, json.dumps(batch), content_type="application/json")
    else:
        answer = ask(client, address, batch)
    assert answer.status_code == 200
    told = answer.json()
    assert list(told) == ["q0", "q1", "q2"]
    [found] = told["q0"]["result"]
    assert (found["match"], found["name"]) == (False, "YOUSSEF EL MEGARYEF")
    assert 90 < found["score"] <= 100
    assert {"id": "birth_date_same", "value": True} in found["features"]
    assert told["q1"]["result"] == told["q2"]["result"] == []
    leaves = [json.loads(leaf.content) for leaf in Leaf.objects.filter(act="person_screened")]
    assert [(leaf["case"], leaf["purpose"], leaf["detail"]["channel"]) for leaf in leaves] == [
        (CASE, "sanctions", "reconciliation")
    ] * 3
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_same_document_is_no_match_either(listed: None, client: Client, address: str) -> None:
    from jiwar.watchlist.kinds import SubjectFacts
    from jiwar.watchlist.models import Entry

    facts = next(f for f in (SubjectFacts(**e.facts) for e in Entry.objects.all()) if f.documents)
    document = f"{facts.documents[0].country}:{facts.documents[0].number}"
    [found] = ask(client, address, {"q": {"properties": [{"pid": "document", "v": document}]}}).json()["q"]["result"]
    assert (found["match"], found["score"] > 98) == (False, True)


@pytest.mark.parametrize(
    ("batch", "status", "faults"),
    [
        ("", 400, {("queries", "syntax")}),
        ("[]", 422, {("queries", "wrong_form")}),
        ("{}", 422, {("queries", "missing")}),
        ('{"q":{"query":"a\\u0000b"}}', 400, {("queries", "nul")}),
        ('{"q":1,"q":2}', 400, {("queries", "duplicate_name")}),
        ("[" * 5000, 400, {("queries", "too_deep")}),
        ("x" * (MOST_BYTES + 1), 413, {("queries", "too_large")}),
        ({f"q{n}": YOUSSEF for n in range(101)}, 422, {("queries", "too_many")}),
        ({"q": "Youssef"}, 422, {("q", "wrong_form")}),
        ({"q": {"query": "Youssef Megaryef"}}, 422, {("q.reason", "reason_missing")}),
        ({"q": {"query": "*"}}, 422, {("q.names.0", "wildcard")}),
        ({"q": {"query": ""}}, 422, {("q", "query_empty")}),
        ({"q": YOUSSEF | {"name": "x"}}, 422, {("q.name", "unknown_field")}),
        ({"q": YOUSSEF | {"limit": 0}}, 422, {("q.limit", "out_of_range")}),
        ({"q": YOUSSEF | {"limit": "many"}}, 422, {("q.limit", "out_of_range")}),
        ({"q": YOUSSEF | {"type": "saint"}}, 422, {("q.type", "not_in_list")}),
        ({"q": YOUSSEF | {"type_strict": "no"}}, 422, {("q.type_strict", "not_in_list")}),
        ({"q": YOUSSEF | {"type_strict": ["any"]}}, 422, {("q.type_strict", "not_in_list")}),
        ({"q": {"query": "Y", "properties": {}}}, 422, {("q.properties", "wrong_form")}),
        ({"q": {"properties": [{"pid": "religion", "v": "x"}]}}, 422, {("q.properties.0.pid", "not_in_list")}),
        ({"q": {"properties": [{"pid": "sex", "v": True}]}}, 422, {("q.properties.0.v", "wrong_form")}),
        ({"q": {"properties": [{"pid": "sex", "v": ["M", "F"]}]}}, 422, {("q.properties.0.v", "too_many")}),
        ({"q": {"properties": [{"pid": "identifier", "v": "123"}]}}, 422, {("q.properties.0.v", "wrong_form")}),
        ({"q": {"properties": [{"pid": "birth_date", "v": "17/6/1984"}]}}, 422, {("q.birth_date", "wrong_form")}),
        ({"good": YOUSSEF, "bad": {"query": "%"}}, 422, {("bad.names.0", "wildcard")}),
    ],
)
def test_what_is_not_understood_refuses_the_batch(
    listed: None, client: Client, address: str, batch: Any, status: int, faults: set[tuple[str, str]]
) -> None:
    assert codes(ask(client, address, batch)) == (status, faults)
    assert not Leaf.objects.filter(act="person_screened").exists()


def test_who_may_ask(listed: None, client: Client, secret: Secret, address: str) -> None:
    assert codes(ask(client, "/api/reconcile/jiwar_nothing/1", {"q": YOUSSEF})) == (401, {("", "not_signed_in")})
    assert client.get("/api/reconcile/jiwar_nothing/1").status_code == 401
    wide = secret(P.WATCHLIST_PERSON_SCREEN, P.WATCHLIST_ALERT_READ)
    assert codes(ask(client, f"/api/reconcile/{wide}/1", {"q": YOUSSEF})) == (403, {("", "token_too_wide")})
    other = secret(P.WATCHLIST_ALERT_READ)
    assert codes(ask(client, "/api/reconcile/-/1", {"q": YOUSSEF}, Authorization=f"Bearer {other}")) == (
        403,
        {("", "permission_missing")},
    )
    # In a header it may be one that does more.
    assert ask(client, "/api/reconcile/-/1", {"q": YOUSSEF}, Authorization=f"Bearer {wide}").status_code == 200
    assert codes(client.get(address, {"queries": json.dumps({"q": YOUSSEF})})) == (422, {("queries", "ask_by_post")})
    assert codes(client.post(address, {"queries": "{}"})) == (422, {("Content-Type", "not_json")})
    assert client.put(address).status_code == 405
    for path in ("/api/reconcile/", "/api/reconcile/jiwar_x", "/api/reconcile/suggest/entity"):
        assert client.get(path).status_code == 404
    assert codes(ask(client, f"{address}{'x' * 90}", {"q": YOUSSEF})) == (422, {("case", "too_long")})
    assert codes(ask(client, f"{address}%00", {"q": YOUSSEF})) == (422, {("case", "control_character")})


def test_no_secret_reaches_a_log(
    listed: None, client: Client, secret: Secret, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    own = address.split("/")[3]
    with caplog.at_level(logging.DEBUG):
        for path in (address, address.rpartition("/")[0][: -len("/LBY/2026")], f"/api/reconcile/{own}x/1"):
            client.get(path)
            ask(client, path, "no JSON")
    assert own not in caplog.text
    record = logging.LogRecord("x", logging.WARNING, "", 0, "Not Found: %s", (f"/elsewhere/{own}/",), None)
    assert NoSecrets().filter(record)
    assert record.getMessage() == "Not Found: /elsewhere/jiwar_.../"
