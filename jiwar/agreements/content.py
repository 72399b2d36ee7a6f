"""Content of the records of this room, in the JSON form that a draft keeps."""

import datetime as dt
from typing import Any

from jiwar.records.services import terms


def plain(purpose: str, basis: str, until: dt.datetime, review: dt.date, body: dict[str, Any]) -> dict[str, Any]:
    """Terms around a body; it is TLP:GREEN, for it carries no personal data."""
    made = terms(purpose, basis.strip()[:200], 0, body, tlp="GREEN")
    return made | {
        "handling": made["handling"].model_dump(mode="json"),
        "grading": made["grading"].model_dump(mode="json"),
        "valid_until": until.isoformat(),
        "review_on": review.isoformat(),
    }
