"""Foreign MISP events: `person`, `organization`, `legal-entity` and `interpol-notice` objects become subjects.

Victims, witnesses and sources are nobody that is looked for (rule R13). An event that carries a statement of ours is
that statement; what stands around it is a rendering.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from jiwar.bridges.logic.found import (
    MOST_BYTES,
    MOST_ITEMS,
    MOST_SUBJECTS,
    STRICTNESS,
    Found,
    Subject,
    Taker,
    an_instant,
)
from jiwar.bridges.logic.lost import Losses, Unreadable, Why
from jiwar.bridges.logic.statement import FILE_END, Signed
from jiwar.wire.strict_json import JsonRefused, parse

_NAMED: Final = {"person", "organization", "legal-entity", "interpol-notice"}
_VICTIMS: Final = {"Victim", "Witness", "Source", "Informant", "Impersonated"}
_EVENT: Final = {
    "id", "uuid", "info", "date", "timestamp", "publish_timestamp", "published", "analysis", "threat_level_id",
    "distribution", "sharing_group_id", "orgc_id", "org_id", "attribute_count", "locked", "proposal_email_lock",
    "disable_correlation", "extends_uuid", "event_creator_email", "protected", "Org", "Orgc", "Tag", "Attribute",
    "Object", "RelatedEvent", "ShadowAttribute", "Galaxy", "EventReport", "CryptographicKey", "sighting_timestamp",
    "SharingGroup",
}  # fmt: skip
_SAID: Final = {
    "text": "description", "description": "description", "role": "role", "function": "role", "occupation": "role",
    "title": "title", "address": "address", "e-mail": "contact", "phone-number": "contact", "fax-number": "contact",
    "contact_information": "contact", "handle": "label", "type-of-organization": "label", "sector": "sector",
    "business": "sector", "legal-form": "label", "website": "reference", "registration-number": "document",
    "VAT": "document", "passport-expiration": "document", "passport-creation": "document", "charges": "reason",
    "notice-color": "programme", "date-of-disappearance": "seen", "place-of-disappearance": "place",
    "height": "appearance", "weight": "appearance", "colour-of-eyes": "appearance", "colour-of-hair": "appearance",
    "distinguishing-marks-and-characteristics": "appearance", "language-spoken": "description",
    "mothers-name": "relation", "father-s-family-name-&-forename": "relation",
    "mother-s-family-name-&-forename": "relation",
}  # fmt: skip
_PARTS: Final = ("first-name", "forename", "middle-name", "last-name", "present-family-name", "passport-country")
"""Taken together with another attribute."""
_NUMBERS: Final = {
    "passport-number": "passport",
    "identity-card-number": "identity card",
    "birth-certificate-number": "birth certificate",
    "social-security-number": "social security",
    "ofac-identification-number": "OFAC",
    "redress-number": "redress",
    "dni": "DNI",
    "nie": "NIE",
    "nif": "NIF",
}


def read_events(data: bytes) -> Found:
    """One event, a list of them, or what MISP's search answers. Raises Unreadable."""
    try:
        whole = parse(data, max_bytes=MOST_BYTES, max_items=MOST_ITEMS)
    except JsonRefused as refused:
        raise Unreadable(refused.code, "", refused.detail) from None
    if isinstance(whole, Mapping) and isinstance(whole.get("response"), list):
        whole = whole["response"]
    events = whole if isinstance(whole, list) else [whole]
    reader = _Reader()
    for i, one in enumerate(events):
        event = one.get("Event") if isinstance(one, Mapping) else None
        if not isinstance(event, Mapping):
            raise Unreadable("not_an_event", str(i) if len(events) > 1 else "")
        reader.event(f"{i}.Event" if len(events) > 1 else "Event", event)
    return Found(tuple(reader.subjects), tuple(reader.statements), tuple(reader.losses.found))


class _Reader:
    def __init__(self) -> None:
        self.losses = Losses()
        self.subjects: list[Subject] = []
        self.statements: list[Signed] = []

    def event(self, path: str, event: Mapping[str, Any]) -> None:
        attributes = list(self._things(f"{path}.Attribute", event.get("Attribute")))
        carriers = [(at, one) for at, one in attributes if _is_carrier(one)]
        self.statements += [_attached(f"{at}.data", one.get("data")) for at, one in carriers]
        if carriers:
            return
        for at, one in attributes:
            self.losses.add(at, Why.NO_SUBJECT, f"{one.get('type')} {one.get('value')}")
        marked = self._marked(path, event)
        for at, one in self._things(f"{path}.Object", event.get("Object")):
            self._object(at, one, event, marked)
        for name, value in event.items():
            if name not in _EVENT or (name in {"ShadowAttribute", "Galaxy", "EventReport"} and value):
                self.losses.add(f"{path}.{name}", Why.UNKNOWN_PROPERTY, value if isinstance(value, str) else "")

    def _things(self, path: str, value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if value is not None and not isinstance(value, list):
            self.losses.add(path, Why.WRONG_FORM, type(value).__name__)
            return
        for i, one in enumerate(value or ()):
            if isinstance(one, Mapping):
                yield f"{path}.{i}", one
            else:
                self.losses.add(f"{path}.{i}", Why.WRONG_FORM, one)

    def _marked(self, path: str, one: Mapping[str, Any]) -> str:
        """The strictest TLP tag; "" without one. A tag that is no TLP is lost."""
        found = []
        for at, tag in self._things(f"{path}.Tag", one.get("Tag")):
            name = str(tag.get("name", ""))
            level = name.lower().removeprefix("tlp:").upper().replace("WHITE", "CLEAR")
            if name.lower().startswith("tlp:"):
                if level not in STRICTNESS:
                    self.losses.add(at, Why.UNKNOWN_MARKING, name)
                found.append(level if level in STRICTNESS else "RED")
            else:
                self.losses.add(at, Why.UNKNOWN_PROPERTY, name)
        return max(found, key=STRICTNESS.index, default="")

    def _object(self, path: str, one: Mapping[str, Any], event: Mapping[str, Any], marked: str) -> None:
        name = one.get("name")
        if not isinstance(name, str) or name not in _NAMED:
            self.losses.add(path, Why.UNKNOWN_TYPE, name)
            return
        rows = list(self._things(f"{path}.Attribute", one.get("Attribute")))
        victim = next(
            (at for at, row in rows if row.get("object_relation") == "role" and str(row.get("value")) in _VICTIMS), ""
        )
        if victim:
            self.losses.add(path, Why.VICTIM)
            return
        taker = Taker(self.losses, str(one.get("uuid") or ""), organisation=name in {"organization", "legal-entity"})
        taker.subject.ended = one.get("deleted") is True
        taker.subject.said_at = an_instant(one.get("timestamp")) or an_instant(event.get("timestamp"))
        if marked:
            taker.mark(marked)
        taker.say(path, "event", event.get("info"))
        taker.say(f"{path}.comment", "note", one.get("comment"))
        self._rows(path, rows, taker)
        if not isinstance(one.get("uuid"), str) or not one["uuid"]:
            self.losses.add(path, Why.WRONG_ID, one.get("uuid"))
        elif not taker.subject.names:
            self.losses.add(path, Why.NO_NAME, one["uuid"])
        elif len(self.subjects) >= MOST_SUBJECTS:
            raise Unreadable("too_many_subjects", path, str(MOST_SUBJECTS))
        else:
            self.subjects.append(taker.subject)

    def _rows(self, path: str, rows: Sequence[tuple[str, Mapping[str, Any]]], taker: Taker) -> None:
        by = {str(row.get("object_relation")): row.get("value") for _, row in rows if not row.get("deleted")}
        if not by.get("full-name"):
            whole = " ".join(str(by[part]) for part in _PARTS if part != "passport-country" and by.get(part))
            taker.name(f"{path}.name", whole)
        takes = {
            "full-name": taker.name,
            "name": taker.name,
            "date-of-birth": taker.born,
            "place-of-birth": taker.born_at,
            "gender": taker.sex,
            "sex": taker.sex,
            "nationality": taker.nationality,
        }
        for at, row in rows:
            relation, value = str(row.get("object_relation")), row.get("value")
            if tlp := self._marked(at, row):
                taker.mark(tlp)
            if row.get("deleted"):
                continue
            if relation in takes:
                takes[relation](at, value)
            elif relation in {"alias", "commercial-name"}:
                taker.name(at, value, "alias")
            elif relation in _NUMBERS:
                country = by.get("passport-country") if relation == "passport-number" else ""
                taker.document(at, _NUMBERS[relation], country, value)
            elif relation in _SAID:
                taker.say(at, _SAID[relation], value)
            elif relation not in _PARTS:
                self.losses.add(at, Why.UNKNOWN_PROPERTY, f"{relation} {value}" if isinstance(value, str) else relation)
            if comment := row.get("comment"):
                taker.say(f"{at}.comment", "note", comment)


def _is_carrier(attribute: Mapping[str, Any]) -> bool:
    return attribute.get("type") == "attachment" and str(attribute.get("value")).endswith(FILE_END)


def _attached(path: str, data: object) -> Signed:
    try:
        return Signed.unpack(base64.b64decode(data if isinstance(data, str) else "", validate=True), path)
    except (binascii.Error, ValueError):
        raise Unreadable("statement_damaged", path) from None
