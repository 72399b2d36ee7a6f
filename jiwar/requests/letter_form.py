"""The form of a letter: what was typed, as the content of a record, complete or not, and the names of its fields."""

import contextlib
import re
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware
from django.utils.translation import gettext as _

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PLAIN = ("flow", "subject", "text", "answer", "ground", "urgency", "depth_km")
NO_CLOCK, BY_DATE = "none", "by_date"
"""Choices of the form beside the urgencies."""


def content_of(post: QueryDict) -> dict[str, Any]:
    """What was typed, as content; what is empty is left out, so that the rules name it."""

    def some(prefix: str, names: tuple[str, ...]) -> dict[str, Any]:
        return {name: value for name in names if (value := post.get(f"{prefix}.{name}", "").strip())}

    body = some("body", _PLAIN)
    urgency = body.pop("urgency", NO_CLOCK)
    if urgency == BY_DATE:
        body["answer_by"] = _moment(post.get("body.answer_by", "").strip())
    elif urgency != NO_CLOCK:
        body["urgency"] = urgency
    body["to"] = post.getlist("body.to")
    if uids := re.split(r"[\s,;]+", post.get("body.references", "").strip()):
        body["references"] = [uid for uid in uids if uid]
    if body.get("answer") != "refusal":
        body.pop("ground", None)
    content: dict[str, Any] = {
        name: value for name in ("purpose", "legal_basis", "review_on") if (value := post.get(name, "").strip())
    }
    if until := post.get("valid_until", "").strip():
        content["valid_until"] = f"{until}T23:59:59Z" if _DAY.fullmatch(until) else until
    handling = some("handling", ("tlp", "onward")) | {"restrictions": post.getlist("handling.restrictions")}
    return content | {"handling": handling, "grading": some("grading", ("source", "information")), "body": body}


def _moment(typed: str) -> str:
    """A moment in the node's time zone; what is none stays, so that the rules name it."""
    try:
        moment = parse_datetime(typed)
    except ValueError:
        return typed
    if moment is None:
        return typed
    return (make_aware(moment) if is_naive(moment) else moment).isoformat()


def typed_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Content as the form shows it: the expiry as a day, the clock as one choice."""
    body = dict(content.get("body") or {})
    if body.get("answer_by"):
        body["urgency"] = BY_DATE
        with contextlib.suppress(ValueError):
            body["answer_by"] = parse_datetime(str(body["answer_by"])) or body["answer_by"]
    until = str(content.get("valid_until") or "")
    return {**content, "body": body, "valid_until": until[:10] if _DAY.match(until) else until}


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
        "body": _("Letter"),
        "body.flow": _("On what"),
        "body.to": _("Addressees"),
        "body.subject": _("Subject"),
        "body.text": _("Text"),
        "body.urgency": _("Answer wanted"),
        "body.answer_by": _("Answer by"),
        "body.answer": _("Kind of answer"),
        "body.ground": _("Ground of refusal"),
        "body.references": _("About these records"),
        "body.depth_km": _("Depth of the pursuit, in km"),
        "body.attachments": _("Files"),
        "file": _("File"),
        "person": _("Officer"),
        "reasons": _("Reasons"),
        "reason": _("Reason"),
    }
    for i in range(20):
        names[f"body.to.{i}"] = names["body.to"]
        names[f"body.references.{i}"] = names["body.references"]
        names[f"body.attachments.{i}"] = names["body.attachments"]
    return names
