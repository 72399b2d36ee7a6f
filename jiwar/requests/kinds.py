"""A letter between contact points, and the word on what became of it."""

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from pydantic import ConfigDict, Field, StringConstraints, field_validator

from jiwar.exchange.attachments import Descriptor
from jiwar.records.content import Body, Content, Line, Moment, State
from jiwar.records.kinds import YEAR, Kind, register
from jiwar.requests.logic.flows import FLOWS, FOUR_EYES, HOT_PURSUIT
from jiwar.wire.faults import Fault

if TYPE_CHECKING:
    from jiwar.records.models import Record

Flow = Literal[FLOWS]  # type: ignore[valid-type]
Urgency = Literal["urgent", "three_days", "seven_days"]
Step = Literal["received", "read", "assigned", "reminded", "overdue", "answered"]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8000)]
MOST_FILES = 10


class Answer(StrEnum):
    """What an answer is. Information and a refusal end the clock; a part and an acknowledgement do not."""

    INFORMATION = "information"
    PARTIAL = "partial"
    REFUSAL = "refusal"
    ACKNOWLEDGEMENT = "acknowledgement"


FINAL = frozenset({Answer.INFORMATION, Answer.REFUSAL})


class Ground(StrEnum):
    """Why a state refuses what a letter asks: the grounds of the UN Model Treaty on Mutual Assistance in Criminal
    Matters (A/RES/45/117, article 4), and facts or a competence that are lacking.
    """

    ESSENTIAL_INTERESTS = "essential_interests"
    POLITICAL = "political"
    DISCRIMINATION = "discrimination"
    NE_BIS_IN_IDEM = "ne_bis_in_idem"
    NOT_PERMITTED = "not_permitted"
    MILITARY = "military"
    INSUFFICIENT_FACTS = "insufficient_facts"
    NOT_COMPETENT = "not_competent"
    OTHER = "other"


class LetterBody(Body):
    """A letter from one contact point to others, on one of the Plan's flows. `target`: the letter that it answers.

    `depth_km`: how far a hot pursuit may reach, in kilometres from the border.
    """

    model_config = ConfigDict(title="Letter between contact points")
    flow: Flow
    to: Annotated[tuple[State, ...], Field(min_length=1, max_length=10)]
    subject: Line
    text: Words
    urgency: Urgency | None = None
    answer_by: Moment | None = None
    target: UUID | None = None
    answer: Answer | None = None
    ground: Ground | None = None
    attachments: Annotated[tuple[Descriptor, ...], Field(max_length=MOST_FILES)] = ()
    references: Annotated[tuple[UUID, ...], Field(max_length=20)] = ()
    depth_km: Annotated[int, Field(ge=1, le=500)] | None = None

    @field_validator("to", "references")
    @classmethod
    def _once(cls, values: tuple[object, ...]) -> tuple[object, ...]:
        if len(set(values)) != len(values):
            raise ValueError("said_twice")
        return values

    @field_validator("attachments")
    @classmethod
    def _each_file_once(cls, files: tuple[Descriptor, ...]) -> tuple[Descriptor, ...]:
        if len({file.blob for file in files}) != len(files):
            raise ValueError("said_twice")
        return files


class ProgressBody(Body):
    """An addressee tells the sender of a letter how far it has come. It names no person."""

    model_config = ConfigDict(title="Progress of a letter")
    target: UUID
    step: Step
    at: Moment


def rules(body: LetterBody) -> list[Fault]:
    """What the parts of a letter demand of one another; true of every letter, own and received."""
    found = []
    if body.urgency and body.answer_by:
        found.append(Fault("two_deadlines", "body.answer_by"))
    if body.answer and body.target is None:
        found.append(Fault("answers_nothing", "body.answer"))
    if body.target and body.answer is None:
        found.append(Fault("missing", "body.answer"))
    if body.target and (body.urgency or body.answer_by):
        found.append(Fault("answer_has_no_clock", "body.urgency"))
    if body.answer is Answer.REFUSAL and body.ground is None:
        found.append(Fault("missing", "body.ground"))
    if body.ground and body.answer is not Answer.REFUSAL:
        found.append(Fault("ground_without_refusal", "body.ground"))
    if body.depth_km and body.flow != HOT_PURSUIT:
        found.append(Fault("depth_without_pursuit", "body.depth_km"))
    return found


def _check(content: Content) -> list[Fault]:
    body = content.body
    assert isinstance(body, LetterBody)
    found = rules(body)
    if settings.NODE.state in body.to:
        found.append(Fault("addressed_to_oneself", "body.to"))
    if body.answer_by and body.answer_by <= timezone.now():
        found.append(Fault("already_expired", "body.answer_by"))
    return found


def _needs_two(content: Content) -> bool:
    assert isinstance(content.body, LetterBody)
    return content.body.flow in FOUR_EYES


def _to_the_named(content: Content) -> Iterable[str]:
    assert isinstance(content.body, LetterBody)
    return content.body.to


def _is_urgent(record: "Record") -> bool:
    return record.body["urgency"] == "urgent" or record.body["flow"] == HOT_PURSUIT


LETTER = register(
    Kind(
        "letter",
        1,
        LetterBody,
        four_eyes=_needs_two,
        check=_check,
        addressees=_to_the_named,
        urgent_if=_is_urgent,
        longest=5 * YEAR,
    )
)

# An instrument: it answers a letter that came under an agreement, and says of it only how far it has come.
PROGRESS = register(
    Kind("letter.progress", 1, ProgressBody, personal=False, instrument=True, longest=5 * YEAR, review=5 * YEAR)
)
