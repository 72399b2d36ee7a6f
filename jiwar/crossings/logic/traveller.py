"""Who stands at the desk, as far as the officer or the document's zone says."""

import datetime as dt
import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import Any, Self

from jiwar.wire.faults import Fault, Refused

MAX_NAME = 200
MAX_NUMBER = 40
OLDEST = 130
"""Years: nobody who crosses was born earlier."""

_ISO = re.compile(r"([0-9]{4})(?:[-/.]([0-9]{1,2})(?:[-/.]([0-9]{1,2}))?)?")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]([0-9]{4})")


@dataclass(frozen=True, slots=True)
class Traveller:
    """Facts of one traveller. Empty is unknown.

    `birth_date` and `expiry` are EDTF (ISO 8601-2): "1974", "1974-08", "1974-08-12". `country` and `nationality` are
    ISO 3166-1 alpha-3 or codes of ICAO Doc 9303-3; `doubtful` names the fields whose check digit failed: they are kept
    as read and not searched with. `numbers`: of what the traveller comes with, as (kind, country, number): a plate.
    `parent`, the name of one, and `birth_place` are asked for where a common name needs more.
    """

    name: str = ""
    birth_date: str = ""
    sex: str = ""
    nationality: str = ""
    document_type: str = ""
    country: str = ""
    number: str = ""
    expiry: str = ""
    scanned: bool = False
    doubtful: tuple[str, ...] = ()
    numbers: tuple[tuple[str, str, str], ...] = ()
    birth_place: str = ""
    parent: str = ""

    def expired_on(self, today: dt.date) -> bool:
        """Whether the document had certainly run out on that day."""
        return bool(self.expiry) and self.expiry < today.isoformat()[: len(self.expiry)]

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)

    @classmethod
    def of_dict(cls, data: dict[str, Any]) -> Self:
        """From its JSON form."""
        numbers = tuple((kind, country, number) for kind, country, number in data.get("numbers", ()))
        return cls(**{**data, "doubtful": tuple(data["doubtful"]), "numbers": numbers})


def typed(
    name: str,
    birth_date: str,
    nationality: str,
    number: str,
    *,
    thing: tuple[str, str, str] = ("", "", ""),
    beside: tuple[str, str] = ("", ""),
    codes: frozenset[str],
    today: dt.date,
) -> Traveller:
    """What an officer typed, cleaned; raises Refused that names each field at fault.

    `thing`: kind, state and number of what the traveller comes with; nothing where the number is empty. `beside`: place
    of birth and a parent's name.
    """
    faults = []
    name = " ".join(unicodedata.normalize("NFC", name[:1000]).split())
    number = "".join(_ascii_digits(number[:200]).upper().split())
    nationality = nationality.strip().upper()
    kind, state, plate = (" ".join(part[:200].split()) for part in thing)
    state = state.upper()
    if not name and not number and not plate:
        faults.append(Fault("missing", "name"))
    place, parent = (" ".join(unicodedata.normalize("NFC", text[:1000]).split()) for text in beside)
    for field, text in (("name", name), ("birth_place", place), ("parent", parent)):
        if len(text) > MAX_NAME:
            faults.append(Fault("too_long", field))
        if any(unicodedata.category(c) == "Cc" for c in text):
            faults.append(Fault("control_character", field))
    if len(number) > MAX_NUMBER or not re.fullmatch(r"[A-Z0-9/\-.]*", number):
        faults.append(Fault("wrong_form", "number"))
    if nationality and nationality not in codes:
        faults.append(Fault("country_unknown", "nationality", nationality[:10]))
    if len(plate) > MAX_NUMBER:
        faults.append(Fault("too_long", "thing_number"))
    if state and state not in codes:
        faults.append(Fault("country_unknown", "thing_country", state[:10]))
    try:
        born = read_birth_date(birth_date, today)
    except ValueError:
        faults.append(Fault("birth_date_unreadable", "birth_date"))
    if faults:
        raise Refused(*faults)
    # A number alone says nothing of the sort of document or of who issued it.
    numbers = ((kind, state, plate),) if plate else ()
    paper = "other" if number else ""
    return Traveller(
        name,
        born,
        nationality=nationality,
        document_type=paper,
        number=number,
        numbers=numbers,
        birth_place=place,
        parent=parent,
    )


def read_birth_date(text: str, today: dt.date) -> str:
    """EDTF of a date as people type it: a year, year-month(-day) or day/month/year, in any digits; ValueError."""
    text = _ascii_digits(text.strip()[:40])
    if not text:
        return ""
    if match := _DAY_FIRST.fullmatch(text):
        day, month, year = match.groups()
    elif match := _ISO.fullmatch(text):
        year, month, day = match.groups()
    else:
        raise ValueError("no date")
    if not today.year - OLDEST <= int(year) <= today.year:
        raise ValueError("no year of birth of a living person")
    if month is None:
        return str(year)
    first = dt.date(int(year), int(month), int(day or 1))
    if first > today:
        raise ValueError("in the future")
    return first.isoformat() if day else first.isoformat()[:7]


def _ascii_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
