"""Where pouches lie on this node: those that were made at the console to be fetched, those that are being opened."""

import datetime as dt
import os
from pathlib import Path
from uuid import UUID

from django.conf import settings

from jiwar.exchange.attachments import RESERVE
from jiwar.wire.faults import Fault, Refused

KEPT = dt.timedelta(days=14)
"""How long a pouch that was made at the console waits to be fetched again: a stick may break."""


def folder() -> Path:
    """`<data>/pouches`."""
    found: Path = settings.DATA / "pouches"
    found.mkdir(mode=0o700, exist_ok=True)
    return found


def path_of(uid: UUID) -> Path:
    """Where a pouch that is made at the console lies."""
    return folder() / f"{uid}.pouch"


def leave_room() -> None:
    """Refuse with `disk_full` where this node's disk has no more room than what matters more needs."""
    space = os.statvfs(folder())
    if space.f_bavail * space.f_frsize < RESERVE:
        raise Refused(Fault("disk_full", "file"))


def sweep(by: object, at: dt.datetime) -> int:
    """Delete what has lain there long enough; returns how many files."""
    count = 0
    for path in folder().iterdir():
        if path.stat().st_mtime < (at - KEPT).timestamp():
            path.unlink(missing_ok=True)
            count += 1
    return count
