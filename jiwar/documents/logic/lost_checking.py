"""What the registry of lost documents means for a document on the desk, as a check."""

from jiwar.documents.logic.lost import LostAnswer
from jiwar.documents.logic.report import Check, Result


def check_lost(answer: LostAnswer) -> Check:
    """The check ``lost``: failed where this very document is registered, undetermined where no registry is in use.

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
        return Check("lost", Result.UNDETERMINED, f"lost_registry_{answer.registry}", children=hints)
    return Check("lost", Result.SUCCESSFUL, "", {"as_of": str(answer.as_of or "")}, children=hints)
