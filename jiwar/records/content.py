"""What a record says, and on what terms: purpose, legal basis, handling, grading, validity, body."""

import datetime as dt
import re
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from jiwar.access.permissions import Purpose

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]|\r(?!\n)")
"""Control characters but tab, line feed, and a carriage return before one."""
_FIRST, _END = dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(9000, 1, 1, tzinfo=dt.UTC)
Moment = Annotated[AwareDatetime, Field(ge=_FIRST, lt=_END)]
"""A moment that can be said in UTC, whatever its offset."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
State = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
NodeCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}(-[A-Z0-9]{2,20})?$")]
Tlp = Literal["RED", "AMBER+STRICT", "AMBER", "GREEN", "CLEAR"]
Restriction = Literal["border_check_only", "no_arrest", "no_evidence", "contact_before_action"]
Onward = Literal["no", "ask", "yes"]
SourceGrade = Literal["A", "B", "C", "X"]
InformationGrade = Literal["1", "2", "3", "4"]


class Body(BaseModel):
    """Base of every record body: immutable, nothing unknown, no control characters."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_control_characters(cls, value: Any) -> Any:
        if isinstance(value, str) and _CONTROL.search(value):
            raise ValueError("control_character")
        return value


class Handling(Body):
    """Who may see it and what may be done with it: TLP 2.0 (FIRST, 2022), use restrictions, onward transfer (R10)."""

    tlp: Tlp
    restrictions: tuple[Restriction, ...] = ()
    onward: Onward = "no"


class Grading(Body):
    """4x4 grading: the source (A reliable … X not assessed) and the information (1 known true … 4 cannot be judged)."""

    source: SourceGrade
    information: InformationGrade


class Content(Body):
    """Everything of a record that a person decides; an approval binds to its hash."""

    purpose: Purpose
    legal_basis: Line
    handling: Handling
    grading: Grading
    valid_until: Moment
    review_on: dt.date
    body: Body

    @model_validator(mode="after")
    def _review_in_time(self) -> Self:
        if self.review_on > self.valid_until.date():
            raise ValueError("review_after_expiry")
        return self
