"""Pouches between two real nodes that no line joins: killed, full, pulled out. What was taken stays, once."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jiwar.operation.processes import environment
from tests.faults.forgetful import AVAILABLE, Forgetful, forgetful
from tests.pair import Machine, Pair, expected, two_nodes

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]
COUNT = 120
needs_fuse = pytest.mark.skipif(not AVAILABLE, reason="no FUSE on this machine")

START = """
import sys
from pathlib import Path
import django; django.setup()
from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.exchange import packing
from jiwar.exchange.pouch import open_pouch, pack
from jiwar.wire.faults import Refused
by = as_node(Permission.EXCHANGE_POUCH_CARRY)
packing.ROOM = 60_000  # many frames in a small pouch
try:
    %s
except Refused as refused:
    sys.exit(refused.faults[0].code)
"""
PACK = START % "print(pack(by, sys.argv[1], Path(sys.argv[2]), why='no line').size)"
OPEN = START % "print(open_pouch(by, open(sys.argv[1], 'rb')).contents)"
STORY = """
import json
from jiwar.exchange.models import Pouch
row = Pouch.objects.filter(incoming=True).first()
print(json.dumps([row.state, row.offset, row.contents] if row else []))
"""


def begin(machine: Machine, program: str, *told: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, told)],
        env=environment(machine.folder) | machine.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(machine: Machine, program: str, *told: object) -> str:
    """What a run came to: "" when it did all, else the code of the refusal."""
    process = begin(machine, program, *told)
    _, errors = process.communicate(timeout=300)
    assert "Traceback" not in errors, errors
    return errors.strip().splitlines()[-1] if process.returncode else ""


def there_and_back(pair: Pair, count: int, stick: Path) -> None:
    """The receipts go home with the pouch that goes back, and everything is as if there had been a line."""
    assert pair.taken() == expected(count)
    before = pair["NER"].python(STORY)
    assert run(pair["NER"], OPEN, stick / "NER.pouch") == ""
    assert pair["NER"].python(STORY) == before
    assert pair.taken() == expected(count)
    back = stick / "LBY.pouch"
    assert run(pair["NER"], PACK, "LBY", back) == ""
    assert run(pair["LBY"], OPEN, back) == ""
    pair.acknowledged(count)
    pair.verified()


@pytest.fixture
def apart(tmp_path: Path, migrated: Callable[[Path], str]) -> Iterator[Pair]:
    """Libya and Niger, switched off: neither hears of the other but by a pouch."""
    with two_nodes(tmp_path, migrated, start=False) as pair:
        yield pair


@pytest.mark.slow
def test_whoever_opens_it_is_killed_again_and_again(apart: Pair, tmp_path: Path) -> None:
    chance = random.Random(5)
    print("seed 5")
    count, path = COUNT, tmp_path / "NER.pouch"
    apart.issue(1, count)
    assert run(apart["LBY"], PACK, "NER", path) == ""
    for _ in range(4):
        process = begin(apart["NER"], OPEN, path)
        time.sleep(chance.uniform(0.8, 3.5))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        references, records, leaves = apart.taken()
        assert references == expected(count)[0][: len(references)]  # type: ignore[index]
        assert len(references) == records == leaves
    assert run(apart["NER"], OPEN, path) == ""
    there_and_back(apart, count, tmp_path)


def test_whoever_packs_it_is_killed(apart: Pair, tmp_path: Path) -> None:
    """What was sealed for a pouch that never was goes with the next one."""
    chance = random.Random(6)
    print("seed 6")
    count, path = COUNT, tmp_path / "NER.pouch"
    apart.issue(1, count)
    for _ in range(3):
        process = begin(apart["LBY"], PACK, "NER", path)
        time.sleep(chance.uniform(0.8, 2.5))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if path.exists():  # it was whole before the signal came
            path.unlink()
    assert run(apart["LBY"], PACK, "NER", path) == ""
    assert run(apart["NER"], OPEN, path) == ""
    there_and_back(apart, count, tmp_path)


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[Forgetful]:
    with forgetful(tmp_path, seed=9) as made:
        yield made


@needs_fuse
@pytest.mark.slow
def test_a_stick_is_pulled_out_while_it_is_written_and_while_it_is_read(apart: Pair, stick: Forgetful) -> None:
    count, path = COUNT, stick.mount / "NER.pouch"
    apart.issue(1, count)
    process = begin(apart["LBY"], PACK, "NER", path)
    part = path.with_name("NER.pouch.part")
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size > 200_000):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    stick.cut(torn=True)
    _, errors = process.communicate(timeout=120)
    assert errors.strip().splitlines()[-1] == "file_not_written"
    stick.start()
    assert not path.exists()
    assert run(apart["LBY"], PACK, "NER", path) == ""
    # What was said to be written is on it, though nobody released it.
    stick.cut(torn=False)
    stick.start()
    process = begin(apart["NER"], OPEN, path)
    while process.poll() is None and not (json.loads(apart["NER"].python(STORY)) or [0, 0])[1]:
        pass
    stick.cut(torn=False)
    _, errors = process.communicate(timeout=120)
    if process.returncode:
        assert errors.strip().splitlines()[-1] == "pouch_unreadable"
    stick.start()
    assert run(apart["NER"], OPEN, path) == ""
    there_and_back(apart, count, stick.mount)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")
def test_a_full_disk_stops_it_and_room_lets_it_go_on(tmp_path: Path) -> None:
    """On SQLite, whose file is on the disk that is full."""
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(small)], check=True)
    try:
        with two_nodes(tmp_path, lambda _: "", folders={"NER": small / "NER"}, start=False) as pair:
            count, path = COUNT, tmp_path / "NER.pouch"
            pair.issue(1, count)
            assert run(pair["LBY"], PACK, "NER", path) == ""
            filler = small / "filler"
            space = os.statvfs(small)
            filler.write_bytes(bytes(space.f_bavail * space.f_frsize - 2_000_000))
            assert run(pair["NER"], OPEN, path) == "disk_full"
            references, records, leaves = pair.taken()
            assert len(references) == records == leaves < count  # type: ignore[arg-type]
            filler.unlink()
            assert run(pair["NER"], OPEN, path) == ""
            there_and_back(pair, count, tmp_path)
            # And where it is written.
            tiny = small / "tiny.pouch"
            filler.write_bytes(bytes(os.statvfs(small).f_bavail * os.statvfs(small).f_frsize - 100_000))
            pair.issue(count + 1, 40)
            assert run(pair["LBY"], PACK, "NER", tiny) == "disk_full"
            assert sorted(file.name for file in small.glob("tiny*")) == []
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)
