"""The form of an alert: what was typed, as the content of a record, complete or not, and the names of its fields."""

import re
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jiwar.records.words import word
from jiwar.watchlist.logic.alert_rules import RIGHTS_QUESTIONS, grounds_of

ROWS = {"names": 4, "birth_dates": 2, "documents": 3, "identifiers": 3, "places": 2, "relations": 3}
"""Rows that the form offers; an alert with more comes by the API and is amended there."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PARTS = {
    "offence": ("title", "article", "max_penalty", "actual_penalty"),
    "warrant": ("authority", "number", "date", "country"),
    "report": ("authority", "number", "date"),
    "rights_screen": RIGHTS_QUESTIONS,
}
_PLAIN = (
    "type", "action", "necessity", "officer", "contact", "grave_risk", "ministerial_signoff", "protected",
    "location_consent", "remarks",
)  # fmt: skip
_ROW_FIELDS = {
    "names": ("text", "kind", "quality"),
    "birth_dates": ("date", "approximate"),
    "documents": ("type", "country", "number"),
    "identifiers": ("kind", "country", "number"),
    "places": ("kind", "country", "text"),
    "relations": ("kind", "name", "target"),
}
_ROW_KEY = {
    "names": "text", "birth_dates": "date", "documents": "number", "identifiers": "number", "places": "text",
    "relations": "name",
}  # fmt: skip


def content_of(post: QueryDict) -> dict[str, Any]:
    """What was typed, as content; what is empty is left out, so that the rules name it."""

    def one(name: str) -> str:
        return post.get(name, "").strip()

    def some(prefix: str, names: tuple[str, ...]) -> dict[str, Any]:
        return {name: value for name in names if (value := one(f"{prefix}.{name}"))}

    body: dict[str, Any] = some("body", _PLAIN)
    grounds = grounds_of(body.get("type", ""))
    for part, names in _PARTS.items():
        typed = some(f"body.{part}", names)
        if typed or part == "rights_screen" or part in grounds:
            body[part] = typed
    body["subject"] = _subject(post, some)
    if "country" in body.get("warrant", {}):
        body["warrant"]["country"] = body["warrant"]["country"].upper()
    content: dict[str, Any] = {name: one(name) for name in ("purpose", "legal_basis", "review_on") if one(name)}
    if until := one("valid_until"):
        content["valid_until"] = f"{until}T23:59:59Z" if _DAY.fullmatch(until) else until
    handling = some("handling", ("tlp", "onward")) | {"restrictions": post.getlist("handling.restrictions")}
    return content | {"handling": handling, "grading": some("grading", ("source", "information")), "body": body}


def _subject(post: QueryDict, some: Any) -> dict[str, Any]:
    subject: dict[str, Any] = {}
    for group, names in _ROW_FIELDS.items():
        rows = [some(f"body.subject.{group}.{i}", names) for i in range(ROWS[group])]
        rows = [row for row in rows if row.get(_ROW_KEY[group]) or set(row) - {"kind", "quality", "approximate"}]
        if rows:
            subject[group] = [row | ({"country": row["country"].upper()} if "country" in row else {}) for row in rows]
    if sexes := [s for s in post.getlist("body.subject.sexes") if s]:
        subject["sexes"] = sexes
    if codes := re.findall(r"\w+", post.get("body.subject.nationalities", "")):
        subject["nationalities"] = [code.upper() for code in codes]
    return subject | some("body.subject", ("place_of_birth", "type"))


def typed_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Content as the form shows it: yes and no as words, nationalities as one line, the expiry as a day."""
    body = dict(content.get("body") or {})
    for name in ("grave_risk", "location_consent"):
        body[name] = yes_no(body.get(name))
    body["rights_screen"] = {q: yes_no(a) for q, a in (body.get("rights_screen") or {}).items()}
    until = str(content.get("valid_until") or "")
    return {**content, "body": body, "valid_until": until[:10] if _DAY.match(until) else until}


def yes_no(answer: object) -> str:
    """The code of an answer, typed or read."""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return "" if answer is None else str(answer)


def labels() -> dict[str, str]:
    """What each field is called, for the form, the pages and the summary of faults."""
    names = {
        "purpose": _("Purpose"),
        "legal_basis": _("Legal basis"),
        "handling": _("Handling"),
        "handling.tlp": _("Who may see it"),
        "handling.restrictions": _("Restrictions of use"),
        "handling.onward": _("Onward transfer"),
        "grading": _("Grading"),
        "grading.source": _("Source"),
        "grading.information": _("Information"),
        "valid_until": _("Expires on"),
        "review_on": _("Review on"),
        "body": _("Alert"),
        "body.type": _("Type of alert"),
        "body.action": _("Action requested"),
        "body.subject": _("Identity"),
        "body.subject.names": _("Names"),
        "body.subject.birth_dates": _("Dates of birth"),
        "body.subject.documents": _("Documents"),
        "body.subject.sexes": _("Sex"),
        "body.subject.nationalities": _("Nationalities"),
        "body.subject.place_of_birth": _("Place of birth"),
        "body.subject.type": _("What it is"),
        "body.subject.identifiers": _("Numbers"),
        "body.subject.places": _("Places"),
        "body.subject.relations": _("Relations"),
        "body.offence": _("Offence"),
        "body.offence.title": _("Offence"),
        "body.offence.article": _("Article of law"),
        "body.offence.max_penalty": _("Maximum penalty"),
        "body.offence.actual_penalty": _("Penalty imposed"),
        "body.warrant": _("Warrant or decision"),
        "body.warrant.authority": _("Issuing authority"),
        "body.warrant.number": _("Number of the decision"),
        "body.warrant.date": _("Date of the decision"),
        "body.warrant.country": _("State of the decision"),
        "body.report": _("Report of disappearance or loss"),
        "body.report.authority": _("Authority that took the report"),
        "body.report.number": _("Number of the report"),
        "body.report.date": _("Date of the report"),
        "body.necessity": _("Why it is necessary"),
        "body.officer": _("Responsible officer"),
        "body.contact": _("How to reach her"),
        "body.rights_screen": _("Rights screen"),
        "body.grave_risk": _("Could the death penalty or torture follow?"),
        "body.ministerial_signoff": _("Minister’s sign-off"),
        "body.protected": _("Protected as"),
        "body.location_consent": _("May the place be told without asking?"),
        "body.remarks": _("Remarks for the officer"),
    }
    rows = {
        "names": {"text": _("Name"), "kind": _("Kind of name"), "quality": _("Quality"), "script": _("Script")},
        "birth_dates": {"date": _("Date of birth"), "approximate": _("Approximate")},
        "documents": {"type": _("Document"), "country": _("Issued by"), "number": _("Document number")},
        "identifiers": {"kind": _("Kind of number"), "country": _("Registered in"), "number": _("Number")},
        "places": {"kind": _("Kind of place"), "country": _("Country"), "text": _("Place")},
        "relations": {"kind": _("Relation"), "name": _("To whom or what"), "target": _("Its record")},
    }
    language = get_language() or "en"
    for question in RIGHTS_QUESTIONS:
        names[f"body.rights_screen.{question}"] = word("rights_question", question, language)
    for group, fields in rows.items():
        for i in range(50):
            for field, name in fields.items():
                names[f"body.subject.{group}.{i}.{field}"] = f"{name} {i + 1}"
    for group in ("sexes", "nationalities"):
        for i in range(20):
            names[f"body.subject.{group}.{i}"] = names[f"body.subject.{group}"]
    return names
