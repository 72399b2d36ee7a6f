"""A run over a file: rows are read one after the other, searched on all cores, told in their order.

Beside the answers `OUT.csv` stands `OUT.csv.run` while a run is not done: the file's hash, and how far the answers go.
The same command goes on from there. A chunk is in the ledger before its answers are written, and its answers are on the
disk before `OUT.csv.run` says so: what a power cut takes is searched again, and that is in the ledger too.
"""

import csv
import hashlib
import io
import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self
from uuid import UUID

from jiwar.access.policy import Grant
from jiwar.records.words import fault_text, word
from jiwar.watchlist import thresholds
from jiwar.watchlist.file_screening import CHUNK, REACH, Run, Settled, begin, end, keep, settle
from jiwar.watchlist.file_worker import set_up
from jiwar.watchlist.logic.bulk import find
from jiwar.watchlist.logic.table import Row, Table
from jiwar.watchlist.screening import Difference, Match, Reason
from jiwar.watchlist.this_index import current_index
from jiwar.wire.faults import Fault, Refused

COLUMNS = (
    "row", "candidate", "probability", "likeness", "names", "birth_dates", "nationalities", "action", "issuing_state",
    "reference", "record", "agrees", "differs", "unknown", "fault",
)  # fmt: skip
"""Of the answers. A row without a candidate and without a fault has no line."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would work out instead of showing it."""


@dataclass(frozen=True, slots=True)
class File:
    """What is screened, and where the answers go. `named`, `delimiter`: as `logic.table.Table`."""

    path: Path
    out: Path
    named: Mapping[str, str]
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: rows told, those of them that were refused and that found someone; bytes read, and of all."""

    rows: int = 0
    refused: int = 0
    found: int = 0
    read: int = 0
    size: int = 0


Say = Callable[[Progress], None]


class Searching(Protocol):
    """Who searches for a run: this process, processes of this machine, or a cluster (`examples/spark_screen.py`)."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

    def through(self, run: Run, chunks: Iterator[list[Row]]) -> Iterator["Chunk"]:
        """Chunks searched, in their order; few at a time, so that memory does not grow with the file."""


def screen_file(by: Grant, file: File, reason: str, say: Say, searching: Searching, language: str) -> Progress:
    """Screen a file, or go on with a run that did not end; `say` hears of each chunk.

    Raises AccessRefused, OSError, and Refused: as `Table` and `begin`, output_exists, other_run, too_many_searches.
    """
    with ExitStack() as stack:
        source = stack.enter_context(file.path.open("rb"))
        table = Table(source, file.named, file.delimiter)
        about = {"file": _hash(file.path), "columns": table.columns}
        state = _State(file.out, about | {"reason": reason, "purpose": str(by.purpose), "case": by.case})
        run = begin(by, reason, about, state.run)
        answers = stack.enter_context(_Answers(file.out, state, run.id, language))
        done = replace(state.done, size=file.path.stat().st_size)
        rows = iter(table)
        for _ in range(done.rows):
            next(rows, None)
        stack.enter_context(searching)
        for chunk in searching.through(run, _chunks(rows)):
            keep(run, chunk.rows, chunk.entries)
            done = Progress(
                done.rows + len(chunk.rows),
                done.refused + sum(1 for row in chunk.rows if row.faults),
                done.found + sum(1 for row in chunk.rows if row.matches),
                table.read,
                done.size,
            )
            answers.write(chunk.rows, done)
            say(done)
        end(run, {"rows": done.rows, "refused": done.refused, "found": done.found})
        answers.close_run()
    return done


# Searching ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that were searched, in an index of so many entries."""

    rows: list[Settled]
    entries: int


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _work(run: Run, rows: Sequence[Row]) -> Chunk:
    """Search a chunk, in whichever process."""
    index, limits = current_index(), thresholds.in_force()
    found = list(find(index, rows, REACH.found, limits.lowest))
    return Chunk(settle(run, found, len(index), limits), len(index))


class Processes:
    """Processes that search, each with the index mapped from the disk; with one, this process does it."""

    def __init__(self, number: int) -> None:
        self._processes = number
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self._processes > 1:
            from django.conf import settings

            # Not by fork: a copy of this process would share its connection to the database.
            self._pool = ProcessPoolExecutor(
                self._processes, get_context("spawn"), initializer=set_up, initargs=(str(settings.DATA),)
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def through(self, run: Run, chunks: Iterator[list[Row]]) -> Iterator[Chunk]:
        """As `Searching` says."""
        pool = self._pool
        if pool is None:
            yield from (_work(run, chunk) for chunk in chunks)
            return
        searched = (pool.submit(_work, run, chunk) for chunk in chunks)
        under_way = deque(islice(searched, 2 * self._processes))
        while under_way:
            yield under_way.popleft().result()
            under_way.extend(islice(searched, 1))


# Answers, and how far they go -----------------------------------------------------------------------------------------


class _State:
    """What `OUT.csv.run` says: of which file and question the answers are, and how far they go."""

    def __init__(self, out: Path, about: Mapping[str, Any]) -> None:
        self.path = out.with_name(out.name + ".run")
        self._about = json.loads(json.dumps(about))
        self.run: UUID | None = None
        self.done, self.written = Progress(), 0
        if not self.path.exists():
            if out.exists():
                raise Refused(Fault("output_exists", "out", out.name))
            return
        try:
            held = json.loads(self.path.read_bytes())
            self.run, self.done, self.written = UUID(held["run"]), Progress(**held["done"]), int(held["written"])
            about_it = held["about"]
        except (ValueError, TypeError, KeyError):
            about_it = None
        if about_it != self._about or not out.exists() or out.stat().st_size < self.written:
            raise Refused(Fault("other_run", "out", out.name))

    def keep(self, run: UUID, done: Progress, written: int) -> None:
        """Replace the file at once, after what it says is on the disk."""
        held = {"run": str(run), "done": asdict(done), "written": written, "about": self._about}
        partial_ = self.path.with_name(self.path.name + ".partial")
        with partial_.open("w", encoding="utf-8") as file:
            partial_.chmod(0o600)
            json.dump(held, file)
            file.flush()
            os.fsync(file.fileno())
        partial_.replace(self.path)


class _Answers:
    """`OUT.csv`: a line for each candidate and for each row that was refused."""

    def __init__(self, out: Path, state: _State, run: UUID, language: str) -> None:
        self._out, self._state, self._run, self._language = out, state, run, language

    def __enter__(self) -> Self:
        new = self._state.written == 0
        self._file: BinaryIO = self._out.open("xb" if new else "r+b")
        self._out.chmod(0o600)
        self._file.truncate(self._state.written)
        self._file.seek(self._state.written)
        if new:
            self._file.write(_lines([COLUMNS]))
            self._keep(self._state.done)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, rows: Sequence[Settled], done: Progress) -> None:
        self._file.write(_lines([line for row in rows for line in lines_of(row, self._language)]))
        self._keep(done)

    def close_run(self) -> None:
        """The run has ended: nothing is left to go on with."""
        with suppress(FileNotFoundError):
            self._state.path.unlink()

    def _keep(self, done: Progress) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._state.keep(self._run, done, self._file.tell())


def lines_of(row: Settled, language: str) -> Iterator[list[str]]:
    """The cells of a row's answers, in the order of COLUMNS."""
    if row.faults:
        said = "; ".join(
            f"{fault.field}: {text}" if fault.field else text
            for fault in row.faults
            for text in [fault_text(fault.code, fault.detail, language)]
        )
        yield [str(row.number), *[""] * (len(COLUMNS) - 2), said]
    for number, match in enumerate(row.matches, 1):
        yield [str(row.number), str(number), *_cells(match, language), ""]


def _cells(match: Match, language: str) -> list[str]:
    return [
        f"{match.score:.3f}",
        word("match_strength", match.strength, language),
        " · ".join(match.names),
        " · ".join(match.birth_dates),
        " · ".join(match.nationalities),
        "; ".join([word("action", match.action, language), *_restrictions(match, language)]),
        match.issuing_state,
        match.source_reference,
        str(match.record_uid),
        _grounds("match_reason", match.reasons, language),
        _grounds("match_difference", match.differences, language),
        "; ".join(word("match_field", field, language) for field in match.unknown),
    ]


def _restrictions(match: Match, language: str) -> list[str]:
    return [word("restriction", code, language) for code in match.restrictions]


def _grounds(group: str, grounds: Sequence[Reason] | Sequence[Difference], language: str) -> str:
    return "; ".join(f"{word(group, one.code, language)} ({one.query} / {one.subject})" for one in grounds)


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([[f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row] for row in rows])
    return text.getvalue().encode()


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
