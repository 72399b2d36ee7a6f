"""The immutable part of an index: postings in numpy arrays, in memory or mapped from one file.

File: 8 bytes of magic, 4 bytes of header length (big-endian), a JSON header (format version, fingerprint of the naming
rules, the SHA-256 of all that follows and each section's offset from there), then the sections, each on a multiple of
64 bytes.
"""

from __future__ import annotations

import hashlib
import json
import mmap
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .dates import PartialDate
from .evidence import Document, Name, Subject, lookalike_number
from .lexicon import FAMILY
from .names import ParsedName, read_name, read_part

MAGIC: Final = b"JWRNAMES"
FORMAT: Final = 1
COMMON: Final = 4096
"""A name part that more subjects than this have is found by pairs of parts, not alone."""
_MAX_HEADER: Final = 64 * 1024

Ids = npt.NDArray[np.uint32]


class IndexFileError(Exception):
    """A saved index that cannot be used; `code` is "not_an_index", "newer_format", "other_rules" (made
    when names were read otherwise) or "damaged". Build it anew."""

    def __init__(self, code: str, path: Path) -> None:
        super().__init__(f"{path}: {code}")
        self.code = code
        self.path = path


@lru_cache(maxsize=65_536)
def posting(kind: str, value: str) -> int:
    """The 64-bit key of a posting list: kind "t" name part, "b" birth date, "d" document number, "k" subject key."""
    return int.from_bytes(hashlib.blake2b(f"{kind}{value}".encode(), digest_size=8).digest(), "big")


def pair_posting(a: npt.NDArray[np.uint64], b: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The key of two name parts, whatever their order."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    mixed: npt.NDArray[np.uint64] = (low * np.uint64(0x9E3779B97F4A7C15)) ^ (high + (low >> np.uint64(29)))
    return mixed


@lru_cache(maxsize=1)
def rules() -> str:
    """A fingerprint of how names are read: postings made under other rules would miss people."""
    keys = [read_part(word).keys for word in sorted(FAMILY)]
    return hashlib.sha256(repr(keys).encode()).hexdigest()[:16]


def birth_day(subject: Subject) -> set[str]:
    return {str(date) for date in subject.birth_dates if date.exact}


def numbers(subject: Subject) -> set[str]:
    return {number for document in subject.documents if len(number := lookalike_number(document.number)) >= 4}


@dataclass(frozen=True, slots=True)
class Segment:
    """`ids[starts[i]:starts[i + 1]]` are the subjects of posting `keys[i]`, rising; the rest has one entry a subject.

    `years` is 0 where there is no one exact year; `sexes` 0 unknown, 1 M, 2 F; `sizes` each name's parts if all have
    as many, else 0;
    `text[text_starts[i]:text_starts[i + 1]]` is subject i in JSON.
    """

    keys: npt.NDArray[np.uint64]
    starts: npt.NDArray[np.uint32]
    ids: Ids
    years: npt.NDArray[np.int16]
    sexes: npt.NDArray[np.int8]
    sizes: npt.NDArray[np.uint8]
    text_starts: npt.NDArray[np.uint64]
    text: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.years)

    def find(self, key: int) -> Ids:
        """The subjects of a posting, rising; empty where there is none."""
        at = int(np.searchsorted(self.keys, np.uint64(key)))
        if at == len(self.keys) or int(self.keys[at]) != key:
            return np.empty(0, dtype=np.uint32)
        return self.ids[int(self.starts[at]) : int(self.starts[at + 1])]

    def subject(self, number: int) -> Subject:
        start, stop = int(self.text_starts[number]), int(self.text_starts[number + 1])
        return _read(self.text[start:stop].tobytes())

    def subjects(self) -> Iterator[Subject]:
        return (self.subject(number) for number in range(len(self)))


def build(subjects: Iterable[Subject]) -> Segment:
    """Index a stream of subjects. ValueError where two have one key."""
    vocabulary: dict[str, int] = {}
    parts, part_ids, firsts, seconds, pair_ids, others, other_ids = (array(code) for code in "IIIIIQI")
    years, sexes, sizes, text_starts, text = array("h"), array("b"), array("B"), array("Q", [0]), bytearray()
    for number, subject in enumerate(subjects):
        names = [read_name(name.text) for name in subject.names]
        for name in names:
            words = [[vocabulary.setdefault(key, len(vocabulary)) for key in part.keys] for part in name.parts]
            flat = {word for choices in words for word in choices}
            parts.extend(flat)
            part_ids.extend([number] * len(flat))
            for one, other in combinations(words, 2):
                for a in one:
                    for b in other:
                        firsts.append(a)
                        seconds.append(b)
                        pair_ids.append(number)
        keys = [posting("k", subject.key), *_other_postings(subject)]
        others.extend(keys)
        other_ids.extend([number] * len(keys))
        years.append(_year(subject))
        sexes.append({"M": 1, "F": 2}.get(subject.sexes[0], 0) if len(subject.sexes) == 1 else 0)
        sizes.append(_size(names))
        text += _write(subject)
        text_starts.append(len(text))
    hashes = np.fromiter((posting("t", word) for word in vocabulary), np.uint64, len(vocabulary))
    packed = _distinct(_view(parts, np.uint32), _view(part_ids, np.uint32))
    frequency = np.bincount((packed >> np.uint64(32)).astype(np.intp), minlength=len(vocabulary))
    common = frequency > COMMON
    first, second, pair_id = (_view(values, np.uint32) for values in (firsts, seconds, pair_ids))
    both = common[first] & common[second] if len(first) else np.zeros(0, dtype=bool)
    keys_all = np.concatenate(
        [
            hashes[(packed >> np.uint64(32)).astype(np.intp)],
            pair_posting(hashes[first[both]], hashes[second[both]]),
            _view(others, np.uint64),
        ]
    )
    ids_all = np.concatenate([packed.astype(np.uint32), pair_id[both], _view(other_ids, np.uint32)])
    posted, starts, ids = _postings(keys_all, ids_all)
    segment = Segment(
        posted,
        starts,
        ids,
        _view(years, np.int16),
        _view(sexes, np.int8),
        _view(sizes, np.uint8),
        _view(text_starts, np.uint64),
        np.frombuffer(text, np.uint8),
    )
    _refuse_duplicates(segment)
    return segment


def _view(values: array[int], dtype: Any) -> npt.NDArray[Any]:
    return np.frombuffer(values, dtype) if len(values) else np.empty(0, dtype)


def _distinct(high: npt.NDArray[np.uint32], low: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
    return np.unique((high.astype(np.uint64) << np.uint64(32)) | low)


def _postings(keys: npt.NDArray[np.uint64], ids: Ids) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32], Ids]:
    """Group (key, id) by key, each id once in a group."""
    order = np.argsort(keys, kind="stable")
    keys, ids = keys[order], ids[order]
    del order
    again = np.zeros(len(keys), dtype=bool)
    again[1:] = (keys[1:] == keys[:-1]) & (ids[1:] == ids[:-1])
    keys, ids = keys[~again], ids[~again]
    first = np.ones(len(keys), dtype=bool)
    first[1:] = keys[1:] != keys[:-1]
    starts = np.append(np.flatnonzero(first), len(keys)).astype(np.uint32)
    return keys[first], starts, ids


def _refuse_duplicates(segment: Segment) -> None:
    """A subject's key is a posting of its own: one that finds another subject first was given twice."""
    for at in np.flatnonzero(np.diff(segment.starts.astype(np.int64)) > 1):
        key = segment.subject(int(segment.ids[segment.starts[at]])).key
        if posting("k", key) == int(segment.keys[at]):
            raise ValueError(f"two subjects have the key {key!r}")


def _year(subject: Subject) -> int:
    if len(subject.birth_dates) != 1 or subject.birth_dates[0].vague:
        return 0
    return subject.birth_dates[0].year


def _size(names: list[ParsedName]) -> int:
    sizes = {len(name.parts) for name in names}
    return sizes.pop() if len(sizes) == 1 else 0


def _other_postings(subject: Subject) -> list[int]:
    return [posting("b", day) for day in birth_day(subject)] + [posting("d", number) for number in numbers(subject)]


def _write(subject: Subject) -> bytes:
    value = [
        subject.key,
        [[name.text, name.kind, name.quality] for name in subject.names],
        [str(date) for date in subject.birth_dates],
        subject.sexes,
        subject.nationalities,
        [[document.type, document.country, document.number] for document in subject.documents],
    ]
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _read(data: bytes) -> Subject:
    key, names, dates, sexes, nationalities, documents = json.loads(data)
    return Subject(
        key,
        tuple(Name(*name) for name in names),
        tuple(PartialDate.parse(date) for date in dates),
        tuple(sexes),
        tuple(nationalities),
        tuple(Document(*document) for document in documents),
    )


def save(segment: Segment, path: Path, revision: int) -> None:
    """Write to a new file beside `path` and put it in place at once: a reader sees the old file or the new one."""
    sections: dict[str, list[Any]] = {}
    digest, at = hashlib.sha256(), 0
    for section in fields(segment):
        values = getattr(segment, section.name)
        sections[section.name] = [at, len(values), values.dtype.str]
        for chunk in _padded(values):
            digest.update(chunk)
            at += len(chunk)
    header = {
        "format": FORMAT,
        "rules": rules(),
        "revision": revision,
        "sha256": digest.hexdigest(),
        "sections": sections,
    }
    head = json.dumps(header).encode()
    head += b" " * (-(len(MAGIC) + 4 + len(head)) % 64)
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(MAGIC + len(head).to_bytes(4, "big") + head)
        for section in fields(segment):
            for chunk in _padded(getattr(segment, section.name)):
                file.write(chunk)
    beside.replace(path)


def _padded(values: npt.NDArray[Any]) -> Iterator[bytes]:
    data = values.view(np.uint8)
    for start in range(0, len(data), 1 << 20):
        yield data[start : start + (1 << 20)].tobytes()
    yield bytes(-len(data) % 64)


def load(path: Path) -> tuple[Segment, int]:
    """Map a saved segment; (segment, revision). IndexFileError where it is not whole or not of this format."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise IndexFileError("not_an_index", path)
        length = int.from_bytes(file.read(4), "big")
        if length > _MAX_HEADER:
            raise IndexFileError("damaged", path)
        try:
            header = json.loads(file.read(length))
            version = header["format"]
            if version != FORMAT:
                raise IndexFileError("newer_format" if version > FORMAT else "not_an_index", path)
            if header["rules"] != rules():
                raise IndexFileError("other_rules", path)
            body = file.tell()
            if hashlib.file_digest(file, "sha256").hexdigest() != header["sha256"]:
                raise IndexFileError("damaged", path)
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            arrays = {
                name: np.frombuffer(mapped, dtype, count, body + at) if count else np.empty(0, dtype)
                for name, (at, count, dtype) in header["sections"].items()
            }
            return Segment(**arrays), int(header["revision"])
        except (ValueError, KeyError, TypeError) as error:
            raise IndexFileError("damaged", path) from error
