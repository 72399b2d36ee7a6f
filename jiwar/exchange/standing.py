"""Where this node stands with its own past: its epoch, and whether it found that it runs from an old copy."""

from jiwar.exchange.models import Restore


def epoch() -> int:
    """The node's epoch: 1, and one more after each restore."""
    newest = Restore.objects.exclude(epoch=None).order_by("-epoch").values_list("epoch", flat=True).first()
    return newest or 1


def restoring() -> Restore | None:
    """The restore that waits for its ceremony, if one does: until then nothing is sealed, taken or receipted."""
    return Restore.objects.filter(ended_at=None).first()
