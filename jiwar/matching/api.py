"""Blind matching at the JSON API: the same questions, rules and answers as at the console."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field, StringConstraints

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission
from jiwar.matching import queries, services
from jiwar.matching.logic.key_types import BULK_MOST, KeyType, Mode
from jiwar.matching.logic.lines import LONGEST_LINE
from jiwar.matching.models import Question
from jiwar.records.coded import Coded
from jiwar.records.content import Body, Line, NodeCode

router = Router()
P = Permission

Row = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_LINE)]


class MatchIn(Body):
    """Keys to ask a neighbour about, one line each, columns apart by semicolons, as in the description of the type.

    A reference of one's own may stand last in a line; it comes back with a hit and does not leave this node.
    """

    neighbour: NodeCode
    key_type: KeyType
    mode: Mode = Mode.ONLINE
    keys: Annotated[tuple[Row, ...], Field(min_length=1, max_length=BULK_MOST)]
    legal_basis: Line
    case: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)]
    reason: Annotated[str, StringConstraints(max_length=200)] = ""


class HitOut(Schema):
    """A key that both states hold, in its normal form, and the asker's references to it."""

    key: str
    references: list[str]


class MatchOut(Schema):
    """A question: `hits` is null until it is answered. A hit is a reason to ask, never a decision."""

    id: UUID
    neighbour: str
    key_type: str
    mode: str
    count: int
    state: Coded
    refusal: Coded | None
    again_at: dt.datetime | None
    asked_at: dt.datetime
    ended_at: dt.datetime | None
    hits: list[HitOut] | None


@router.post("/matching/questions", response={202: MatchOut}, summary="Ask a neighbour which keys it holds too")
def ask(request: HttpRequest, asked: MatchIn) -> Status:
    """It is answered later: ask for the question by its id. Needs an agreement that opens blind matches."""
    by = authorise(request, P.MATCHING_REQUEST_MAKE, asked.case)
    question = services.ask(
        by,
        services.Asked(
            asked.neighbour,
            asked.key_type,
            asked.mode,
            asked.legal_basis,
            asked.reason,
            typed="\n".join(asked.keys).encode(),
        ),
    )
    return Status(202, _out(question))


@router.get("/matching/questions/{uuid:pk}", response=MatchOut, summary="A question, and what matched")
def show(request: HttpRequest, pk: UUID) -> MatchOut:
    """Of the token's own purpose."""
    question = services.open_question(authorise(request, P.MATCHING_REQUEST_READ), pk)
    if question is None:
        raise Http404
    return _out(question)


def _out(question: Question) -> MatchOut:
    hits = None
    if question.hits is not None:
        hits = [
            HitOut(key=hit.normal, references=[owner.get("reference", "") for owner in hit.owners])
            for hit in queries.hits(question)
        ]
    return MatchOut(
        id=question.pk,
        neighbour=question.node,
        key_type=question.key_type,
        mode=question.mode,
        count=question.count,
        state=Coded.of("match_state", question.state),
        refusal=Coded.of("fault", question.code) if question.code else None,
        again_at=question.again_at,
        asked_at=question.asked_at,
        ended_at=question.ended_at,
        hits=hits,
    )
