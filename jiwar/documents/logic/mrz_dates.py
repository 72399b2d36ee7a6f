"""Dates of a machine readable zone: two-digit years, and parts that nobody knows (ICAO Doc 9303-3, 4.8)."""

import calendar
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

_UNKNOWN = "<<"


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date of which any part may be unknown (None)."""

    year: int | None
    month: int | None
    day: int | None

    @property
    def exact(self) -> date | None:
        """The whole date, or None where a part is unknown."""
        if self.year is None or self.month is None or self.day is None:
            return None
        return date(self.year, self.month, self.day)

    @property
    def earliest(self) -> date | None:
        """The first day it can be; None where the year is unknown."""
        return None if self.year is None else date(self.year, self.month or 1, self.day or 1)

    @property
    def latest(self) -> date | None:
        """The last day it can be; None where the year is unknown."""
        if self.year is None:
            return None
        month = self.month or 12
        last = calendar.monthrange(self.year, month)[1]
        return date(self.year, month, self.day or last)

    def __str__(self) -> str:
        """ISO 8601-2 (EDTF): ``1974-08-12``, ``1974-XX-XX``."""
        year = "XXXX" if self.year is None else f"{self.year:04}"
        return f"{year}-{_two(self.month)}-{_two(self.day)}"


class Century(Enum):
    """How a two-digit year finds its century."""

    PAST = auto()
    """The latest year whose date is not after the day of reading: births."""
    NEAREST = auto()
    """From 49 years before to 50 years after the day of reading: expiries."""


def read_date(text: str, century: Century, at: date) -> PartialDate | None:
    """The date that six characters ``YYMMDD`` state, ``<<`` for an unknown part; None where no such day exists.

    A person of more than a hundred years cannot be told from a child: the zone holds no century.
    """
    if len(text) == 6 and text.isascii() and text.isdigit():
        return _whole(int(text), century, at)
    parts = [text[0:2], text[2:4], text[4:6]]
    if len(text) != 6 or not all(part == _UNKNOWN or (part.isascii() and part.isdigit()) for part in parts):
        return None
    short, month, day = (None if part == _UNKNOWN else int(part) for part in parts)
    if (month is not None and not 1 <= month <= 12) or (day is not None and not 1 <= day <= 31):
        return None
    if short is None:
        # 29 February exists in some year, 30 February in none.
        possible = month is None or day is None or day <= calendar.monthrange(2000, month)[1]
        return PartialDate(None, month, day) if possible else None
    return _in_century(short, month, day, century, at)


def _whole(digits: int, century: Century, at: date) -> PartialDate | None:
    """A date of which every part is known."""
    month, day = digits // 100 % 100, digits % 100
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    return _in_century(digits // 10000, month, day, century, at)


def _in_century(short: int, month: int | None, day: int | None, century: Century, at: date) -> PartialDate | None:
    year = at.year - at.year % 100 + short
    if century is Century.NEAREST:
        year += 100 if year < at.year - 49 else -100 if year > at.year + 50 else 0
    elif (year, month or 1, day or 1) > (at.year, at.month, at.day):
        year -= 100
    if month is not None and day is not None and day > 28 and day > calendar.monthrange(year, month)[1]:
        return None
    return PartialDate(year, month, day)


def write_date(value: date | PartialDate | None) -> str:
    """Six characters ``YYMMDD``, ``<<`` for each unknown part."""
    if value is None:
        return _UNKNOWN * 3
    parts = (None if value.year is None else value.year % 100, value.month, value.day)
    return "".join(_UNKNOWN if part is None else f"{part:02}" for part in parts)


def _two(part: int | None) -> str:
    return "XX" if part is None else f"{part:02}"
