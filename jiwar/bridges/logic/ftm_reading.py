"""Foreign FollowTheMoney entities: people, legal entities, vessels, aircraft, vehicles and accounts become subjects.

One JSON object a line, or a list of them. References are followed one step. What the schema says of religion,
ethnicity and politics is not read (rule R4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from jiwar.bridges.logic.found import (
    MOST_BYTES,
    MOST_ITEMS,
    MOST_OBJECTS,
    MOST_SUBJECTS,
    Found,
    Taker,
    a_date,
    an_instant,
)
from jiwar.bridges.logic.ftm import gathered
from jiwar.bridges.logic.lost import Losses, Unreadable, Why
from jiwar.bridges.logic.statement import Signed
from jiwar.wire.strict_json import JsonRefused, parse

Entity = Mapping[str, Any]
_SUBJECTS: Final = {
    "Person": "person", "LegalEntity": "organisation", "Organization": "organisation", "Company": "organisation",
    "PublicBody": "organisation", "Vessel": "vessel", "Airplane": "aircraft", "Vehicle": "vehicle",
    "BankAccount": "account", "CryptoWallet": "account",
}  # fmt: skip
_IDENTIFIERS: Final = {
    ("Vessel", "imoNumber"): "imo", ("Vessel", "mmsi"): "mmsi", ("Vessel", "callSign"): "callsign",
    ("Vessel", "registrationNumber"): "hull", ("Airplane", "registrationNumber"): "tail",
    ("Airplane", "serialNumber"): "serial", ("Vehicle", "registrationNumber"): "plate",
    ("BankAccount", "accountNumber"): "account", ("BankAccount", "iban"): "iban",
    ("CryptoWallet", "publicKey"): "account",
}  # fmt: skip
_PAPERS: Final = {"Passport", "Identification"}
_SENSITIVE: Final = {"religion", "ethnicity", "political"}
_NAMES: Final = {"name": "name", "alias": "alias", "previousName": "former", "weakAlias": "alias"}
_PARTS: Final = ("firstName", "secondName", "middleName", "fatherName", "lastName")
_SAID: Final = {
    "notes": "note", "description": "description", "summary": "description", "biography": "description",
    "position": "role", "profession": "role", "title": "title", "nameSuffix": "title", "address": "address",
    "email": "contact", "phone": "contact", "website": "reference", "sourceUrl": "reference",
    "publisher": "reference", "publisherUrl": "reference", "wikidataId": "reference", "wikipediaUrl": "reference",
    "program": "programme", "programId": "programme", "topics": "label", "keywords": "label", "status": "label",
    "legalForm": "label", "sector": "sector", "classification": "label", "birthCountry": "birth_place",
    "deathDate": "seen", "motherName": "relation", "height": "appearance", "weight": "appearance",
    "eyeColor": "appearance", "hairColor": "appearance", "appearance": "appearance", "education": "description",
    "spokenLanguage": "description", "abbreviation": "label", "incorporationDate": "seen", "dissolutionDate": "seen",
    "modifiedAt": "seen", "createdAt": "seen", "country": "place", "flag": "place", "model": "description",
    "type": "label", "bankName": "description", "bic": "reference", "currency": "label",
    "tonnage": "description", "buildDate": "seen",
}  # fmt: skip
_NUMBERED: Final = {"account", "vehicle", "aircraft"}
_NUMBERS: Final = {
    "idNumber": "identity number", "passportNumber": "passport", "registrationNumber": "registration",
    "taxNumber": "tax", "socialSecurityNumber": "social security", "licenseNumber": "licence",
}  # fmt: skip
_OF_SANCTION: Final = {
    "authority": "authority", "authorityId": "reference", "unscId": "reference", "program": "programme",
    "programId": "programme", "programUrl": "reference", "provisions": "programme", "status": "label",
    "reason": "reason", "summary": "reason", "description": "reason", "listingDate": "seen", "startDate": "seen",
    "endDate": "seen", "date": "seen", "recordId": "reference", "sourceUrl": "reference", "publisher": "reference",
    "country": "authority", "modifiedAt": "seen", "duration": "programme",
}  # fmt: skip
_OF_PAPER: Final = {
    "holder", "number", "passportNumber", "type", "country", "proof", "startDate", "endDate", "authority",
}  # fmt: skip
_LINKS: Final = {"proof", "addressEntity", "parent", "riskSource", "holder", "entity"}
_SILENT: Final = {"indexText", "alephUrl", "retrievedAt", "namesMentioned"}


def read_entities(data: bytes) -> Found:
    """Raises Unreadable; its path is the number of the line."""
    return _Reader(list(_entities(data))).read()


def _entities(data: bytes) -> Iterator[tuple[str, object]]:
    if len(data) > MOST_BYTES:
        raise Unreadable("too_large", "", str(MOST_BYTES))
    if data.lstrip()[:1] == b"[":
        listed = _json(data, "")
        assert isinstance(listed, list)
        yield from ((str(i), one) for i, one in enumerate(listed, 1))
        return
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            yield str(number), _json(line, str(number))


def _json(data: bytes, path: str) -> object:
    try:
        return parse(data, max_bytes=MOST_BYTES, max_items=MOST_ITEMS)
    except JsonRefused as refused:
        raise Unreadable(refused.code, path, refused.detail) from None


class _Reader:
    def __init__(self, entities: Sequence[tuple[str, object]]) -> None:
        self._losses = Losses()
        self._statements: list[Signed] = []
        self._takers: dict[str, Taker] = {}
        self._by_id: dict[str, tuple[str, Entity]] = {}
        self._ours: set[str] = set()
        if len(entities) > MOST_OBJECTS:
            raise Unreadable("too_many_objects", "", str(MOST_OBJECTS))
        for path, one in entities:
            self._admit(path, one)

    def read(self) -> Found:
        later: list[tuple[str, Entity]] = []
        for path, one in self._by_id.values():
            if self._ours.intersection(_texts(one, "proof")):
                continue  # what stands around a statement of ours is a rendering of it
            if one["schema"] in _SUBJECTS:
                self._subject(path, one)
            elif one["id"] not in self._ours:
                later.append((path, one))
        for path, one in later:
            self._beside(path, one)
        return Found(
            tuple(taker.subject for taker in self._takers.values()), tuple(self._statements), tuple(self._losses.found)
        )

    def _admit(self, path: str, one: object) -> None:
        if not isinstance(one, Mapping) or not isinstance(one.get("schema"), str):
            if not self._by_id and not self._losses.found:
                raise Unreadable("not_an_entity", path)
            self._losses.add(path, Why.WRONG_FORM, type(one).__name__)
            return
        properties = one.get("properties")
        if not isinstance(one.get("id"), str) or not one["id"] or not isinstance(properties, Mapping):
            self._losses.add(path, Why.WRONG_ID, one.get("id"))
            return
        if one["id"] in self._by_id:
            self._losses.add(path, Why.SAID_TWICE, one["id"])
            return
        self._by_id[one["id"]] = path, one
        if one["schema"] == "PlainText" and (signed := gathered(_texts(one, "bodyText"), f"{path}.bodyText")):
            self._statements.append(signed)
            self._ours.add(one["id"])

    def _subject(self, path: str, one: Entity) -> None:
        if len(self._takers) >= MOST_SUBJECTS:
            raise Unreadable("too_many_subjects", path, str(MOST_SUBJECTS))
        type_ = _SUBJECTS[one["schema"]]
        taker = Taker(self._losses, one["id"], organisation=type_ == "organisation")
        taker.subject.type = type_
        taker.subject.said_at = an_instant(one.get("last_change"))
        properties = one["properties"]
        if "name" not in properties:
            whole = " ".join(text for part in _PARTS for text in _texts(one, part)[:1])
            taker.name(f"{path}.firstName", whole)
        for name, at, value in self._values(path, one):
            if kind := _IDENTIFIERS.get((one["schema"], name)):
                taker.identifier(at, kind, value)
            else:
                self._of_subject(taker, name, at, value)
        if not taker.subject.names and type_ in _NUMBERED:
            for _, number in taker.subject.identifiers[:1]:
                taker.name(path, number)  # a wallet has no other name
        if taker.subject.names:
            self._takers[one["id"]] = taker
        else:
            self._losses.add(path, Why.NO_NAME, one["id"])

    def _of_subject(self, taker: Taker, name: str, at: str, value: object) -> None:
        takes = {
            "birthDate": taker.born,
            "birthPlace": taker.born_at,
            "gender": taker.sex,
            "nationality": taker.nationality,
            "citizenship": taker.nationality,
            "jurisdiction": taker.nationality,
            "mainCountry": taker.nationality,
        }
        if name in _NAMES:
            taker.name(at, value, _NAMES[name], weak=name == "weakAlias")
        elif name in takes:
            takes[name](at, value)
        elif name in _NUMBERS:
            taker.document(at, _NUMBERS[name], "", value)
        elif name in _SAID:
            taker.say(at, _SAID[name], value)
        elif name in _SENSITIVE:
            self._losses.add(at, Why.SENSITIVE)
        elif name not in _PARTS and name not in _SILENT and name not in _LINKS:
            self._losses.add(at, Why.UNKNOWN_PROPERTY, value)

    def _beside(self, path: str, one: Entity) -> None:
        schema = one["schema"]
        link = "holder" if schema in _PAPERS else "entity" if schema in {"Sanction", "Note"} else ""
        if not link:
            self._losses.add(path, Why.UNKNOWN_TYPE, schema)
            return
        takers = [self._takers[ref] for ref in _texts(one, link) if ref in self._takers]
        if not takers:
            self._losses.add(path, Why.NO_SUBJECT, f"{schema} {one['id']}")
            return
        for taker in takers:
            if schema in _PAPERS:
                self._paper(path, one, taker)
            else:
                self._said(path, one, taker)

    def _paper(self, path: str, one: Entity, taker: Taker) -> None:
        country = next(iter(_texts(one, "country")), "")
        type_ = next(iter(_texts(one, "type")), "passport" if one["schema"] == "Passport" else "")
        for number in _texts(one, "number") or _texts(one, "passportNumber"):
            taker.document(f"{path}.number", type_, country, number)
        until = [f"until {day}" for text in _texts(one, "endDate") if (day := a_date(text))]
        said = [type_, *_texts(one, "authority"), *(f"from {text}" for text in _texts(one, "startDate")), *until]
        if len(said) > 1:
            taker.say(path, "document", " ".join(said))
        for name, at, value in self._values(path, one):
            if name not in _OF_PAPER and name not in _SILENT:
                self._losses.add(at, Why.UNKNOWN_PROPERTY, value)

    def _said(self, path: str, one: Entity, taker: Taker) -> None:
        if one["schema"] == "Note":
            taker.say(path, "note", "\n".join([*_texts(one, "name"), *_texts(one, "description")]))
            return
        gathered_: dict[str, list[str]] = defaultdict(list)
        for name, at, value in self._values(path, one):
            if name in _OF_SANCTION:
                known = {"seen": f"{name} {value}"}.get(_OF_SANCTION[name], str(value))
                gathered_[_OF_SANCTION[name]].append(known)
            elif name not in _SILENT and name not in _LINKS:
                self._losses.add(at, Why.UNKNOWN_PROPERTY, value)
        for what, texts in gathered_.items():
            taker.say(path, what, "; ".join(texts))

    def _values(self, path: str, one: Entity) -> Iterator[tuple[str, str, object]]:
        for name, value in one["properties"].items():
            if not isinstance(value, list):
                self._losses.add(f"{path}.{name}", Why.WRONG_FORM, value if isinstance(value, str) else "")
                continue
            for i, text in enumerate(value):
                yield str(name), f"{path}.{name}.{i}", text


def _texts(one: Entity, name: str) -> list[str]:
    value = one["properties"].get(name)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
