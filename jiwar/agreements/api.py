"""The register of agreements, and what it opens, at the JSON API."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import StringConstraints

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission, Purpose
from jiwar.agreements import queries
from jiwar.agreements.wording import does
from jiwar.records.coded import Coded
from jiwar.records.content import Body, State

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
    """A kind of record, a purpose, and the state at the other end."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)+$", max_length=60)]
    purpose: Purpose
    neighbour: State


class VerdictOut(Schema):
    """`code` is open, or the nearest reason why not."""

    open: bool
    verdict: Coded
    agreement: str
    clause: str
    onward: str | None


class VerdictsOut(Schema):
    """Both directions between this state and the neighbour."""

    sends: VerdictOut
    receives: VerdictOut


@router.get("/agreements", response=list[AgreementOut], summary="Agreements held")
def show_agreements(request: HttpRequest) -> list[AgreementOut]:
    """Every agreement held, by reference, with its state at this moment."""
    authorise(request, Permission.AGREEMENTS_AGREEMENT_READ)
    return [_agreement(held) for held in queries.agreements(timezone.now())]


@router.get("/verdict", response=VerdictsOut, summary="May this kind of record pass, and why")
def show_verdict(request: HttpRequest, asked: Query[Asked]) -> VerdictsOut:
    """The clause that opens the way, or the nearest reason why none does."""
    authorise(request, Permission.AGREEMENTS_AGREEMENT_READ)
    terms = (asked.kind, asked.purpose, asked.neighbour, timezone.now())
    return VerdictsOut(
        sends=_verdict(queries.may_send(*terms)),
        receives=_verdict(queries.may_receive(*terms)),
    )


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


def _verdict(found: queries.Verdict) -> VerdictOut:
    return VerdictOut(
        open=found.open,
        verdict=Coded.of("verdict", found.code),
        agreement=found.agreement,
        clause=found.clause,
        onward=found.onward if isinstance(found, queries.Open) else None,
    )
