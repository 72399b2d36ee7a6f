"""Screening, alerts and public lists at the JSON API: the same questions, rules and answers as at the console."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Query as InAddress
from ninja import Router, Schema
from pydantic import AfterValidator, Field, StringConstraints

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission
from jiwar.records.coded import Coded
from jiwar.records.content import Body
from jiwar.records.reading import content_of
from jiwar.watchlist.alerts import browse_alerts, open_alert
from jiwar.watchlist.lists import browse_listings
from jiwar.watchlist.models import Alert, Entry
from jiwar.watchlist.screening import Difference, Document, Match, PartialDate, Query, Reason, Screening, screen

router = Router()
P = Permission


def _a_date(text: str) -> str:
    try:
        PartialDate.parse(text)
    except ValueError:
        raise ValueError("wrong_form") from None
    return text


Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
BirthDateText = Annotated[
    str,
    StringConstraints(pattern=r"^~?[0-9]{4}(-[0-9]{2}(-[0-9]{2})?|/[0-9]{4})?$"),
    AfterValidator(_a_date),
    Field(description="1971, 1971-03, 1971-03-09 or 1971/1975 (between); ~ before it: about"),
]
State = Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$"), Field(description="ISO 3166-1 alpha-3, or empty")]
Case = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)]


class DocumentIn(Body):
    """A document that was shown; `number` as printed."""

    type: Annotated[str, StringConstraints(max_length=100)] = ""
    country: State = ""
    number: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class QuestionIn(Body):
    """What is known of one person. Elsewhere than at a post `case` is needed; for a name alone, `reason` (rule R7)."""

    names: Annotated[tuple[Name, ...], Field(max_length=5)] = ()
    birth_date: BirthDateText | None = None
    sex: Literal["M", "F", ""] = ""
    nationality: State = ""
    documents: Annotated[tuple[DocumentIn, ...], Field(max_length=5)] = ()
    reason: Annotated[str, StringConstraints(max_length=200)] = ""
    case: Case = ""


class GroundOut(Schema):
    """Something that speaks for or against the match: what was asked, and what is listed."""

    ground: Coded
    field: str
    asked: str
    listed: str


class CandidateOut(Schema):
    """A question to an officer with reasons, never a decision. `score` ranks candidates; it is no probability."""

    record: UUID
    category: str
    alert_type: Coded | None
    action: Coded
    covert: bool
    protected: bool
    score: float
    strength: Coded
    reasons: list[GroundOut]
    differences: list[GroundOut]
    unknown: list[str]
    names: list[str]
    birth_dates: list[str]
    nationalities: list[str]
    issuing_state: str
    source_reference: str


class ScreeningOut(Schema):
    """At most five candidates, the likeliest first. `list_age`: the newest change of the watchlist heard of here."""

    id: UUID
    at: dt.datetime
    list_age: dt.datetime | None
    entries: int
    took_ms: float
    candidates: list[CandidateOut]


@router.post("/screenings", response=ScreeningOut, summary="Is this person, or this document, on the watchlist?")
def screen_person(request: HttpRequest, question: QuestionIn) -> ScreeningOut:
    """Every search is in the ledger. Two identifiers, compared by an officer, confirm a match."""
    by = authorise(request, P.WATCHLIST_PERSON_SCREEN, question.case)
    return _screening(screen(by, _query(question), channel="api", reason=question.reason))


def _query(question: QuestionIn) -> Query:
    return Query(
        names=question.names,
        birth_date=PartialDate.parse(question.birth_date) if question.birth_date else None,
        sex=question.sex,
        nationality=question.nationality,
        documents=tuple(Document(d.type, d.country, d.number) for d in question.documents),
    )


def _screening(done: Screening) -> ScreeningOut:
    return ScreeningOut(
        id=done.id,
        at=done.at,
        list_age=done.list_age,
        entries=done.entries,
        took_ms=round(done.took_ms, 3),
        candidates=[_candidate(match) for match in done.candidates],
    )


def _candidate(match: Match) -> CandidateOut:
    plain: dict[str, Any] = {name: getattr(match, name) for name in _PLAIN}
    return CandidateOut(
        record=match.record_uid,
        alert_type=Coded.of("alert_type", match.alert_type) if match.alert_type else None,
        action=Coded.of("action", match.action),
        strength=Coded.of("match_strength", match.strength),
        reasons=[_ground("match_reason", reason) for reason in match.reasons],
        differences=[_ground("match_difference", difference) for difference in match.differences],
        **plain,
    )


_PLAIN = (
    "category",
    "covert",
    "protected",
    "score",
    "unknown",
    "names",
    "birth_dates",
    "nationalities",
    "issuing_state",
    "source_reference",
)


def _ground(group: str, found: Reason | Difference) -> GroundOut:
    return GroundOut(ground=Coded.of(group, found.code), field=found.field, asked=found.query, listed=found.subject)


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
