"""Passing on what another state said, at the JSON API.

People alone ask, consent, refuse and take back; a program reads what they said, and may carry out what they allowed.
"""

import datetime as dt
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest
from ninja import Query, Router, Schema, Status

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission
from jiwar.agreements import consented, consents
from jiwar.agreements.consent_kinds import CONSENT
from jiwar.records.coded import Coded
from jiwar.records.content import Body, State

if TYPE_CHECKING:
    from jiwar.records.models import Record

router = Router()
P = Permission


class AnswerOut(Schema):
    """What the origin said: a consent, or a refusal with its `reason`. `states` may be fewer than were asked for."""

    uid: UUID
    kind: Coded
    state: Coded
    states: list[str]
    valid_until: dt.datetime
    reason: str


class RequestOut(Schema):
    """A holder asks the origin of a record whether it may pass it on to `states`. Without one yet, `answer` is null."""

    uid: UUID
    record: UUID
    asked_by: str
    states: list[str]
    reason: str
    asked_at: dt.datetime
    valid_until: dt.datetime
    answer: AnswerOut | None


class RequestsAsked(Body):
    """`whose`: by another state to this one, or by this one; `waiting`: those without an answer alone."""

    whose: Literal["received", "sent"] | None = None
    waiting: bool = False


class ConsentOut(Schema):
    """The origin lets `holder` pass the record on to `states`, for its purpose, until `valid_until`."""

    uid: UUID
    holder: str
    states: list[str]
    request: UUID | None
    state: Coded
    valid_until: dt.datetime


class OnwardOut(Schema):
    """To whom a record that another state said may be passed on now, and the nearest reason why not."""

    state: str
    open: bool
    verdict: Coded


class RecordConsents(Schema):
    """A record with what was asked and said about passing it on.

    `onward`: whether it may be passed on at all (no, ask, yes): the stricter of the record and the clause that it came
    under. `ways`: empty for a record of this state.
    """

    record: UUID
    kind: Coded
    origin: str
    purpose: Coded
    onward: Coded
    ways: list[OnwardOut]
    requests: list[RequestOut]
    consents: list[ConsentOut]


class PassingIn(Body):
    """The state to pass a record on to."""

    state: State


class PassingOut(Schema):
    """The record is on its way."""

    record: UUID
    state: str


@router.get("/consents/requests", response=list[RequestOut], summary="Requests to pass records on")
def show_requests(request: HttpRequest, asked: Query[RequestsAsked]) -> list[RequestOut]:
    """To this state and by it, the newest first, at most 200; of records that the token may read."""
    by = authorise(request, P.AGREEMENTS_AGREEMENT_READ)
    own = settings.NODE.state
    return [
        _request(each)
        for each in consented.readable(by.actor, consented.requests())
        if asked.whose is None or (each.record.origin == own) == (asked.whose == "sent")
        if not asked.waiting or each.answer is None
    ]


@router.get("/records/{uuid:uid}/consents", response=RecordConsents, summary="Who may be given a record")
def show_consents(request: HttpRequest, uid: UUID) -> RecordConsents:
    """Takes the permission of the record's kind, too."""
    by = authorise(request, P.AGREEMENTS_AGREEMENT_READ)
    record = consented.target_of(by.actor, uid)
    if record is None:
        raise Http404
    theirs = record.origin != settings.NODE.state
    return RecordConsents(
        record=uid,
        kind=Coded.of("kind", record.kind),
        origin=record.origin,
        purpose=Coded.of("purpose", record.purpose),
        onward=Coded.of("onward", consented.onward_of(record) if theirs else record.onward),
        ways=[
            OnwardOut(state=way.state, open=way.verdict.open, verdict=Coded.of("verdict", way.verdict.code))
            for way in (consented.ways(record) if theirs else ())
        ],
        requests=[_request(each) for each in consented.requests(uid)],
        consents=[_consent(each) for each in consented.given(uid)],
    )


@router.post("/records/{uuid:uid}/passings", response={202: PassingOut}, summary="Pass a record on")
def pass_on(request: HttpRequest, uid: UUID, asked: PassingIn) -> Status:
    """To a state to which agreements, and its origin's consent, open the way. The token's purpose is the record's."""
    by = authorise(request, P.AGREEMENTS_RECORD_PASS)
    if consented.target_of(by.actor, uid) is None:
        raise Http404
    consents.pass_on(by, uid, asked.state)
    return Status(202, PassingOut(record=uid, state=asked.state))


def _request(asked: consented.Asked) -> RequestOut:
    record, body, answer = asked.record, asked.record.body, asked.answer
    return RequestOut(
        uid=record.uid,
        record=body["target"],
        asked_by=record.origin,
        states=body["states"],
        reason=body["reason"],
        asked_at=record.issued_at,
        valid_until=record.valid_until,
        answer=_answer(answer) if answer is not None else None,
    )


def _answer(record: "Record") -> AnswerOut:
    return AnswerOut(
        uid=record.uid,
        kind=Coded.of("kind", record.kind),
        state=Coded.of("record_state", record.state),
        states=record.body["states"] if record.kind == CONSENT.name else [],
        valid_until=record.valid_until,
        reason=record.body.get("reason", ""),
    )


def _consent(record: "Record") -> ConsentOut:
    body = record.body
    return ConsentOut(
        uid=record.uid,
        holder=body["holder"],
        states=body["states"],
        request=body["request"],
        state=Coded.of("record_state", record.state),
        valid_until=record.valid_until,
    )
