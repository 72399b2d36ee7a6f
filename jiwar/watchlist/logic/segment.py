"""The immutable part of an index: numpy arrays, in memory or mapped from one file that all processes share.

File: 8 bytes of magic, 4 bytes of header length (big-endian), a JSON header (format version, fingerprint of the naming
rules, the SHA-256 of all that follows and each section's offset from there), then the sections, each on a multiple of
64 bytes.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import mmap
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from . import codes, lexicon, likeness, names, sounds
from .codes import Codes
from .dates import PartialDate
from .evidence import Document, Identifier, Name, Subject
from .scoring import U8, U32, Columns
from .vocabulary import U64, Vocabulary, Words

MAGIC: Final = b"JWRNAMES"
FORMAT: Final = 4
_MAX_HEADER: Final = 64 * 1024
_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class IndexFileError(Exception):
    """A saved index that cannot be used; `code` is "not_an_index", "newer_format", "other_rules" (made
    when names were read otherwise) or "damaged". Build it anew."""

    def __init__(self, code: str, path: Path) -> None:
        super().__init__(f"{path}: {code}")
        self.code = code
        self.path = path


@lru_cache(maxsize=1)
def rules() -> str:
    """A fingerprint of how names are read: what was indexed under other rules would miss people."""
    digest = hashlib.sha256()
    for module in (names, lexicon, sounds, likeness, codes):
        digest.update(inspect.getsource(module).encode())
    return digest.hexdigest()[:16]


class Segment:
    """`columns` is what is compared, `words` what names are found by, `codes` the words as numbers. `keys` are the
    postings of dates and numbers, rising: `ids[starts[i]:starts[i + 1]]` are the subjects of `keys[i]`.
    `text[text_starts[i]:text_starts[i + 1]]` is subject i in JSON."""

    def __init__(
        self, columns: Columns, words: Words, codes: Codes, keys: U64, starts: U32, ids: U32, text_starts: U64, text: U8
    ) -> None:
        self.columns = columns
        self.words = words
        self.codes = codes
        self.keys = keys
        self.starts = starts
        self.ids = ids
        self.text_starts = text_starts
        self.text = text
        for values in self.sections().values():
            values.flags.writeable = False

    def __len__(self) -> int:
        return len(self.text_starts) - 1

    @property
    def names(self) -> int:
        """How many names it has."""
        return len(self.columns.name_subject)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.words, self.codes)

    def sections(self) -> dict[str, npt.NDArray[Any]]:
        """Every array by its name in a file."""
        return {
            **self.columns._asdict(),
            **{f"word_{name}": values for name, values in self.words._asdict().items()},
            **{f"code_{name}": values for name, values in self.codes._asdict().items()},
            **{name: getattr(self, name) for name in ("keys", "starts", "ids", "text_starts", "text")},
        }

    @classmethod
    def of(cls, sections: dict[str, npt.NDArray[Any]]) -> Segment:
        """Of arrays by their names; KeyError, TypeError where one lacks or is too many."""
        given = dict(sections)
        columns = Columns(**{name: given.pop(name) for name in Columns._fields})
        words = Words(**{name: given.pop(f"word_{name}") for name in Words._fields})
        codes = Codes(**{name: given.pop(f"code_{name}") for name in Codes._fields})
        return cls(columns, words, codes, **given)

    def find(self, key: int) -> U32:
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


def written(subject: Subject) -> bytes:
    """A subject in JSON, as a segment keeps it."""
    value = [
        subject.key,
        [[name.text, name.kind, name.quality] for name in subject.names],
        [str(date) for date in subject.birth_dates],
        subject.sexes,
        subject.nationalities,
        [[document.type, document.country, document.number] for document in subject.documents],
        [[one.kind, one.country, one.number] for one in subject.identifiers],
        subject.type,
        subject.card,
        subject.birth_places,
        subject.relatives,
    ]
    return _JSON.encode(value).encode()


def _read(data: bytes) -> Subject:
    key, names, dates, sexes, nationalities, documents, identifiers, type_, card, places, relatives = json.loads(data)
    return Subject(
        key,
        tuple(Name(*name) for name in names),
        tuple(PartialDate.parse(date) for date in dates),
        tuple(sexes),
        tuple(nationalities),
        tuple(Document(*document) for document in documents),
        tuple(Identifier(*identifier) for identifier in identifiers),
        type_,
        card,
        tuple(places),
        tuple(relatives),
    )


def save(segment: Segment, path: Path, revision: int) -> None:
    """Write to a new file beside `path` and put it in place at once: a reader sees the old file or the new one."""
    sections: dict[str, list[Any]] = {}
    digest, at = hashlib.sha256(), 0
    for name, values in segment.sections().items():
        sections[name] = [at, len(values), values.dtype.str]
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
        for values in segment.sections().values():
            for chunk in _padded(values):
                file.write(chunk)
    beside.replace(path)


def _padded(values: npt.NDArray[Any]) -> Iterator[bytes]:
    data = values.view(np.uint8)
    for start in range(0, len(data), 1 << 20):
        yield data[start : start + (1 << 20)].tobytes()
    yield bytes(-len(data) % 64)


def load(path: Path, *, any_rules: bool = False) -> tuple[Segment, int]:
    """Map a saved segment; (segment, revision). IndexFileError where it is not whole or not of this format.

    With `any_rules` also one that was made when names were read otherwise: its subjects can be read, not searched.
    """
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
            if header["rules"] != rules() and not any_rules:
                raise IndexFileError("other_rules", path)
            body = file.tell()
            if hashlib.file_digest(file, "sha256").hexdigest() != header["sha256"]:
                raise IndexFileError("damaged", path)
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            sections = {
                name: np.frombuffer(mapped, dtype, count, body + at) if count else np.empty(0, dtype)
                for name, (at, count, dtype) in header["sections"].items()
            }
            return Segment.of(sections), int(header["revision"])
        except (ValueError, KeyError, TypeError) as error:
            raise IndexFileError("damaged", path) from error
