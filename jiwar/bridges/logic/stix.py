"""Statements as STIX 2.1 (OASIS Standard, 10 June 2021): one object for each, which carries the signed statement whole.

A person or an organisation is an `identity`, a hit a `sighting` of it, everything else a `note`. Identifiers are
name-based, so that every node and every export says the same: the next version of a record is the next version of its
object, a record whose use ended is revoked. What has no property stands in the description, in English.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import pycountry

from jiwar.bridges.logic.statement import Say, Statement, Written, named
from jiwar.bridges.logic.telling import ALERTS, MAPPED, lines, title
from jiwar.wire.ids import timestamp

EXTENSION: Final = "extension-definition--d25200d7-a73b-4ea2-a988-1986e0e21802"
TLP_EXTENSION: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
"""Of TLP 2.0, with the marking definitions below: oasis-open/cti-stix-common-objects, folder tlp-2.0."""
TLP: Final = {
    "CLEAR": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "GREEN": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "AMBER": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "AMBER+STRICT": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "RED": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
ENDED: Final = "(no longer in use)"
_TLP_CREATED: Final = "2022-10-01T00:00:00.000Z"
_EPOCH: Final = "2012-03-12T00:00:00.000Z"  # the day of the Tripoli Action Plan: what belongs to no record
_TYPES: Final = {
    "alert.group": "identity",
    "alert.hit": "sighting",
    "alert.object": "identity",
    "alert.person": "identity",
    "listing.entity": "identity",
    "listing.foreign": "identity",
    "listing.person": "identity",
}
_CLASSES: Final = {"person": "individual", "organisation": "organization", "armed_group": "group"}
"""Of identity-class-ov (section 10.7), which has none for a thing."""
_SCHEMA: Final = (
    '{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","required":["extension_type","statement",'
    '"key","signature"],"properties":{"extension_type":{"const":"property-extension"},"statement":{"type":"string"},'
    '"key":{"type":"string"},"signature":{"type":"string","contentEncoding":"base64"},'
    '"cosignature":{"type":"string"}}}'
)


def stix_id(kind: str, uid: str, kind_version: int = 1) -> str:
    """The identifier of a record's object."""
    type_ = _TYPES.get(kind, "note") if (kind, kind_version) in MAPPED else "note"
    return f"{type_}--{named(kind, uid)}"


def state_id(state: str) -> str:
    """The identifier of a state's identity."""
    return f"identity--{named('state', state)}"


def at(moment: dt.datetime) -> str:
    """A timestamp (section 2.13): to the millisecond, and to the microsecond where there is one."""
    text = moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return f"{text.removesuffix('000')}Z"


def write(statement: Statement, say: Say) -> Written:
    """The one object of a statement."""
    name, _ = statement.kind
    kind = name if statement.kind in MAPPED else ""
    made = Written(native={"content.handling.tlp"})
    thing: dict[str, Any] = {
        "type": _TYPES.get(kind, "note"),
        "spec_version": "2.1",
        "id": stix_id(name, statement.uid, statement.kind[1]),
        "created_by_ref": state_id(statement.origin),
        "created": at(timestamp(UUID(statement.uid))),
        "modified": at(statement.ended or statement.issued_at),
        "lang": "en",
        "object_marking_refs": [TLP[statement.tlp]],
    }
    made.objects.append(thing)
    if statement.ended:
        thing |= {"revoked": True} | _required(thing["type"], statement)
        return made
    told = lines(statement, say)
    text = "\n".join(line.text for line in told)
    thing["labels"] = [name]
    thing["external_references"] = [{"source_name": f"Jiwar {statement.origin}", "external_id": statement.uid}]
    match thing["type"]:
        case "identity":
            _identity(thing, statement, text, made)
        case "sighting":
            _sighting(thing, statement, text, made)
        case _:
            thing["abstract"] = title(statement, say)
            thing["content"] = text or "A signed record; the record itself is in the extension."
            thing["object_refs"] = _refs(kind, statement)
            if thing["object_refs"] != [state_id(statement.origin)] and kind != "agreement":
                made.native |= {"content.body.target", "content.body.alert"}
            if kind == "agreement":
                made.native |= {"content.body.reference", "content.body.title.en"}
    thing["extensions"] = {
        EXTENSION: {"extension_type": "property-extension"} | statement.signed.members,
    }
    made.as_text = {line.path for line in told} - made.native
    return made


def bundle(objects: list[dict[str, Any]], origins: Iterable[str]) -> dict[str, Any]:
    """A bundle of these objects with everything that they refer to and that is not another record."""
    markings = {ref for one in objects for ref in one["object_marking_refs"]}
    whole = [extension(), author(), *map(state, sorted(set(origins)))]
    whole += [marking(tlp) for tlp, ref in TLP.items() if ref in markings] + objects
    said = [f"{one['id']} {one.get('modified', '')}" for one in whole]
    return {"type": "bundle", "id": f"bundle--{named('bundle', *said)}", "objects": whole}


def shared(origin: str) -> list[dict[str, Any]]:
    """What every collection of one state's records begins with."""
    return [extension(), author(), state(origin), *map(marking, TLP)]


def extension() -> dict[str, Any]:
    """Our extension (section 7.3): the signed statement that an object is made of."""
    return {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": EXTENSION,
        "created_by_ref": author()["id"],
        "created": _EPOCH,
        "modified": _EPOCH,
        "name": "Jiwar signed record",
        "description": "The canonical JSON (RFC 8785) that a state signed, its key and its Ed25519 signature in base64 "
        "over 'jiwar-record/1', a line feed and the statement; of agreements a second one by ML-DSA-65. The object "
        "around it is a rendering of it.",
        "schema": _SCHEMA,
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    }


def author() -> dict[str, Any]:
    """Who defined the extension."""
    return _organisation(f"identity--{named('jiwar')}", "Jiwar, Tripoli Action Plan on border security")


def state(code: str) -> dict[str, Any]:
    """The identity of a state, by its ISO 3166-1 alpha-3 code."""
    country = pycountry.countries.get(alpha_3=code)
    return _organisation(state_id(code), country.name if country else code) | {"sectors": ["government-national"]}


def marking(tlp: str) -> dict[str, Any]:
    """The marking definition of a TLP 2.0 level, as OASIS published it."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP[tlp],
        "created": _TLP_CREATED,
        "name": f"TLP:{tlp}",
        "extensions": {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": tlp.lower()}},
    }


def _organisation(id_: str, name: str) -> dict[str, Any]:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": id_,
        "created": _EPOCH,
        "modified": _EPOCH,
        "name": name,
        "identity_class": "organization",
    }


def _identity(thing: dict[str, Any], statement: Statement, text: str, made: Written) -> None:
    body = statement.body
    subject = body["subject"]
    thing["name"] = subject["names"][0]["text"]
    thing["description"] = text
    thing["identity_class"] = _CLASSES.get(subject["type"], "unspecified")
    made.native |= {"content.body.subject.names.0.text"}
    made.native |= {"content.body.subject.type"} if subject["type"] in _CLASSES else set()
    if reference := body.get("reference"):
        source = body.get("source_title") or body["list"]
        thing["external_references"].append({"source_name": source, "external_id": reference})
        made.native |= {"content.body.reference", "content.body.list", "content.body.source_title"}
    if statement.kind[0] in ALERTS:
        thing["labels"].append(body["type"])
        made.native.add("content.body.type")


def _sighting(thing: dict[str, Any], statement: Statement, text: str, made: Written) -> None:
    body = statement.body
    seen = at(dt.datetime.fromisoformat(body["at"]))
    thing |= {
        "description": text,
        "sighting_of_ref": stix_id(statement.about_kind or "alert.person", body["target"]),
        "where_sighted_refs": [state_id(body["reported_by"][:3])],
        "first_seen": seen,
        "last_seen": seen,
        "count": 1,
    }
    made.native |= {"content.body.target", "content.body.at"}


def _refs(kind: str, statement: Statement) -> list[str]:
    """What a note is about; a note must be about something: its author where nothing else is known."""
    body = statement.body
    if kind == "agreement":
        return [state_id(party) for party in body["parties"]]
    if kind == "case.outcome":
        return [stix_id("alert.hit", body["target"]), stix_id("alert.person", body["alert"])]
    about = statement.about_kind or ("alert.person" if kind == "alert.refusal" else "")
    target = body.get("target") if isinstance(body, Mapping) else None
    return [stix_id(about, target)] if about and isinstance(target, str) else [state_id(statement.origin)]


def _required(type_: str, statement: Statement) -> dict[str, Any]:
    """What a revoked object must still have: nothing that says who it was about."""
    origin = state_id(statement.origin)
    if type_ == "identity":
        return {"name": ENDED}
    if type_ == "sighting":
        return {"sighting_of_ref": origin}
    return {"content": ENDED, "object_refs": [origin]}
