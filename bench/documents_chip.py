"""Benchmarks of chips: one reading by the processor's time, its checks, and the arithmetic of PACE beside a library's.

What a reading takes at a desk is the radio's time: some 2 to 4 seconds for 20 kB, whatever the terminal computes.
"""

import datetime as dt
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench import peers
from jiwar.documents.logic.chip_checking import check_chip
from jiwar.documents.logic.chip_groups import standard
from jiwar.documents.logic.chip_reading import ReadingPolicy, read_chip
from jiwar.documents.logic.report import Result
from tests.documents import made_chips as chips
from tests.documents.virtual_card import VirtualCard

AT = dt.date(2026, 11, 26)
PEER = "ecdsa 0.19.1"
ROUNDS = 3
PEER_PROGRAM = """
import secrets, time
from ecdsa import BRAINPOOLP256r1 as curve
from ecdsa.ellipticcurve import PointJacobi
g, n = curve.generator, curve.order
other = g * secrets.randbelow(n)
# A point that came over the air: no table is made for it beforehand.
other = PointJacobi(curve.curve, other.x(), other.y(), 1, n)
def mapped():
    mapped = g * secrets.randbelow(2**128) + other * secrets.randbelow(n)
    return mapped.x(), mapped.y()
best = 0.0
for _ in range(3):
    start, count = time.process_time(), 0
    while time.process_time() - start < 0.5:
        mapped()
        count += 1
    best = max(best, count / (time.process_time() - start))
print(best)
"""


def benchmarks() -> Iterator[dict]:
    """PACE on brainpoolP256r1, chip authentication, active authentication by ECDSA, files of 2 kB."""
    chip = chips.modern(chips.CAM.format(2))
    reading = read_chip(VirtualCard(chip), chips.PASSWORD, ReadingPolicy(), secrets.token_bytes)
    checks = check_chip(reading, None, AT)
    assert checks[1].result is Result.UNDETERMINED, checks  # no page is shown; all else is successful
    assert {checks[0].result, checks[2].result} == {Result.SUCCESSFUL}, checks

    def read() -> None:
        read_chip(VirtualCard(chip), chips.PASSWORD, ReadingPolicy(), secrets.token_bytes)

    # Both sides of it: the virtual chip computes as much as the terminal.
    yield _row("reading_both_sides_ms", 1_000 / _per_second(read), 250, "ms") | {"better": "lower"}
    yield _row("checks_per_s", _per_second(lambda: check_chip(reading, None, AT)), 50)
    group, secret, nonce = standard(13), secrets.randbelow(2**255), secrets.randbelow(2**128)
    public = group.public(secrets.randbelow(2**255))
    row = _row("mappings_per_s", _per_second(lambda: group.mapped(nonce, secret, public)), 100)
    try:
        python = peers.python("ecdsa", [PEER.replace(" ", "==")])
        answer = subprocess.run([python, "-c", PEER_PROGRAM], capture_output=True, text=True, check=True)
        yield row | {"peer": PEER, "peer_value": round(float(answer.stdout))}
    except peers.PeerUnavailable as why:
        yield row | {"note": str(why)}


def _row(name: str, value: float, goal: int, unit: str = "1/s") -> dict[str, Any]:
    return {"name": f"documents_chip.{name}", "value": round(value), "unit": unit, "goal": goal, "better": "higher"}


def _per_second(act: Callable[[], object]) -> float:
    """By the processor's time, the best of a few rounds of half a second."""
    best = 0.0
    for _ in range(ROUNDS):
        count, start = 0, time.process_time()
        while (spent := time.process_time() - start) < 0.5:
            act()
            count += 1
        best = max(best, count / spent)
    return best
