"""The screening index: which listed subjects could be the person in front of the officer.

A large immutable `segment` is searched by name parts, pairs of common name parts, birth days and document numbers; a
small part in memory holds what was added or withdrawn since, so that a change counts at once. Whatever the postings
find is compared field by field (`evidence.compare`), the likeliest `COMPARED` of it where there is more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from . import segment as segments
from .evidence import Comparison, Query, Subject, compare, lookalike_number
from .names import Part, read_name
from .segment import COMMON, Ids, Segment, posting

LIMIT: Final = 5
THRESHOLD: Final = 0.25
"""By default a full name of two common parts is shown; one common part alone is not."""
COMPARED: Final = 96

_PRIOR_SUBJECTS: Final = 2000.0
_PRIOR_FAMILY: Final = 1 / 60
_PRIOR_OTHER: Final = 1 / 30_000
_MOST_BITS: Final = 14.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subject that may be meant; a question to the officer, never an answer."""

    key: str
    score: float
    comparison: Comparison


class Index:
    """Many threads may search while one adds and removes."""

    def __init__(self, segment: Segment, revision: int = 0) -> None:
        self._segment = segment
        self._withdrawn: frozenset[int] = frozenset()
        self._added: dict[str, Subject] = {}
        self._added_postings: dict[int, tuple[str, ...]] = {}
        self.revision = revision
        """A number of the caller's, saved with the index: up to which change it holds."""

    @classmethod
    def build(cls, subjects: Iterable[Subject], revision: int = 0) -> Index:
        """Index a stream of subjects. ValueError where two have one key."""
        return cls(segments.build(subjects), revision)

    @classmethod
    def open(cls, path: Path) -> Index:
        """Map a saved index. `segment.IndexFileError` where it is damaged or of another format; OSError of the file."""
        return cls(*segments.load(path))

    def save(self, path: Path) -> None:
        """Save the whole index, changes put in; the file is replaced at once."""
        if self._added or self._withdrawn:
            self._segment = segments.build(list(self.subjects()))
            self._withdrawn, self._added, self._added_postings = frozenset(), {}, {}
        segments.save(self._segment, path, self.revision)

    def __len__(self) -> int:
        return len(self._segment) - len(self._withdrawn) + len(self._added)

    @property
    def changes(self) -> int:
        """Subjects added or withdrawn since the index was built; build anew when these are many."""
        return len(self._added) + len(self._withdrawn)

    def subjects(self) -> Iterator[Subject]:
        for number in range(len(self._segment)):
            if number not in self._withdrawn:
                yield self._segment.subject(number)
        yield from list(self._added.values())

    def add(self, subject: Subject) -> None:
        """Add a subject, or replace the one of its key."""
        self.remove(subject.key)
        self._added[subject.key] = subject
        for key in _subject_postings(subject):
            self._added_postings[key] = (*self._added_postings.get(key, ()), subject.key)

    def remove(self, key: str) -> bool:
        """Withdraw a subject: no later search finds it. False where there is none of this key."""
        found = False
        for number in self._segment.find(posting("k", key)):
            if int(number) not in self._withdrawn and self._segment.subject(int(number)).key == key:
                self._withdrawn |= {int(number)}
                found = True
        subject = self._added.pop(key, None)
        if subject is None:
            return found
        for posted in _subject_postings(subject):
            self._added_postings[posted] = tuple(other for other in self._added_postings[posted] if other != key)
        return True

    def rarity(self, part: Part) -> float:
        """Bits that agreement on a name part proves, from how many listed have it and, in a short list, from what is
        usual in the region."""
        key = posting("t", part.keys[0])
        count = len(self._segment.find(key)) + len(self._added_postings.get(key, ()))
        usual = _PRIOR_FAMILY if part.family else _PRIOR_OTHER
        frequency = (count + _PRIOR_SUBJECTS * usual) / (len(self) + _PRIOR_SUBJECTS)
        return min(_MOST_BITS, max(0.5, -math.log2(frequency)))

    def search(self, query: Query, limit: int = LIMIT, threshold: float = THRESHOLD) -> list[Candidate]:
        """At most `limit` candidates of at least `threshold`, the likeliest first, the same document before all."""
        rarity = _remembered(self.rarity)
        found = []
        for subject in self._possible(query, rarity):
            comparison = compare(query, subject, rarity)
            if comparison.score >= threshold and comparison.score > 0:
                found.append(Candidate(subject.key, comparison.score, comparison))
        found.sort(key=lambda candidate: (not candidate.comparison.document_same, -candidate.score, candidate.key))
        return found[:limit]

    def _possible(self, query: Query, rarity: Callable[[Part], float]) -> Iterator[Subject]:
        asked = {posting("d", lookalike_number(document.number)) for document in query.documents}
        if query.birth_date is not None and query.birth_date.exact:
            asked.add(posting("b", str(query.birth_date)))
        sure = {int(number) for key in asked for number in self._segment.find(key)}
        parts = list({part.text: part for text in query.names for part in read_name(text).parts}.values())
        likely = self._by_name(query, parts, rarity)
        for number in sorted(sure | set(likely.tolist())):
            if number not in self._withdrawn:
                yield self._segment.subject(number)
        asked |= {posting("t", key) for part in parts for key in part.keys}
        for key in sorted({key for posted in asked for key in self._added_postings.get(posted, ())}):
            subject = self._added.get(key)
            if subject is not None:
                yield subject

    def _by_name(self, query: Query, parts: list[Part], rarity: Callable[[Part], float]) -> Ids:
        """The subjects of the segment that share a rare part or two common ones, at most the likeliest `COMPARED`."""
        found: list[Ids] = []
        postings = [[self._segment.find(posting("t", key)) for key in part.keys] for part in parts]
        common: list[list[int]] = []
        for part, lists in zip(parts, postings, strict=True):
            found += [ids for ids in lists if len(ids) <= COMMON]
            common.append([posting("t", key) for key, ids in zip(part.keys, lists, strict=True) if len(ids) > COMMON])
        if len(parts) == 1:
            found += [ids[:COMMON] for ids in postings[0]]
        for i, one in enumerate(common):
            for other in common[i + 1 :]:
                found += [self._segment.find(_pair(a, b)) for a in one for b in other]
        ids = np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.uint32)
        if len(ids) <= COMPARED:
            return ids
        weights = self._rough_weights(query, ids)
        for part, lists in zip(parts, postings, strict=True):
            shared = np.zeros(len(ids), dtype=bool)
            for posted in lists:
                shared |= _among(ids, posted)
            weights += shared * rarity(part)
        if self._withdrawn:
            weights[np.isin(ids, list(self._withdrawn))] = -np.inf
        # Of equals the first listed, so that the same question has the same answer.
        best = np.lexsort((ids, -weights))[:COMPARED]
        return np.sort(ids[best])

    def _rough_weights(self, query: Query, ids: Ids) -> npt.NDArray[np.float64]:
        """What birth year, sex and length of name say, without reading the subjects."""
        weights = np.zeros(len(ids))
        if query.birth_date is not None and not query.birth_date.vague:
            years = self._segment.years[ids]
            away = np.abs(years - np.int16(query.birth_date.year))
            weights += np.where(years == 0, 0.0, np.where(away == 0, 5.0, np.where(away <= 1, 1.0, -7.0)))
        if query.sex:
            sexes = self._segment.sexes[ids]
            weights -= 6.0 * ((sexes != 0) & (sexes != {"M": 1, "F": 2}.get(query.sex, 0)))
        if len(query.names) == 1:
            sizes = self._segment.sizes[ids].astype(np.int16)
            weights -= 0.7 * np.where(sizes == 0, 0, np.abs(sizes - len(read_name(query.names[0]).parts)))
        return weights


def _remembered(rarity: Callable[[Part], float]) -> Callable[[Part], float]:
    """`rarity`, each part looked up once."""
    known: dict[str, float] = {}

    def bits(part: Part) -> float:
        if part.text not in known:
            known[part.text] = rarity(part)
        return known[part.text]

    return bits


def _subject_postings(subject: Subject) -> set[int]:
    keys = {posting("t", key) for name in subject.names for part in read_name(name.text).parts for key in part.keys}
    return (
        keys
        | {posting("b", day) for day in segments.birth_day(subject)}
        | {posting("d", number) for number in segments.numbers(subject)}
    )


def _pair(a: int, b: int) -> int:
    return int(segments.pair_posting(np.array([a], np.uint64), np.array([b], np.uint64))[0])


def _among(ids: Ids, posted: Ids) -> npt.NDArray[np.bool_]:
    """Which of `ids` are in `posted`, both rising."""
    if not len(posted):
        return np.zeros(len(ids), dtype=bool)
    at = np.minimum(np.searchsorted(posted, ids), len(posted) - 1)
    return np.asarray(posted[at] == ids)
