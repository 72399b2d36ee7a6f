"""What a data-cleaning tool asks of a reconciliation service, and what it is told (Reconciliation Service API 0.2).

Final report of the W3C Entity Reconciliation Community Group, 10 April 2023, sections 4 (manifest) and 5 (queries).
Whatever is not understood refuses the batch: a question that was not asked must not look like one that found nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jiwar.wire.faults import Fault, Refused

MOST_QUERIES: Final = 100
MOST_VALUES: Final = 5
_LONGEST: Final = 200
PROPERTIES: Final = (
    "birth_date", "birth_place", "sex", "nationality", "document", "identifier", "relative", "reason",
)  # fmt: skip
"""What a column may be mapped to. `document` is CTY:NUMBER or a number, `identifier` KIND:NUMBER or KIND:CTY:NUMBER."""
_MEMBERS: Final = {"query", "type", "limit", "properties", "type_strict"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One query: `question` has the members of a question at the JSON API; no `types` are all of them."""

    key: str
    question: Mapping[str, Any]
    types: frozenset[str]
    limit: int


def read(batch: object, known: frozenset[str], most: int) -> list[Asked]:
    """The queries of a batch, in their order. `known`: types that there are. Raises Refused with every fault."""
    if not isinstance(batch, dict):
        raise Refused(Fault("wrong_form", "queries"))
    if not batch:
        raise Refused(Fault("missing", "queries"))
    if len(batch) > MOST_QUERIES:
        raise Refused(Fault("too_many", "queries", str(MOST_QUERIES)))
    asked: list[Asked] = []
    faults: list[Fault] = []
    for key, query in batch.items():
        try:
            asked.append(_one(key, query, known, most))
        except Refused as refused:
            faults += refused.faults
    if faults:
        raise Refused(*faults)
    return asked


def _one(key: str, query: object, known: frozenset[str], most: int) -> Asked:
    at = key[:50]
    if not isinstance(query, dict):
        raise Refused(Fault("wrong_form", at))
    faults = [Fault("unknown_field", f"{at}.{name[:50]}") for name in query if name not in _MEMBERS]
    name, limit = query.get("query", ""), query.get("limit", most)
    if not isinstance(name, str):
        faults.append(Fault("wrong_form", f"{at}.query"))
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit >= 1:
        faults.append(Fault("out_of_range", f"{at}.limit"))
    if query.get("type_strict", "any") not in ("any", "should", "all"):
        faults.append(Fault("not_in_list", f"{at}.type_strict"))
    types = query.get("type", [])
    types = [types] if isinstance(types, str) else types
    if not isinstance(types, list) or not all(isinstance(each, str) and each in known for each in types):
        faults.append(Fault("not_in_list", f"{at}.type"))
    question, wrong = _properties(query.get("properties", []), at)
    if faults or wrong:
        raise Refused(*faults, *wrong)
    names = [name] if name.strip() else []
    return Asked(key, {"names": names, **question}, frozenset(types), min(int(min(limit, most)), most))


def _properties(stated: object, at: str) -> tuple[dict[str, Any], list[Fault]]:
    if not isinstance(stated, list) or len(stated) > len(PROPERTIES) * 2:
        return {}, [Fault("wrong_form", f"{at}.properties")]
    found: dict[str, Any] = {}
    faults = []
    for number, each in enumerate(stated):
        where = f"{at}.properties.{number}"
        if not isinstance(each, dict) or each.keys() != {"pid", "v"} or not isinstance(each["pid"], str):
            faults.append(Fault("wrong_form", where))
        elif each["pid"] not in PROPERTIES:
            faults.append(Fault("not_in_list", f"{where}.pid"))
        else:
            values = each["v"] if isinstance(each["v"], list) else [each["v"]]
            texts = [text for text in map(_text, values[: MOST_VALUES + 1]) if text != ""]
            if None in texts or len(values) > MOST_VALUES:
                faults.append(Fault("wrong_form", f"{where}.v"))
            else:
                _put(found, each["pid"], [text for text in texts if text], f"{where}.v", faults)
    return found, faults


def _text(value: object) -> str | None:
    """A value as text, "" where there is none; None where it is of no kind that is understood."""
    if isinstance(value, dict):
        value = value.get("name", value.get("id"))
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        value = f"{value:.15g}"
    return " ".join(value.split()) if isinstance(value, str) and len(value) <= _LONGEST else None


def _put(found: dict[str, Any], pid: str, texts: Sequence[str], where: str, faults: list[Fault]) -> None:
    if not texts:
        return
    if pid == "document":
        pieces = [text.rpartition(":") for text in texts]
        documents = [{"country": country.upper(), "number": number.strip()} for country, _, number in pieces]
        found.setdefault("documents", []).extend(documents)
    elif pid == "identifier":
        for text in texts:
            kind, colon, rest = text.partition(":")
            country, _, number = rest.rpartition(":")
            if not colon:
                faults.append(Fault("wrong_form", where, "KIND:NUMBER"))
            said = {"kind": kind.strip().lower(), "country": country.strip().upper(), "number": number.strip()}
            found.setdefault("identifiers", []).append(said)
    elif pid == "relative":
        found.setdefault("relatives", []).extend(texts)
    elif len(texts) > 1 or pid in found:
        faults.append(Fault("too_many", where))
    else:
        found[pid] = texts[0].upper() if pid in {"sex", "nationality"} else texts[0]
