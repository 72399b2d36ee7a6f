"""The registry of lost documents at the JSON API: look one up, report some, take one back."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission
from jiwar.documents.logic.lost import LostAnswer, LostEntry, LostStatus, LostType
from jiwar.documents.lost import look_up, report_lost, take_back
from jiwar.documents.lost_kinds import MOST
from jiwar.records.content import Body

router = Router()
Written = Annotated[str, StringConstraints(max_length=100)]


class QuestionIn(Body):
    """`issuer` three letters; `type` of the list of types or the document code of a zone, "" where it is not known."""

    issuer: Written
    type: Written = ""
    number: Written


class EntryOut(Schema):
    """A document, or a series up to `last`; `report` is the signed record that says it."""

    issuer: str
    type: LostType
    number: str
    last: str
    status: LostStatus
    since: dt.date
    report: UUID

    @staticmethod
    def resolve_report(entry: LostEntry) -> UUID:
        return entry.record


class HintOut(Schema):
    """An entry that is not the document asked for and may be meant; `why`: "lookalike", "other_type"."""

    why: str
    entry: EntryOut


class AnswerOut(Schema):
    """`status` is null where this document is not registered; that says nothing unless `registry` is "in_use"."""

    status: LostStatus | None
    since: dt.date | None
    entries: list[EntryOut]
    hints: list[HintOut]
    registry: str
    as_of: dt.date | None


class DocumentIn(Body):
    """A document of this state; `last` for a series of stolen blanks or invalid documents, both ends included."""

    type: LostType
    number: Written
    last: Written = ""
    status: LostStatus
    since: dt.date


class ReportIn(Body):
    documents: Annotated[list[DocumentIn], Field(min_length=1, max_length=MOST)]
    reference: Annotated[str, StringConstraints(max_length=80)] = ""


class ReportOut(Schema):
    report: UUID
    version: int


class TakeBackIn(Body):
    number: Written
    last: Written = ""
    reason: Annotated[str, StringConstraints(max_length=200)]


@router.post("/documents/lost", response=AnswerOut, summary="Look a document up in the registry of lost documents")
def ask(request: HttpRequest, question: QuestionIn) -> LostAnswer:
    """Whether a document is reported lost, stolen or invalid. That it was asked is in the ledger, its number is not."""
    by = authorise(request, Permission.DOCUMENTS_LOST_SEARCH)
    return look_up(by, question.issuer, question.type, question.number)


@router.post("/documents/reports", response=ReportOut, summary="Report lost, stolen or invalid documents")
def report(request: HttpRequest, stated: ReportIn) -> dict[str, Any]:
    """Documents of this state, up to 500. The report is a signed record and goes where agreements open it."""
    by = authorise(request, Permission.DOCUMENTS_LOST_REPORT)
    record = report_lost(by, [one.model_dump(mode="json") for one in stated.documents], stated.reference)
    return {"report": record.uid, "version": record.version}


@router.post("/documents/reports/{uid}/take-back", response=ReportOut, summary="Take a document out of a report")
def taken_back(request: HttpRequest, uid: UUID, stated: TakeBackIn) -> dict[str, Any]:
    """A document turned up: the report's next version leaves it out, or the report is withdrawn with its last one."""
    by = authorise(request, Permission.DOCUMENTS_LOST_REPORT)
    record = take_back(by, uid, stated.number, stated.last, stated.reason)
    return {"report": uid, "version": record.version}
