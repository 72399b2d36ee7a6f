"""The screening index: which listed subjects could be the person in front of the officer.

A large immutable segment and small ones for what was added since; withdrawn subjects are marked in each. Nobody who
reaches the threshold is missed: whoever shares no name part that it cannot be reached without (`_essential`), nor the
day of birth, nor a number, is known to stay below it, and everyone else is scored (`scoring.score_names`). The
likeliest are then compared field by field by `evidence.compare`, for the reasons.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from . import segment as segments
from .building import SEXES, asked_days, build, nation, numbers
from .codes import posting
from .compiling import COMPILED_FROM, compiled
from .dates import MANY_YEARS, NEAR_YEARS, UNKNOWN_YEAR, DateAgreement, PartialDate, pack, stands, year_code
from .evidence import Comparison, Query, Subject, compare, prior_bits
from .fairness import least
from .frequency import USUAL_PARTS, usual
from .names import ParsedName, Part, read_name
from .scoring import F64, I64, U8, U32, Asked, score_names
from .segment import Segment
from .vocabulary import Matches
from .weights import WEIGHTS, Weights

LIMIT: Final = 5
THRESHOLD: Final = 0.25
"""By default what one in four is right about is shown, were half of those asked about listed."""
FAIR_MOST: Final = 0.98
"""A fair threshold never asks for more."""
MERGED: Final = 4
"""A new segment takes in the one before it until that is so many times larger."""

_USUAL_NAMES: Final = 700.0
"""As many names' worth of what is usual in the region are added to what the list says."""
_SLACK: Final = 1e-6
_NO_DAY: Final = (DateAgreement.SAME, DateAgreement.DAY_MONTH_SWAPPED, DateAgreement.SAME_MONTH)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subject that may be meant; a question to the officer, never an answer."""

    key: str
    score: float
    comparison: Comparison


class _Layer(NamedTuple):
    """A segment, and which of its subjects are withdrawn."""

    segment: Segment
    dead: U8


class Index:
    """Many threads may search while one adds and removes."""

    def __init__(self, segment: Segment, revision: int = 0, weights: Weights = WEIGHTS) -> None:
        self._layers: tuple[_Layer, ...] = (_layer(segment),)
        self._withdrawn = 0
        self._weights = weights
        self.revision = revision
        """A number of the caller's, saved with the index: up to which change it holds."""

    @classmethod
    def build(cls, subjects: Iterable[Subject], revision: int = 0) -> Index:
        """Index a stream of subjects. ValueError where two have one key."""
        return cls(build(subjects), revision)

    @classmethod
    def open(cls, path: Path) -> Index:
        """Map a saved index. `segment.IndexFileError` where it is damaged or of another format; OSError of the file."""
        return cls(*segments.load(path))

    def save(self, path: Path) -> None:
        """Save the whole index, changes put in; the file is replaced at once."""
        if self.changes:
            self._layers, self._withdrawn = (_layer(build(self.subjects())),), 0
        segments.save(self._layers[0].segment, path, self.revision)

    def __len__(self) -> int:
        return sum(len(layer.segment) for layer in self._layers) - self._withdrawn

    @property
    def changes(self) -> int:
        """Subjects added or withdrawn since the index was built; build anew when these are many."""
        return sum(len(layer.segment) for layer in self._layers[1:]) + self._withdrawn

    def subjects(self) -> Iterator[Subject]:
        for layer in self._layers:
            yield from _living(layer)

    def subject(self, key: str) -> Subject | None:
        """The subject of a key, as it is now."""
        for layer in reversed(self._layers):
            for number in map(int, layer.segment.find(posting("k", key))):
                if not layer.dead[number] and (found := layer.segment.subject(number)).key == key:
                    return found
        return None

    def add(self, subject: Subject) -> None:
        """Add a subject, or replace the one of its key; no search in between misses both."""
        self.add_all([subject])

    def add_all(self, subjects: Iterable[Subject]) -> None:
        """Add or replace subjects of different keys at once."""
        before, layer = self._layers, _layer(build(subjects))
        self._layers = (*before, layer)
        for subject in layer.segment.subjects():
            self._withdraw(before, subject.key)
        self._merge()

    def remove(self, key: str) -> bool:
        """Withdraw a subject: no later search finds it. False where there is none of this key."""
        return self._withdraw(self._layers, key)

    def _withdraw(self, layers: tuple[_Layer, ...], key: str) -> bool:
        for layer in layers:
            for number in map(int, layer.segment.find(posting("k", key))):
                if not layer.dead[number] and layer.segment.subject(number).key == key:
                    layer.dead[number] = 1
                    self._withdrawn += 1
                    return True
        return False

    def _merge(self) -> None:
        """Keep few layers: the last grows by those before it that are not much larger, never by the first."""
        layers = self._layers
        first = len(layers) - 1
        size = len(layers[first].segment)
        while first > 1 and len(layers[first - 1].segment) < MERGED * size:
            first -= 1
            size += len(layers[first].segment)
        if first == len(layers) - 1:
            return
        merged = layers[first:]
        self._withdrawn -= sum(int(layer.dead.sum()) for layer in merged)
        living = [subject for layer in merged for subject in _living(layer)]
        self._layers = (*layers[:first], _layer(build(living)))

    def rarity(self, part: Part) -> float:
        """Bits that agreement on a name part proves, from how many names listed have it and, in a short list, from what
        is usual in the region."""
        return self._rarity(self._layers, part)

    def _rarity(self, layers: tuple[_Layer, ...], part: Part, *, first: bool = False) -> float:
        found = [layer.segment.vocabulary.matches(part) for layer in layers]
        having = sum(matches.firsts if first else matches.names for matches in found)
        names = sum(layer.segment.names for layer in layers)
        frequency = (having + _USUAL_NAMES * (1 if first else USUAL_PARTS) * usual(part)) / (names + _USUAL_NAMES)
        return min(self._weights.most, max(0.5, -math.log2(frequency)))

    def compare(self, query: Query, subject: Subject) -> Comparison:
        """What `search` says of a subject, were it compared with everyone."""
        return compare(query, subject, self.rarity, len(self), self._weights)

    def fair(self, query: Query, threshold: float) -> float:
        """From which score a candidate is shown to be fair: `threshold`, and more where chance alone finds namesakes.

        What `fairness.least` asks of them, at most FAIR_MOST, which name, birth, sex and nationality can reach.
        """
        names = [name.parts for name in map(read_name, query.names) if name.parts]
        if not names or not 0 < threshold < FAIR_MOST:
            return threshold
        # Of the given name counts how many bear it themselves: a man's name is his sons' too.
        worth, given = max(
            (sum(map(self.rarity, parts)), self._rarity(self._layers, parts[0], first=True) - self.rarity(parts[0]))
            for parts in names
        )
        beside = least(query, len(self) * 2.0 ** -(worth + given), (1 - threshold) / threshold, self._weights)
        return min(FAIR_MOST, max(threshold, _score(worth + beside - prior_bits(len(self), self._weights))))

    def search(self, query: Query, limit: int = LIMIT, threshold: float = THRESHOLD) -> list[Candidate]:
        """At most `limit` candidates of at least `threshold`, the likeliest first, the same number before all.

        Of equals the first listed comes first, so that the same question has the same answer.
        """
        layers, listed = self._layers, len(self)
        worth = lru_cache(None)(lambda part: self._rarity(layers, part))
        need = prior_bits(listed, self._weights) + _bits(threshold) - _SLACK - _most_in_text(query, self._weights)
        spellings = [name for name in map(read_name, query.names) if name.parts]
        possible: list[tuple[float, int, int]] = []
        for at, layer in enumerate(layers):
            bits = dict.fromkeys(_by_number(layer, query), math.inf)
            for spelling in spellings:
                for number, reached in self._by_name(layer, query, spelling, need, worth):
                    bits[number] = max(reached, bits.get(number, -math.inf))
            possible += [(-reached, at, number) for number, reached in bits.items()]
        found: dict[str, tuple[tuple[bool, float, int], Candidate]] = {}
        beside, more = 0, _most_in_text(query, self._weights) > 0
        for place, (minus, at, number) in enumerate(sorted(possible)):
            if beside >= limit and not more:
                break
            subject = layers[at].segment.subject(number)
            comparison = compare(query, subject, worth, listed, self._weights)
            if comparison.score >= threshold and comparison.score > 0:
                rank = (not comparison.certain, -comparison.bits, place)
                found[subject.key] = rank, Candidate(subject.key, comparison.score, comparison)
                beside += minus > -math.inf
        return [candidate for _, candidate in sorted(found.values(), key=lambda ranked: ranked[0])][:limit]

    def says_too_little(self, query: Query, threshold: float = THRESHOLD) -> bool:
        """Whether not even one of whom all that is asked for is true would reach the threshold.

        So it is with a common name alone on a long list.
        """
        if query.documents or query.identifiers:
            return False
        w = self._weights
        names = [sum(map(self.rarity, name.parts)) for name in map(read_name, query.names)]
        born = pack(query.birth_date) if query.birth_date else 0
        most = max(names, default=0.0) + (w.birth[stands(born, born)] if born else 0.0)
        most += _most_others(query, w) + _most_in_text(query, w)
        return most < prior_bits(len(self), w) + _bits(threshold)

    def _by_name(
        self, layer: _Layer, query: Query, spelling: ParsedName, need: float, worth: Callable[[Part], float]
    ) -> list[tuple[int, float]]:
        """The living subjects whose name, birth date, sex and nationality reach `need` bits, and their bits."""
        segment, w = layer.segment, self._weights
        found = [segment.vocabulary.matches(part) for part in spelling.parts]
        rarity = np.array([worth(part) for part in spelling.parts])
        most = rarity * (2 * np.array([matches.likes.max(initial=0.5) for matches in found]) - 1)
        loops = compiled() if segment.names >= COMPILED_FROM else None
        asked = _asked(query, spelling, found, rarity)
        others = _most_others(query, w)
        lists = _lists(segment, _essential(found, most, need - others - _most_born(query, w)))
        masks = np.array([matches.sketch for matches in found], np.uint32)
        sift = loops.sift_names if loops else _sift
        names = np.empty(int((lists[1::2] - lists[::2]).sum()), np.uint32)
        v = segment.words
        count = sift(v.names, v.sketches, v.years, lists, masks, most, _born(query, w), need - others, names)
        names = np.concatenate((names[:count], _names_born(segment, query)))
        if not len(names):
            return []
        hits, bits = np.empty(len(names), np.uint32), np.empty(len(names), np.float64)
        score = loops.score_names if loops else score_names
        count = score(segment.columns, layer.dead, names, asked, need, w, hits, bits)
        return list(zip(segment.columns.name_subject[hits[:count]].tolist(), bits[:count].tolist(), strict=True))


def _layer(segment: Segment) -> _Layer:
    return _Layer(segment, np.zeros(len(segment), np.uint8))


def _living(layer: _Layer) -> Iterator[Subject]:
    return (layer.segment.subject(number) for number in range(len(layer.segment)) if not layer.dead[number])


def _by_number(layer: _Layer, query: Query) -> set[int]:
    """The living subjects that have, or seem to have, a document or another number that is asked for."""
    return {int(n) for key in numbers(query) for n in layer.segment.find(key) if not layer.dead[n]}


def _names_born(segment: Segment, query: Query) -> U32:
    """The names of those whose day or month of birth agrees."""
    days = asked_days(query.birth_date) if query.birth_date else []
    if not days:
        return np.empty(0, np.uint32)
    subjects = np.concatenate([segment.find(day) for day in days])
    starts = segment.columns.subject_names[subjects]
    return _ranges(starts, segment.columns.subject_names[subjects + 1] - starts)


def _ranges(starts: U32, counts: U32) -> U32:
    """starts[0], starts[0] + 1, ... counts[0] of them, then those of starts[1]."""
    before = np.cumsum(counts, dtype=np.int64) - counts
    return np.asarray(np.repeat(starts.astype(np.int64) - before, counts) + np.arange(int(counts.sum())), np.uint32)


def _most_born(query: Query, w: Weights) -> float:
    """The most bits of a date of birth of which neither day nor month agrees."""
    born = (bits for bits, stand in zip(w.birth, DateAgreement, strict=True) if stand not in _NO_DAY)
    return max(0.0, *born) if query.birth_date else 0.0


def _born(query: Query, w: Weights) -> F64:
    """By the code of a year, the most bits of a date of birth of which neither day nor month agrees."""
    date = query.birth_date
    bits = np.full(256, _most_born(query, w))
    bits[UNKNOWN_YEAR] = 0.0
    if date is not None and not date.vague:
        near = dict(zip(DateAgreement, w.birth, strict=True))
        bits[MANY_YEARS + 1 :] = near[DateAgreement.DIFFERS]
        for year in range(date.year - NEAR_YEARS, date.year + NEAR_YEARS + 1):
            code = year_code((PartialDate(year),))
            if code != MANY_YEARS:
                same = max(near[DateAgreement.SAME_YEAR], near[DateAgreement.SAME_YEAR_OTHER_DAY])
                bits[code] = same if year == date.year else near[DateAgreement.NEAR_YEAR]
    return bits


def _most_others(query: Query, w: Weights) -> float:
    sex = max(0.0, w.sex_same, w.sex_differs) if query.sex else 0.0
    return sex + (max(0.0, w.nationality_same, w.nationality_differs) if query.nationality else 0.0)


def _most_in_text(query: Query, w: Weights) -> float:
    """The most bits of what only comparing field by field looks at."""
    place = max(0.0, w.birth_place_same) if query.birth_place else 0.0
    return place + (w.relative_most if query.relatives else 0.0)


def _essential(found: list[Matches], most: F64, needed: float) -> list[Matches]:
    """The parts of which a name must have one to reach `needed` bits: all but the commonest that together stay below.

    That is the rule of MaxScore (Turtle and Flood, "Query evaluation: strategies and optimizations", Information
    Processing & Management 31, 1995, https://doi.org/10.1016/0306-4573(95)00020-H).
    """
    order = np.argsort(most, kind="stable")
    spared = int(np.searchsorted(np.cumsum(np.maximum(0.0, most[order])), needed))
    return [found[place] for place in order[spared:]]


def _lists(segment: Segment, parts: list[Matches]) -> I64:
    """Where the posting lists of the words of these parts begin and end."""
    if not parts:
        return np.empty(0, np.int64)
    words = np.concatenate([matches.words for matches in parts])
    starts = segment.words.name_starts
    return np.stack((starts[words], starts[words + 1]), axis=1).astype(np.int64).reshape(-1)


def _asked(query: Query, spelling: ParsedName, found: list[Matches], rarity: F64) -> Asked:
    words = np.concatenate([matches.words for matches in found])
    order = np.argsort(words, kind="stable")
    parts = np.repeat(np.arange(len(found), dtype=np.uint8), [len(matches.words) for matches in found])
    return Asked(
        words[order],
        parts[order],
        np.concatenate([matches.likes for matches in found])[order],
        np.concatenate([matches.keyed for matches in found])[order],
        rarity,
        spelling.marks,
        pack(query.birth_date) if query.birth_date else 0,
        SEXES.get(query.sex, 0),
        nation(query.nationality) if query.nationality else 0,
    )


def _sift(  # as `scoring.sift_names`, by arithmetic on whole arrays
    names: U32, sketches: U32, years: U8, lists: I64, masks: U32, worth: F64, born: F64, need: float, out: U32
) -> int:
    found = 0
    for start, stop in lists.reshape(-1, 2).tolist():
        most = born[years[start:stop]]
        for mask, bits in zip(masks, worth, strict=True):
            most += np.where(sketches[start:stop] & mask, bits, 0.0)
        kept = names[start:stop][most >= need]
        out[found : found + len(kept)] = kept
        found += len(kept)
    return found


def _score(bits: float) -> float:
    return 0.0 if bits < -100 else 1.0 / (1.0 + math.pow(2.0, -bits))


def _bits(score: float) -> float:
    """The evidence, prior taken off, that makes a score."""
    return -math.inf if score <= 0 else math.inf if score >= 1 else math.log2(score / (1 - score))
