"""Where pouches lie on this node: those that were made at the console to be fetched, those that are being opened."""

import datetime as dt
from pathlib import Path

from django.conf import settings

KEPT = dt.timedelta(days=14)
"""How long a pouch that was made at the console waits to be fetched again: a stick may break."""


def folder() -> Path:
    """`<data>/pouches`."""
    found: Path = settings.DATA / "pouches"
    found.mkdir(mode=0o700, exist_ok=True)
    return found


def sweep(by: object, at: dt.datetime) -> int:
    """Delete what has lain there long enough; returns how many files."""
    count = 0
    for path in folder().iterdir():
        if path.stat().st_mtime < (at - KEPT).timestamp():
            path.unlink(missing_ok=True)
            count += 1
    return count
