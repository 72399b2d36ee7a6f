"""The parts of the alert form: which fields stand in each, what it holds, and what it lacks before it is submitted."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jiwar.records.words import word
from jiwar.watchlist.logic.alert_rules import RIGHTS_QUESTIONS, grounds_of
from jiwar.wire.faults import Fault

_FIELDS: Final = {
    "asked": ("purpose", "body.type", "body.action", "body.protected", "body.location_consent"),
    "subject": ("body.subject", "body.remarks"),
    "offence": ("body.offence",),
    "warrant": ("body.warrant",),
    "report": ("body.report",),
    "necessity": ("body.necessity", "body.officer", "body.contact"),
    "rights": ("body.rights_screen", "body.grave_risk", "body.ministerial_signoff"),
    "terms": ("legal_basis", "handling", "grading", "valid_until", "review_on"),
}
"""In the order of the form. A field that stands in none of them is of the whole alert."""
_GROUNDS: Final = ("offence", "warrant", "report")
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `held`: what it holds, in a few words; `lacks`: labels of what is missing or does not fit.

    `needed`: whether this type of alert rests on it; None where no type is chosen.
    """

    name: str
    title: str
    held: str
    lacks: tuple[str, ...]
    needed: bool | None


def parts_of(content: Mapping[str, Any], unmet: Iterable[Fault], labels: Mapping[str, str], on: str) -> dict[str, Part]:
    """The parts of the form on a person, a group or a thing, by name. `unmet`: as `alerts.unmet`."""
    lacks: dict[str, list[str]] = {name: [] for name in _FIELDS}
    for fault in unmet:
        if name := part_of(fault.field):
            lacks[name].append(labels.get(fault.field, fault.field))
    body = content.get("body") or {}
    kind = str(body.get("type") or "")
    rests_on = grounds_of(kind) if kind else ()
    return {
        name: Part(
            name,
            title,
            " · ".join(text[:_LONGEST] for text in _held(name, content, body) if text),
            tuple(dict.fromkeys(lacks[name])),
            True if name not in _GROUNDS else name in rests_on if kind else None,
        )
        for name, title in _titles(on).items()
    }


def part_of(field: str) -> str:
    """The part that a field stands in, or ""."""
    for name, fields in _FIELDS.items():
        if any(field == each or field.startswith(f"{each}.") for each in fields):
            return name
    return ""


def _titles(on: str) -> dict[str, str]:
    titles = {
        "asked": _("What is asked"),
        "subject": _("What it is") if on == "object" else _("Who it is"),
        "offence": _("Offence"),
        "warrant": _("Warrant or decision"),
        "report": _("Report of disappearance") if on == "person" else _("Report of the loss or theft"),
        "necessity": _("Necessity and responsibility"),
        "rights": _("Rights screen"),
        "terms": _("Terms"),
    }
    return {name: title for name, title in titles.items() if not (on == "group" and name == "report")}


def _held(name: str, content: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[str]:
    """What a part holds, in a few words."""
    if name == "asked":
        language = get_language() or "en"
        for group, field in (("alert_type", "type"), ("action", "action")):
            if body.get(field):
                yield word(group, str(body[field]), language)
    elif name == "subject":
        subject = body.get("subject") or {}
        for rows, field in (("names", "text"), ("birth_dates", "date"), ("documents", "number")):
            yield from (str(row.get(field) or "") for row in (subject.get(rows) or [])[:1])
    elif name in _GROUNDS:
        ground = body.get(name) or {}
        yield from (str(ground.get(field) or "") for field in ("title", "authority", "number"))
    elif name == "necessity":
        yield from (str(body.get(field) or "") for field in ("necessity", "officer"))
    elif name == "rights":
        screen = body.get("rights_screen") or {}
        done = sum(1 for question in RIGHTS_QUESTIONS if screen.get(question) not in (None, ""))
        if done:
            yield _("%(done)s of %(all)s answered") % {"done": done, "all": len(RIGHTS_QUESTIONS)}
    else:
        yield from (str(content.get(field) or "")[:_LONGEST] for field in ("legal_basis",))
        yield str(content.get("valid_until") or "")[:10]
