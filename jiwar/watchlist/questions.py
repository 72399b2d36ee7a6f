"""A question to the watchlist and its answer, as JSON says them: one form for every face that programs ask."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from jiwar.records.coded import Coded
from jiwar.records.content import Body
from jiwar.watchlist.kinds import IdentifierKind
from jiwar.watchlist.screening import Difference, Document, Identifier, Match, PartialDate, Query, Reason, Screening


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
Country = Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$"), Field(description="ISO 3166-1 alpha-3, or empty")]
Case = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)]


class DocumentIn(Body):
    """A document that was shown; `number` as printed."""

    type: Annotated[str, StringConstraints(max_length=100)] = ""
    country: Country = ""
    number: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class IdentifierIn(Body):
    """A number of a thing or a line: plate, IMO, VIN, phone; `country` is where it is registered."""

    kind: IdentifierKind
    country: Country = ""
    number: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class QuestionIn(Body):
    """What is known of one person. Elsewhere than at a post `case` is needed; for a name alone, `reason` (rule R7)."""

    names: Annotated[tuple[Name, ...], Field(max_length=5)] = ()
    birth_date: BirthDateText | None = None
    sex: Literal["M", "F", ""] = ""
    nationality: Country = ""
    documents: Annotated[tuple[DocumentIn, ...], Field(max_length=5)] = ()
    identifiers: Annotated[tuple[IdentifierIn, ...], Field(max_length=5)] = ()
    birth_place: Annotated[str, StringConstraints(max_length=200), Field(description="as a document words it")] = ""
    relatives: Annotated[tuple[Name, ...], Field(max_length=5, description="names of parents, spouses, children")] = ()
    reason: Annotated[str, StringConstraints(max_length=200)] = ""
    case: Case = ""


class GroundOut(BaseModel):
    """Something that speaks for or against the match: what was asked, and what is listed."""

    ground: Coded
    field: str
    asked: str
    listed: str


class OtherOut(BaseModel):
    """A further record on the same subject, by the word of two people of this node."""

    record: UUID
    category: str
    alert_type: Coded | None
    action: Coded
    restrictions: list[Coded]
    protected: bool
    issuing_state: str
    source_reference: str


class CandidateOut(BaseModel):
    """A question to an officer with reasons, never a decision. `score` ranks candidates; it is no probability.
    `restrictions`: what the record's origin lets nobody do with it.

    `others` are on the same subject: the one named has the most urgent action, the reasons are of the likeliest.
    """

    record: UUID
    category: str
    subject_type: Coded
    alert_type: Coded | None
    action: Coded
    restrictions: list[Coded]
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
    others: list[OtherOut]


class ScreeningOut(BaseModel):
    """At most five candidates, the likeliest first. `list_age`: the newest change of the watchlist heard of here.

    `too_little`: what was asked could find nobody, for on so long a list a name so common proves nothing alone.
    `kept_back`: how many who share name and year were not told only because the name is common; `ask_for` is what would
    decide on one of them.
    """

    id: UUID
    at: dt.datetime
    list_age: dt.datetime | None
    entries: int
    took_ms: float
    too_little: bool
    kept_back: int
    ask_for: list[Coded]
    candidates: list[CandidateOut]


def query_of(question: QuestionIn) -> Query:
    """What screening is asked."""
    return Query(
        names=question.names,
        birth_date=PartialDate.parse(question.birth_date) if question.birth_date else None,
        sex=question.sex,
        nationality=question.nationality,
        documents=tuple(Document(d.type, d.country, d.number) for d in question.documents),
        identifiers=tuple(Identifier(i.kind, i.country, i.number) for i in question.identifiers),
        birth_place=question.birth_place,
        relatives=question.relatives,
    )


def answer_of(done: Screening) -> ScreeningOut:
    """What screening said, in the language of this thread."""
    return ScreeningOut(
        id=done.id,
        at=done.at,
        list_age=done.list_age,
        entries=done.entries,
        took_ms=round(done.took_ms, 3),
        too_little=done.too_little,
        kept_back=done.kept_back,
        ask_for=[Coded.of("match_field", field) for field in done.ask_for],
        candidates=[_candidate(match) for match in done.candidates],
    )


def _candidate(match: Match) -> CandidateOut:
    plain: dict[str, Any] = {name: getattr(match, name) for name in _PLAIN}
    return CandidateOut(
        record=match.record_uid,
        subject_type=Coded.of("subject_type", match.subject_type),
        alert_type=Coded.of("alert_type", match.alert_type) if match.alert_type else None,
        action=Coded.of("action", match.action),
        restrictions=[Coded.of("restriction", code) for code in match.restrictions],
        strength=Coded.of("match_strength", match.strength),
        reasons=[_ground("match_reason", reason) for reason in match.reasons],
        differences=[_ground("match_difference", difference) for difference in match.differences],
        others=[_other(other) for other in match.others],
        **plain,
    )


def _other(match: Match) -> OtherOut:
    return OtherOut(
        record=match.record_uid,
        category=match.category,
        alert_type=Coded.of("alert_type", match.alert_type) if match.alert_type else None,
        action=Coded.of("action", match.action),
        restrictions=[Coded.of("restriction", code) for code in match.restrictions],
        protected=match.protected,
        issuing_state=match.issuing_state,
        source_reference=match.source_reference,
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
