"""Bodies of a hit on an alert and of the outcome that its issuer gives back."""

from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from jiwar.records.content import Body, Line, Moment, NodeCode, State
from jiwar.records.kinds import Kind, register

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
Identifier = Literal[
    "name", "birth_date", "document_number", "nationality", "sex", "photo", "fingerprint", "number", "description"
]  # fmt: skip
"""The last two are of things: a plate or another number, and what it looks like."""
Direction = Literal["entering", "leaving", "inside"]
Referral = Literal["asylum_authority", "child_protection", "anti_trafficking", "un_refugee_agency"]


class ActionTaken(StrEnum):
    """What the officer did."""

    DETAINED = "detained"
    HELD_FOR_CONTACT = "held_for_contact"
    CHECKED_DISCREETLY = "checked_discreetly"
    TOLD = "told"
    REFERRED = "referred"
    ENTRY_REFUSED = "entry_refused"
    HANDED_OVER = "handed_over"
    LET_PASS = "let_pass"  # noqa: S105 - no password
    ASSETS_REPORTED = "assets_reported"
    SEIZED = "seized"


REMOVALS = frozenset({ActionTaken.ENTRY_REFUSED, ActionTaken.HANDED_OVER})
"""What may send a person back: not to be done to one who asks for protection."""


class DocumentSeen(Body):
    """The document that was shown."""

    type: Line
    country: State
    number: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class StopCard(Body):
    """Three questions before any removal or handover (rule R6). A yes needs the path that was taken instead."""

    asylum_claim: bool
    child: bool
    trafficking_victim: bool
    referral: Referral | None = None

    @model_validator(mode="after")
    def _referred(self) -> Self:
        if self.stops and self.referral is None:
            raise ValueError("referral_missing")
        return self

    @property
    def stops(self) -> bool:
        """Whether any answer forbids a removal."""
        return self.asylum_claim or self.child or self.trafficking_victim


class HitFacts(Body):
    """What an officer records when she has confirmed that a person is the one of an alert (rules R6, R8).

    `stop_card` None: it was not asked, for the person simply went on. What it says stays in this state (rule R5).
    """

    at: Moment
    place: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    identifiers_confirmed: Annotated[tuple[Identifier, ...], Field(max_length=9)]
    differing: Annotated[tuple[Identifier, ...], Field(max_length=9)] = ()
    document: DocumentSeen | None = None
    action_taken: ActionTaken
    direction: Direction | None = None
    note: Note = ""
    stop_card: StopCard | None = None
    location_consent: bool | None = None

    @field_validator("identifiers_confirmed")
    @classmethod
    def _two_different(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < 2:
            raise ValueError("two_identifiers")
        return tuple(dict.fromkeys(value))

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if set(self.identifiers_confirmed) & set(self.differing):
            raise ValueError("confirmed_and_differing")
        if self.stop_card and self.stop_card.stops and self.action_taken in REMOVALS:
            raise ValueError("removal_forbidden")
        return self


class HitBody(HitFacts):
    """A person of an alert was found. `first_reported` is the post's own record where its state speaks for it."""

    model_config = ConfigDict(title="Hit on an alert")
    target: UUID
    target_version: Annotated[int, Field(ge=1, lt=10_000)]
    reported_by: NodeCode
    first_reported: UUID | None = None


class Outcome(StrEnum):
    """What came of a hit."""

    CONFIRMED_ACTION_REQUESTED = "confirmed_identity_action_requested"
    FALSE_MATCH = "false_match_other_person"
    ALREADY_RESOLVED = "already_resolved"
    WITHDRAWN = "withdrawn"
    EXTRADITION_FOLLOWS = "extradition_follows"
    NO_FURTHER_ACTION = "no_further_action"


class OutcomeBody(Body):
    """The issuer tells the state of the hit, and through it the post, what came of it. `target` is the hit."""

    model_config = ConfigDict(title="Outcome of a case")
    target: UUID
    first_reported: UUID | None = None
    alert: UUID
    outcome: Outcome
    text: Note = ""


HIT = register(Kind("alert.hit", 1, HitBody, priority=1))
OUTCOME = register(Kind("case.outcome", 1, OutcomeBody, posts=True, priority=3))
