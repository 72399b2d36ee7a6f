"""Where this node stands with its own past: its epoch, and whether it found that it runs from an old copy."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from jiwar.exchange.models import Restore

_here = threading.local()


def epoch() -> int:
    """The node's epoch: 1, and one more after each restore."""
    return max((row.epoch for row in _restores() if row.epoch), default=1)


def restoring() -> Restore | None:
    """The restore that waits for its ceremony, if one does: until then nothing is sealed, taken or receipted."""
    return next((row for row in _restores() if row.ended_at is None), None)


@contextmanager
def one_moment() -> Iterator[None]:
    """Ask the database once for all that is asked inside; what this thread changes inside counts at once."""
    if hasattr(_here, "seen"):
        yield
        return
    _here.seen = None
    try:
        yield
    finally:
        del _here.seen


def _restores() -> list[Restore]:
    if not hasattr(_here, "seen"):
        return list(Restore.objects.all())
    if _here.seen is None:
        _here.seen = list(Restore.objects.all())
    seen: list[Restore] = _here.seen
    return seen


def changed() -> None:
    """This thread has changed a restore: what it asks from now on, it asks anew."""
    if hasattr(_here, "seen"):
        _here.seen = None


def mark() -> None:
    """Leave a file in the data folder while a restore waits, so that every page can tell without asking the database.

    Called whenever that changes, and at each start; the database has the last word.
    """
    changed()
    if restoring():
        _marker().touch(mode=0o600)
    else:
        _marker().unlink(missing_ok=True)


def announced() -> Restore | None:
    """As `restoring`, for pages: no question to the database while nothing waits."""
    if not _marker().exists():
        return None
    row = restoring()
    if row is None:
        _marker().unlink(missing_ok=True)
    return row


def _marker() -> Path:
    return Path(settings.DATA) / "restoring"
