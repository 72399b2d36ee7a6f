"""Benchmarks of the room `documents`: machine readable zones read per second, beside the package `mrz`."""

import json
import subprocess
import time
from collections.abc import Iterator
from datetime import date

from bench import peers
from jiwar.documents.logic.mrz import read_mrz
from jiwar.documents.logic.mrz_writing import make_td3

PEER = "mrz 0.6.2"
GOAL = 50_000
PASSPORTS = 2_000
ROUNDS = 5

# The peer checks in its constructor; its result and its fields are asked for, as an officer's screen would.
PEER_PROGRAM = """
import json, sys, time
from mrz.checker.td3 import TD3CodeChecker
zones, rounds = json.load(sys.stdin)
best = 0.0
for _ in range(rounds):
    start = time.process_time()
    for zone in zones:
        checker = TD3CodeChecker(zone)
        assert checker, zone
        checker.fields()
    best = max(best, len(zones) / (time.process_time() - start))
print(best)
"""


def benchmarks() -> Iterator[dict]:
    """One row: passports (TD3) read and checked per second of processor time, the best of five rounds."""
    zones = _passports()
    row = {
        "name": "documents.mrz_read_per_s",
        "value": round(_reads_per_second(zones)),
        "unit": "1/s",
        "goal": GOAL,
        "better": "higher",
    }
    try:
        yield row | {"peer": PEER, "peer_value": round(_peer_reads_per_second(zones))}
    except peers.PeerUnavailable as why:
        yield row | {"note": str(why)}


def _peer_reads_per_second(zones: list[str]) -> float:
    python = peers.python("mrz", [PEER.replace(" ", "==")])
    answer = subprocess.run(
        [python, "-c", PEER_PROGRAM], input=json.dumps([zones, ROUNDS]), capture_output=True, text=True, check=True
    )
    return float(answer.stdout)


def _passports() -> list[str]:
    states = ["LBY", "TUN", "DZA", "NER", "TCD", "SDN", "EGY", "MAR", "MRT", "MLI"]
    return [
        make_td3(
            issuer=states[n % 10],
            nationality=states[n % 10],
            number=f"P{n:07}",
            surname=f"EXAMPLE {'ABCDEFGHIJ'[n % 10]}",
            given_names="ANNA MARIA",
            birth_date=date(1950 + n % 50, 1 + n % 12, 1 + n % 28),
            sex="MF"[n % 2],
            expiry=date(2030, 1 + n % 12, 1 + n % 28),
            optional=f"{n:06}",
        )
        for n in range(PASSPORTS)
    ]


def _reads_per_second(zones: list[str]) -> float:
    best = 0.0
    for _ in range(ROUNDS):
        start = time.process_time()
        for zone in zones:
            read = read_mrz(zone, date(2026, 1, 1))
            assert not read.failed, zone
            assert not read.problems, zone
        best = max(best, len(zones) / (time.process_time() - start))
    return best
