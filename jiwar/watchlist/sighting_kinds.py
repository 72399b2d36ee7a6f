"""Body of a sighting: that the subject of an alert was seen, when, where, and how that is known."""

import datetime as dt
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from jiwar.records.content import Body, Moment
from jiwar.records.kinds import Kind, register

LONGEST: Final = dt.timedelta(days=180)
USUAL_DAYS: Final = 30
"""How long a sighting is kept unless its author says otherwise: where somebody was is soon of no use (rule R9)."""


class SightingFacts(Body):
    """What was seen. The source and how sure it is stand in the record's own grading.

    `latitude` and `longitude` in degrees of WGS 84. `location_consent`: of a missing adult, whether the place may be
    told (rule R13); where it may not, nothing of it is in the record.
    """

    at: Moment
    place: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None
    seen: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = ""
    location_consent: bool | None = None

    @model_validator(mode="after")
    def _whole_point(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("half_a_point")
        return self


class SightingBody(SightingFacts):
    """The subject of an alert was seen. `target` is the alert."""

    model_config = ConfigDict(title="Sighting")
    target: UUID


SIGHTING = register(Kind("sighting", 1, SightingBody, longest=LONGEST, review=LONGEST, priority=3))
