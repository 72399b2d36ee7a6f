"""The screening index: which listed subjects could be the person in front of the officer.

A large immutable `segment` is searched by name parts, pairs of common name parts, birth days and document numbers; a
small part in memory holds what was added or withdrawn since, so that a change counts at once. Of what the postings
find, whatever cannot reach the threshold is left (an upper bound of its evidence says so) and the likeliest `COMPARED`
are compared field by field by `evidence.compare`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from . import segment as segments
from .evidence import CONFLICT_BITS, MISSING_BITS, PRIOR_BITS, Comparison, Query, Subject, compare, lookalike_number
from .names import SLIP, SLIP_CONSONANTS, Part, read_name
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
        """Add a subject, or replace the one of its key; no search in between misses both."""
        old = self._added.get(subject.key)
        self._added[subject.key] = subject
        keys = _subject_postings(subject)
        before = _subject_postings(old) if old else set()
        for posted in keys - before:
            self._added_postings[posted] = (*self._added_postings.get(posted, ()), subject.key)
        self._forget(subject.key, before - keys)
        self._withdraw(subject.key)

    def remove(self, key: str) -> bool:
        """Withdraw a subject: no later search finds it. False where there is none of this key."""
        found = self._withdraw(key)
        subject = self._added.pop(key, None)
        if subject is None:
            return found
        self._forget(key, _subject_postings(subject))
        return True

    def _withdraw(self, key: str) -> bool:
        """Withdraw the segment's subject of this key."""
        for number in map(int, self._segment.find(posting("k", key))):
            if number not in self._withdrawn and self._segment.subject(number).key == key:
                self._withdrawn |= {number}
                return True
        return False

    def _forget(self, key: str, postings: set[int]) -> None:
        for posted in postings:
            self._added_postings[posted] = tuple(other for other in self._added_postings[posted] if other != key)

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
        found: dict[str, Candidate] = {}
        for subject in self._possible(query, threshold, rarity):
            comparison = compare(query, subject, rarity)
            if comparison.score >= threshold and comparison.score > 0:
                found[subject.key] = Candidate(subject.key, comparison.score, comparison)
        return sorted(found.values(), key=_rank)[:limit]

    def _possible(self, query: Query, threshold: float, rarity: Callable[[Part], float]) -> Iterator[Subject]:
        """Every subject that may reach the threshold; a changed one comes last, as it is now."""
        papers = {posting("d", lookalike_number(document.number)) for document in query.documents}
        numbers = {int(number) for key in papers for number in self._segment.find(key)}
        parts = _asked_parts(query)
        numbers.update(self._by_name(query, parts, threshold, rarity).tolist())
        for number in sorted(numbers):
            if number not in self._withdrawn:
                yield self._segment.subject(number)
        asked = papers | {posting("t", key) for part in parts for key in part.keys}
        for key in sorted({key for posted in asked for key in self._added_postings.get(posted, ())}):
            subject = self._added.get(key)
            if subject is not None:
                yield subject

    def _by_name(self, query: Query, parts: dict[Part, int], threshold: float, rarity: Callable[[Part], float]) -> Ids:
        """Those of the segment that share a name part and may reach the threshold, at most the likeliest `COMPARED`."""
        postings = {part: [self._segment.find(posting("t", key)) for key in part.keys] for part in parts}
        ids = self._sharing(query, postings)
        if self._withdrawn:
            ids = ids[~np.isin(ids, list(self._withdrawn))]
        bits = self._bound_without_name(query, ids)
        matched = np.zeros(len(ids))
        for part, times in parts.items():
            shared = np.zeros(len(ids), dtype=bool)
            for posted in postings[part]:
                shared |= _among(ids, posted)
            slip = SLIP if max(map(len, part.keys)) >= SLIP_CONSONANTS - 1 else 0.5
            bits += times * rarity(part) * np.where(shared, 1.0, 2 * slip - 1)
            matched += times * (shared | (slip == SLIP))
        if len(query.names) == 1:
            bits -= self._misfit(ids, sum(parts.values()), matched)
        # Of equals the first listed, so that the same question has the same answer.
        best = np.lexsort((ids, -bits))[:COMPARED]
        return ids[best[bits[best] >= PRIOR_BITS + _bits(threshold) - 1e-6]]

    def _sharing(self, query: Query, postings: dict[Part, list[Ids]]) -> Ids:
        """Those that share a rare part, two common ones, or a common one and the day of birth."""
        found = [ids for lists in postings.values() for ids in lists if len(ids) <= COMMON or len(postings) == 1]
        common = [
            [(posting("t", key), ids) for key, ids in zip(part.keys, lists, strict=True) if len(ids) > COMMON]
            for part, lists in postings.items()
        ]
        for one, other in combinations(common, 2):
            found += [self._segment.find(_pair(a, b)) for a, _ in one for b, _ in other]
        if query.birth_date is not None and query.birth_date.exact:
            born = self._segment.find(posting("b", str(query.birth_date)))
            found += [born[_among(born, ids)] for choices in common for _, ids in choices]
        return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.uint32)

    def _bound_without_name(self, query: Query, ids: Ids) -> npt.NDArray[np.float64]:
        """The most bits that birth date, sex and nationality may add, without reading the subjects."""
        bits = np.full(len(ids), 2.0 if query.nationality else 0.0)
        if query.birth_date is not None:
            years = self._segment.years[ids].astype(np.int32)
            most = 12.0 if query.birth_date.day is not None else 8.0
            away = np.abs(years - query.birth_date.year)
            by_year = np.where(away == 0, most, np.where(away <= 1, 1.0, -7.0))
            bits += np.where(years == 0, most, 2.0 if query.birth_date.vague else by_year)
        if query.sex:
            sexes = self._segment.sexes[ids]
            bits += np.where((sexes != 0) & (sexes != {"M": 1, "F": 2}.get(query.sex, 0)), -6.0, 0.9)
        return bits

    def _misfit(self, ids: Ids, asked: int, matched: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The least bits that parts without a counterpart take away, where all of a subject's names have as many."""
        sizes = self._segment.sizes[ids].astype(np.int32)
        conflicts = np.maximum(0.0, np.minimum(asked, sizes) - matched)
        return np.where(sizes == 0, 0.0, -CONFLICT_BITS * conflicts - MISSING_BITS * np.abs(sizes - asked))


def _asked_parts(query: Query) -> dict[Part, int]:
    """The parts of the names asked for, each with how often one name has it."""
    parts: dict[Part, int] = {}
    for text in query.names:
        for part, times in Counter(read_name(text).parts).items():
            parts[part] = max(times, parts.get(part, 0))
    return parts


def _rank(candidate: Candidate) -> tuple[bool, float, str]:
    return not candidate.comparison.document_same, -candidate.comparison.bits, candidate.key


def _bits(score: float) -> float:
    """The evidence, prior taken off, that makes a score."""
    return -math.inf if score <= 0 else math.inf if score >= 1 else math.log2(score / (1 - score))


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
    return keys | {posting("d", number) for number in segments.numbers(subject)}


def _pair(a: int, b: int) -> int:
    return int(segments.pair_posting(np.array([a], np.uint64), np.array([b], np.uint64))[0])


def _among(ids: Ids, posted: Ids) -> npt.NDArray[np.bool_]:
    """Which of `ids` are in `posted`, both rising."""
    if not len(posted):
        return np.zeros(len(ids), dtype=bool)
    at = np.minimum(np.searchsorted(posted, ids), len(posted) - 1)
    return np.asarray(posted[at] == ids)
