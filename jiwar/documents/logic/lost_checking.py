"""What the registry of lost documents means for a document on the desk, as a check."""

from jiwar.documents.logic.lost import LostAnswer
from jiwar.documents.logic.report import Check, Result


def check_lost(answer: LostAnswer) -> Check:
    """The check ``lost``: failed where this very document is registered; not supported where this node has no
    registry, undetermined where the one that it has cannot be used.

    A number that only looks like a registered one is a child that succeeded with code ``lost_lookalike`` or
    ``lost_other_type``: look again, nothing is decided by it.
    """
    hints = tuple(
        Check(
            f"lost.hint.{place}",
            Result.SUCCESSFUL,
            f"lost_{hint.why}",
            {"number": hint.entry.number, "status": hint.entry.status.value, "since": hint.entry.since.isoformat()},
        )
        for place, hint in enumerate(answer.hints, 1)
    )
    if answer.entries:
        first = answer.entries[0]
        detail = {"since": first.since.isoformat(), "issuer": first.issuer, "record": str(first.record)}
        return Check("lost", Result.FAILED, f"document_{first.status.value}", detail, children=hints)
    if answer.registry != "in_use":
        result = Result.NOT_SUPPORTED if answer.registry == "none" else Result.UNDETERMINED
        return Check("lost", result, f"lost_registry_{answer.registry}")
    return Check("lost", Result.SUCCESSFUL, "", {"as_of": str(answer.as_of or "")}, children=hints)
