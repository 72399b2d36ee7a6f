"""Statements as MISP events (draft-dulaunoy-misp-core-format).

A record is one event: a `person` or `organization` object of MISP's public templates, running text for the rest, and
the signed statement as an attachment, which MISP stores and passes on whole. Nothing is marked for detection (`to_ids`)
and no event is published: a person at the other end does that.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pycountry

from jiwar.bridges.logic.statement import FILE_END, Say, Statement, Written, named
from jiwar.bridges.logic.telling import MAPPED, lines, title

# Name, version and identifier of the public templates (MISP/misp-objects).
_PERSON: Final = ("person", "21", "a15b0477-e9d1-4b9c-9546-abe78a4f4248")
_ORGANISATION: Final = ("organization", "9", "f750e12b-127a-432c-b022-b3f9153c4e2a")
_DISTRIBUTION: Final = {"CLEAR": "3", "GREEN": "1"}
"""3: all communities; 1: this community; what is stricter stays with the organisation that takes it in (0)."""
_INHERIT: Final = "5"
_SEXES: Final = {"M": "Male", "F": "Female", "X": "Other"}
_PAPERS: Final = {"passport": "passport-number", "identity card": "identity-card-number"}


def write(statement: Statement, say: Say) -> Written:
    """The one event of a statement, as {"Event": …}."""
    name, _ = statement.kind
    made = Written(native={"content.handling.tlp"})
    uuid = event_id(name, statement.uid)
    at = str(int(statement.issued_at.timestamp()))
    told = lines(statement, say)
    writer = _Writer(uuid, at)
    event: dict[str, Any] = {
        "uuid": uuid,
        "info": title(statement, say)[:1_000],
        "date": statement.issued_at.date().isoformat(),
        "timestamp": at,
        "published": False,
        "analysis": "2",
        "threat_level_id": "4",
        "distribution": _DISTRIBUTION.get(statement.tlp, "0"),
        "Orgc": {"name": _state(statement.origin), "uuid": str(named("state", statement.origin))},
        "Tag": [{"name": f"tlp:{statement.tlp.lower()}"}, {"name": f'jiwar:kind="{name}"'}],
        "Attribute": [],
        "Object": [],
    }
    body = statement.body
    if statement.kind in MAPPED:
        if body.get("subject", {}).get("type") in {"person", "organisation", "armed_group"}:
            event["Object"].append(writer.subject(body["subject"], made))
        about = {"alert.hit": "alert.person", "alert.refusal": "alert.person", "case.outcome": "alert.hit"}.get(name)
        if about:
            event["extends_uuid"] = event_id(statement.about_kind or about, body["target"])
            made.native.add("content.body.target")
    event["Attribute"] += [writer.attribute("Other", "text", line.text) for line in told]
    event["Attribute"].append(writer.carrier(statement))
    made.as_text = {line.path for line in told} - made.native
    made.objects.append({"Event": event})
    return made


def event_id(kind: str, uid: str) -> str:
    """The identifier of a record's event."""
    return str(named("misp", kind, uid))


def file_of(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One event as it is; several as MISP's own search answers them."""
    return dict(events[0]) if len(events) == 1 else {"response": list(events)}


class _Writer:
    def __init__(self, event: str, at: str) -> None:
        self._event, self._at, self._count = event, at, 0

    def attribute(self, category: str, type_: str, value: str, relation: str = "", **more: Any) -> dict[str, Any]:
        self._count += 1
        return {
            "uuid": str(named("misp", self._event, str(self._count))),
            "category": category,
            "type": type_,
            "value": value,
            "to_ids": False,
            "disable_correlation": False,
            "distribution": _INHERIT,
            "timestamp": self._at,
            **({"object_relation": relation} if relation else {}),
            **more,
        }

    def carrier(self, statement: Statement) -> dict[str, Any]:
        """The attachment that brings the statement back."""
        return self.attribute(
            "External analysis",
            "attachment",
            f"{statement.uid}-v{statement.version}{FILE_END}",
            data=base64.b64encode(statement.signed.pack()).decode(),
            comment="The signed record that this event is made of",
        ) | {"disable_correlation": True}

    def subject(self, subject: Mapping[str, Any], made: Written) -> dict[str, Any]:
        person = subject["type"] == "person"
        name, version, template = _PERSON if person else _ORGANISATION
        rows = list(self._person(subject, made) if person else self._organisation(subject, made))
        if subject["type"] != "armed_group":
            made.native.add("content.body.subject.type")
        return {
            "name": name,
            "meta-category": "misc",
            "template_uuid": template,
            "template_version": version,
            "uuid": str(named("misp", self._event, name)),
            "timestamp": self._at,
            "distribution": _INHERIT,
            "Attribute": rows,
        }

    def _person(self, subject: Mapping[str, Any], made: Written) -> Iterator[dict[str, Any]]:
        at = "content.body.subject"
        for i, one in enumerate(subject["names"]):
            first = i == 0
            yield self.attribute(
                "Person", "full-name" if first else "text", one["text"], "full-name" if first else "alias"
            )
            made.native.add(f"{at}.names.{i}.text")
        exact = [
            i for i, b in enumerate(subject.get("birth_dates", ())) if len(b["date"]) == 10 and not b["approximate"]
        ]
        for i in exact[:1]:  # the template takes one
            yield self.attribute("Person", "date-of-birth", subject["birth_dates"][i]["date"], "date-of-birth")
            made.native.add(f"{at}.birth_dates.{i}")
        if place := subject.get("place_of_birth"):
            yield self.attribute("Person", "place-of-birth", place, "place-of-birth")
            made.native.add(f"{at}.place_of_birth")
        for i, sex in enumerate(subject.get("sexes", ())[:1]):
            yield self.attribute("Person", "gender", _SEXES[sex], "gender")
            made.native.add(f"{at}.sexes.{i}")
        for i, state in enumerate(subject.get("nationalities", ())):
            yield self.attribute("Person", "nationality", state, "nationality")
            made.native.add(f"{at}.nationalities.{i}")
        yield from self._papers(subject, made)

    def _papers(self, subject: Mapping[str, Any], made: Written) -> Iterator[dict[str, Any]]:
        taken: set[str] = set()
        for i, paper in enumerate(subject.get("documents", ())):
            at = f"content.body.subject.documents.{i}"
            type_ = _PAPERS.get(str(paper.get("type", "")).lower())
            if type_ is None or type_ in taken:
                continue
            taken.add(type_)
            yield self.attribute("Person", type_, paper["number"], type_)
            made.native |= {f"{at}.number", f"{at}.type"}
            if type_ == "passport-number" and paper.get("country"):
                yield self.attribute("Person", "passport-country", paper["country"], "passport-country")
                made.native.add(f"{at}.country")

    def _organisation(self, subject: Mapping[str, Any], made: Written) -> Iterator[dict[str, Any]]:
        for i, one in enumerate(subject["names"]):
            yield self.attribute("Other", "text", one["text"], "name" if i == 0 else "alias")
            made.native.add(f"content.body.subject.names.{i}.text")


def _state(code: str) -> str:
    country = pycountry.countries.get(alpha_3=code)
    return str(country.name) if country else code
