"""The analyst's search, dossiers and links at the JSON API: the same questions, rules and answers as at the console."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Query as InAddress
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission
from jiwar.analysis import services
from jiwar.analysis.logic.facts import Fact, Source
from jiwar.analysis.logic.timeline import Event
from jiwar.records.coded import Coded
from jiwar.records.content import Body, Tlp
from jiwar.watchlist.finding import Narrow
from jiwar.watchlist.kinds import SubjectType
from jiwar.watchlist.questions import Case, Country, QuestionIn, ScreeningOut, answer_of, query_of

router = Router()
P = Permission
Year = Annotated[int, Field(ge=1800, le=2200)]


class NarrowIn(Body):
    """What is left out of an answer; empty members leave nothing out. `by_sound` and `inexact`: off means that a name
    must be spelt as asked, and that each part asked for must be there."""

    type: SubjectType | Literal[""] = ""
    source: Literal["own", "received", "public_list", "foreign_list", ""] = ""
    issuer: Country = ""
    nationality: Country = ""
    born_from: Year | None = None
    born_to: Year | None = None
    alert_type: Annotated[str, StringConstraints(max_length=40)] = ""
    tlp: Tlp | Literal[""] = ""
    since: dt.date | None = None
    by_sound: bool = True
    inexact: bool = True


class SearchIn(QuestionIn):
    """A question to everything that the node holds. `case` is needed; for a name alone, `reason` (rule R7)."""

    narrow: NarrowIn = NarrowIn()


class SourceOut(Schema):
    """A record as provenance; facts and events name it by its `number`."""

    number: int
    record: UUID
    what: Coded
    title: str
    reference: str
    state: str
    node: str
    version: int
    standing: Coded
    purpose: Coded
    legal_basis: str
    issued_at: dt.datetime
    valid_until: dt.datetime
    review_on: dt.date
    source: Coded
    information: Coded
    tlp: Coded
    onward: Coded
    restrictions: list[Coded]


class FoundOut(Schema):
    """The provenance of a candidate: its own record, and those that two people declared to be of the same subject."""

    record: UUID
    type: Coded
    sources: list[SourceOut]
    hits: int
    sightings: int


class SearchOut(Schema):
    """At most fifty candidates, the likeliest first; `found` is in their order."""

    screening: ScreeningOut
    found: list[FoundOut]


class FactOut(Schema):
    """One value, with the sources that say it; `differs` where another says another."""

    field: Coded
    sort: Coded | None
    value: str
    text: str
    weak: bool
    differs: bool
    sources: list[int]


class EventOut(Schema):
    """Something at a time: `at` is a date, whole or in part, or a moment."""

    at: str
    what: Coded
    detail: Coded | None
    where: str
    who: str
    note: str
    source: int


class DossierOut(Schema):
    """All that is held about one subject; `name` and `facts` are empty where nothing of it is in force."""

    record: UUID
    name: str
    type: str
    together: list[UUID]
    facts: list[FactOut]
    events: list[EventOut]
    sources: list[SourceOut]


class LinkOut(Schema):
    """A link between two subjects, or a subject and a name, number, address or hit; `record` of those that have one."""

    one: str
    one_record: UUID | None
    link: str
    other: str
    other_record: UUID | None


class For(Body):
    """For which case; needed elsewhere than at a post."""

    case: Case = ""


@router.post("/analysis/searches", response=SearchOut, summary="Search everything that this node holds")
def search(request: HttpRequest, question: SearchIn) -> SearchOut:
    """Alerts, public and foreign lists, own and received; down to a probability of 0.05."""
    by = authorise(request, P.ANALYSIS_SUBJECT_SEARCH, question.case)
    narrow = Narrow(**question.narrow.model_dump())
    found = services.search(by, query_of(question), narrow, channel="analysis_api", reason=question.reason)
    rows = [
        FoundOut(
            record=row.match.record_uid,
            type=Coded.of("subject_type", row.type),
            sources=[_source(source) for source in row.sources],
            hits=row.hits,
            sightings=row.sightings,
        )
        for row in found.rows
    ]
    return SearchOut(screening=answer_of(found.screening), found=rows)


@router.get("/analysis/subjects/{uuid:uid}", response=DossierOut, summary="The dossier of a subject")
def show_dossier(request: HttpRequest, uid: UUID, asked: InAddress[For]) -> DossierOut:
    """By the record of an alert or a listing."""
    found = services.open_dossier(authorise(request, P.ANALYSIS_SUBJECT_READ, asked.case), uid)
    if found is None:
        raise Http404
    return DossierOut(
        record=found.uid,
        name=found.name,
        type=found.type,
        together=list(found.together),
        facts=[_fact(fact) for fact in found.facts],
        events=[_event(event) for event in found.events],
        sources=[_source(source) for source in found.sources],
    )


@router.get("/analysis/subjects/{uuid:uid}/links", response=list[LinkOut], summary="What a subject is linked with")
def show_links(request: HttpRequest, uid: UUID, asked: InAddress[For]) -> list[LinkOut]:
    """One step; at most forty nodes."""
    chart = services.open_chart(authorise(request, P.ANALYSIS_SUBJECT_READ, asked.case), uid, (), rtl=False)
    if chart is None:
        raise Http404
    return [
        LinkOut(
            one=row.one.label,
            one_record=chart.subjects.get(row.one.key),
            link=row.label,
            other=row.other.label,
            other_record=chart.subjects.get(row.other.key),
        )
        for row in chart.rows
    ]


_PLAIN = (
    "number", "title", "reference", "state", "node", "version", "legal_basis", "issued_at", "valid_until", "review_on",
)  # fmt: skip


def _source(source: Source) -> SourceOut:
    plain: dict[str, Any] = {name: getattr(source, name) for name in _PLAIN}
    return SourceOut(
        record=UUID(source.uid),
        what=Coded.of("dossier_source", source.what),
        standing=Coded.of("record_state", source.standing),
        purpose=Coded.of("purpose", source.purpose),
        source=Coded.of("source", source.grading[0]),
        information=Coded.of("information", source.grading[1]),
        tlp=Coded.of("tlp", source.tlp),
        onward=Coded.of("onward", source.onward),
        restrictions=[Coded.of("restriction", code) for code in source.restrictions],
        **plain,
    )


def _fact(fact: Fact) -> FactOut:
    return FactOut(
        field=Coded.of("dossier_field", fact.field),
        sort=Coded.of(*fact.sort) if fact.sort else None,
        value=fact.value,
        text=Coded.of(fact.group, fact.value).text if fact.group else fact.value,
        weak=fact.weak,
        differs=fact.differs,
        sources=list(fact.sources),
    )


def _event(event: Event) -> EventOut:
    return EventOut(
        at=event.at,
        what=Coded.of("dossier_event", event.what),
        detail=Coded.of(*event.detail) if event.detail else None,
        where=event.where,
        who=event.who,
        note=event.note,
        source=event.source,
    )
