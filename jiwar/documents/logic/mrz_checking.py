"""What a machine readable zone proves of itself: a tree of checks (ICAO Doc 9303-3 to -7, BSI TR-03135)."""

from datetime import date

from jiwar.documents.logic.mrz import Mrz, MrzUnreadable, Problem, read_mrz
from jiwar.documents.logic.mrz_repair import repair_mrz
from jiwar.documents.logic.report import Check, Result, evidence, group

# A wrong digit, or a character that has no place where it stands, is no zone that a state printed. A code that no list
# holds, or a name parted twice, is on real documents.
_RESULT = {
    "impossible_date": Result.FAILED,
    "invalid_character": Result.FAILED,
    "misplaced_filler": Result.UNDETERMINED,
    "unknown_code": Result.UNDETERMINED,
}


def check_mrz(text: str, at: date) -> Check:
    """The check ``mrz`` with one child for each check digit (``mrz.number``, ...), for each problem
    (``mrz.name.misplaced_filler``), and for the day on which the document ends (``mrz.validity``).

    Text that has not the shape of a zone is aborted. Where one repair alone would make every check digit right,
    ``mrz.repair`` says it: an officer looks at that character again; it changes no result.
    """
    try:
        zone = read_mrz(text, at)
    except MrzUnreadable as unreadable:
        return Check("mrz", Result.ABORTED, f"mrz_{unreadable.code}", {"field": unreadable.field, **unreadable.detail})
    looked_at = evidence("\n".join(zone.lines).encode("ascii", "replace"))
    children = [*_digits(zone), *map(_problem, zone.problems), _validity(zone), *_repair(text, zone, at)]
    whole = group("mrz", children)
    return Check("mrz", whole.result, "", {"format": zone.format.value}, looked_at, children=whole.children)


def _digits(zone: Mrz) -> list[Check]:
    return [
        Check(f"mrz.{check.field}", Result.SUCCESSFUL)
        if check.ok
        else Check(
            f"mrz.{check.field}",
            Result.FAILED,
            "mrz_check_digit_wrong",
            {"field": check.field, "expected": check.expected or "-", "found": check.found},
        )
        for check in zone.checks
    ]


def _problem(problem: Problem) -> Check:
    detail: dict[str, str | int] = {"field": problem.field, "line": problem.line, "position": problem.position}
    return Check(f"mrz.{problem.field}.{problem.code}", _RESULT[problem.code], f"mrz_{problem.code}", detail)


def _validity(zone: Mrz) -> Check:
    """Whether the document ends before `at`; a date that nobody can know is undetermined."""
    if zone.expired is None:
        return Check("mrz.validity", Result.UNDETERMINED, "mrz_expiry_unknown")
    detail = {"date": str(zone.expiry)}
    if zone.expired:
        return Check("mrz.validity", Result.FAILED, "document_expired", detail)
    return Check("mrz.validity", Result.SUCCESSFUL, "", detail)


def _repair(text: str, zone: Mrz, at: date) -> list[Check]:
    # Only a failure is repaired: a code that no list holds or an old date may be what the state printed.
    if not zone.failed and all(problem.code != "invalid_character" for problem in zone.problems):
        return []
    repair = repair_mrz(text, at)
    if repair is None:
        return []
    changes = ", ".join(str(change) for change in repair.changes)
    return [Check("mrz.repair", Result.SUCCESSFUL, "mrz_repair_offered", {"changes": changes})]
