"""Questions on subjects at the JSON API: the same rules and answers as at the console."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field, StringConstraints

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission
from jiwar.analysis import inquiries
from jiwar.analysis.inquiry_kinds import InquirySubject
from jiwar.analysis.models import Inquiry
from jiwar.records.coded import Coded
from jiwar.records.content import Body, Line, NodeCode

router = Router()
P = Permission


class InquiryIn(Body):
    """A question to some neighbours whether they hold something on one subject, for the token's purpose."""

    neighbours: Annotated[tuple[NodeCode, ...], Field(min_length=1, max_length=20)]
    subject: InquirySubject
    legal_basis: Line
    case: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)]
    urgent: bool = False


class AnswerOut(Schema):
    """What one neighbour answered. A hit without records: its contact point is to be asked."""

    neighbour: str
    state: Coded
    refusal: Coded | None
    again_at: dt.datetime | None
    answered_at: dt.datetime | None
    records: list[UUID]


class InquiryOut(Schema):
    """A question with its answers so far. `ended_at`: no more can come, and what was asked about is erased."""

    id: UUID
    asked_at: dt.datetime
    valid_until: dt.datetime
    ended_at: dt.datetime | None
    urgent: bool
    answers: list[AnswerOut]


@router.post("/inquiries", response={202: InquiryOut}, summary="Ask neighbours whether they hold a subject")
def ask(request: HttpRequest, asked: InquiryIn) -> Status:
    """It is answered later: ask for the question by its id. Needs an agreement that opens it for the purpose."""
    by = authorise(request, P.ANALYSIS_INQUIRY_ASK, asked.case)
    subject = asked.subject.model_dump(mode="json")
    question = inquiries.Question(asked.neighbours, asked.legal_basis, subject, urgent=asked.urgent)
    return Status(202, _out(inquiries.ask(by, question)))


@router.get("/inquiries/{uuid:pk}", response=InquiryOut, summary="A question on a subject, and its answers so far")
def show(request: HttpRequest, pk: UUID) -> InquiryOut:
    """Of the token's own purpose."""
    found = inquiries.open_inquiry(authorise(request, P.ANALYSIS_INQUIRY_READ), pk)
    if found is None:
        raise Http404
    return _out(found)


def _out(inquiry: Inquiry) -> InquiryOut:
    return InquiryOut(
        id=inquiry.pk,
        asked_at=inquiry.asked_at,
        valid_until=inquiry.valid_until,
        ended_at=inquiry.ended_at,
        urgent=inquiry.urgent,
        answers=[
            AnswerOut(
                neighbour=each.node,
                state=Coded.of("inquiry_state", each.state),
                refusal=Coded.of("fault", each.code) if each.code else None,
                again_at=each.again_at,
                answered_at=each.answered_at,
                records=each.records,
            )
            for each in inquiry.asked.all()
        ],
    )
