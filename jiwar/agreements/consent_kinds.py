"""Bodies of the records by which an origin lets a holder pass its record on, or does not (rule R10)."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, field_validator, model_validator

from jiwar.records.content import Body, Line, State
from jiwar.records.kinds import YEAR, Kind, register


class ConsentRequestBody(Body):
    """A state that holds another's record asks whether it may pass it on to these states, for the record's purpose."""

    model_config = ConfigDict(title="Request for consent to pass a record on")
    target: UUID
    states: Annotated[tuple[State, ...], Field(min_length=1, max_length=10)]
    reason: Line

    @field_validator("states")
    @classmethod
    def _once(cls, states: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(states)) != len(states):
            raise ValueError("said_twice")
        return states


class ConsentBody(Body):
    """The origin of a record lets `holder` pass it on to these states, for its own purpose, while this record is valid.

    It holds for every version of the record. A withdrawal takes it back.
    """

    model_config = ConfigDict(title="Consent to pass a record on")
    target: UUID
    holder: State
    states: Annotated[tuple[State, ...], Field(min_length=1, max_length=10)]
    request: UUID | None = None

    @model_validator(mode="after")
    def _to_others(self) -> Self:
        if self.holder in self.states or len(set(self.states)) != len(self.states):
            raise ValueError("said_twice")
        return self


class ConsentRefusalBody(Body):
    """The origin does not consent; `target` is the request."""

    model_config = ConfigDict(title="Refusal of consent to pass a record on")
    target: UUID
    reason: Line


# Instruments: they carry no personal data but a record's id, and close what is open without them.
REQUEST = register(
    Kind("record.consent_request", 1, ConsentRequestBody, personal=False, instrument=True, longest=YEAR, review=YEAR)
)
CONSENT = register(
    Kind(
        "record.consent",
        1,
        ConsentBody,
        personal=False,
        four_eyes=True,
        instrument=True,
        longest=5 * YEAR,
        review=5 * YEAR,
    )
)
REFUSAL = register(
    Kind("record.consent_refusal", 1, ConsentRefusalBody, personal=False, instrument=True, longest=YEAR, review=YEAR)
)
