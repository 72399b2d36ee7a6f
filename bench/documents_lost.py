"""Benchmarks of the registry of lost documents as a post holds it: its size, a question, changes put on."""

import mmap
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from jiwar.documents.logic.lost_file import REMOVED, LostFile, line, write

ROWS = 20_000_000
SERIES = 5_000
QUESTIONS = 2_000
CHANGES = 1_000
PEER = f"SQLite {sqlite3.sqlite_version}, one table by number"
PEER_ROWS = 1_000_000
STATES = ("DZA", "EGY", "LBY", "MAR", "MLI", "MRT", "NER", "SDN", "TCD", "TUN")


def benchmarks() -> Iterator[dict]:
    """20 million documents of ten states, four in five of them from tables, the others reported one by one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "registry")
        began = time.process_time()
        _store(path, write(_rows(ROWS)))
        yield {"name": "documents_lost.make_s", "value": round(time.process_time() - began, 1), "unit": "s"}
        size = path.stat().st_size
        yield {"name": "documents_lost.size_mb", "value": round(size / 1e6), "unit": "MB", "goal": 1000}
        yield {
            "name": "documents_lost.bytes_per_document",
            "value": round(size / ROWS, 1),
            "unit": "bytes",
            "peer": PEER,
            "peer_value": round(_table(Path(folder, "peer.db")) / PEER_ROWS, 1),
        }
        times = _ask(path)
        for name, at in (("p50", 0.5), ("p99", 0.99)):
            yield {
                "name": f"documents_lost.look_up_{name}",
                "value": round(times[int(len(times) * at)] * 1000, 3),
                "unit": "ms",
                "goal": 5,
            }
        began = time.process_time()
        _store(Path(folder, "next"), _mapped(path).merged(_changes()))
        yield {
            "name": "documents_lost.put_1000_changes_on_s",
            "value": round(time.process_time() - began, 2),
            "unit": "s",
        }


def _rows(count: int) -> Iterator[bytes]:
    """Lines that rise: passports numbered with gaps, then series of stolen blanks."""
    chance = random.Random(1)
    each = count // len(STATES)
    for state in STATES:
        number, report = 0, ""
        for place in range(each):
            number += chance.randrange(1, 5)
            if place % 500 == 0 or place % 5 == 0:
                report = f"{chance.getrandbits(128):032x}"
            day = f"202{chance.randrange(7)}{chance.randrange(1, 13):02}{chance.randrange(1, 29):02}"
            yield line(state, "P", f"P{number:09}", "", report, "SSLI"[number % 4], day, "20351231")
    for state in STATES:
        for place in range(SERIES // len(STATES)):
            first, report = place * 10_000, f"{chance.getrandbits(128):032x}"
            yield line(state, "P", f"X{first:09}", f"X{first + 99:09}", report, "B", "20250101", "20351231")


def _changes() -> LostFile:
    """As many new documents as are taken away, anywhere."""
    chance = random.Random(2)
    numbers = sorted(chance.sample(range(1, 5 * ROWS // len(STATES) // 2), CHANGES))
    status = ("S", REMOVED)
    rows = (
        line("NER", "P", f"P{number:09}", "", f"{number:032x}", status[place % 2], "20261001", "20351231")
        for place, number in enumerate(numbers)
    )
    return LostFile(b"".join(write(rows)))


def _ask(path: Path) -> list[float]:
    """Seconds of processor time for each question, rising: half of them are registered, some lie in a series."""
    file, chance = _mapped(path), random.Random(3)
    file.find("NER", "1")  # reads the series once
    times = []
    for place in range(QUESTIONS):
        number = f"X{place * 100:09}" if place % 10 == 0 else f"P{chance.randrange(5 * ROWS // len(STATES) // 2):09}"
        began = time.process_time()
        file.find(chance.choice(STATES), number)
        times.append(time.process_time() - began)
    return sorted(times)


def _store(path: Path, pieces: Iterator[bytes]) -> None:
    with path.open("wb") as file:
        for piece in pieces:
            file.write(piece)


def _mapped(path: Path) -> LostFile:
    with path.open("rb") as file:
        return LostFile(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _table(path: Path) -> int:
    """Bytes of a table with the same columns, by its key and without a row number."""
    with sqlite3.connect(path) as table:
        columns = "key, type, number, last, record, status, since, until"
        table.execute(f"CREATE TABLE lost ({columns}, PRIMARY KEY (key, type, number, last, record)) WITHOUT ROWID")
        rows = (text.decode().split("\t") for text in _rows(PEER_ROWS))
        packed = ((*row[:4], bytes.fromhex(row[4]), row[5], int(row[6]), int(row[7])) for row in rows)
        table.executemany("INSERT INTO lost VALUES (?, ?, ?, ?, ?, ?, ?, ?)", packed)
    table.close()
    return path.stat().st_size
