"""The form of a sighting: what was typed, as `sightings.report_sighting` takes it."""

import datetime as dt
import re
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from jiwar.wire.faults import Fault, Refused

_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,8})?")


def sighting_of(post: QueryDict) -> dict[str, Any]:
    """Facts, grading and days as typed; raises Refused that names each field at fault."""
    typed = {name: post.get(name, "").strip() for name in ("at", "place", "country", "seen", "location_consent")}
    faults = []
    facts: dict[str, Any] = {"place": typed["place"], "country": typed["country"].upper(), "seen": typed["seen"]}
    try:
        at = dt.datetime.fromisoformat(typed["at"])
        facts["at"] = timezone.make_aware(at) if timezone.is_naive(at) else at
    except ValueError:
        faults.append(Fault("wrong_form" if typed["at"] else "missing", "at"))
    for name in ("latitude", "longitude"):
        text = post.get(name, "").strip()
        if text and not _DEGREES.fullmatch(text):
            faults.append(Fault("wrong_form", name))
        facts[name] = float(text) if _DEGREES.fullmatch(text) else None
    if typed["location_consent"] in {"yes", "no"}:
        facts["location_consent"] = typed["location_consent"] == "yes"
    days = post.get("days", "").strip()
    if not re.fullmatch(r"[0-9]{1,3}", days):
        faults.append(Fault("wrong_form" if days else "missing", "days"))
    grading = {name: post.get(name, "") for name in ("source", "information")}
    faults += [Fault("missing", name) for name, grade in grading.items() if not grade]
    if faults:
        raise Refused(*faults)
    return {"facts": facts, "days": int(days), **grading}
