"""Foreign STIX 2.1: identities and threat actors become subjects, what refers to them stands beside them as text.

References are followed one step and never further, so that no cycle of them costs anything. Patterns are kept as text
and never evaluated. Who only says something, and who is said to be a target, is nobody that is looked for.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from jiwar.bridges.logic.found import (
    MOST_BYTES,
    MOST_ITEMS,
    MOST_OBJECTS,
    MOST_SUBJECTS,
    STRICTNESS,
    Found,
    Taker,
    an_instant,
)
from jiwar.bridges.logic.lost import Losses, Unreadable, Why
from jiwar.bridges.logic.statement import Signed
from jiwar.bridges.logic.stix import EXTENSION, TLP, TLP_EXTENSION
from jiwar.wire.strict_json import JsonRefused, canonical, parse

Object = Mapping[str, Any]
_ID: Final = re.compile(r"[a-z][a-z0-9-]{1,98}--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TLP_OF: Final = {ref: tlp for tlp, ref in TLP.items()} | {
    # TLP 1.0, section 7.2.1.4 of the standard; WHITE is called CLEAR today.
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": "CLEAR",
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": "GREEN",
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": "AMBER",
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "RED",
}
_SILENT: Final = {
    "type", "spec_version", "id", "created", "modified", "lang", "created_by_ref", "object_marking_refs", "revoked",
    "identity_class", "name", "granular_markings", "external_references", "resource_level",
}  # fmt: skip
_SAID: Final = {
    "description": "description",
    "roles": "role",
    "sectors": "sector",
    "contact_information": "contact",
    "labels": "label",
    "confidence": "confidence",
    "threat_actor_types": "label",
    "goals": "goal",
    "sophistication": "label",
    "primary_motivation": "goal",
    "secondary_motivations": "goal",
    "personal_motivations": "goal",
    "first_seen": "seen",
    "last_seen": "seen",
    # Properties of MISP's converter and of OpenCTI, which no extension describes.
    "x_misp_role": "role",
    "x_misp_occupation": "role",
    "x_misp_function": "role",
    "x_misp_title": "title",
    "x_misp_handle": "label",
}
_VICTIMS: Final = {"targets", "victim-of"}
_BESIDE: Final = {"indicator": "pattern", "location": "place"}


def read_bundle(data: bytes) -> Found:
    """A bundle (section 8). Raises Unreadable: no JSON within the limits, no bundle, or a damaged record inside."""
    whole = _json(data)
    if whole.get("type") != "bundle" or not isinstance(whole.get("objects", []), list):
        raise Unreadable("not_a_bundle", "", "bundle")
    if whole.get("spec_version", "2.1") != "2.1":
        raise Unreadable("version_unknown", "spec_version", str(whole["spec_version"])[:20])
    return read_objects(whole.get("objects", []))


def read_objects(objects: Sequence[object]) -> Found:
    """Objects of a bundle or of TAXII envelopes, in their order. Raises Unreadable."""
    if len(objects) > MOST_OBJECTS:
        raise Unreadable("too_many_objects", "objects", str(MOST_OBJECTS))
    return _Reader(objects).read()


def _json(data: bytes) -> dict[str, Any]:
    try:
        whole = parse(data, max_bytes=MOST_BYTES, max_items=MOST_ITEMS)
    except JsonRefused as refused:
        raise Unreadable(refused.code, "", refused.detail) from None
    if not isinstance(whole, dict):
        raise Unreadable("not_a_bundle")
    return whole


class _Reader:
    def __init__(self, objects: Sequence[object]) -> None:
        self._losses = Losses()
        self._statements: list[Signed] = []
        self._by_id: dict[str, tuple[str, Object]] = {}
        self._takers: dict[str, Taker] = {}
        self._producers: set[str] = set()
        self._linked: set[str] = set()
        self._admit(objects)

    def read(self) -> Found:
        subjects = {id_: one for id_, one in self._by_id.items() if one[1]["type"] in {"identity", "threat-actor"}}
        victims = self._victims()
        for id_, (path, one) in subjects.items():
            if id_ in self._producers:
                self._losses.add(path, Why.PRODUCER, one.get("name", ""))
            elif id_ in victims:
                self._losses.add(path, Why.VICTIM)
            elif len(self._takers) >= MOST_SUBJECTS:
                raise Unreadable("too_many_subjects", path, str(MOST_SUBJECTS))
            else:
                self._subject(path, one)
        for path, one in self._of_type("relationship"):
            self._relationship(path, one)
        for id_, (path, one) in self._by_id.items():
            if id_ not in subjects and one["type"] != "relationship":
                self._beside(path, one)
        return Found(
            tuple(taker.subject for taker in self._takers.values()), tuple(self._statements), tuple(self._losses.found)
        )

    # What is an object at all.

    def _admit(self, objects: Sequence[object]) -> None:
        newest: dict[str, list[tuple[str, Object]]] = defaultdict(list)
        for i, one in enumerate(objects):
            path = f"objects.{i}"
            if not isinstance(one, Mapping) or not isinstance(one.get("type"), str):
                self._losses.add(path, Why.WRONG_FORM, type(one).__name__)
                continue
            # Who says something, and where it was seen, is not who is looked for: also of what is left out below.
            self._producers.add(str(one.get("created_by_ref")))
            self._producers.update(self._refs(f"{path}.where_sighted_refs", one.get("where_sighted_refs")))
            if self._is_ours(path, one):
                continue
            if not isinstance(one.get("id"), str) or not _ID.fullmatch(one["id"]):
                self._losses.add(path, Why.WRONG_ID, one.get("id"))
            elif one["id"].partition("--")[0] != one["type"]:
                self._losses.add(path, Why.WRONG_ID, one["id"])
            elif one.get("spec_version", "2.1") != "2.1":
                self._losses.add(path, Why.UNKNOWN_VERSION, one["spec_version"])
            else:
                newest[one["id"]].append((path, one))
        for same in newest.values():
            self._newest(same)

    def _is_ours(self, path: str, one: Object) -> bool:
        """A statement of ours is taken out whole: what stands around it is a rendering of it."""
        extensions = one.get("extensions")
        if one["type"] == "extension-definition" and one.get("id") == EXTENSION:
            return True
        if not isinstance(extensions, Mapping) or EXTENSION not in extensions:
            return False
        self._statements.append(Signed.of(extensions[EXTENSION], f"{path}.extensions"))
        return True

    def _newest(self, same: list[tuple[str, Object]]) -> None:
        """The last version counts; two that say another thing under one version are both left out."""
        last = max(_modified(one) for _, one in same)
        of_last = [(path, one) for path, one in same if _modified(one) == last]
        if len({canonical(one) for _, one in of_last}) > 1:
            for path, one in of_last:
                self._losses.add(path, Why.SAID_TWICE, one["id"])
            return
        self._by_id[of_last[0][1]["id"]] = of_last[0]

    # Who is a subject.

    def _victims(self) -> set[str]:
        found = set()
        for _, one in self._of_type("relationship"):
            how = str(one.get("relationship_type"))
            if how in _VICTIMS:
                found.add(str(one.get("source_ref" if how == "victim-of" else "target_ref")))
        return found

    def _subject(self, path: str, one: Object) -> None:
        kind = str(one.get("identity_class"))
        if one["type"] == "threat-actor":
            kind = "individual" if one.get("resource_level") == "individual" else "group"
        if kind not in {"individual", "group", "organization"}:
            self._losses.add(f"{path}.identity_class", Why.NOT_A_SUBJECT, kind)
            return
        taker = Taker(self._losses, one["id"], organisation=kind != "individual")
        taker.subject.ended = one.get("revoked") is True
        taker.subject.said_at = an_instant(one.get("modified"))
        taker.name(f"{path}.name", one.get("name"))
        self._markings(path, one, taker)
        for name, value in one.items():
            at = f"{path}.{name}"
            if name in {"aliases", "x_opencti_aliases", "x_misp_alias"}:
                for i, alias in enumerate(_listed(value)):
                    taker.name(f"{at}.{i}", alias, "alias")
            elif name in _SAID:
                for i, text in enumerate(_listed(value)):
                    taker.say(f"{at}.{i}" if isinstance(value, list) else at, _SAID[name], text)
            elif name == "external_references":
                self._references(at, value, taker)
            elif not self._of_misp(at, name, value, taker) and name not in _SILENT:
                self._losses.add(at, Why.UNKNOWN_PROPERTY, value)
        self._passport(path, one, taker)
        if not taker.subject.names:
            self._losses.add(path, Why.NO_NAME, one["id"])
            return
        self._takers[one["id"]] = taker

    def _of_misp(self, at: str, name: str, value: object, taker: Taker) -> bool:
        """Facts of a person as MISP's converter writes them."""
        takes = {
            "x_misp_date_of_birth": taker.born,
            "x_misp_gender": taker.sex,
            "x_misp_nationality": taker.nationality,
            "x_misp_place_of_birth": taker.born_at,
        }
        if name in takes:
            for one in _listed(value):
                takes[name](at, one)
        return name in takes or name.startswith("x_misp_passport_") or name == "x_misp_identity_card_number"

    def _passport(self, path: str, one: Object, taker: Taker) -> None:
        for number in _listed(one.get("x_misp_passport_number")):
            country = next(iter(_listed(one.get("x_misp_passport_country"))), "")
            taker.document(f"{path}.x_misp_passport_number", "passport", country, number)
        for number in _listed(one.get("x_misp_identity_card_number")):
            taker.document(f"{path}.x_misp_identity_card_number", "identity card", "", number)
        for end in _listed(one.get("x_misp_passport_expiration")):
            taker.say(f"{path}.x_misp_passport_expiration", "document", f"passport until {end}")

    def _markings(self, path: str, one: Object, taker: Taker) -> None:
        if one.get("object_marking_refs"):
            taker.mark(self._strictest(path, one))
        if one.get("granular_markings"):
            self._losses.add(f"{path}.granular_markings", Why.GRANULAR_MARKING)
            taker.mark("RED")

    def _strictest(self, path: str, one: Object) -> str:
        """Of an object's markings; one that is not known may ask for anything, so it counts as TLP:RED."""
        found = ["CLEAR"]
        for i, ref in enumerate(self._refs(f"{path}.object_marking_refs", one.get("object_marking_refs"))):
            tlp = _TLP_OF.get(ref) or self._defined(ref)
            if not tlp:
                self._losses.add(f"{path}.object_marking_refs.{i}", Why.UNKNOWN_MARKING, ref)
            found.append(tlp or "RED")
        return max(found, key=STRICTNESS.index)

    def _defined(self, ref: str) -> str:
        """The TLP level of a marking that the file itself defines."""
        _, one = self._by_id.get(ref, ("", {}))
        definition, extensions = one.get("definition"), one.get("extensions")
        level: object = definition.get("tlp") if isinstance(definition, Mapping) else None
        if isinstance(extensions, Mapping) and isinstance(extensions.get(TLP_EXTENSION), Mapping):
            level = extensions[TLP_EXTENSION].get("tlp_2_0")
        name = level.upper().replace("WHITE", "CLEAR") if isinstance(level, str) else ""
        return name if name in TLP else ""

    def _references(self, at: str, value: object, taker: Taker) -> None:
        for i, one in enumerate(_listed(value)):
            if isinstance(one, Mapping):
                said = [one.get(k) for k in ("source_name", "external_id", "url", "description")]
                taker.say(f"{at}.{i}", "reference", " ".join(str(part) for part in said if isinstance(part, str)))
            else:
                self._losses.add(f"{at}.{i}", Why.WRONG_FORM, one)

    # What stands beside a subject.

    def _relationship(self, path: str, one: Object) -> None:
        how = str(one.get("relationship_type"))
        if how in _VICTIMS:
            return
        ends = [str(one.get("source_ref")), str(one.get("target_ref"))]
        for end, other in (ends, ends[::-1]):
            if taker := self._takers.get(end):
                self._linked.add(other)
                _, thing = self._by_id.get(other, ("", {}))
                what = _BESIDE.get(str(thing.get("type")), "relation")
                said = _words_of(thing) if what != "relation" else f"{how} {thing.get('name') or other}"
                taker.say(path, what, said)
        if not any(end in self._takers for end in ends):
            self._losses.add(path, Why.NO_SUBJECT, how)

    def _beside(self, path: str, one: Object) -> None:
        match one["type"]:
            case "note" | "opinion" | "report" | "grouping":
                text = _joined(one, ("abstract", "name", "content", "opinion", "explanation", "description"))
                self._to(path, self._refs(f"{path}.object_refs", one.get("object_refs")), "note", text, one)
            case "sighting":
                text = _joined(one, ("description", "first_seen", "last_seen", "count"))
                self._to(path, [str(one.get("sighting_of_ref"))], "seen", text, one)
            case "marking-definition":
                if not (_TLP_OF.get(one["id"]) or self._defined(one["id"])):
                    self._losses.add(path, Why.UNKNOWN_MARKING, one.get("name") or one["id"])
            case "indicator" | "location":
                if one["id"] not in self._linked:
                    self._losses.add(path, Why.NO_SUBJECT, _words_of(one))
            case other:
                self._losses.add(path, Why.UNKNOWN_TYPE, other)

    def _to(self, path: str, refs: Sequence[str], what: str, text: str, one: Object) -> None:
        takers = [self._takers[ref] for ref in refs if ref in self._takers]
        if not takers:
            self._losses.add(path, Why.NO_SUBJECT, text or one["type"])
            return
        tlp = self._strictest(path, one) if one.get("object_marking_refs") else ""
        for taker in takers:
            taker.say(path, what, text)
            if tlp:
                taker.mark(tlp)

    def _of_type(self, type_: str) -> Iterator[tuple[str, Object]]:
        return ((path, one) for path, one in self._by_id.values() if one["type"] == type_)

    def _refs(self, path: str, value: object) -> list[str]:
        """A list of identifiers; what is none is lost."""
        found = []
        for i, one in enumerate(_listed(value)):
            if isinstance(one, str):
                found.append(one)
            else:
                self._losses.add(f"{path}.{i}", Why.WRONG_FORM, one)
        return found


def _modified(one: Object) -> dt.datetime:
    return an_instant(one.get("modified")) or dt.datetime.min.replace(tzinfo=dt.UTC)


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _joined(one: Object, names: Sequence[str]) -> str:
    return "\n".join(str(one[name]) for name in names if isinstance(one.get(name), str | int | float))


def _words_of(one: Object) -> str:
    """An indicator or a place, as text; a pattern is never more than that."""
    said = ("name", "description", "pattern_type", "pattern", "region", "country", "administrative_area", "city")
    return _joined(one, (*said, "street_address", "postal_code", "latitude", "longitude"))
