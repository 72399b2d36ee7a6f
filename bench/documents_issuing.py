"""Benchmarks of issuing: seals made and proven, and what lists of revoked seals cost on a thin link."""

import hashlib
import time
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import ec

from jiwar.documents.logic.revoked import SIZE, pack, seconds, unpack
from jiwar.documents.signer_keys import raw_signature

REVOKED = 10_000
MONTHS = 12
SIGNATURES = 500


def benchmarks() -> Iterator[dict]:
    """Rows: seconds of a 64 kbit/s link for a year of revoked seals, and for one more; lists read; seals signed."""
    months = [
        [hashlib.sha256(b"%d" % number).digest()[:SIZE] for number in range(month, REVOKED, MONTHS)]
        for month in range(MONTHS)
    ]
    whole = sum(map(seconds, months))
    yield _row("revoked_whole_s", round(whole, 1), "s", "lower", 15.0)
    yield _row("revoked_one_more_s", round(max(map(seconds, months)), 2), "s", "lower", 2.0)
    lists = [pack(month) for month in months]
    start = time.process_time()
    for _ in range(20):
        for text in lists:
            unpack(text)
    yield _row("revoked_read_per_s", round(20 * REVOKED / (time.process_time() - start)), "1/s", "higher", 1_000_000)
    key = ec.generate_private_key(ec.SECP256R1())
    start = time.process_time()
    for number in range(SIGNATURES):
        raw_signature(key, b"%d" % number)
    yield _row("seals_signed_per_s", round(SIGNATURES / (time.process_time() - start)), "1/s", "higher", 1_000)


def _row(name: str, value: float, unit: str, better: str, goal: float) -> dict:
    return {"name": f"documents_issuing.{name}", "value": value, "unit": unit, "goal": goal, "better": better}
