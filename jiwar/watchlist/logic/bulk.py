"""Many questions against one index, on whatever machine holds a copy of it: the part of a search that needs no node.

Whether a candidate is in force, and whether the question is lawful at all, is for the node to say (`file_screening`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from jiwar.wire.faults import Fault

from .evidence import Query
from .index import Candidate, Index
from .table import Row


@lru_cache(maxsize=1)
def opened(path: Path, digest: str) -> Index:
    """A copy of an index that was sent here, mapped once in each process. ValueError where its SHA-256 is another."""
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise ValueError(f"{path.name}: not the index that was sent")
    return Index.open(path)


class Found(NamedTuple):
    """Whom a row may mean; nobody where it is faulty."""

    number: int
    query: Query | None
    faults: tuple[Fault, ...]
    candidates: list[Candidate]


def find(index: Index, rows: Iterable[Row], limit: int, threshold: float) -> Iterator[Found]:
    """Search for each row in turn: at most `limit` candidates of at least `threshold`."""
    for row in rows:
        found = index.search(row.query, limit, index.fair(row.query, threshold)) if row.query is not None else []
        yield Found(row.number, row.query, row.faults, found)
