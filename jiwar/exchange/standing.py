"""Where this node stands with its own past: its epoch, and whether it found that it runs from an old copy."""

from pathlib import Path

from django.conf import settings

from jiwar.exchange.models import Restore


def epoch() -> int:
    """The node's epoch: 1, and one more after each restore."""
    newest = Restore.objects.exclude(epoch=None).order_by("-epoch").values_list("epoch", flat=True).first()
    return newest or 1


def restoring() -> Restore | None:
    """The restore that waits for its ceremony, if one does: until then nothing is sealed, taken or receipted."""
    return Restore.objects.filter(ended_at=None).first()


def mark() -> None:
    """Leave a file in the data folder while a restore waits, so that every page can tell without asking the database.

    Called whenever that changes, and at each start; the database has the last word.
    """
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
