"""Agreements at a simulated node: their terms, as its records have them, and what they open."""

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID

from jiwar.agreements.logic.verdicts import Clause, Closing, Question, Terms, Verdict
from tests.agreements.logic import oracle
from tests.faults.simulator.kinds import AGREEMENT, RESUMPTION, SIGNATURE, SUSPENSION
from tests.faults.simulator.rows import Record

if TYPE_CHECKING:
    from tests.faults.simulator.node import SimNode

_STANDS = {"in_force", "expired"}


def why(node: "SimNode", sender: str, recipient: str, kind: str, purpose: str) -> Verdict:
    """What the agreements that this node holds say, at the time of its own clock."""
    return oracle.decide(held(node), Question(sender, recipient, kind, purpose, node.now()))


def changed(node: "SimNode") -> None:
    """What was read before is no longer what holds."""
    node.disk.put("policy", "mark", node.world.number())


def held(node: "SimNode") -> list[Terms]:
    """Every agreement that is held."""
    mark = node.disk.tables["policy"].get("mark")
    if node.terms[0] != mark:
        node.terms = mark, _read(node)
    return node.terms[1]


def _read(node: "SimNode") -> list[Terms]:
    records = [r for r in node.disk.tables["records"].values() if r.kind.startswith("agreement") and r.node == r.origin]
    by_kind: dict[str, list[Record]] = {}
    for record in records:
        by_kind.setdefault(record.kind, []).append(record)
    signed: dict[tuple[str, str], dict[str, dt.datetime]] = {}
    for each in by_kind.get(SIGNATURE.name, ()):
        if each.state == "in_force" and each.body["party"] == each.origin:
            words = signed.setdefault((each.about, each.body["hash"]), {})
            words[each.origin] = max(each.valid_until, words.get(each.origin, each.valid_until))
    over = {(r.about, r.origin) for r in by_kind.get(RESUMPTION.name, ()) if r.state in _STANDS}
    found = []
    for text in by_kind.get(AGREEMENT.name, ()):
        if text.state == "superseded":
            continue
        pauses = [
            Closing("suspended", UUID(p.uid), p.origin, frozenset(["art-1"]))
            for p in by_kind.get(SUSPENSION.name, ())
            if p.about == text.uid and p.state in _STANDS and (p.uid, p.origin) not in over
        ]
        found.append(_terms(text, signed.get((text.uid, text.hash), {}), pauses))
    return found


def _terms(text: Record, signed: dict[str, dt.datetime], pauses: list[Closing]) -> Terms:
    body = text.body
    parties = frozenset(body["parties"])
    clause = Clause(
        "art-1", frozenset(body["kinds"]), frozenset(["border_check"]), frozenset(body["from"]), frozenset(body["to"])
    )
    words = {text.origin: text.valid_until} | signed
    return Terms(
        uid=UUID(text.uid),
        reference=body["reference"],
        parties=parties,
        signed={party: until for party, until in words.items() if party in parties},
        starts=dt.date.fromisoformat(body["starts"]),
        ends=dt.date.fromisoformat(body["ends"]) if body["ends"] else None,
        until=text.valid_until,
        clauses=(clause,),
        closings=tuple(c for c in pauses if c.party in parties),
        ended=text.state != "in_force",
    )
