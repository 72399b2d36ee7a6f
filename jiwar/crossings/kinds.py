"""The record of a crossing: what a post tells its own state, and nobody else."""

from typing import TYPE_CHECKING, Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from jiwar.records.content import Body, Content, Moment, NodeCode
from jiwar.records.kinds import YEAR, Kind, nobody, register
from jiwar.watchlist.hit_kinds import StopCard
from jiwar.wire.faults import Fault

if TYPE_CHECKING:
    from jiwar.records.models import Record

PartOfDate = Annotated[str, StringConstraints(pattern=r"^([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?$")]
"""EDTF (ISO 8601-2): a year, a month or a day; empty where unknown."""
Country = Annotated[str, StringConstraints(pattern=r"^([A-Z]{1,3})?$")]
"""A code of ICAO Doc 9303-3 (ISO 3166-1 alpha-3 and a few more); empty where unknown."""
PaperNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9/\-]{0,29}$")]
Name = Annotated[str, StringConstraints(max_length=200)]
Number = Annotated[str, StringConstraints(max_length=40)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Decision = Literal["passed", "referred", "refused_by_officer"]
Direction = Literal["in", "out"]


class DocumentShown(Body):
    """The travel document as read or typed."""

    type: Annotated[str, StringConstraints(max_length=20)] = ""
    country: Country = ""
    number: Number = ""
    expiry: PartOfDate = ""


class NumberShown(Body):
    """A number of what the traveller came with: a plate, a telephone; `kind` of the words group `identifier_kind`."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,20}$")]
    country: Country = ""
    number: Number


class ScreeningDone(Body):
    """The search that was made, and how old the list was."""

    id: UUID
    at: Moment
    candidates: Annotated[int, Field(ge=0, le=5)]
    list_age: Moment | None
    entries: Annotated[int, Field(ge=0)]


class CandidateOutcome(Body):
    """What the officer decided about one candidate that was shown (rule R8).

    `score` in per cent and `script` (ISO 15924, one or two) as they were shown, for the review of thresholds; None for
    a record that was listed under another candidate.
    """

    alert: UUID
    verdict: Literal["confirmed", "rejected"]
    identifiers: tuple[Literal["document", "identifier", "birth_date", "name", "description"], ...] = ()
    reason: Annotated[str, StringConstraints(max_length=40)] = ""
    score: Annotated[int, Field(ge=0, le=100)] | None = None
    script: Annotated[str, StringConstraints(pattern=r"^([A-Z][a-z]{3}(-[A-Z][a-z]{3})?)?$")] = ""

    @model_validator(mode="after")
    def _founded(self) -> Self:
        if self.verdict == "confirmed" and len(set(self.identifiers)) < 2:
            raise ValueError("two_identifiers")
        if self.verdict == "rejected" and not self.reason:
            raise ValueError("missing")
        return self


class CrossingBody(Body):
    """One person crossed, or was not let cross, at one post. `paper_number`: of the form it was first written on.

    `stop_card`: answers of rule R6, which stay in this state (rule R5).
    """

    model_config = ConfigDict(title="Crossing of a border")
    screened: UUID
    post: NodeCode
    at: Moment
    direction: Direction
    paper_number: PaperNumber | None = None
    document: DocumentShown
    numbers: Annotated[tuple[NumberShown, ...], Field(max_length=5)] = ()
    names: Annotated[tuple[Name, ...], Field(max_length=5)]
    birth_date: PartOfDate = ""
    sex: Literal["", "M", "F", "X"] = ""
    nationality: Country = ""
    decision: Decision
    screening: ScreeningDone
    outcomes: Annotated[tuple[CandidateOutcome, ...], Field(max_length=5)] = ()
    stop_card: StopCard | None = None
    entry: Literal["typed", "scanned"]
    note: Note = ""


def _check(content: Content) -> list[Fault]:
    body = content.body
    assert isinstance(body, CrossingBody)
    if len(body.outcomes) != body.screening.candidates:
        return [Fault("candidate_undecided", "body.outcomes")]
    return []


def _names_an_alert(record: "Record") -> bool:
    """Outcomes name alerts, and a discreet check among them would show. All that name any are hidden alike: if those
    with a discreet check alone were, their absence would tell it."""
    return bool(record.body.get("outcomes"))


CROSSING = register(
    Kind(
        "crossing",
        1,
        CrossingBody,
        longest=5 * YEAR,
        review=YEAR,
        check=_check,
        covert=_names_an_alert,
        addressees=nobody,  # a post's own records reach its national node by themselves
        priority=8,
    )
)
