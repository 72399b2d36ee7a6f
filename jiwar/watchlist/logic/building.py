"""Making a segment of a stream of subjects."""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .codes import posting
from .dates import PartialDate, pack, year_code
from .evidence import LEAST_NUMBER, Query, Subject, identifier_key, lookalike_number
from .scoring import LOW, Columns
from .segment import Segment, written
from .vocabulary import Met, grouped, make_words

SEXES: Final = {"M": 1, "F": 2, "X": 4}


def build(subjects: Iterable[Subject]) -> Segment:
    """Index a stream of subjects. ValueError where two have one key."""
    met = Met()
    words, name_starts, name_subject, name_marks = array("I"), array("I", [0]), array("I"), array("B")
    name_years = array("B")
    subject_names, born_starts, born, sexes = array("I", [0]), array("I", [0]), array("q"), array("B")
    nation_starts, nations = array("I", [0]), array("H")
    keys, key_ids, named = array("Q"), array("I"), array("Q")
    text_starts, text = array("Q", [0]), bytearray()
    for number, subject in enumerate(subjects):
        year = year_code(subject.birth_dates)
        for name in subject.names:
            found, marks = met.name(name.text)
            if not found:
                continue
            words.extend(found)
            name_starts.append(len(words))
            name_subject.append(number)
            name_years.append(year)
            name_marks.append(marks | LOW * (name.quality == "low"))
        subject_names.append(len(name_subject))
        born.extend([pack(date) for date in subject.birth_dates])
        born_starts.append(len(born))
        sexes.append(sum({SEXES[sex] for sex in subject.sexes}))
        nations.extend([nation(code) for code in subject.nationalities])
        nation_starts.append(len(nations))
        named.append(posting("k", subject.key))
        postings = [named[-1], *numbers(subject), *(day for date in subject.birth_dates for day in day_postings(date))]
        keys.extend(postings)
        key_ids.extend([number] * len(postings))
        text += written(subject)
        text_starts.append(len(text))
    columns = Columns(
        _view(name_starts, np.uint32),
        _view(words, np.uint32),
        _view(name_subject, np.uint32),
        _view(name_marks, np.uint8),
        _view(subject_names, np.uint32),
        _view(born_starts, np.uint32),
        _view(born, np.int64),
        _view(sexes, np.uint8),
        _view(nation_starts, np.uint32),
        _view(nations, np.uint16),
    )
    lengths = np.diff(columns.name_starts)
    of_word = np.repeat(np.arange(len(lengths), dtype=np.uint32), lengths)
    made, codes = make_words(met, columns.words, of_word, _view(name_years, np.uint8))
    segment = Segment(
        columns,
        made,
        codes,
        *grouped(_view(keys, np.uint64), _view(key_ids, np.uint32)),
        _view(text_starts, np.uint64),
        np.frombuffer(bytes(text), np.uint8),
    )
    _refuse_duplicates(_view(named, np.uint64), segment)
    return segment


@lru_cache(maxsize=1024)
def nation(code: str) -> int:
    """ISO 3166-1 alpha-3 in 16 bits, above 0."""
    value = 0
    for letter in code[:3].upper():
        value = value * 26 + min(25, max(0, ord(letter) - 65))
    return value + 1


def numbers(subject: Subject | Query) -> list[int]:
    """The postings of documents and identifiers."""
    papers = [lookalike_number(document.number) for document in subject.documents]
    things = [f"{one.kind}:{key}" for one in subject.identifiers if (key := identifier_key(one))]
    return [posting("d", paper) for paper in papers if len(paper) >= LEAST_NUMBER] + [
        posting("i", thing) for thing in things
    ]


# Dates are their own postings: no hash of another value has so few bits.


def day_postings(date: PartialDate) -> list[int]:
    """Of a listed date: its day, or that only its month is known; and its month."""
    if date.month is None or date.vague:
        return []
    month = pack(PartialDate(date.year, date.month))
    if date.day is None:
        return [month, month | 1 << 45]
    return [pack(date), month] if date.exact else []


def asked_days(date: PartialDate) -> list[int]:
    """The postings of those whose day or month of birth agrees with the one asked for, also swapped."""
    if date.month is None or date.vague:
        return []
    month = pack(PartialDate(date.year, date.month))
    if date.day is None:
        return [month]
    if not date.exact:
        return []
    found = [pack(date), month | 1 << 45]
    try:
        dt.date(date.year, date.day, date.month)
    except ValueError:
        return found
    return [*found, pack(PartialDate(date.year, date.day, date.month))]


def _view(values: array[Any], dtype: Any) -> npt.NDArray[Any]:
    return np.frombuffer(values, dtype) if len(values) else np.empty(0, dtype)


def _refuse_duplicates(named: npt.NDArray[np.uint64], segment: Segment) -> None:
    order = np.argsort(named, kind="stable")
    again = np.flatnonzero(named[order][1:] == named[order][:-1])
    if len(again):
        raise ValueError(f"two subjects have the key {segment.subject(int(order[again[0]])).key!r}")
