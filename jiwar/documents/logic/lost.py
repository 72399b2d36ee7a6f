"""Lost, stolen and invalid documents: numbers as they compare, series of blanks, and what an answer weighs.

A document is its issuing state, type and number. Two numbers are one when they agree in every character after blanks
and punctuation are gone. O and 0, I and 1 are told apart: a number that differs in these alone is a hint to look again,
never an answer.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

LONGEST = 24
"""Characters of a number: the longest of a TD1 (Doc 9303-5, 4.2.2.1 note j) and room beyond."""
WIDEST = 1_000_000
"""Most documents of one series."""
MOST_HINTS = 5
_NOISE = re.compile(r"[\s\-–./<\u00ad\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_NUMBER = re.compile(rf"[A-Z0-9]{{1,{LONGEST}}}")
_SERIES = re.compile(r"([A-Z0-9]*?)([0-9]{1,18})")
_FOLD = str.maketrans("OI", "01")


class LostStatus(StrEnum):
    """Why a document is not to be accepted; the words stand in group ``lost_status``. The gravest first."""

    STOLEN_BLANK = "stolen_blank"
    STOLEN = "stolen"
    INVALID = "invalid"
    LOST = "lost"


class LostType(StrEnum):
    """What sort of document; the words stand in group ``lost_type``."""

    PASSPORT = "passport"
    IDENTITY_CARD = "identity_card"
    RESIDENCE_PERMIT = "residence_permit"
    VISA = "visa"
    EMERGENCY = "emergency"
    CROSSING_PERMIT = "crossing_permit"
    DRIVING_LICENCE = "driving_licence"
    VEHICLE_PAPER = "vehicle_paper"
    OTHER = "other"


# One letter each in the file and the table. They never change: files of old editions hold them.
STATUS_LETTERS = {
    LostStatus.STOLEN_BLANK: "B",
    LostStatus.STOLEN: "S",
    LostStatus.INVALID: "I",
    LostStatus.LOST: "L",
}
TYPE_LETTERS = {
    LostType.PASSPORT: "P",
    LostType.IDENTITY_CARD: "I",
    LostType.RESIDENCE_PERMIT: "R",
    LostType.VISA: "V",
    LostType.EMERGENCY: "E",
    LostType.CROSSING_PERMIT: "C",
    LostType.DRIVING_LICENCE: "D",
    LostType.VEHICLE_PAPER: "W",
    LostType.OTHER: "O",
}
STATUSES = {letter: status for status, letter in STATUS_LETTERS.items()}
TYPES = {letter: kind for kind, letter in TYPE_LETTERS.items()}

# The first letter of a document code says the format (Doc 9303-4 to -7), not what the state calls the document.
_OF_CODE: dict[str, frozenset[LostType]] = {
    "P": frozenset({LostType.PASSPORT, LostType.EMERGENCY}),
    "V": frozenset({LostType.VISA}),
    **dict.fromkeys(
        "ACI",
        frozenset(
            {LostType.IDENTITY_CARD, LostType.RESIDENCE_PERMIT, LostType.CROSSING_PERMIT, LostType.DRIVING_LICENCE}
        ),
    ),
}


class NumberInvalid(ValueError):
    """A number that no document has; `code`: "wrong_form", "too_long", "series_invalid", "series_too_wide"."""

    def __init__(self, code: str, field: str = "number") -> None:
        super().__init__(f"{code} in {field}")
        self.code, self.field = code, field


def plain_number(text: str, field: str = "number") -> str:
    """A number as it compares: ``ab 12-34`` is ``AB1234``, Arabic digits are digits. Raises NumberInvalid."""
    if len(text) > 4 * LONGEST:
        raise NumberInvalid("too_long", field)
    number = _NOISE.sub("", unicodedata.normalize("NFKC", text[: 4 * LONGEST])).upper()
    number = "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in number)
    if len(number) > LONGEST:
        raise NumberInvalid("too_long", field)
    if not _NUMBER.fullmatch(number):
        raise NumberInvalid("wrong_form", field)
    return number


def fold(number: str) -> str:
    """A number with look-alikes made one: O is 0, I is 1."""
    return number.translate(_FOLD)


def check_series(first: str, last: str) -> int:
    """How many numbers a series has, both ends included: one beginning, and as many digits behind it.

    Raises NumberInvalid: "series_invalid" where the ends are of different make or the last is not the greater.
    """
    head, tail = _parts(first)
    if (head, len(tail)) != (_parts(last)[0], len(_parts(last)[1])) or not last > first:
        raise NumberInvalid("series_invalid", "last")
    count = int(_parts(last)[1]) - int(tail) + 1
    if count > WIDEST:
        raise NumberInvalid("series_too_wide", "last")
    return count


def is_in_series(number: str, first: str, last: str) -> bool:
    """Whether a number is one of a series that `check_series` took."""
    head = _parts(first)[0]
    tail = number[len(head) :]
    return (
        len(number) == len(first)
        and number.startswith(head)
        and tail.isascii()
        and tail.isdigit()
        and first <= number <= last
    )


def _parts(number: str) -> tuple[str, str]:
    """The beginning, and the digits at the end."""
    found = _SERIES.fullmatch(number)
    if found is None:
        raise NumberInvalid("series_invalid")
    return found[1], found[2]


def types_of(stated: str) -> frozenset[LostType] | None:
    """What a type or the document code of a zone can mean; None: any, for nothing is known of it."""
    try:
        return frozenset({LostType(stated)})
    except ValueError:
        return _OF_CODE.get(stated[:1].upper())


@dataclass(frozen=True, slots=True)
class LostEntry:
    """One document, or a series up to `last`, as a report says it; `record` is the signed report."""

    issuer: str
    type: LostType
    number: str
    last: str
    status: LostStatus
    since: date
    until: date
    record: UUID

    def covers(self, number: str) -> bool:
        return is_in_series(number, self.number, self.last) if self.last else self.number == number


@dataclass(frozen=True, slots=True)
class Hint:
    """An entry that is not the document asked for and may be meant; `why`: "lookalike", "other_type"."""

    why: str
    entry: LostEntry


@dataclass(frozen=True, slots=True)
class LostAnswer:
    """What the registry says of one document.

    `entries` are those of this very document, the gravest first; `hints` never decide. `registry` is of the words group
    ``lost_registry``: "in_use", or why nothing can be told from an empty answer ("none", "expired", "damaged").
    `as_of`: the day of the newest report that the registry can hold; None where there is no registry.
    """

    entries: tuple[LostEntry, ...]
    hints: tuple[Hint, ...]
    registry: str
    as_of: date | None

    @property
    def status(self) -> LostStatus | None:
        """The gravest; None where this document is not registered."""
        return self.entries[0].status if self.entries else None

    @property
    def since(self) -> date | None:
        return self.entries[0].since if self.entries else None

    @property
    def record(self) -> UUID | None:
        return self.entries[0].record if self.entries else None


def weigh(
    found: list[LostEntry], number: str, types: frozenset[LostType] | None
) -> tuple[tuple[LostEntry, ...], tuple[Hint, ...]]:
    """Entries of this document, and hints, among those whose numbers look like `number`."""
    ranks = list(LostStatus)
    same, hints = [], []
    for entry in sorted(found, key=lambda entry: (ranks.index(entry.status), entry.since, entry.record)):
        if not entry.covers(number):
            hints.append(Hint("lookalike", entry))
        elif types is not None and entry.type not in types and entry.type != LostType.OTHER:
            hints.append(Hint("other_type", entry))
        else:
            same.append(entry)
    return tuple(same), tuple(hints[:MOST_HINTS])
