"""Dates of birth as lists and passports give them: a day, a month, a year, about a year, or between two years."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

APPROXIMATE_YEARS: Final = 2
NEAR_YEARS: Final = 1


class DateAgreement(StrEnum):
    """How two dates of birth stand to each other, the strongest first."""

    SAME = "same"
    DAY_MONTH_SWAPPED = "day_month_swapped"
    SAME_MONTH = "same_month"
    SAME_YEAR = "same_year"
    MAY_AGREE = "may_agree"
    NEAR_YEAR = "near_year"
    SAME_YEAR_OTHER_DAY = "same_year_other_day"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date of birth, Gregorian; `month` and `day` None where unknown, `to_year` set for a span of years.

    ValueError where it is no date: years outside 1850..2200, a day without a month, a span that runs backwards.
    """

    year: int
    month: int | None = None
    day: int | None = None
    to_year: int | None = None
    approximate: bool = False

    def __post_init__(self) -> None:
        if not 1850 <= self.year <= 2200:
            raise ValueError(f"year {self.year} is outside 1850..2200")
        if self.day is not None and self.month is None:
            raise ValueError("a day needs a month")
        if self.month is not None:
            try:
                date(self.year, self.month, 1 if self.day is None else self.day)
            except OverflowError:
                raise ValueError(f"{self.year}-{self.month}-{self.day} is no date") from None
        if self.to_year is not None and (self.month is not None or not self.year <= self.to_year <= 2200):
            raise ValueError("a span needs two years in order and no month")

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Read "1971", "1971-03", "1971-03-09", "1971/1975" (between), each with "~" before it where approximate."""
        approximate = text.startswith("~")
        first, slash, last = text.removeprefix("~").partition("/")
        pieces = first.split("-")
        if not all(piece.isascii() and piece.isdigit() for piece in [*pieces, last or "0"]) or len(pieces) > 3:
            raise ValueError(f"{text!r} is no date of birth")
        year, month, day = (*(int(piece) for piece in pieces), None, None)[:3]
        if year is None or (slash and not last):
            raise ValueError(f"{text!r} is no date of birth")
        return cls(year, month, day, int(last) if slash else None, approximate)

    def __str__(self) -> str:
        parts = [f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part is not None)]
        span = f"/{self.to_year:04}" if self.to_year is not None else ""
        return ("~" if self.approximate else "") + "-".join(parts) + span

    @property
    def years(self) -> range:
        """The years it may mean."""
        slack = APPROXIMATE_YEARS if self.approximate else 0
        return range(self.year - slack, (self.to_year or self.year) + slack + 1)

    @property
    def vague(self) -> bool:
        return self.approximate or self.to_year is not None

    @property
    def exact(self) -> bool:
        """A known day. The first of January is what registries write for an unknown one, so it counts as a year."""
        return self.day is not None and (self.month, self.day) != (1, 1) and not self.vague


def pack(date: PartialDate) -> int:
    """A date as one number above 0; equal dates have equal numbers."""
    return (
        date.year << 27
        | (date.to_year or 0) << 15
        | (date.month or 0) << 11
        | (date.day or 0) << 6
        | (1 if date.approximate else 0)
    )


def stands(a: int, b: int) -> int:  # noqa: PLR0911 - plain numbers, for numba compiles it
    """How two packed dates stand to each other, as a place in `DateAgreement`. Symmetric."""
    a_year, a_to, a_month, a_day, a_about = a >> 27, a >> 15 & 4095, a >> 11 & 15, a >> 6 & 31, a & 1
    b_year, b_to, b_month, b_day, b_about = b >> 27, b >> 15 & 4095, b >> 11 & 15, b >> 6 & 31, b & 1
    if a_to or a_about or b_to or b_about:
        a_start, a_stop = a_year - 2 * a_about, (a_to or a_year) + 2 * a_about
        b_start, b_stop = b_year - 2 * b_about, (b_to or b_year) + 2 * b_about
        return 4 if a_start <= b_stop and b_start <= a_stop else 7
    # The first of January stands for an unknown day.
    a_exact = a_day > 0 and not (a_month == 1 and a_day == 1)
    b_exact = b_day > 0 and not (b_month == 1 and b_day == 1)
    if a_year != b_year:
        other_day = a_exact and b_exact and (a_month != b_month or a_day != b_day)
        return 5 if abs(a_year - b_year) <= 1 and not other_day else 7
    if a_exact and b_exact:
        if a == b:
            return 0
        return 1 if a_month == b_day and a_day == b_month else 6
    if (a_day > 0 and not a_exact) or (b_day > 0 and not b_exact):
        return 3
    if a_month and b_month:
        return 2 if a_month == b_month else 6
    return 3


UNKNOWN_YEAR: Final = 0
MANY_YEARS: Final = 1
_FIRST_CODED: Final = 1900


def year_code(dates: tuple[PartialDate, ...]) -> int:
    """A byte for the years that someone may be born in: UNKNOWN_YEAR, MANY_YEARS, or one of its own for one year."""
    if not dates:
        return UNKNOWN_YEAR
    years = {date.year for date in dates}
    code = years.pop() - _FIRST_CODED + 2
    return code if not years and 2 <= code <= 255 and not any(date.vague for date in dates) else MANY_YEARS


_ORDER: Final = tuple(DateAgreement)


def agreement(a: PartialDate, b: PartialDate) -> DateAgreement:
    """Symmetric; `DIFFERS` where no reading of the two agrees within `NEAR_YEARS`, or two days are in other years."""
    return _ORDER[stands(pack(a), pack(b))]
