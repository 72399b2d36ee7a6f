"""What a permit's record says, as the values of its seal; and how long each type may hold.

A permit is plain JSON, as `permit_kinds.PermitBody` writes it. Values follow the profiles of `seals.toml`.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from jiwar.documents.logic.mrz_dates import PartialDate
from jiwar.documents.logic.mrz_layout import MrzFormat
from jiwar.documents.logic.mrz_writing import write_mrz

PROFILES: Final = {
    "convoy": "convoy_permit",
    "crossing": "crossing_permit",
    "emergency": "emergency_travel_document",
}
"""Type of permit and the profile of its seal."""
CODES: Final = {"convoy": "CV", "crossing": "CP", "emergency": "PU"}
"""Two letters of the type: in a zone, in the signer's certificate, in the register of lost documents."""
LONGEST_DAYS: Final = {"convoy": 90, "crossing": 365, "emergency": 180}
MOST_NAME: Final = 39
"""Letters of a name in a seal: as many as in the zone of a passport."""

_GAP = re.compile(r"[\s\-]+")
_PARTS = re.compile(r"[^A-Z<]")
_BIRTH = re.compile(r"([0-9]{4})?(?:-([0-9]{2}))?(?:-([0-9]{2}))?")


def latin(name: str) -> str:
    """A name in capitals without accents, parts apart by one space: as a seal writes it."""
    plain = unicodedata.normalize("NFKD", name.replace("’", "").replace("'", "")).upper()
    return " ".join(_PARTS.sub("", part) for part in _GAP.split(plain) if _PARTS.sub("", part))


def mrz_name(surname: str, given_names: str) -> str:
    """``SURNAME<<GIVEN<NAMES`` of at most 39 characters; given names are cut first."""
    first, second = latin(surname).replace(" ", "<"), latin(given_names).replace(" ", "<")
    return (f"{first}<<{second}" if second else first)[:MOST_NAME].rstrip("<")


def masked(birth: str) -> str:
    """A date of birth as known (EDTF: a year, a month, a day, or nothing) with X for each digit that is not."""
    found = _BIRTH.fullmatch(birth)
    year, month, day = found.groups() if found else (None, None, None)
    return f"{year or 'XXXX'}-{month or 'XX'}-{day or 'XX'}"


def seal_values(permit: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the seal under the profile of the permit's type."""
    return {"convoy": _convoy, "crossing": _crossing, "emergency": _emergency}[permit["type"]](permit)


def zone(permit: Mapping[str, Any]) -> str:
    """The machine readable zone of an emergency travel document (Doc 9303-6, TD2: two lines of 36). Raises
    MrzUnwritable."""
    holder = permit["holder"]
    born = _BIRTH.fullmatch(holder["birth"])
    year, month, day = (int(part) if part else None for part in (born.groups() if born else (None, None, None)))
    return write_mrz(
        MrzFormat.TD2,
        document_code=CODES["emergency"],
        issuer=permit["issuer"],
        nationality=holder["nationality"],
        number=permit["number"],
        surname=latin(holder["surname"]),
        given_names=latin(holder["given_names"]),
        birth_date=PartialDate(year, month, day) if year else None,
        sex=holder["sex"] or "X",
        expiry=date.fromisoformat(permit["valid_until"]),
    )


def _emergency(permit: Mapping[str, Any]) -> dict[str, Any]:
    return {"mrz": zone(permit).replace("\n", "")}


def _crossing(permit: Mapping[str, Any]) -> dict[str, Any]:
    holder = permit["holder"]
    values: dict[str, Any] = {
        "number": permit["number"],
        "kind": permit["kind"],
        "name": mrz_name(holder["surname"], holder["given_names"]),
        "birth": masked(holder["birth"]),
        "nationality": holder["nationality"],
        "valid_from": permit["valid_from"],
        "valid_until": permit["valid_until"],
        "zones": list(permit["zones"]),
    }
    optional = {
        "name_arabic": holder["name_arabic"],
        "identity_number": holder["identity_number"],
        "posts": list(permit["posts"]),
        "seasons": [{"from": each["start"], "until": each["end"]} for each in permit["seasons"]],
        "herd": [dict(each) for each in permit["herd"]],
        "family": _people(permit["family"]),
        "photo": permit["photo"],
    }
    return values | {name: value for name, value in optional.items() if value}


def _convoy(permit: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {name: permit[name] for name in ("number", "operator", "valid_from", "valid_until")} | {
        "route": list(permit["route"]),
        "vehicles": list(permit["vehicles"]),
        "crew": _people(permit["crew"]),
    }
    return values | ({"load": [dict(each) for each in permit["load"]]} if permit["load"] else {})


def _people(people: list[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [
        {"role": each["role"], "name": latin(each["name"]).replace(" ", "<"), "birth": masked(each["birth"])}
        | ({"number": each["number"]} if each["number"] else {})
        for each in people
    ]
