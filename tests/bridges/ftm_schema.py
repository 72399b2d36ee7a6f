"""What the published FollowTheMoney schema says of the entities that we write: followthemoney 4.11.2, folder `schema`.

Its package needs ICU's C library, which a bare machine has not; so the facts stand here: each property with its type,
what is required, and the rules of the types (`followthemoney/types`): a date is a prefix of ISO 8601, a country an
alpha-2 code in small letters, a gender one of three words, an identifier, a name and a text at most so long.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_THING = {"name": "name", "alias": "name", "previousName": "name", "weakAlias": "name", "country": "country"} | {
    "notes": "text", "description": "text", "topics": "topic", "proof": "Document",
}  # fmt: skip
_INTERVAL = {"proof": "Document", "startDate": "date", "endDate": "date", "recordId": "string"}
_PAPER = _INTERVAL | {"holder": "LegalEntity", "number": "identifier 64", "type": "string", "country": "country"}
_VEHICLE = _THING | {"registrationNumber": "identifier 64"}
SCHEMATA: dict[str, dict[str, str]] = {
    "Person": _THING
    | {"birthDate": "date", "birthPlace": "string", "nationality": "country", "gender": "gender"},
    "Organization": _THING,
    "Vehicle": _VEHICLE,
    "Vessel": _VEHICLE | {"imoNumber": "identifier 64", "mmsi": "identifier 64", "callSign": "identifier 64"},
    "Airplane": _VEHICLE | {"serialNumber": "identifier 64"},
    "Note": _THING,
    "Passport": _PAPER,
    "Identification": _PAPER,
    "Sanction": _INTERVAL
    | {"entity": "Thing", "authority": "string", "authorityId": "identifier 1024", "unscId": "identifier 16"}
    | {"program": "string", "provisions": "string", "reason": "text", "country": "country", "listingDate": "date"},
    "PlainText": _THING
    | {"contentHash": "checksum", "fileName": "string", "mimeType": "mimetype", "bodyText": "text"},
}  # fmt: skip
REQUIRED = {
    "Person": ["name"],
    "Organization": ["name"],
    "Passport": ["holder", "number"],
    "Sanction": ["entity"],
    "Vessel": ["name"],
} | {"Identification": ["holder", "number"]}
RANGES = {
    "Document": {"PlainText"},
    "LegalEntity": {"Person", "Organization"},
    "Thing": {"Person", "Organization", "Vehicle", "Vessel", "Airplane", "Note", "PlainText"},
}
_FORMS = {
    "checksum": r"[0-9a-f]{40}",
    "country": r"[a-z]{2}",
    "date": r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?",
    "gender": r"male|female|other",
    "mimetype": r"[a-z]+/[a-z]+",
    "topic": r"wanted|sanction",
}
_LONGEST = {"string": 1024, "text": 65_000, "name": 512}


def faults(entity: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What of an entity the schema does not allow."""
    known = SCHEMATA[entity["schema"]]
    if not re.fullmatch(r"[a-zA-Z0-9-]+", entity["id"]) or set(entity) != {"id", "schema", "properties"}:
        yield f"{entity['id']}: not an entity"
    for name in REQUIRED.get(entity["schema"], []):
        if not entity["properties"].get(name):
            yield f"{entity['schema']} lacks {name}"
    for name, values in entity["properties"].items():
        if name not in known:
            yield f"{entity['schema']}.{name} is unknown"
            continue
        for value in values:
            if not isinstance(value, str) or not value or not _fits(known[name], value, others):
                yield f"{entity['schema']}.{name} is no {known[name]}: {value[:50]!r}"


def _fits(type_: str, value: str, others: Mapping[str, Mapping[str, Any]]) -> bool:
    name, _, most = type_.partition(" ")
    if name in RANGES:
        return value in others and others[value]["schema"] in RANGES[name]
    if name in _FORMS:
        return re.fullmatch(_FORMS[name], value) is not None
    return len(value) <= int(most or _LONGEST[name])
