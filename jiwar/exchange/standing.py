"""Where this node stands with its own past: its epoch, and whether it found that it runs from an old copy."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from jiwar.exchange.models import Link, Restore

_here = threading.local()
_changes = 0


def epoch() -> int:
    """The node's epoch: 1, and one more after each restore."""
    return max((row.epoch for row in _restores() if row.epoch), default=1)


def restoring() -> Restore | None:
    """The restore that waits for its ceremony, if one does: until then nothing is sealed, taken or receipted."""
    return next((row for row in _restores() if row.ended_at is None), None)


@dataclass(slots=True)
class Moment:
    """What was found of what seldom changes; good for a second, until this process itself changes any of it, and until
    any process finds that a restore waits."""

    since: float = float("-inf")
    changes: int = -1
    marked: bool = False
    restores: list[Restore] | None = None
    links: dict[str, Link] = field(default_factory=dict)

    def renew(self) -> "Moment":
        """Forget what was found when it is no longer good."""
        now, marked = time.monotonic(), _marker().exists()
        if now - self.since > 1 or (self.changes, self.marked) != (_changes, marked):
            self.since, self.changes, self.marked, self.restores = now, _changes, marked, None
            self.links.clear()
        return self


@contextmanager
def one_moment(kept: Moment | None = None) -> Iterator[None]:
    """Ask the database once for all that is asked inside, or use what is `kept`; a change of ours counts at once."""
    if hasattr(_here, "moment"):
        yield
        return
    _here.moment = kept or Moment()
    try:
        yield
    finally:
        del _here.moment


def moment() -> Moment:
    """What was found inside `one_moment`; outside, nothing."""
    found: Moment = getattr(_here, "moment", None) or Moment()
    return found.renew()


def _restores() -> list[Restore]:
    now = moment()
    found = now.restores  # another thread may renew it meanwhile
    if found is None:
        now.restores = found = list(Restore.objects.all())
    return found


def changed() -> None:
    """This process has changed a restore or a link: what is asked from now on is asked anew."""
    global _changes  # noqa: PLW0603 - one count for all threads
    _changes += 1


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
