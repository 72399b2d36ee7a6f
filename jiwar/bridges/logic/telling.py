"""A statement in lines of English text, for readers of formats that have no field for what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jiwar.bridges.logic.statement import Say, Statement

MAPPED: Final = {
    ("alert.group", 1),
    ("alert.hit", 1),
    ("alert.object", 1),
    ("alert.person", 1),
    ("alert.refusal", 1),
    ("agreement", 1),
    ("case.outcome", 1),
    ("listing.entity", 1),
    ("listing.foreign", 1),
    ("listing.person", 1),
    ("record.withdrawal", 1),
}
"""Kinds whose body is put into words and fields. Every other travels as a signed statement alone."""
ALERTS: Final = frozenset({"alert.group", "alert.object", "alert.person"})


@dataclass(frozen=True, slots=True)
class Line:
    """`path` is where in the statement it stands, dotted."""

    path: str
    text: str


def title(statement: Statement, say: Say) -> str:
    """One line that says what the statement is."""
    name, _ = statement.kind
    body = statement.body
    if statement.kind not in MAPPED:
        return f"{say('kind', name)} ({statement.origin})"
    if name in ALERTS:
        return f"{say('alert_type', body['type'])}: {body['subject']['names'][0]['text']}"
    if name.startswith("listing."):
        return f"{say('kind', name)}: {body['subject']['names'][0]['text']}"
    if name == "agreement":
        return f"{body['reference']}: {body['title']['en']}"
    return f"{say('kind', name)} ({statement.origin})"


def lines(statement: Statement, say: Say) -> list[Line]:
    """Everything of a mapped kind that a reader needs and that has no code of its own; nothing for another kind."""
    if statement.kind not in MAPPED:
        return []
    return [*_WRITERS[statement.kind[0]](statement.body, say), *_terms(statement.content, say)]


def subject_lines(subject: Mapping[str, Any], say: Say, at: str = "content.body.subject") -> Iterator[Line]:
    """Who or what it is about."""
    if (type_ := subject.get("type", "person")) != "person":
        yield Line(f"{at}.type", f"Subject: {say('subject_type', type_)}")
    for i, name in enumerate(subject.get("names", ())):
        weak = ", low quality" if name.get("quality") == "low" else ""
        yield Line(f"{at}.names.{i}", f"{say('name_kind', name['kind'])}: {name['text']}{weak}")
    for i, born in enumerate(subject.get("birth_dates", ())):
        about = "about " if born.get("approximate") else ""
        yield Line(f"{at}.birth_dates.{i}", f"Born: {about}{born['date'].replace('/', ' to ')}")
    if place := subject.get("place_of_birth"):
        yield Line(f"{at}.place_of_birth", f"Place of birth: {place}")
    if sexes := subject.get("sexes"):
        yield Line(f"{at}.sexes", f"Sex: {', '.join(say('sex', sex) for sex in sexes)}")
    if states := subject.get("nationalities"):
        yield Line(f"{at}.nationalities", f"Nationality: {', '.join(states)}")
    for i, paper in enumerate(subject.get("documents", ())):
        said = " ".join(filter(None, (paper.get("type"), paper.get("country"), paper["number"])))
        yield Line(f"{at}.documents.{i}", f"Document: {said}")
    for i, one in enumerate(subject.get("identifiers", ())):
        said = " ".join(filter(None, (one.get("country"), one["number"])))
        yield Line(f"{at}.identifiers.{i}", f"{say('identifier_kind', one['kind'])}: {said}")
    for i, place in enumerate(subject.get("places", ())):
        said = ", ".join(filter(None, (place["text"], place.get("country"))))
        yield Line(f"{at}.places.{i}", f"Place ({say('place_kind', place['kind'])}): {said}")
    for i, other in enumerate(subject.get("relations", ())):
        yield Line(f"{at}.relations.{i}", f"{say('relation_kind', other['kind'])}: {other['name'] or other['target']}")


def _alert(body: Mapping[str, Any], say: Say) -> Iterator[Line]:
    yield Line("content.body.type", say("alert_type", body["type"]))
    yield Line("content.body.action", f"Action asked for: {say('action', body['action'])}")
    yield from subject_lines(body["subject"], say)
    if offence := body.get("offence"):
        yield Line("content.body.offence.title", f"Offence: {offence['title']}")
        yield Line("content.body.offence.article", f"Article: {offence['article']}")
        yield Line("content.body.offence.max_penalty", f"Maximum penalty: {offence['max_penalty']}")
        if imposed := offence.get("actual_penalty"):
            yield Line("content.body.offence.actual_penalty", f"Penalty imposed: {imposed}")
    for part, called in (("warrant", "Warrant"), ("report", "Report")):
        if decision := body.get(part):
            said = ", ".join(str(decision[k]) for k in ("authority", "number", "date", "country") if decision.get(k))
            yield Line(f"content.body.{part}", f"{called}: {said}")
    if protected := body.get("protected"):
        yield Line("content.body.protected", f"To be protected as: {say('protected', protected)}")
    if remarks := body.get("remarks"):
        yield Line("content.body.remarks", f"Remarks: {remarks}")


def _listing(body: Mapping[str, Any], say: Say) -> Iterator[Line]:
    yield Line("content.body.list", f"List: {say('list', body['list'])}")
    yield Line("content.body.reference", f"Reference: {body['reference']}")
    if regime := body.get("un_list_type"):
        yield Line("content.body.un_list_type", f"Regime: {regime}")
    yield from subject_lines(body["subject"], say)
    if listed := body.get("listed_on"):
        yield Line("content.body.listed_on", f"Listed on: {listed}")
    for i, text in enumerate(body.get("designations", ())):
        yield Line(f"content.body.designations.{i}", f"Designation: {text}")
    if comments := body.get("comments"):
        yield Line("content.body.comments", f"Comments: {comments}")


def _foreign(body: Mapping[str, Any], say: Say) -> Iterator[Line]:
    yield Line("content.body.source_title", f"Source: {body['source_title']}")
    yield Line("content.body.reference", f"Reference: {body['reference']}")
    yield from subject_lines(body["subject"], say)
    for i, said in enumerate(body.get("said", ())):
        yield Line(f"content.body.said.{i}", f"{say('foreign_said', said['what'])}: {said['text']}")


def _hit(body: Mapping[str, Any], say: Say) -> Iterator[Line]:
    yield Line("content.body.action_taken", f"Done: {say('action_taken', body['action_taken'])}")
    confirmed = ", ".join(say("identifier", one) for one in body["identifiers_confirmed"])
    yield Line("content.body.identifiers_confirmed", f"Confirmed by: {confirmed}")
    if place := body.get("place"):
        yield Line("content.body.place", f"Place: {place}")
    if direction := body.get("direction"):
        yield Line("content.body.direction", f"Direction: {say('direction', direction)}")
    if note := body.get("note"):
        yield Line("content.body.note", f"Note: {note}")


def _outcome(body: Mapping[str, Any], say: Say) -> Iterator[Line]:
    yield Line("content.body.outcome", f"Outcome: {say('outcome', body['outcome'])}")
    if text := body.get("text"):
        yield Line("content.body.text", text)


def _refusal(body: Mapping[str, Any], say: Say) -> Iterator[Line]:
    yield Line("content.body.ground", f"Ground: {say('refusal_ground', body['ground'])}")
    yield Line("content.body.text", body["text"])


def _withdrawal(body: Mapping[str, Any], say: Say) -> Iterator[Line]:
    yield Line("content.body.reason", f"Withdrawn: {body['reason']}")


def _agreement(body: Mapping[str, Any], say: Say) -> Iterator[Line]:
    yield Line("content.body.parties", f"Parties: {', '.join(body['parties'])}")
    yield Line("content.body.starts", f"Starts: {body['starts']}")
    if ends := body.get("ends"):
        yield Line("content.body.ends", f"Ends: {ends}")
    for i, clause in enumerate(body["clauses"]):
        yield Line(f"content.body.clauses.{i}.text.en", f"{clause['id']}: {clause['text']['en']}")


def _terms(content: Mapping[str, Any], say: Say) -> Iterator[Line]:
    """What binds whoever reads it."""
    for i, restriction in enumerate(content["handling"].get("restrictions", ())):
        yield Line(f"content.handling.restrictions.{i}", f"Restriction: {say('restriction', restriction)}")
    yield Line("content.handling.onward", f"Onward transfer: {say('onward', content['handling']['onward'])}")
    yield Line("content.purpose", f"Purpose: {say('purpose', content['purpose'])}")
    yield Line("content.legal_basis", f"Legal basis: {content['legal_basis']}")
    yield Line("content.valid_until", f"Valid until: {content['valid_until']}")


_WRITERS: Final[Mapping[str, Callable[[Mapping[str, Any], Say], Iterator[Line]]]] = {
    "agreement": _agreement,
    "alert.group": _alert,
    "alert.hit": _hit,
    "alert.object": _alert,
    "alert.person": _alert,
    "alert.refusal": _refusal,
    "case.outcome": _outcome,
    "listing.entity": _listing,
    "listing.foreign": _foreign,
    "listing.person": _listing,
    "record.withdrawal": _withdrawal,
}
