"""What an alert must meet beyond its form (rules R1, R13, R14, R16): pure, over the plain body.

The body may be half typed: every rule looks only at what it needs, so that one answer names everything that is wrong.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from jiwar.watchlist.logic import identifiers
from jiwar.watchlist.logic.dates import PartialDate
from jiwar.wire.faults import Fault

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "wanted_for_arrest": ("arrest_for_extradition", "refer_to_contact_point"),
    "discreet_check": ("check_discreetly",),
    "missing": ("contact_and_tell", "protect_and_locate"),
    "refused_entry": ("refuse_entry_by_decision", "refer_to_contact_point"),
}
"""What may be asked of an officer, by type of alert on a person."""

ACTIONS_ON: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "person": ACTIONS,
    "group": {
        "designated": ("freeze_assets_report", "refer_to_contact_point"),
        "discreet_check": ("check_discreetly",),
    },
    "object": {
        "stolen": ("seize_and_report", "refer_to_contact_point"),
        "lost": ("seize_and_report", "refer_to_contact_point"),
        "evidence": ("seize_and_report", "refer_to_contact_point"),
        "frozen": ("freeze_assets_report", "refer_to_contact_point"),
        "discreet_check": ("check_discreetly",),
    },
}
"""The same, by what the alert is on."""

SUBJECTS: Final[Mapping[str, tuple[str, ...]]] = {
    "person": ("person",),
    "group": ("organisation", "armed_group"),
    "object": ("vehicle", "vessel", "aircraft", "document", "device", "account", "object"),
}
"""Types of subject, by what an alert on them is called."""

_GROUNDS: Final = {
    "missing": ("report",),
    "stolen": ("report",),
    "lost": ("report",),
    "frozen": ("warrant",),
    "designated": ("warrant",),
}
"""What a type rests on; every other on an offence and a warrant."""

RIGHTS_QUESTIONS: Final = ("speech", "assembly", "insult", "membership", "military", "religious")
ADULT: Final = 18


def faults(body: Mapping[str, Any], today: dt.date, on: str = "person") -> list[Fault]:
    """Everything that the alert does not meet, each with its dotted field below `body`. `on`: as in ACTIONS_ON."""
    kind = str(body.get("type") or "")
    actions = ACTIONS_ON[on]
    found = [*_grounds(body, kind, today), *_subject(body, on)]
    if on == "person":
        found += _protection(body, kind, today)
    action = body.get("action")
    if kind and kind not in actions:
        found.append(Fault("type_does_not_fit", "body.type"))
    elif action and kind and action not in actions[kind]:
        found.append(Fault("action_does_not_fit", "body.action"))
    if is_yes(body.get("grave_risk")) and not body.get("ministerial_signoff"):
        found.append(Fault("signoff_missing", "body.ministerial_signoff"))
    return found


def sensitive_offence(body: Mapping[str, Any]) -> list[str]:
    """The questions of the rights screen (rule R3) that were answered yes: they force a written review."""
    screen = body.get("rights_screen")
    return [q for q in RIGHTS_QUESTIONS if isinstance(screen, Mapping) and is_yes(screen.get(q))]


def is_yes(answer: object) -> bool:
    """Whether an answer, typed or read, is a yes."""
    return answer is True or (isinstance(answer, str) and answer.lower() in {"yes", "true", "on", "1"})


def grounds_of(kind: str) -> tuple[str, ...]:
    """Which of offence, warrant and report an alert of this type rests on."""
    return _GROUNDS.get(kind, ("offence", "warrant"))


def _grounds(body: Mapping[str, Any], kind: str, today: dt.date) -> list[Fault]:
    if not kind:
        return []
    found = [Fault("missing", f"body.{name}") for name in grounds_of(kind) if not isinstance(body.get(name), Mapping)]
    for name in ("warrant", "report"):
        part = body.get(name)
        date = _date(part.get("date")) if isinstance(part, Mapping) else None
        if date and date > today:
            found.append(Fault("date_in_future", f"body.{name}.date"))
    return found


def _subject(body: Mapping[str, Any], on: str) -> list[Fault]:
    subject = body.get("subject")
    if not isinstance(subject, Mapping):
        return []
    type_ = str(subject.get("type") or ("person" if on == "person" else ""))
    if type_ not in SUBJECTS[on]:
        return [Fault("type_does_not_fit" if type_ else "missing", "body.subject.type")]
    numbers = [n for n in subject.get("identifiers") or () if isinstance(n, Mapping)]
    codes = [_code(number) for number in numbers]
    found = [Fault(code, f"body.subject.identifiers.{i}.number") for i, code in enumerate(codes) if code]
    if on == "object":
        thin = not (subject.get("documents") if type_ == "document" else ()) and not any(not code for code in codes)
        return [*found, Fault("number_too_thin", "body.subject.identifiers")] if thin else found
    return [*found, *_identity(subject, on)]


def _identity(subject: Mapping[str, Any], on: str) -> list[Fault]:
    if not subject.get("names"):
        return []  # the form names these already
    names = [n for n in subject["names"] if isinstance(n, Mapping)]
    if not any(n.get("quality", "good") != "low" for n in names):
        return [Fault("identity_too_thin", "body.subject.names")]
    full = any(date.day is not None and not date.vague for date in birth_dates(subject))
    if on == "person" and not full and not subject.get("documents"):
        return [Fault("identity_too_thin", "body.subject")]
    return []


def _code(number: Mapping[str, Any]) -> str:
    """Why a number stops nobody; what the form says already is said once."""
    kind, text = number.get("kind"), number.get("number")
    if kind not in identifiers.KINDS or not isinstance(text, str) or not text:
        return ""
    return identifiers.fault(str(kind), text, str(number.get("country") or ""))


def _protection(body: Mapping[str, Any], kind: str, today: dt.date) -> list[Fault]:
    protected = body.get("protected")
    found = []
    if kind == "missing" and not protected:
        found.append(Fault("missing", "body.protected"))
    if kind and kind != "missing" and protected:
        found.append(Fault("protected_is_not_wanted", "body.protected"))
    if protected == "missing_adult" and body.get("location_consent") in (None, ""):
        found.append(Fault("missing", "body.location_consent"))
    subject = body.get("subject")
    if isinstance(subject, Mapping) and protected != "child" and is_child(subject, today):
        found.append(Fault("child_is_protected", "body.protected"))
    return found


def is_child(subject: Mapping[str, Any], today: dt.date) -> bool:
    """Whether every date of birth given says that the person is under eighteen."""
    earliest = [_earliest(date) for date in birth_dates(subject)]
    return bool(earliest) and all(_years(born, today) < ADULT for born in earliest)


def birth_dates(subject: Mapping[str, Any]) -> list[PartialDate]:
    """The dates of birth that can be read."""
    found = []
    for value in subject.get("birth_dates") or ():
        if not isinstance(value, Mapping):
            continue
        about = "~" if is_yes(value.get("approximate")) else ""
        try:
            found.append(PartialDate.parse(f"{about}{value.get('date')}"))
        except ValueError:
            continue
    return found


def _earliest(date: PartialDate) -> dt.date:
    # The earliest day it may mean: who might be an adult is not called a child.
    return dt.date(date.years.start, date.month or 1, date.day or 1)


def _years(born: dt.date, today: dt.date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _date(value: object) -> dt.date | None:
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        return None
