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


def agreement(a: PartialDate, b: PartialDate) -> DateAgreement:
    """Symmetric; `DIFFERS` where no reading of the two agrees within `NEAR_YEARS`."""
    if a == b and a.day is not None and not a.vague:
        return DateAgreement.SAME if a.exact else DateAgreement.SAME_YEAR
    if a.vague or b.vague:
        overlap = a.years.start < b.years.stop and b.years.start < a.years.stop
        return DateAgreement.MAY_AGREE if overlap else DateAgreement.DIFFERS
    if a.year == b.year:
        return _same_year(a, b)
    if abs(a.year - b.year) <= NEAR_YEARS:
        return DateAgreement.NEAR_YEAR
    return DateAgreement.DIFFERS


def _same_year(a: PartialDate, b: PartialDate) -> DateAgreement:
    if a.exact and b.exact:
        if a.month == b.day and a.day == b.month:
            return DateAgreement.DAY_MONTH_SWAPPED
        return DateAgreement.SAME_YEAR_OTHER_DAY
    first_of_year = any(date.day is not None and not date.exact for date in (a, b))
    if a.month is not None and b.month is not None and not first_of_year:
        return DateAgreement.SAME_MONTH if a.month == b.month else DateAgreement.SAME_YEAR_OTHER_DAY
    return DateAgreement.SAME_YEAR
