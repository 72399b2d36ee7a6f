"""Screening, alerts and public lists at the JSON API: the same questions, rules and answers as at the console."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest
from ninja import Query as InAddress
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission
from jiwar.records.coded import Coded
from jiwar.records.content import Body
from jiwar.records.reading import content_of
from jiwar.watchlist.alerts import browse_alerts, open_alert
from jiwar.watchlist.listings import PAGE, browse_listings
from jiwar.watchlist.lists import open_reading
from jiwar.watchlist.models import Alert, Entry, ListImport
from jiwar.watchlist.queries import changes, imports, unread
from jiwar.watchlist.questions import QuestionIn, ScreeningOut, answer_of, query_of
from jiwar.watchlist.screening import screen

router = Router()
P = Permission


@router.post("/screenings", response=ScreeningOut, summary="Is this person, or this document, on the watchlist?")
def screen_person(request: HttpRequest, question: QuestionIn) -> ScreeningOut:
    """Every search is in the ledger. Two identifiers, compared by an officer, confirm a match."""
    by = authorise(request, P.WATCHLIST_PERSON_SCREEN, question.case)
    return answer_of(screen(by, query_of(question), channel="api", reason=question.reason))


# Alerts and lists -----------------------------------------------------------------------------------------------------


class AlertOut(Schema):
    """The newest version held of an alert, in short. The signed statement: `/records/{uid}`."""

    uid: UUID
    version: int
    alert_type: Coded
    action: Coded
    name: str
    protected: str
    entered: bool
    origin: str
    state: Coded
    issued_at: dt.datetime
    valid_until: dt.datetime
    review_on: dt.date


class AlertWhole(AlertOut):
    """An alert with the content that was approved; empty once the alert is no longer in force, as its `name` is."""

    content: dict[str, Any]


class AlertsAsked(Body):
    """Whose alerts; both where it is left out."""

    whose: Literal["own", "received", ""] = ""


class ListingsAsked(Body):
    """`reference` is the beginning of the list's own number: a search by name is a screening (rule R7)."""

    reference: Annotated[str, StringConstraints(max_length=40)] = ""
    page: Annotated[int, Field(ge=1, le=100_000)] = 1


class ListingOut(Schema):
    """An entry of a public list in force. `facts`: names, dates of birth, nationalities, documents."""

    uid: UUID
    reference: str
    changed_at: dt.datetime
    facts: dict[str, Any]


class ListingsOut(Schema):
    """One page of them."""

    page: int
    pages: int
    count: int
    listings: list[ListingOut]


@router.get("/alerts", response=list[AlertOut], summary="Alerts held, own and received")
def show_alerts(request: HttpRequest, asked: InAddress[AlertsAsked]) -> list[AlertOut]:
    """The newest first, at most 500."""
    by = authorise(request, P.WATCHLIST_ALERT_READ)
    return [AlertOut(**_alert(row)) for row in browse_alerts(by, asked.whose)]


@router.get("/alerts/{uuid:uid}", response=AlertWhole, summary="One alert")
def show_alert(request: HttpRequest, uid: UUID) -> AlertWhole:
    """The newest version held, whole."""
    by = authorise(request, P.WATCHLIST_ALERT_READ)
    try:
        row = open_alert(by, uid)
    except Alert.DoesNotExist:
        raise Http404 from None
    return AlertWhole(content=content_of(row.record), **_alert(row))


@router.get("/listings", response=ListingsOut, summary="Entries of public lists in force")
def show_listings(request: HttpRequest, asked: InAddress[ListingsAsked]) -> ListingsOut:
    """A page of them, by reference number."""
    found = browse_listings(authorise(request, P.WATCHLIST_LIST_READ), asked.reference, asked.page)
    return ListingsOut(
        page=found.number,
        pages=found.paginator.num_pages,
        count=found.paginator.count,
        listings=[_listing(entry) for entry in found],
    )


def _alert(row: Alert) -> dict[str, Any]:
    record = row.record
    return {
        **{name: getattr(row, name) for name in ("uid", "name", "protected", "entered")},
        **{name: getattr(record, name) for name in ("version", "origin", "issued_at", "valid_until", "review_on")},
        "alert_type": Coded.of("alert_type", row.alert_type),
        "action": Coded.of("action", row.action),
        "state": Coded.of("record_state", record.state),
    }


def _listing(entry: Entry) -> ListingOut:
    return ListingOut(uid=entry.uid, reference=entry.reference, changed_at=entry.changed_at, facts=entry.facts)


# Readings of lists ----------------------------------------------------------------------------------------------------


class ReadingOut(Schema):
    """One reading of a list: its day, what it changes, and whether it is applied. `list` is the list's code."""

    id: UUID
    list: str
    state: Coded
    as_of: dt.datetime | None
    read_at: dt.datetime
    sha256: str
    entries: int
    new: int
    changed: int
    renewed: int
    unchanged: int
    withdrawn: int
    unread: int


class ChangeOut(Schema):
    """What becomes of one entry. `name` is there while the reading waits, and empty afterwards."""

    reference: str
    change: Coded
    fields: list[Coded]
    name: str


class UnreadOut(Schema):
    """Something of the file that was not understood."""

    line: int
    path: str
    reference: str
    why: Coded
    value: str


class ReadingWhole(ReadingOut):
    """A page of its changes, and the same page of what was not understood."""

    page: int
    pages: int
    changes: list[ChangeOut]
    not_understood: list[UnreadOut]


class ReadingAsked(Body):
    """`change`: one sort of change alone."""

    change: Literal["new", "changed", "renewed", "removed", ""] = ""
    page: Annotated[int, Field(ge=1, le=100_000)] = 1


@router.get("/lists", response=list[ReadingOut], summary="Readings of lists")
def show_readings(request: HttpRequest) -> list[ReadingOut]:
    """The newest first, at most 500. People read, confirm and approve them at the console."""
    by = authorise(request, P.WATCHLIST_LIST_READ)
    return [ReadingOut(**_reading(row)) for row in imports(by)[:500]]


@router.get("/lists/{uuid:uid}", response=ReadingWhole, summary="What one reading changes")
def show_reading(request: HttpRequest, uid: UUID, asked: InAddress[ReadingAsked]) -> ReadingWhole:
    """Entry by entry, with the fields that are amended; and line by line what was not understood."""
    by = authorise(request, P.WATCHLIST_LIST_READ)
    reading = open_reading(by, uid)
    if reading is None:
        raise Http404
    rows = Paginator(changes(by, reading, asked.change), PAGE)
    lines = Paginator(unread(by, reading), PAGE)
    return ReadingWhole(
        page=asked.page,
        pages=max(rows.num_pages, lines.num_pages),
        changes=[
            ChangeOut(
                reference=row.reference,
                change=Coded.of("list_change", row.change),
                fields=[Coded.of("listing_field", field) for field in row.fields],
                name=row.name,
            )
            for row in (rows.page(asked.page) if asked.page <= rows.num_pages else ())
        ],
        not_understood=[
            UnreadOut(
                line=line.line,
                path=line.path,
                reference=line.reference,
                why=Coded.of("unread", line.code),
                value=line.value,
            )
            for line in (lines.page(asked.page) if asked.page <= lines.num_pages else ())
        ],
        **_reading(reading),
    )


_OF_READING = ("id", "list", "sha256", "entries", "new", "changed", "renewed", "unchanged", "withdrawn", "unread")


def _reading(row: ListImport) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _OF_READING},
        "state": Coded.of("list_state", row.state),
        "as_of": row.generated_at,
        "read_at": row.at,
    }
