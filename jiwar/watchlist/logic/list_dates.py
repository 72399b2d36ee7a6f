"""Dates as lists write them. Each reader takes its own forms and no other: 03/04/1970 is never guessed at.

All raise ValueError for what is none of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from .dates import PartialDate

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[T ][0-9:.]{2,15}(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?)?)?"
)
_IN_WORDS: Final = re.compile(r"(?:([0-9]{1,2}) )?(?:([A-Z][a-z]{2})[a-z]*\.? )?([0-9]{4})")
_WITH_SLASHES: Final = re.compile(r"([0-9]{1,2}|dd|DD)[/.-]([0-9]{1,2}|mm|MM)[/.-]([0-9]{4})(?: 00:00(?::00)?)?")
_ABOUT: Final = re.compile(r"(?:circa|c\.|approximately|about) ?", re.IGNORECASE)
_SPAN: Final = re.compile(r"(?:between )?(.+?)(?: to | and | ?- ?)(.+)")


def iso(text: str) -> PartialDate:
    """1958, 1958-12, 1958-12-05, with a time after it or without."""
    found = _ISO.fullmatch(text)
    if not found:
        raise ValueError(text)
    return _partial(*found.groups())


def in_words(text: str) -> PartialDate:
    """12 Dec 1958, Dec 1958, 1958; "circa" before it; "1958 to 1960" (OFAC)."""
    about = _ABOUT.match(text)
    if about:
        found = in_words(text[about.end() :])
        return PartialDate(found.year, found.month, found.day, found.to_year, approximate=True)
    if exact := _IN_WORDS.fullmatch(text):
        day, month, year = exact.groups()
        if month and month.lower() not in _MONTHS:
            raise ValueError(text)
        return _partial(year, str(_MONTHS.index(month.lower()) + 1) if month else None, day)
    return _span(text, in_words)


def day_first(text: str) -> PartialDate:
    """05/12/1958, also with dots or dashes; dd/mm/1958 or 00/00/1958 where the list knows the year alone (UK)."""
    found = _WITH_SLASHES.fullmatch(text)
    if not found:
        return _year_or_span(text, day_first)
    day, month, year = found.groups()
    return _partial(year, month, day)


def month_first(text: str) -> PartialDate:
    """12/05/1958, also with dots or dashes."""
    found = _WITH_SLASHES.fullmatch(text)
    if not found:
        return _year_or_span(text, month_first)
    month, day, year = found.groups()
    return _partial(year, month, day)


def year_first(text: str) -> PartialDate:
    """1958/12/05, 1958/12, 1958, also with dots or dashes (INTERPOL)."""
    found = re.fullmatch(r"([0-9]{4})(?:[/.-]([0-9]{1,2})(?:[/.-]([0-9]{1,2}))?)?", text)
    if not found:
        raise ValueError(text)
    return _partial(*found.groups())


Read = Callable[[str], PartialDate]

FORMS: Final[Mapping[str, Callable[[str], PartialDate]]] = {
    "day_first": day_first,
    "in_words": in_words,
    "iso": iso,
    "month_first": month_first,
    "year_first": year_first,
}
"""The forms that a person may choose for a column."""


def _partial(year: str, month: str | None, day: str | None) -> PartialDate:
    """Zeros and letters say that a part is unknown."""
    months, days = (int(part) if part and part.isdigit() else 0 for part in (month, day))
    return PartialDate(int(year), months or None, (days or None) if months else None)


def _year_or_span(text: str, read: Callable[[str], PartialDate]) -> PartialDate:
    if re.fullmatch("[0-9]{4}", text):
        return PartialDate(int(text))
    return _span(text, read)


def _span(text: str, read: Callable[[str], PartialDate]) -> PartialDate:
    found = _SPAN.fullmatch(text)
    if not found or _SPAN.fullmatch(found[2]):
        raise ValueError(text)
    first, last = read(found[1]), read(found[2])
    return PartialDate(first.year, to_year=last.year, approximate=first.approximate or last.approximate)
