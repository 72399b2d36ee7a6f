"""The desk: screen, decide on each candidate, record the crossing. The only writer of this room.

A crossing, its hits, its ledger leaves and what goes out to others are one transaction. Nothing here decides about a
person: every decision is an argument that an officer gave, and none has a default.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from pydantic import ValidationError

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.crossings.kinds import CROSSING, CrossingBody
from jiwar.crossings.logic import desk
from jiwar.crossings.logic.desk import Candidate, Outcome, StopCard
from jiwar.crossings.logic.traveller import Traveller
from jiwar.crossings.models import Crossing, Screened
from jiwar.crossings.queries import candidates_of, crossings, outcomes_of, traveller_of
from jiwar.documents.checks import check, said
from jiwar.documents.services import Mrz, state_of
from jiwar.records.content import Content
from jiwar.records.services import Record, issue, read_content, terms
from jiwar.watchlist.hit_kinds import HitFacts
from jiwar.watchlist.kinds import THINGS, IdentifierFact
from jiwar.watchlist.outcomes import Said, count, scripts
from jiwar.watchlist.screening import Document, Identifier, Match, PartialDate, Query, screen
from jiwar.watchlist.services import report_hit
from jiwar.wire.faults import Fault, Refused, of_pydantic

KEPT = dt.timedelta(hours=24)
"""How long a screening without a crossing is kept."""
RETENTION_DAYS = 365
"""How long a crossing is kept (rule R9: one year for persons)."""
LATE_PAPER = dt.timedelta(days=60)
"""The oldest paper form that may still be typed in."""

_DOCUMENT_TYPES = {"P": "passport", "V": "visa", "I": "identity_card", "A": "identity_card", "C": "identity_card"}
_NAMES_SHOWN = 8
_NEUTRAL_TYPE = "identity_question"
_HIT_FIELD = {"document": "document_number", "identifier": "number"}
_HIT_DIRECTION = {"in": "entering", "out": "leaving"}


@dataclass(frozen=True, slots=True)
class Paper:
    """A form that was filled by hand: its number is the key by which it is entered once (J17)."""

    number: str
    at: dt.datetime | None = None


def of_mrz(zone: Mrz) -> Traveller:
    """The traveller that a zone names; fields whose check digit fails are doubtful."""
    born = zone.birth_date
    return Traveller(
        name=f"{zone.given_names} {zone.surname}".strip(),
        birth_date=_edtf(born) if born else "",
        sex=zone.sex,
        nationality=_alpha3(zone.nationality),
        document_type=_DOCUMENT_TYPES.get(zone.document_code[:1], "other"),
        country=_alpha3(zone.issuer),
        number=zone.number,
        expiry=_edtf(zone.expiry) if zone.expiry else "",
        scanned=True,
        # A wrong digit of a field makes the overall digit wrong too.
        doubtful=tuple(f for f in zone.failed if f != "composite") or zone.failed,
    )


def begin(by: Grant, traveller: Traveller, reason: str = "", zone: str = "") -> Screened:
    """Search the watchlist for a traveller, and keep what was found on the desk. Raises Refused, AccessRefused.

    `zone`: the lines of the document that was read, which is checked with all that this node knows.

    At a post the post itself is the context of the search, elsewhere the grant carries a case (rule R7).
    """
    by.check(Permission.WATCHLIST_PERSON_SCREEN)
    _check_numbers(traveller)
    if traveller.scanned and not reason and traveller.doubtful:
        reason = f"machine readable zone; check digits fail: {', '.join(traveller.doubtful)}"
    found = screen(by, _query(traveller), channel="desk", reason=reason)
    document = said(check(by, zone=zone, subject=str(found.id))) if zone else {}
    with transaction.atomic():
        forget(timezone.now())
        return Screened.objects.create(
            officer=by.actor_id,
            at=found.at,
            traveller=traveller.as_dict(),
            screening=found.id,
            list_age=found.list_age,
            entries=found.entries,
            document=document,
            too_little=found.too_little,
            kept_back=found.kept_back,
            ask_for=list(found.ask_for),
            candidates=[each.as_dict() for match in found.candidates for each in _candidates(match)],
        )


def confirm(by: Grant, screened: UUID, uid: str, identifiers: Iterable[str]) -> Screened:
    """The officer says that this is the person of the alert, by at least two identifiers that agree (rule R8)."""
    return _decide(by, screened, uid, lambda candidate: desk.confirmation(candidate, identifiers))


def reject(by: Grant, screened: UUID, uid: str, reason: str) -> Screened:
    """The officer says that this is another person, and why."""
    return _decide(by, screened, uid, lambda _: desk.rejection(reason))


def reopen(by: Grant, screened: UUID, uid: str) -> Screened:
    """Take back what was said about a candidate, before the crossing is recorded."""
    return _decide(by, screened, uid, lambda _: None)


def record(
    by: Grant,
    screened: UUID,
    *,
    decision: str,
    direction: str,
    action_taken: str = "",
    stop_card: StopCard | None = None,
    location_consent: bool | None = None,
    note: str = "",
    paper: Paper | None = None,
) -> Crossing:
    """Record the crossing, and report each confirmed alert to its issuer, in one transaction.

    The same screening or the same paper form sent again is the crossing that it was before. Raises Refused while a
    candidate is undecided, and where the stop card is not answered though a confirmed person does not go on (rule R6).
    """
    by.check(Permission.CROSSINGS_CROSSING_RECORD)
    card = stop_card or StopCard()
    with transaction.atomic():
        row = Screened.objects.select_for_update().filter(pk=screened, officer=by.actor_id).first()
        if row is None:
            return _recorded(by, screened)
        traveller = traveller_of(row)
        if paper and (same := _of_paper(paper, traveller)):
            row.delete()
            return same
        candidates, outcomes = candidates_of(row), outcomes_of(row)
        faults = desk.faults_of_record(
            candidates, outcomes, decision=decision, direction=direction, action_taken=action_taken, stop_card=card
        )
        if faults:
            raise Refused(*faults)
        body = _body(row, traveller, outcomes, decision, direction, card, note, paper)
        stored = issue(by, CROSSING, _content(body))
        crossing = Crossing.objects.get(record=stored)
        for candidate in candidates:
            outcome = outcomes[candidate.uid]
            if outcome.verdict == "confirmed" and candidate.category == "alert":
                _report(
                    by, candidate, outcome, body, {"action_taken": action_taken, "location_consent": location_consent}
                )
        append(
            "crossing_recorded",
            by,
            str(crossing.uid),
            {
                "screening": str(row.screening),
                "direction": direction,
                "decision": decision,
                "outcomes": {uid: outcome.verdict for uid, outcome in outcomes.items()},
                "stop_card": body.stop_card is not None,
            },
        )
        row.delete()
    return crossing


def discard(by: Grant, screened: UUID) -> None:
    """Clear the desk without a crossing; the search stays in the ledger."""
    by.check(Permission.WATCHLIST_PERSON_SCREEN)
    with transaction.atomic():
        gone, _ = Screened.objects.filter(pk=screened, officer=by.actor_id).delete()
        if gone:
            append("screening_discarded", by, str(screened))


def forget(now: dt.datetime) -> int:
    """Delete the screenings of yesterday for which no crossing was recorded. Returns how many."""
    return Screened.objects.filter(at__lt=now - KEPT).delete()[0]


def list_crossings(by: Grant, day: dt.date, direction: str = "", decision: str = "") -> QuerySet[Crossing]:
    """Crossings of one day in the node's time zone; the reading is in the ledger."""
    by.check(Permission.CROSSINGS_CROSSING_READ)
    start = timezone.make_aware(dt.datetime.combine(day, dt.time()))
    wanted = {name: value for name, value in (("direction", direction), ("decision", decision)) if value}
    with transaction.atomic():
        append("crossings_listed", by, "", {"day": day.isoformat(), **wanted})
    return crossings(by).filter(at__gte=start, at__lt=start + dt.timedelta(days=1), **wanted)


def open_crossing(by: Grant, uid: UUID) -> Crossing | None:
    """Read one crossing; the reading is in the ledger. None where this node holds no such one."""
    by.check(Permission.CROSSINGS_CROSSING_READ)
    found = crossings(by).filter(uid=uid).first()
    if found is not None:
        with transaction.atomic():
            append("crossing_read", by, str(uid))
    return found


def _decide(by: Grant, screened: UUID, uid: str, decide: Callable[[Candidate], Outcome | None]) -> Screened:
    by.check(Permission.CROSSINGS_CROSSING_RECORD)
    with transaction.atomic():
        row = Screened.objects.select_for_update().filter(pk=screened, officer=by.actor_id).first()
        if row is None:
            raise Refused(Fault("screening_gone"))
        candidates = candidates_of(row)
        candidate = next((c for c in candidates if c.uid == uid and not c.under), None)
        if candidate is None:
            raise Refused(Fault("candidate_unknown", "candidates"))
        outcome = decide(candidate)
        detail = outcome.as_dict() if outcome else {"verdict": "reopened"}
        for each in (uid, *(c.uid for c in candidates if c.under == uid)):
            if outcome is None:
                row.outcomes.pop(each, None)
            else:
                row.outcomes[each] = outcome.as_dict()
            append("candidate_decided", by, each, detail | {"screening": str(row.screening)})
        row.save(update_fields=["outcomes"])
    return row


def _check_numbers(traveller: Traveller) -> None:
    """A number that can be none of its kind is typed again, not searched with."""
    for kind, country, number in traveller.numbers:
        try:
            fault = IdentifierFact.model_validate({"kind": kind, "country": country, "number": number}).fault
        except ValidationError:
            raise Refused(Fault("not_in_list" if kind else "missing", "thing_kind")) from None
        if fault:
            raise Refused(Fault(fault, "thing_number"))


def _query(traveller: Traveller) -> Query:
    number = traveller.number if "number" not in traveller.doubtful else ""
    born = traveller.birth_date if "birth_date" not in traveller.doubtful else ""
    return Query(
        names=(traveller.name,) if traveller.name else (),
        birth_date=PartialDate.parse(born) if born else None,
        sex=traveller.sex if traveller.sex in {"M", "F"} else "",
        nationality=traveller.nationality,
        documents=(Document(traveller.document_type, traveller.country, number),) if number else (),
        identifiers=tuple(Identifier(*number) for number in traveller.numbers),
        birth_place=traveller.birth_place,
        relatives=(traveller.parent,) if traveller.parent else (),
    )


def _candidates(match: Match) -> list[Candidate]:
    """A candidate, and what is listed under it."""
    under = str(match.record_uid)
    return [_candidate(match), *(_candidate(other, under) for other in match.others)]


def _candidate(match: Match, under: str = "") -> Candidate:
    def findings(found: Iterable[object]) -> tuple[desk.Finding, ...]:
        return tuple(desk.Finding(str(f.code), str(f.field), f.query, f.subject) for f in found)  # type: ignore[attr-defined]

    # A discreet check comes without its type to an officer without clearance.
    hidden = match.category == "alert" and not match.alert_type
    return Candidate(
        uid=str(match.record_uid),
        category=match.category,
        alert_type=_NEUTRAL_TYPE if hidden else match.alert_type,
        action=match.action,
        covert=match.covert,
        protected=match.protected,
        strength=match.strength,
        reasons=findings(match.reasons),
        differences=findings(match.differences),
        unknown=tuple(map(str, match.unknown)),
        names=match.names[:_NAMES_SHOWN],
        birth_dates=match.birth_dates,
        nationalities=match.nationalities,
        issuer=match.issuing_state,
        reference=match.source_reference,
        score=match.score,
        under=under,
        subject_type=match.subject_type,
        thing=match.subject_type in THINGS,
        restrictions=match.restrictions,
    )


def _recorded(by: Grant, screened: UUID) -> Crossing:
    """The crossing of a screening that is no longer on the desk: the form was sent twice."""
    crossing = Crossing.objects.filter(screened=screened, post=settings.NODE.code).first()
    if crossing is None:
        raise Refused(Fault("screening_gone"))
    return crossing


def _of_paper(paper: Paper, traveller: Traveller) -> Crossing | None:
    same = Crossing.objects.filter(post=settings.NODE.code, paper_number=paper.number).first()
    if same and (same.name, same.birth_date, same.document) != (traveller.name, traveller.birth_date, traveller.number):
        raise Refused(Fault("paper_number_taken", "paper_number", paper.number))
    return same


def _body(
    row: Screened,
    traveller: Traveller,
    outcomes: dict[str, Outcome],
    decision: str,
    direction: str,
    card: StopCard,
    note: str,
    paper: Paper | None,
) -> CrossingBody:
    now = timezone.now()
    at = (paper and paper.at) or now
    if not now - LATE_PAPER <= at <= now:
        raise Refused(Fault("out_of_range", "paper_at"))
    shown = {candidate.uid: _shown(candidate) for candidate in candidates_of(row)}
    try:
        return CrossingBody.model_validate(
            {
                "screened": row.pk,
                "post": settings.NODE.code,
                "at": at,
                "direction": direction,
                "paper_number": paper.number if paper else None,
                "document": {
                    "type": traveller.document_type,
                    "country": traveller.country,
                    "number": traveller.number,
                    "expiry": traveller.expiry,
                },
                "numbers": [
                    {"kind": kind, "country": country, "number": number} for kind, country, number in traveller.numbers
                ],
                "names": [traveller.name] if traveller.name else [],
                "birth_date": traveller.birth_date,
                "sex": traveller.sex,
                "nationality": traveller.nationality,
                "decision": decision,
                "screening": {
                    "id": row.screening,
                    "at": row.at,
                    "candidates": len(row.candidates),
                    "list_age": row.list_age,
                    "entries": row.entries,
                },
                "outcomes": [{"alert": uid, **outcome.as_dict(), **shown[uid]} for uid, outcome in outcomes.items()],
                "stop_card": _answers(card, outcomes),
                "entry": "scanned" if traveller.scanned else "typed",
                "note": note,
            }
        )
    except ValidationError as error:
        raise Refused(*of_pydantic(error.errors(include_url=False))) from None


def _shown(candidate: Candidate) -> dict[str, object]:
    """With which score, and between which scripts, a candidate was shown."""
    if candidate.score is None or candidate.under:
        return {}
    name = next((f for f in (*candidate.reasons, *candidate.differences) if f.field == "name"), None)
    return {"score": int(candidate.score * 100), "script": scripts(name.query, name.subject) if name else ""}


def _content(body: CrossingBody) -> Content:
    plain = terms(Purpose.BORDER_CHECK, f"border check at {body.post}", RETENTION_DAYS, body)
    return read_content(CROSSING, plain, timezone.now())


def _answers(card: StopCard, outcomes: dict[str, Outcome]) -> dict[str, object] | None:
    """The stop card of a confirmed hit, whole or not at all."""
    hit = any(outcome.verdict == "confirmed" for outcome in outcomes.values())
    answers = {question: getattr(card, question) for question in desk.STOP_QUESTIONS}
    return answers | {"referral": card.referral or None} if hit and None not in answers.values() else None


def _report(by: Grant, candidate: Candidate, outcome: Outcome, body: CrossingBody, done: dict[str, object]) -> None:
    def named(fields: Iterable[str]) -> list[str]:
        return [_HIT_FIELD.get(field, field) for field in dict.fromkeys(fields)]

    document = body.document
    facts = {
        "at": body.at,
        "place": settings.NODE.name[:200],
        "identifiers_confirmed": named(outcome.identifiers),
        "differing": named(d.field for d in candidate.differences if d.field not in outcome.identifiers),
        "document": document.model_dump(include={"type", "country", "number"})
        if document.number and len(document.country) == 3
        else None,
        "direction": _HIT_DIRECTION[body.direction],
        "note": body.note,
        "stop_card": body.stop_card,
    } | done
    try:
        report_hit(by, UUID(candidate.uid), HitFacts.model_validate(facts))
    except ValidationError as error:
        raise Refused(*of_pydantic(error.errors(include_url=False))) from None
    except Refused as refused:
        if any(fault.code in {"not_in_force", "alert_unknown"} for fault in refused.faults):
            raise Refused(Fault("alert_ended", "candidates")) from None
        raise


def _edtf(date: object) -> str:
    """A zone's partial date without its unknown end: 1974-XX-XX is 1974, and XXXX is nothing."""
    return str(date).replace("-XX", "").replace("XXXX", "") if not str(date).startswith("XXXX") else ""


def _alpha3(code: str) -> str:
    state = state_of(code)
    return state if len(state) == 3 and state.isascii() and state.isalpha() else ""


def _project(stored: Record, content: Content) -> None:
    body = content.body
    assert isinstance(body, CrossingBody)
    paper = body.paper_number or ""
    known = Crossing.objects.filter(post=stored.node)
    # What a post numbered is what it answers for: another's name on a record of its own is not believed.
    if body.post != stored.node or known.filter(screened=body.screened).exclude(uid=stored.uid).exists():
        return
    if paper and known.filter(paper_number=paper).exclude(uid=stored.uid).exists():
        return
    _crossing, new = Crossing.objects.update_or_create(
        uid=stored.uid,
        defaults={
            "record": stored,
            "screened": body.screened,
            "post": body.post,
            "paper_number": paper,
            "at": body.at,
            "direction": body.direction,
            "decision": body.decision,
            "name": body.names[0] if body.names else "",
            "birth_date": body.birth_date,
            "nationality": body.nationality,
            "document": body.document.number,
            "hits": sum(outcome.verdict == "confirmed" for outcome in body.outcomes),
        },
    )
    if new:
        said = [Said(o.alert, o.verdict, o.reason, o.score, o.script) for o in body.outcomes if o.score is not None]
        count(body.at, body.nationality, said)


def _retire(stored: Record) -> None:
    Crossing.objects.filter(record=stored).delete()


CROSSING.projections.append(_project)
CROSSING.retirements.append(_retire)
