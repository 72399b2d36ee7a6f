"""What a query and a listed subject have in common, what differs, and how much that proves.

`compare` adds weights of evidence in bits (`weights`). A name part agreed on is worth its rarity (Winkler's
frequency-based matching): محمد proves little, a rare nisba much. The sum, less how unlikely a match is before anything
is compared, becomes a probability by the logistic function, 1 / (1 + 2**-bits). It is no probability of guilt, and it
decides nothing: a person does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import log2
from typing import Final

from . import identifiers
from .dates import DateAgreement, PartialDate, agreement
from .names import SAME_PART, ParsedName, Part, read_name
from .scoring import LOW, NO_ANCHOR, is_reversal, name_bits, other_given
from .vocabulary import alike
from .weights import FEWEST, WEIGHTS, Weights

__all__ = ["SAME_PART", "Comparison", "Document", "Identifier", "Name", "Query", "Subject", "compare"]

WITHOUT_DOCUMENT: Final = 0.985
"""No name, date or country, however alike, scores as much as a document number."""

Rarity = Callable[[Part], float]
"""Bits that agreement on a name part is worth: log2 of 1 / its frequency."""


class Code(StrEnum):
    """Why a candidate is shown, or what speaks against it. The pages put these into words."""

    BIRTH_DATE_DIFFERS = "birth_date_differs"
    BIRTH_DATE_MAY_AGREE = "birth_date_may_agree"
    BIRTH_DATE_SAME = "birth_date_same"
    BIRTH_DAY_MONTH_SWAPPED = "birth_day_month_swapped"
    BIRTH_MONTH_SAME = "birth_month_same"
    BIRTH_PLACE_DIFFERS = "birth_place_differs"
    BIRTH_PLACE_SAME = "birth_place_same"
    BIRTH_YEAR_NEAR = "birth_year_near"
    BIRTH_YEAR_SAME = "birth_year_same"
    DOCUMENT_LOOKALIKE = "document_lookalike"
    DOCUMENT_NUMBER_SAME = "document_number_same"
    DOCUMENT_SAME = "document_same"
    GIVEN_NAME_DIFFERS = "given_name_differs"
    IDENTIFIER_LOOKALIKE = "identifier_lookalike"
    IDENTIFIER_SAME = "identifier_same"
    NAME_LOW_QUALITY = "name_low_quality"
    NAME_ORDER = "name_order"
    NAME_PART_DIFFERS = "name_part_differs"
    NAME_PART_MISSING = "name_part_missing"
    NAME_SAME = "name_same"
    NAME_SPELLING = "name_spelling"
    NASAB_REVERSED = "nasab_reversed"
    NATIONALITY_DIFFERS = "nationality_differs"
    NATIONALITY_SAME = "nationality_same"
    RELATIVE_SAME = "relative_same"
    SEX_DIFFERS = "sex_differs"
    SEX_SAME = "sex_same"


class Field(StrEnum):
    BIRTH_DATE = "birth_date"
    BIRTH_PLACE = "birth_place"
    DOCUMENT = "document"
    IDENTIFIER = "identifier"
    NAME = "name"
    NATIONALITY = "nationality"
    RELATIVE = "relative"
    SEX = "sex"


CERTAIN: Final = frozenset({Code.DOCUMENT_SAME, Code.IDENTIFIER_SAME})
"""A number that two do not share by chance."""


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
    birth_place: str = ""
    relatives: tuple[str, ...] = ()


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
    birth_places: tuple[str, ...] = ()
    relatives: tuple[str, ...] = ()


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
    def certain(self) -> bool:
        """Whether a document or another number is the same."""
        return any(reason.code in CERTAIN for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class _Finding:
    bits: float
    reasons: tuple[Reason, ...] = ()
    differences: tuple[Difference, ...] = ()


def prior_bits(listed: int, weights: Weights = WEIGHTS) -> float:
    """How unlikely it is, before anything is compared, that one of so many listed is the person asked about."""
    return log2(max(listed, FEWEST)) + weights.prior


def compare(
    query: Query, subject: Subject, rarity: Rarity, listed: int = FEWEST, weights: Weights = WEIGHTS
) -> Comparison:
    """Compare field by field. Score 0 where neither a name part nor a number speaks for the subject.

    `listed` is how many subjects stand on the list: the longer it is, the more of them agree by chance.
    """
    name = _names(query, subject, rarity, weights)
    document = _documents(query, subject, weights)
    identifier = _identifiers(query, subject, weights)
    beside = {
        Field.BIRTH_PLACE: _birth_place(query, subject, weights),
        Field.RELATIVE: _relatives(query, subject, rarity, weights),
    }
    others = {
        Field.BIRTH_DATE: _birth(query, subject, weights),
        Field.SEX: _sex(query, subject, weights),
        Field.NATIONALITY: _nationality(query, subject, weights),
    }
    findings = {Field.NAME: name, Field.DOCUMENT: document, Field.IDENTIFIER: identifier, **others, **beside}
    asked = {Field.IDENTIFIER: query.identifiers, Field.BIRTH_PLACE: query.birth_place, Field.RELATIVE: query.relatives}
    for field, value in asked.items():
        if not value:
            del findings[field]  # of a traveller at a desk, not worth saying that it is unknown
    known = [finding for finding in findings.values() if finding]
    reasons = tuple(reason for finding in known for reason in finding.reasons)
    differences = tuple(difference for finding in known for difference in finding.differences)
    unknown = tuple(field for field, finding in findings.items() if finding is None)
    score = 0.0
    # In the order of `scoring`, so that both come to the same sum.
    facts = sum(finding.bits for finding in others.values() if finding)
    bits = facts + (name.bits if name else 0.0)
    numbers = [finding for finding in (document, identifier, *beside.values()) if finding]
    bits += sum(finding.bits for finding in numbers) - prior_bits(listed, weights)
    if any(finding and finding.reasons for finding in (name, document, identifier)):
        score = 1.0 / (1.0 + 2.0 ** -max(-50.0, min(50.0, bits)))
    certain = any(reason.code in CERTAIN for reason in reasons)
    score = max(score, 0.99) if certain else min(score, WITHOUT_DOCUMENT)
    return Comparison(score, bits, reasons, differences, unknown)


# Names ---------------------------------------------------------------------------------------------------------------


def _names(query: Query, subject: Subject, rarity: Rarity, weights: Weights) -> _Finding | None:
    """The pair of names that agrees best."""
    best: _Finding | None = None
    for text in query.names:
        asked = read_name(text)
        if not asked.parts:
            continue
        worth = [rarity(part) for part in asked.parts]
        for name in subject.names:
            listed = read_name(name.text)
            if not listed.parts:
                continue
            finding = _name_pair(text, asked, worth, name, listed, weights)
            if best is None or (bool(finding.reasons), finding.bits) > (bool(best.reasons), best.bits):
                best = finding
    return best


def _name_pair(
    text: str, asked: ParsedName, worth: list[float], name: Name, listed: ParsedName, weights: Weights
) -> _Finding:
    m, n = len(asked.parts), len(listed.parts)
    found = [alike(a, b) for a in asked.parts for b in listed.parts]
    like, keyed, pair = [like for like, _ in found], [key for _, key in found], [-1] * m
    low = name.quality == "low"
    bits = name_bits(like, keyed, m, n, worth, asked.marks, listed.marks | LOW * low, weights, pair)
    if bits == NO_ANCHOR:
        different = Difference(Code.NAME_PART_DIFFERS, Field.NAME, text, name.text)
        return _Finding(weights.other_given, (), (different,))
    left_asked = [i for i in range(m) if pair[i] < 0]
    left_listed = [j for j in range(n) if j not in pair]
    exact = not left_asked and not left_listed and all(like[i * n + pair[i]] == 1.0 for i in range(m))
    reasons = [Reason(Code.NAME_SAME if exact else Code.NAME_SPELLING, Field.NAME, text, name.text)]
    differences = []
    if other_given(like, m, n, asked.marks | listed.marks):
        given = asked.parts[0].text, listed.parts[0].text
        differences.append(Difference(Code.GIVEN_NAME_DIFFERS, Field.NAME, *given))
    elif left_asked or left_listed:
        code = Code.NAME_PART_DIFFERS if left_asked and left_listed else Code.NAME_PART_MISSING
        only_asked = " ".join(asked.parts[i].text for i in left_asked)
        only_listed = " ".join(listed.parts[j].text for j in left_listed)
        differences.append(Difference(code, Field.NAME, only_asked, only_listed))
    places = [j for j in pair if j >= 0]
    if places != sorted(places):
        code = Code.NASAB_REVERSED if is_reversal(asked.marks, listed.marks) else Code.NAME_ORDER
        differences.append(Difference(code, Field.NAME, text, name.text))
    if low:
        reasons.append(Reason(Code.NAME_LOW_QUALITY, Field.NAME, text, name.text))
    return _Finding(bits, tuple(reasons), tuple(differences))


# Birth date, sex, nationality ----------------------------------------------------------------------------------------

_BIRTH: Final = {
    DateAgreement.SAME: Code.BIRTH_DATE_SAME,
    DateAgreement.DAY_MONTH_SWAPPED: Code.BIRTH_DAY_MONTH_SWAPPED,
    DateAgreement.SAME_MONTH: Code.BIRTH_MONTH_SAME,
    DateAgreement.SAME_YEAR: Code.BIRTH_YEAR_SAME,
    DateAgreement.MAY_AGREE: Code.BIRTH_DATE_MAY_AGREE,
    DateAgreement.NEAR_YEAR: Code.BIRTH_YEAR_NEAR,
    DateAgreement.SAME_YEAR_OTHER_DAY: Code.BIRTH_DATE_DIFFERS,
    DateAgreement.DIFFERS: Code.BIRTH_DATE_DIFFERS,
}
_PLACE: Final = {stand: place for place, stand in enumerate(DateAgreement)}


def _birth(query: Query, subject: Subject, weights: Weights) -> _Finding | None:
    if query.birth_date is None or not subject.birth_dates:
        return None
    asked = query.birth_date
    stands = [(agreement(asked, date), date) for date in subject.birth_dates]
    stand, listed = max(stands, key=lambda found: weights.birth[_PLACE[found[0]]])
    bits, code = weights.birth[_PLACE[stand]], _BIRTH[stand]
    if bits < 0:
        return _Finding(bits, (), (Difference(code, Field.BIRTH_DATE, str(asked), str(listed)),))
    return _Finding(bits, (Reason(code, Field.BIRTH_DATE, str(asked), str(listed)),))


def _sex(query: Query, subject: Subject, weights: Weights) -> _Finding | None:
    if not query.sex or not subject.sexes:
        return None
    listed = ", ".join(subject.sexes)
    if query.sex in subject.sexes:
        return _Finding(weights.sex_same, (Reason(Code.SEX_SAME, Field.SEX, query.sex, listed),))
    return _Finding(weights.sex_differs, (), (Difference(Code.SEX_DIFFERS, Field.SEX, query.sex, listed),))


def _nationality(query: Query, subject: Subject, weights: Weights) -> _Finding | None:
    if not query.nationality or not subject.nationalities:
        return None
    listed = ", ".join(subject.nationalities)
    if query.nationality in subject.nationalities:
        return _Finding(
            weights.nationality_same, (Reason(Code.NATIONALITY_SAME, Field.NATIONALITY, query.nationality, listed),)
        )
    different = Difference(Code.NATIONALITY_DIFFERS, Field.NATIONALITY, query.nationality, listed)
    return _Finding(weights.nationality_differs, (), (different,))


def _birth_place(query: Query, subject: Subject, weights: Weights) -> _Finding | None:
    """One word of a place in common is the same place, whatever the script: "Zouara", "زوارة, ليبيا"."""
    asked = read_name(query.birth_place).parts
    places = [(place, parts) for place in subject.birth_places if (parts := read_name(place).parts)]
    if not asked or not places:
        return None
    for place, parts in places:
        if any(alike(a, b)[0] for a in asked for b in parts):
            return _Finding(
                weights.birth_place_same, (Reason(Code.BIRTH_PLACE_SAME, Field.BIRTH_PLACE, query.birth_place, place),)
            )
    listed = "; ".join(place for place, _ in places)
    different = Difference(Code.BIRTH_PLACE_DIFFERS, Field.BIRTH_PLACE, query.birth_place, listed)
    return _Finding(weights.birth_place_differs, (), (different,))


def _relatives(query: Query, subject: Subject, rarity: Rarity, weights: Weights) -> _Finding | None:
    """A relative of the same name speaks for the match; another one says nothing, for people have many."""
    if not query.relatives or not subject.relatives:
        return None
    best = _Finding(0.0)
    for text in query.relatives:
        asked = read_name(text)
        worth = [rarity(part) for part in asked.parts]
        for name in subject.relatives:
            listed = read_name(name)
            if not asked.parts or not listed.parts:
                continue
            bits = min(weights.relative_most, _name_pair(text, asked, worth, Name(name), listed, weights).bits)
            if bits > best.bits:
                best = _Finding(bits, (Reason(Code.RELATIVE_SAME, Field.RELATIVE, text, name),))
    return best


# Documents -----------------------------------------------------------------------------------------------------------

LEAST_NUMBER: Final = 4
"""A shorter number tells nothing apart."""
OF_A_STATE: Final = frozenset({"plate", "serial", "account", "hull", "other"})
"""Kinds of identifier that two states, or two makers, may both give out."""
_LOOKALIKE: Final = str.maketrans("OQIL", "0011")


@lru_cache(maxsize=50_000)
def document_number(text: str) -> str:
    """A number as it is compared: capital ASCII letters and digits only. Arabic-Indic digits count as digits."""
    if text.isascii() and text.isalnum():
        return text[:64].upper()
    folded = unicodedata.normalize("NFKC", text[:64]).upper()
    digits = "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in folded)
    return re.sub(r"[^A-Z0-9]", "", digits)[:64]


def lookalike_number(text: str) -> str:
    """`document_number` with letters that are misread for digits (O and Q, I and L) turned into the digit."""
    return document_number(text).translate(_LOOKALIKE)


def _documents(query: Query, subject: Subject, weights: Weights) -> _Finding | None:
    """Same number and no contradiction of country is the same document; documents that differ prove nothing."""
    if not query.documents or not subject.documents:
        return None
    best = _Finding(0.0)
    for asked in query.documents:
        for listed in subject.documents:
            bits, code = _document_pair(asked, listed, weights)
            if code and bits > best.bits:
                best = _Finding(bits, (Reason(code, Field.DOCUMENT, _shown(asked), _shown(listed)),))
    return best


def _document_pair(asked: Document, listed: Document, weights: Weights) -> tuple[float, Code | None]:
    if len(document_number(asked.number)) < LEAST_NUMBER:
        return 0.0, None
    same_country = not asked.country or not listed.country or asked.country == listed.country
    if document_number(asked.number) == document_number(listed.number):
        if same_country:
            return weights.document_same, Code.DOCUMENT_SAME
        return weights.document_number_same, Code.DOCUMENT_NUMBER_SAME
    if same_country and lookalike_number(asked.number) == lookalike_number(listed.number):
        return weights.document_lookalike, Code.DOCUMENT_LOOKALIKE
    return 0.0, None


def _identifiers(query: Query, subject: Subject, weights: Weights) -> _Finding | None:
    """The same kind and number is the same thing; numbers that differ prove nothing."""
    if not query.identifiers or not subject.identifiers:
        return None
    best = _Finding(0.0)
    for asked in query.identifiers:
        for listed in subject.identifiers:
            bits, code = _identifier_pair(asked, listed, weights)
            if code and bits > best.bits:
                best = _Finding(bits, (Reason(code, Field.IDENTIFIER, _shown(asked), _shown(listed)),))
    return best


def _identifier_pair(asked: Identifier, listed: Identifier, weights: Weights) -> tuple[float, Code | None]:
    if asked.kind != listed.kind or not identifier_key(asked) or identifier_key(asked) != identifier_key(listed):
        return 0.0, None
    same_country = not asked.country or not listed.country or asked.country == listed.country
    a, b = (identifiers.normal(one.kind, one.number, one.country) for one in (asked, listed))
    if a == b and (same_country or asked.kind not in OF_A_STATE):
        return weights.document_same, Code.IDENTIFIER_SAME
    return (weights.document_lookalike, Code.IDENTIFIER_LOOKALIKE) if same_country else (0.0, None)


def identifier_key(one: Identifier) -> str:
    """What those that are or seem the same have in common; "" where too little of a number is left."""
    found = identifiers.lookalike(one.kind, one.number, one.country)
    return found if len(found) >= LEAST_NUMBER else ""


def _shown(document: Document | Identifier) -> str:
    return " ".join(filter(None, (document.country, document.number)))
