"""Statements of every kind, genuinely signed: what stands in them is the other state's to say."""

import datetime as dt
import json
from contextlib import suppress
from functools import cache
from types import SimpleNamespace
from typing import Any

from pydantic import ValidationError

from jiwar.agreements.demo import demo_agreement
from jiwar.records.arrivals import check
from jiwar.records.kinds import KINDS, Kind
from jiwar.records.statement import content_hash
from jiwar.records.store import New, _row
from jiwar.wire.faults import Refused
from jiwar.wire.strict_json import JsonRefused, canonical
from tests.fuzz.examples import example
from tests.fuzz.of_exchange import descriptors
from tests.fuzz.of_identity import papers
from tests.fuzz.of_matching import bodies as match_bodies
from tests.fuzz.target import storable, target
from tests.requests.conftest import letter_content
from tests.watchlist.alerts.conftest import alert_content, hit_facts

UID = "019ababa-0000-7000-8000-000000000001"
NOW = dt.datetime.now(dt.UTC)


def statement(kind: Kind, body: dict[str, Any]) -> bytes:
    until = NOW + dt.timedelta(days=90)
    plain = {
        "purpose": "border_check", "legal_basis": "treaty", "grading": {"source": "A", "information": "1"},
        "handling": {"tlp": "GREEN", "restrictions": [], "onward": "no"}, "body": body,
        "valid_until": until.strftime("%Y-%m-%dT%H:%M:%SZ"), "review_on": until.date().isoformat(),
    }  # fmt: skip
    approval = {"author": "one", "approver": "two", "content_hash": content_hash(kind.name, kind.version, plain)}
    return canonical(
        {
            "v": 1, "id": UID, "version": 1, "kind": kind.name,
            "kind_version": kind.version, "origin": "NER", "node": "NER", "issued_at": NOW.isoformat(),
            "content": plain, "supersedes": None, "approval": approval,
        }
    )  # fmt: skip


def bodies() -> dict[str, dict[str, Any]]:
    """Bodies whose parts must fit together, which no schema says."""
    alert, paper = alert_content()["body"], papers()
    request, answer, result = map(json.loads, match_bodies())
    first = demo_agreement(NOW.date())
    for clause in first["clauses"]:
        clause.pop("retention_days", None), clause.pop("answer_within_hours", None)
    return {
        "agreement": demo_agreement(NOW.date()),
        "agreement/1": first,
        "alert.hit": hit_facts() | {"target": UID, "target_version": 1, "reported_by": "NER"},
        "alert.person": alert,
        "crossing": example(KINDS["crossing", 1].body) | {"outcomes": []},
        "key.certificate": {"bundle": paper["bundles"][0]},
        "key.revocations": {"list": paper["lists"][0]},
        "letter": letter_content()["body"] | {"attachments": [json.loads(each) for each in descriptors()]},
        "listing.entity": {"list": "un_security_council", "reference": "QDe.001", "subject": alert["subject"]},
        "listing.person": {"list": "un_security_council", "reference": "QDi.001", "subject": alert["subject"]},
        "match.answer": answer,
        "match.request": request,
        "match.result": result,
        "node.card": {"card": json.loads(paper["cards"][1])},
        "node.introduction": {"card": json.loads(paper["cards"][0]), "old_root": "stays"},
        "record.consent": {"target": UID, "holder": "LBY", "states": ["TCD"], "request": None},
        "root.countersignature": {"state": "NER", "root": paper["roots"][0], "how": "read", "at": NOW.isoformat()},
    }


@cache
def statements() -> list[bytes]:
    """One of each kind, and one of a kind that nobody knows."""
    made = bodies()
    found = []
    for kind in KINDS.values():
        body = made.get(f"{kind.name}/{kind.version}") or made.get(kind.name) or example(kind.body)
        # What a writer leaves out is written all the same: the whole body, as the kind has it.
        with suppress(ValidationError):
            body = kind.body.model_validate(body).model_dump(mode="json")
        found.append(statement(kind, body))
    return [*found, found[0].replace(b'"kind":"', b'"kind":"not.')]


def believing(node: str, key: str, at: dt.datetime) -> Any:
    """Every signature holds: what a neighbour signs it may make up."""
    return SimpleNamespace(verify=lambda signature, data: None)


@target(
    "jiwar.records.statement",
    "jiwar.records.arrivals",
    "jiwar.records.content",
    corpus=statements,
    cost=4,
)
def a_statement(data: bytes) -> None:
    """What is not refused makes a row: of its members, whatever they are, nothing fails later.

    A body whose approval is of another body is approved anew, so that it is read on.
    """
    try:
        found = check(_approved(data), "0" * 16, "", keys=believing)
    except Refused as refused:
        storable(refused.faults)
        return
    row = _row(New(found.statement, found.data, found.key, found.signature, "", found.kind, found.content), NOW)
    storable([getattr(row, field.attname) for field in row._meta.concrete_fields])
    for field in row._meta.concrete_fields:
        if field.max_length and isinstance(getattr(row, field.attname), str):
            assert len(getattr(row, field.attname)) <= field.max_length, field.attname
    if found.kind is not None:
        found.kind.urgent(row)
        found.kind.covert(row)


def _approved(data: bytes) -> bytes:
    try:
        said = json.loads(data)
        said["approval"]["content_hash"] = content_hash(said["kind"], said["kind_version"], said["content"])
        return canonical(said)
    except (ValueError, TypeError, KeyError, RecursionError, JsonRefused):
        return data
