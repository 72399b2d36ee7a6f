"""The register of agreements, and what it opens, at the JSON API."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission, Purpose
from jiwar.agreements import consented, gaps, queries
from jiwar.agreements.explained import Answer, answers
from jiwar.agreements.wording import does
from jiwar.records.coded import Coded
from jiwar.records.content import Body, State
from jiwar.wire.faults import Fault, Refused

router = Router()


class ClauseOut(Schema):
    """What a clause opens; a kind may end in `.*`, a state may be `*`: every party, those that accede included.

    `text` is authentic in each language; `does` says it from the data, in the language of `Accept-Language`.
    """

    id: str
    kinds: list[str]
    purposes: list[str]
    from_states: list[str]
    to_states: list[str]
    onward: str
    depth_km: int | None
    retention_days: int | None
    answer_within_hours: int | None
    text: dict[str, str]
    does: list[str]
    suspended: bool
    reserved_by: list[str]


class AccessionOut(Schema):
    """A state that has joined, or would: then `waits_for` are the parties whose word it still takes."""

    uid: UUID
    state: str
    waits_for: list[str]


class AgreementOut(Schema):
    """An agreement as it stands now."""

    uid: UUID
    reference: str
    title: dict[str, str]
    parties: list[str]
    signed_by: list[str]
    open_to: list[str]
    accessions: list[AccessionOut]
    denounced_by: list[str]
    starts: dt.date
    ends: dt.date | None
    state: Coded
    clauses: list[ClauseOut]


class Asked(Body):
    """A kind of record, a purpose, and the state at the other end.

    `record`: a record that this node holds; then its kind, purpose, origin and handling count. `depth_km`: how far
    it reaches beyond the border.
    """

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)*$", max_length=60)]
    purpose: Purpose
    neighbour: State
    record: UUID | None = None
    depth_km: Annotated[float | None, Field(ge=0, le=10_000)] = None


class VerdictOut(Schema):
    """`verdict` is open, or the nearest reason why not; `clause` the one that opens the way or comes nearest.

    `by`: states whose word, or whose missing word, closes it; `remedy` says who could open it. `policy` is the clause
    as this node evaluates it, in Cedar.
    """

    open: bool
    verdict: Coded
    agreement: str
    clause: str
    clause_text: dict[str, str] | None
    onward: str | None
    retention_days: int | None
    answer_within_hours: int | None
    by: list[str]
    remedy: str
    policy: str


class VerdictsOut(Schema):
    """Both directions between this state and the neighbour."""

    sends: VerdictOut
    receives: VerdictOut


class GapsAsked(Body):
    """`state`: only pairs of this one; all where it is left out."""

    state: State | None = None


class WayOut(Schema):
    """One direction. `purposes`: those for which the kind may pass; without one, `verdict` is the nearest reason why.

    `agreement` and `clause` are what opens it, or comes nearest; `by` as in `VerdictOut`.
    """

    sender: str
    recipient: str
    open: bool
    purposes: list[Coded]
    verdict: Coded
    agreement: str
    clause: str
    by: list[str]


class MatterOut(Schema):
    """A kind of record between two states; `open`: both ways."""

    kind: str
    open: bool
    ways: list[WayOut]


class PairOut(Schema):
    """Two states; `agreements` are the references of those to which both are or would be parties."""

    states: list[str]
    open: bool
    agreements: list[str]
    matters: list[MatterOut]


class GapsOut(Schema):
    """The gap matrix. An agreement that this node does not hold is not in it."""

    kinds: list[Coded]
    pairs: list[PairOut]


@router.get("/agreements", response=list[AgreementOut], summary="Agreements held")
def show_agreements(request: HttpRequest) -> list[AgreementOut]:
    """Every agreement held, by reference, with its state at this moment."""
    authorise(request, Permission.AGREEMENTS_AGREEMENT_READ)
    return [_agreement(held) for held in queries.agreements(timezone.now())]


@router.get("/agreements/gaps", response=GapsOut, summary="What pairs of states have not agreed on")
def show_gaps(request: HttpRequest, asked: Query[GapsAsked]) -> GapsOut:
    """Each pair of states by each kind of record, both ways, by the agreements that this node holds."""
    authorise(request, Permission.AGREEMENTS_AGREEMENT_READ)
    if asked.state and asked.state not in gaps.states():
        raise Refused(Fault("not_in_list", "state"))
    return GapsOut(
        kinds=[Coded.of("kind", kind) for kind in gaps.passing_kinds()],
        pairs=[_pair(pair) for pair in gaps.matrix(timezone.now(), asked.state or "")],
    )


@router.get("/verdict", response=VerdictsOut, summary="May this kind of record pass, and why")
def show_verdict(request: HttpRequest, asked: Query[Asked]) -> VerdictsOut:
    """The clause that opens the way, or the nearest reason why none does."""
    by = authorise(request, Permission.AGREEMENTS_AGREEMENT_READ)
    record = consented.target_of(by.actor, asked.record) if asked.record else None
    if asked.record and record is None:
        raise Refused(Fault("record_unknown", "record"))
    kind, purpose = (record.kind, record.purpose) if record else (asked.kind, str(asked.purpose))
    found = answers(kind, purpose, asked.neighbour, timezone.now(), record, asked.depth_km)
    sends, receives = map(_verdict, found)
    return VerdictsOut(sends=sends, receives=receives)


def _agreement(held: queries.Held) -> AgreementOut:
    row = held.row
    return AgreementOut(
        uid=row.uid,
        reference=row.reference,
        title=row.title,
        parties=row.parties,
        signed_by=sorted(held.signed_by),
        open_to=row.open_to,
        accessions=[
            AccessionOut(uid=each.record.uid, state=each.record.origin, waits_for=list(each.waits_for))
            for each in held.said.accessions
        ],
        denounced_by=sorted(held.said.left),
        starts=row.starts,
        ends=row.ends,
        state=Coded.of("agreement_state", held.state),
        clauses=[
            ClauseOut(
                **clause,
                does=does(clause),
                suspended=clause["id"] in held.suspended,
                reserved_by=held.reserved_by(clause["id"]),
            )
            for clause in row.clauses
        ],
    )


def _pair(pair: gaps.Pair) -> PairOut:
    return PairOut(
        states=list(pair.states),
        open=pair.open,
        agreements=[terms.reference for terms in pair.agreements],
        matters=[
            MatterOut(kind=matter.kind, open=matter.open, ways=[_way(way) for way in matter.ways])
            for matter in pair.matters
        ],
    )


def _way(way: gaps.Way) -> WayOut:
    verdict = way.verdict
    return WayOut(
        sender=way.sender,
        recipient=way.recipient,
        open=way.open,
        purposes=[Coded.of("purpose", purpose) for purpose in way.purposes],
        verdict=Coded.of("verdict", verdict.code),
        agreement=verdict.agreement,
        clause=verdict.clause,
        by=[] if isinstance(verdict, queries.Open) else list(verdict.by),
    )


def _verdict(found: Answer) -> VerdictOut:
    verdict = found.verdict
    opens = verdict if isinstance(verdict, queries.Open) else None
    return VerdictOut(
        open=verdict.open,
        verdict=Coded.of("verdict", verdict.code),
        agreement=verdict.agreement,
        clause=verdict.clause,
        clause_text=found.clause["text"] if found.clause else None,
        onward=opens.onward if opens else None,
        retention_days=opens.retention_days if opens else None,
        answer_within_hours=opens.answer_within_hours if opens else None,
        by=[] if isinstance(verdict, queries.Open) else list(verdict.by),
        remedy=found.remedy,
        policy=found.policy,
    )
