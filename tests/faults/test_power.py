"""The current goes: what a disk had not synced is gone, or torn. What was acknowledged stays, once."""

import os
import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.forgetful import AVAILABLE, Forgetful, forgetful
from tests.faults.test_kills import kept
from tests.pair import expected, two_nodes

pytestmark = [
    pytest.mark.fault,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not AVAILABLE, reason="no FUSE on this machine"),
]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Forgetful]:
    with forgetful(tmp_path, seed=7) as made:
        yield made


@pytest.mark.parametrize("torn", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_disk_really_forgets_what_was_not_synced(disk: Forgetful, torn: bool) -> None:
    """Without this, the tests below would prove nothing."""
    path = disk.mount / "control.sqlite3"
    counts = []
    for synchronous in ("FULL", "OFF"):
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("CREATE TABLE IF NOT EXISTS t (n)")
        for n in range(100):
            connection.execute("INSERT INTO t VALUES (?)", (n,))
        disk.cut(torn=torn)
        connection.close()
        disk.start()
        check = sqlite3.connect(path)
        counts.append(check.execute("SELECT count(*) FROM t").fetchone()[0])
        assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        check.close()
    assert counts[0] == 100
    assert counts[1] < 200


@pytest.fixture
def database(template: Path | str) -> Callable[[Path], str]:
    """A database of SQLite in a node's folder, synced as one that the node has made itself."""

    def make(folder: Path) -> str:
        if isinstance(template, Path):
            folder.mkdir(mode=0o700)
            with Path(shutil.copy(template, folder / "node.sqlite3")).open("r+b") as file:
                os.fsync(file.fileno())
        return ""

    return make


@pytest.mark.parametrize("victim", ["NER", pytest.param("LBY", marks=pytest.mark.slow)])
def test_power_cuts_lose_nothing_that_was_acknowledged(
    tmp_path: Path, disk: Forgetful, database: Callable[[Path], str], victim: str
) -> None:
    """On SQLite, whose file is on the disk that forgets."""
    chance = random.Random(victim)
    with two_nodes(tmp_path, database, folders={victim: disk.mount / victim}, start=False) as pair:
        other = next(code for code in pair if code != victim)
        pair[other].start()
        count = 60
        pair.issue(1, count)
        for torn in (False, True):
            pair[victim].start()
            time.sleep(chance.uniform(0.3, 2.0))
            disk.cut(torn=torn)
            pair[victim].kill()
            disk.start()
            kept(pair)
        pair[victim].start()
        pair.acknowledged(count, seconds=120)
        assert pair.taken() == expected(count)
        pair.verified()
