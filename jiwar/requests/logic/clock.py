"""The clock of a letter: when its answer is due, and how it stands at a moment.

Urgent 8 hours, else 3 or 7 days: the classes that contact points work by (job J3 of the reference). The clock runs from
the issue of the letter by its signed time, the same at both ends.
"""

import datetime as dt
from enum import StrEnum
from typing import Final

WITHIN: Final = {
    "urgent": dt.timedelta(hours=8),
    "three_days": dt.timedelta(days=3),
    "seven_days": dt.timedelta(days=7),
}
"""Time to answer, by urgency."""


class Phase(StrEnum):
    """How a letter stands; words group `letter_phase`."""

    OVERDUE = "overdue"
    HALF_GONE = "half_gone"
    RUNNING = "running"
    NO_CLOCK = "no_clock"
    ANSWERED = "answered"


def due(issued_at: dt.datetime, urgency: str | None, answer_by: dt.datetime | None) -> dt.datetime | None:
    """When the answer is due; None where the letter asks for none by a time."""
    if answer_by is not None:
        return answer_by
    return issued_at + WITHIN[urgency] if urgency else None


def half_of(issued_at: dt.datetime, due_at: dt.datetime) -> dt.datetime:
    """When half of the time is gone; the deadline itself where it passed before the letter was issued."""
    return min(issued_at + (due_at - issued_at) / 2, due_at)


def phase(
    at: dt.datetime, half_at: dt.datetime | None, due_at: dt.datetime | None, answered_at: dt.datetime | None
) -> Phase:
    """How a letter stands at a moment."""
    if answered_at is not None:
        return Phase.ANSWERED
    if due_at is None:
        return Phase.NO_CLOCK
    if at >= due_at:
        return Phase.OVERDUE
    return Phase.HALF_GONE if half_at is not None and at >= half_at else Phase.RUNNING
