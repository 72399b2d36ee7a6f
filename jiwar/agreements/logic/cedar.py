"""Agreements as Cedar policies: each clause one `permit`, and a `forbid` for everything that closes it.

A clause is a policy set of its own, because a `forbid` of Cedar bars every `permit` beside it: what one party suspends
must not close what another agreement opens. Policies are made as Cedar's JSON, so that no text can end a string.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cedarpy

from jiwar.agreements.logic.verdicts import Clause, Question, Terms, day_end, day_start

SCHEMA = """\
entity State;
entity Record = {
  kind: String, purpose: String, origin: State, tlp: String, onward: String, depth_m?: Long
};
action send, pass_on appliesTo {
  principal: State, resource: Record,
  context: { recipient: State, at: datetime, consents: Set<State> }
};
"""
_SCHEMA = cedarpy.Schema.from_str(SCHEMA)
_RECORD = {"type": "Record", "id": "asked"}
_ANY = {"op": "All"}
_PASS_ON = {"op": "==", "entity": {"type": "Action", "id": "pass_on"}}

Json = dict[str, Any]


class NotDecidable(Exception):
    """Cedar could not be given the question, or could not answer it."""


@dataclass(frozen=True, slots=True)
class Policies:
    """Policies by their ids, and which state each of them is the word of, where it is one's."""

    each: dict[str, Json]
    of_state: dict[str, str]

    def parsed(self) -> cedarpy.PolicySet:
        """What Cedar evaluates; raises NotDecidable."""
        try:
            return cedarpy.PolicySet.from_json_str(_policy_set(self.each))
        except ValueError as error:
            raise NotDecidable(str(error)) from None

    def text(self) -> str:
        """The policies as people read them, in Cedar's own language."""
        return cedarpy.format_policies(cedarpy.policies_from_json_str(_policy_set(self.each)), 100, 2)


def policy_id(terms: Terms, clause: Clause) -> str:
    """The name of a clause, as its `permit` has it."""
    return f"{terms.reference}/{clause.id}"


def clause_policies(terms: Terms, clause: Clause) -> Policies:
    """One clause: its `permit`, named as `policy_id` says, and its `forbid`s, named `<permit>/<code>[/<whose>]`."""
    name = policy_id(terms, clause)
    policies = Policies({name: _permit(_covers(terms, clause))}, {})
    for code, whose, state, policy in _forbids(terms, clause):
        each = f"{name}/{code}/{whose}" if whose else f"{name}/{code}"
        policies.each[each] = policy
        if state:
            policies.of_state[each] = state
    return policies


def covering(clauses: Iterable[tuple[str, Terms, Clause]]) -> Policies:
    """The `permit`s of clauses alone, by the keys given: which clauses are about a matter at all."""
    return Policies({key: _permit(_covers(terms, clause)) for key, terms, clause in clauses}, {})


def near(clauses: Iterable[tuple[str, Terms, Clause]]) -> Policies:
    """What would cover a matter but for one thing, named `<key>/<code of that thing>`."""
    policies: dict[str, Json] = {}
    for key, terms, clause in clauses:
        parties, kind, purpose, _ = _covers(terms, clause)
        policies[f"{key}/direction_not_covered"] = _permit([parties, kind, purpose])
        policies[f"{key}/purpose_not_covered"] = _permit([parties, kind])
        policies[f"{key}/kind_not_covered"] = _permit([parties])
    return Policies(policies, {})


def ask(policies: cedarpy.PolicySet, question: Question) -> tuple[bool, list[str]]:
    """Whether Cedar allows it, and the ids of the policies that decided; raises NotDecidable.

    Cedar leaves out a policy that fails in evaluation, be it a `forbid`: here any error is no answer at all.
    """
    facts = question.facts
    origin = facts.get("origin", question.sender)
    try:
        depth = facts.get("depth_km")
        record = _record(
            question.kind,
            question.purpose,
            origin,
            facts.get("tlp", "RED"),
            facts.get("onward", "no"),
            None if depth is None else _metres(depth),
        )
        request = {
            "principal": _name(question.sender),
            "action": {"type": "Action", "id": "send" if origin == question.sender else "pass_on"},
            "resource": _RECORD,
            "context": {
                "recipient": _name(question.recipient),
                "at": _moment(question.at),
                "consents": [_name(state) for state in sorted(facts.get("consents", ()))],
            },
        }
        result = cedarpy.is_authorized(request, policies, record, _SCHEMA)
    except (OverflowError, TypeError, ValueError) as error:
        raise NotDecidable(str(error)) from None
    if result.diagnostics.errors or result.decision is cedarpy.Decision.NoDecision:
        raise NotDecidable("; ".join(result.diagnostics.errors))
    return result.allowed, result.diagnostics.reasons


@lru_cache(maxsize=4096)
def _record(kind: str, purpose: str, origin: str, tlp: str, onward: str, depth_m: int | None) -> cedarpy.Entities:
    """The record asked about, read once by the schema: most records of a stream look the same from here."""
    attributes: Json = {
        "kind": kind,
        "purpose": purpose,
        "origin": _name(origin),
        "tlp": tlp,
        "onward": onward,
    }
    if depth_m is not None:
        attributes["depth_m"] = depth_m
    return cedarpy.Entities.from_json_str(json.dumps([{"uid": _RECORD, "attrs": attributes, "parents": []}]), _SCHEMA)


def _metres(depth_km: float) -> int:
    metres = -int(-depth_km * 1000 // 1)  # rounded up: no part of a metre is let through
    if metres < 0:
        raise ValueError("a depth below nought")
    return metres


def _moment(at: dt.datetime) -> str:
    if at.utcoffset() is None:
        raise ValueError("a moment without an offset")
    return at.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


# --- conditions -------------------------------------------------------------------------------------------------------


def _covers(terms: Terms, clause: Clause) -> list[Json]:
    """What a matter must meet: between parties, of this kind, for this purpose, in this direction."""
    sender, recipient = _var("principal"), _of("context", "recipient")
    parties = _states(terms.parties)
    purposes = {"Set": [_value(purpose) for purpose in sorted(clause.purposes)]}
    return [
        _all([_has(parties, sender), _has(parties, recipient), _op("!=", sender, recipient)]),
        _any([_kind(_of("resource", "kind"), pattern) for pattern in sorted(clause.kinds)]),
        _has(purposes, _of("resource", "purpose")),
        _all([_has(_states(clause.from_states), sender), _has(_states(clause.to_states), recipient)]),
    ]


def _kind(kind: Json, pattern: str) -> Json:
    if pattern.endswith(".*"):
        return {"like": {"left": kind, "pattern": [*({"Literal": c} for c in pattern[:-1]), "Wildcard"]}}
    return _op("==", kind, _value(pattern))


def _forbids(terms: Terms, clause: Clause) -> Iterator[tuple[str, str, str, Json]]:
    """Every `forbid` of a clause: code, what tells it from others of its code, whose word it is, the policy."""
    now = _of("context", "at")
    over = [_op(">=", now, _time(terms.until))]
    if terms.ends is not None:
        over.append(_op(">=", now, _time(day_end(terms.ends))))
    yield "expired", "", "", _forbid([] if terms.ended else [_any(over)])
    for party in sorted(terms.parties):
        lacks = [_op(">=", now, _time(terms.signed[party]))] if party in terms.signed else []
        bears_on = [_concerns(party)] if party in terms.acceded else []
        yield "not_signed", party, party, _forbid([*bears_on, *lacks])
    yield "not_yet_in_force", "", "", _forbid([_op("<", now, _time(day_start(terms.starts)))])
    for closing in terms.closings:
        if clause.id in closing.clauses:
            yield closing.code, str(closing.uid), closing.party, _forbid([_concerns(closing.party)])
    if clause.depth_km is not None:
        deep = _op(">", _of("resource", "depth_m"), _value(clause.depth_km * 1000))
        has = {"has": {"left": _var("resource"), "attr": "depth_m"}}
        yield "outside_corridor", "", "", _forbid([_all([has, deep])])
    consented = _has(_of("context", "consents"), _of("context", "recipient"))
    free = _op("==", _of("resource", "onward"), _value("yes"))
    yield "no_consent", "", "", _forbid([], unless=[_any([free, consented])], action=_PASS_ON)
    red = _op("==", _of("resource", "tlp"), _value("RED"))
    yield "tlp_red", "", "", _forbid([red], unless=[consented], action=_PASS_ON)


def _concerns(party: str) -> Json:
    """One of the two is this party."""
    state = _state(party)
    return _any([_op("==", _var("principal"), state), _op("==", _of("context", "recipient"), state)])


# --- Cedar's JSON -----------------------------------------------------------------------------------------------------


def _policy_set(policies: dict[str, Json]) -> str:
    named = {name: policy | {"annotations": {"id": name}} for name, policy in policies.items()}
    return json.dumps({"staticPolicies": named, "templates": {}, "templateLinks": []})


def _policy(effect: str, action: Json, when: Iterable[Json], unless: Iterable[Json]) -> Json:
    conditions = [{"kind": "when", "body": each} for each in when]
    conditions += [{"kind": "unless", "body": each} for each in unless]
    return {"effect": effect, "principal": _ANY, "action": action, "resource": _ANY, "conditions": conditions}


def _permit(when: Iterable[Json]) -> Json:
    return _policy("permit", _ANY, when, ())


def _forbid(when: Iterable[Json], unless: Iterable[Json] = (), action: Json = _ANY) -> Json:
    return _policy("forbid", action, when, unless)


def _var(name: str) -> Json:
    return {"Var": name}


def _of(owner: str, attribute: str) -> Json:
    return {".": {"left": _var(owner), "attr": attribute}}


def _value(value: str | int) -> Json:
    return {"Value": value}


def _name(state: str) -> Json:
    return {"type": "State", "id": state}


def _state(code: str) -> Json:
    return {"Value": {"__entity": _name(code)}}


def _states(codes: Iterable[str]) -> Json:
    return {"Set": [_state(code) for code in sorted(codes)]}


def _time(at: dt.datetime) -> Json:
    return {"datetime": [_value(_moment(at))]}


def _op(name: str, left: Json, right: Json) -> Json:
    return {name: {"left": left, "right": right}}


def _has(values: Json, value: Json) -> Json:
    return {"contains": {"left": values, "right": value}}


def _all(conditions: list[Json]) -> Json:
    return _joined("&&", conditions)


def _any(conditions: list[Json]) -> Json:
    return _joined("||", conditions)


def _joined(operator: str, conditions: list[Json]) -> Json:
    found = conditions[0]
    for each in conditions[1:]:
        found = _op(operator, found, each)
    return found
