"""What a query and a listed subject have in common, what differs, and how much that proves.

`compare` adds weights of evidence in bits, as Fellegi and Sunter do ("A Theory for Record Linkage", JASA 64, 1969,
https://doi.org/10.1080/01621459.1969.10501049): for each field log2 of how much likelier the observation is between two
records of one person than between two strangers. A name part agreed on is worth its rarity (Winkler's frequency-based
matching): محمد proves little, a rare nisba much. The sum, less `PRIOR_BITS` for how unlikely a match is before anything
is compared, becomes a score by the logistic function, 1 / (1 + 2**-bits). The weights are set by judgement, not yet
calibrated; the score ranks candidates and is no probability of guilt or identity. A person decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from .dates import DateAgreement, PartialDate, agreement
from .names import ParsedName, Part, likeness, read_name

PRIOR_BITS: Final = 10.0
WITHOUT_DOCUMENT: Final = 0.985
"""No name, date or country, however alike, scores as much as a document number."""
SAME_PART: Final = 0.72
"""Likeness from which two name parts count as the same name."""

Rarity = Callable[[Part], float]
"""Bits that agreement on a name part is worth: log2 of 1 / its frequency."""


class Code(StrEnum):
    """Why a candidate is shown, or what speaks against it. The pages put these into words."""

    BIRTH_DATE_DIFFERS = "birth_date_differs"
    BIRTH_DATE_MAY_AGREE = "birth_date_may_agree"
    BIRTH_DATE_SAME = "birth_date_same"
    BIRTH_DAY_MONTH_SWAPPED = "birth_day_month_swapped"
    BIRTH_MONTH_SAME = "birth_month_same"
    BIRTH_YEAR_NEAR = "birth_year_near"
    BIRTH_YEAR_SAME = "birth_year_same"
    DOCUMENT_LOOKALIKE = "document_lookalike"
    DOCUMENT_NUMBER_SAME = "document_number_same"
    DOCUMENT_SAME = "document_same"
    NAME_LOW_QUALITY = "name_low_quality"
    NAME_ORDER = "name_order"
    NAME_PART_DIFFERS = "name_part_differs"
    NAME_PART_MISSING = "name_part_missing"
    NAME_SAME = "name_same"
    NAME_SPELLING = "name_spelling"
    NASAB_REVERSED = "nasab_reversed"
    NATIONALITY_DIFFERS = "nationality_differs"
    NATIONALITY_SAME = "nationality_same"
    SEX_DIFFERS = "sex_differs"
    SEX_SAME = "sex_same"


class Field(StrEnum):
    BIRTH_DATE = "birth_date"
    DOCUMENT = "document"
    NAME = "name"
    NATIONALITY = "nationality"
    SEX = "sex"


@dataclass(frozen=True, slots=True)
class Name:
    """`kind` is "primary", "original_script", "alias" or "former"; `quality` "good", "low" or ""."""

    text: str
    kind: str = "primary"
    quality: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """`type` as the source words it ("passport", ...), `country` ISO 3166-1 alpha-3 or "", `number` as written."""

    type: str
    country: str
    number: str


@dataclass(frozen=True, slots=True)
class Identifier:
    """Of a thing or a line: `kind` as `identifiers` names it ("plate", "vin", ...), `country` alpha-3 or ""."""

    kind: str
    country: str
    number: str


@dataclass(frozen=True, slots=True)
class Query:
    """What an officer knows: one or more spellings of one name, and what else there is. `sex` is "M", "F" or ""."""

    names: tuple[str, ...] = ()
    birth_date: PartialDate | None = None
    sex: str = ""
    nationality: str = ""
    documents: tuple[Document, ...] = ()
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """Who or what is listed; `key` is the caller's and unique in an index, `card` what an edition keeps beside it."""

    key: str
    names: tuple[Name, ...]
    birth_dates: tuple[PartialDate, ...] = ()
    sexes: tuple[str, ...] = ()
    nationalities: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    type: str = "person"
    card: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Something that speaks for the match: the value asked for and the value listed, as written."""

    code: Code
    field: Field
    query: str
    subject: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that speaks against the match."""

    code: Code
    field: Field
    query: str
    subject: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`score` in 0..1; `unknown` names the fields that only one side or neither has.

    `bits` is the evidence behind the score: it still ranks those whose scores meet at the ceiling.
    """

    score: float
    bits: float
    reasons: tuple[Reason, ...]
    differences: tuple[Difference, ...]
    unknown: tuple[Field, ...]

    @property
    def document_same(self) -> bool:
        return any(reason.code is Code.DOCUMENT_SAME for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class _Finding:
    bits: float
    reasons: tuple[Reason, ...] = ()
    differences: tuple[Difference, ...] = ()


def compare(query: Query, subject: Subject, rarity: Rarity) -> Comparison:
    """Compare field by field. Score 0 where neither a name part nor a document number speaks for the subject."""
    name = _names(query, subject, rarity)
    document = _documents(query, subject)
    others = {
        Field.BIRTH_DATE: _birth(query, subject),
        Field.SEX: _sex(query, subject),
        Field.NATIONALITY: _nationality(query, subject),
    }
    findings = {Field.NAME: name, Field.DOCUMENT: document, **others}
    known = [finding for finding in findings.values() if finding]
    reasons = tuple(reason for finding in known for reason in finding.reasons)
    differences = tuple(difference for finding in known for difference in finding.differences)
    unknown = tuple(field for field, finding in findings.items() if finding is None)
    anchored = (name is not None and name.reasons) or (document is not None and document.reasons)
    score = 0.0
    bits = sum(finding.bits for finding in known) - PRIOR_BITS
    if anchored:
        score = 1.0 / (1.0 + 2.0 ** -max(-50.0, min(50.0, bits)))
    same_document = any(reason.code is Code.DOCUMENT_SAME for reason in reasons)
    score = max(score, 0.99) if same_document else min(score, WITHOUT_DOCUMENT)
    return Comparison(score, bits, reasons, differences, unknown)


# Names ---------------------------------------------------------------------------------------------------------------

CONFLICT_BITS: Final = -7.0
_FIRST_CONFLICT_BITS: Final = -9.0
MISSING_BITS: Final = -0.7
_SWAPPED_BITS: Final = -1.0
_REVERSED_BITS: Final = -12.0


def _names(query: Query, subject: Subject, rarity: Rarity) -> _Finding | None:
    """The pair of names that agrees best."""
    best: _Finding | None = None
    for text in query.names:
        asked = read_name(text)
        if not asked.parts:
            continue
        for name in subject.names:
            listed = read_name(name.text)
            if not listed.parts:
                continue
            finding = _name_pair(text, asked, name, listed, rarity)
            if best is None or (bool(finding.reasons), finding.bits) > (bool(best.reasons), best.bits):
                best = finding
    return best


def _name_pair(text: str, asked: ParsedName, name: Name, listed: ParsedName, rarity: Rarity) -> _Finding:
    pairs = _align(asked.parts, listed.parts)
    if not any(set(asked.parts[i].keys) & set(listed.parts[j].keys) for i, j, _ in pairs):
        return _Finding(_FIRST_CONFLICT_BITS, (), (Difference(Code.NAME_PART_DIFFERS, Field.NAME, text, name.text),))
    bits = sum(min(rarity(asked.parts[i]), rarity(listed.parts[j])) * (2 * like - 1) for i, j, like in pairs)
    left_asked = [i for i in range(len(asked.parts)) if i not in {pair[0] for pair in pairs}]
    left_listed = [j for j in range(len(listed.parts)) if j not in {pair[1] for pair in pairs}]
    conflicts, missing = _leftovers(left_asked, left_listed)
    exact = not left_asked and not left_listed and all(like == 1.0 for _, _, like in pairs)
    reasons = [Reason(Code.NAME_SAME if exact else Code.NAME_SPELLING, Field.NAME, text, name.text)]
    differences = []
    if conflicts:
        first = 0 in left_asked and 0 in left_listed
        bits += (_FIRST_CONFLICT_BITS if first else CONFLICT_BITS) + CONFLICT_BITS * (conflicts - 1)
        different = (
            " ".join(asked.parts[i].text for i in left_asked),
            " ".join(listed.parts[j].text for j in left_listed),
        )
        differences.append(Difference(Code.NAME_PART_DIFFERS, Field.NAME, *different))
    if missing:
        bits += MISSING_BITS * missing
        absent = " ".join(asked.parts[i].text for i in left_asked), " ".join(listed.parts[j].text for j in left_listed)
        if not conflicts:
            differences.append(Difference(Code.NAME_PART_MISSING, Field.NAME, *absent))
    if _out_of_order(pairs):
        nasab = any(asked.links) or any(listed.links)
        bits += _REVERSED_BITS if nasab else _SWAPPED_BITS
        code = Code.NASAB_REVERSED if nasab else Code.NAME_ORDER
        differences.append(Difference(code, Field.NAME, text, name.text))
    if name.quality == "low":
        bits *= 0.6 if bits > 0 else 1.0
        reasons.append(Reason(Code.NAME_LOW_QUALITY, Field.NAME, text, name.text))
    return _Finding(bits, tuple(reasons), tuple(differences))


def _align(asked: tuple[Part, ...], listed: tuple[Part, ...]) -> list[tuple[int, int, float]]:
    """Pairs of the same name part, the most alike first and then the nearest in place; each part once."""
    alike = [
        (like, -abs(i - j), -i, -j)
        for i, a in enumerate(asked)
        for j, b in enumerate(listed)
        if (like := likeness(a, b)) >= SAME_PART
    ]
    pairs: list[tuple[int, int, float]] = []
    used_i: set[int] = set()
    used_j: set[int] = set()
    for like, _, minus_i, minus_j in sorted(alike, reverse=True):
        if -minus_i not in used_i and -minus_j not in used_j:
            used_i.add(-minus_i)
            used_j.add(-minus_j)
            pairs.append((-minus_i, -minus_j, like))
    return sorted(pairs)


def _leftovers(asked: list[int], listed: list[int]) -> tuple[int, int]:
    """(parts that contradict each other, parts that only one side has)."""
    conflicts = min(len(asked), len(listed))
    return conflicts, max(len(asked), len(listed)) - conflicts


def _out_of_order(pairs: list[tuple[int, int, float]]) -> bool:
    places = [j for _, j, _ in pairs]
    return places != sorted(places)


# Birth date, sex, nationality ----------------------------------------------------------------------------------------

_BIRTH: Final = {
    DateAgreement.SAME: (12.0, Code.BIRTH_DATE_SAME),
    DateAgreement.DAY_MONTH_SWAPPED: (8.0, Code.BIRTH_DAY_MONTH_SWAPPED),
    DateAgreement.SAME_MONTH: (8.0, Code.BIRTH_MONTH_SAME),
    DateAgreement.SAME_YEAR: (4.5, Code.BIRTH_YEAR_SAME),
    DateAgreement.MAY_AGREE: (2.0, Code.BIRTH_DATE_MAY_AGREE),
    DateAgreement.NEAR_YEAR: (1.0, Code.BIRTH_YEAR_NEAR),
    DateAgreement.SAME_YEAR_OTHER_DAY: (-2.0, Code.BIRTH_DATE_DIFFERS),
    DateAgreement.DIFFERS: (-7.0, Code.BIRTH_DATE_DIFFERS),
}


def _birth(query: Query, subject: Subject) -> _Finding | None:
    if query.birth_date is None or not subject.birth_dates:
        return None
    asked = query.birth_date
    bits, code, listed = max(
        ((*_BIRTH[agreement(asked, date)], date) for date in subject.birth_dates), key=lambda found: found[0]
    )
    if bits < 0:
        return _Finding(bits, (), (Difference(code, Field.BIRTH_DATE, str(asked), str(listed)),))
    return _Finding(bits, (Reason(code, Field.BIRTH_DATE, str(asked), str(listed)),))


def _sex(query: Query, subject: Subject) -> _Finding | None:
    if not query.sex or not subject.sexes:
        return None
    listed = ", ".join(subject.sexes)
    if query.sex in subject.sexes:
        return _Finding(0.9, (Reason(Code.SEX_SAME, Field.SEX, query.sex, listed),))
    return _Finding(-6.0, (), (Difference(Code.SEX_DIFFERS, Field.SEX, query.sex, listed),))


def _nationality(query: Query, subject: Subject) -> _Finding | None:
    if not query.nationality or not subject.nationalities:
        return None
    listed = ", ".join(subject.nationalities)
    if query.nationality in subject.nationalities:
        return _Finding(2.0, (Reason(Code.NATIONALITY_SAME, Field.NATIONALITY, query.nationality, listed),))
    return _Finding(-1.5, (), (Difference(Code.NATIONALITY_DIFFERS, Field.NATIONALITY, query.nationality, listed),))


# Documents -----------------------------------------------------------------------------------------------------------

_LOOKALIKE: Final = str.maketrans("OQIL", "0011")


@lru_cache(maxsize=50_000)
def document_number(text: str) -> str:
    """A number as it is compared: capital ASCII letters and digits only. Arabic-Indic digits count as digits."""
    folded = unicodedata.normalize("NFKC", text[:64]).upper()
    digits = "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in folded)
    return re.sub(r"[^A-Z0-9]", "", digits)[:64]


def lookalike_number(text: str) -> str:
    """`document_number` with letters that are misread for digits (O and Q, I and L) turned into the digit."""
    return document_number(text).translate(_LOOKALIKE)


def _documents(query: Query, subject: Subject) -> _Finding | None:
    """Same number and no contradiction of country is the same document; documents that differ prove nothing."""
    if not query.documents or not subject.documents:
        return None
    best = _Finding(0.0)
    for asked in query.documents:
        for listed in subject.documents:
            bits, code = _document_pair(asked, listed)
            if code and bits > best.bits:
                best = _Finding(bits, (Reason(code, Field.DOCUMENT, _shown(asked), _shown(listed)),))
    return best


def _document_pair(asked: Document, listed: Document) -> tuple[float, Code | None]:
    if len(document_number(asked.number)) < 4:
        return 0.0, None
    same_country = not asked.country or not listed.country or asked.country == listed.country
    if document_number(asked.number) == document_number(listed.number):
        return (30.0, Code.DOCUMENT_SAME) if same_country else (8.0, Code.DOCUMENT_NUMBER_SAME)
    if same_country and lookalike_number(asked.number) == lookalike_number(listed.number):
        return 12.0, Code.DOCUMENT_LOOKALIKE
    return 0.0, None


def _shown(document: Document) -> str:
    return " ".join(filter(None, (document.country, document.number)))
