"""Statements as FollowTheMoney entities (schema of followthemoney 4.11), one JSON object a line.

A person, an organisation, a vehicle, a vessel or an airplane (another thing is a note), the papers that the first two
hold, a `Sanction` where a list or an alert says one, and the signed statement as a `PlainText` that the first of them
names as its proof. Values of that schema are cleaned and cut by its programs, so the statement stands there in base64,
in numbered pieces.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pycountry

from jiwar.bridges.logic.found import alpha2
from jiwar.bridges.logic.statement import FILE_END, Say, Signed, Statement, Written, named
from jiwar.bridges.logic.telling import ALERTS, MAPPED, lines, title
from jiwar.wire.strict_json import canonical

Entity = dict[str, Any]
PIECE: Final = 60_000
"""Characters of one value of the type `text`, of which the schema keeps 65,000."""
CARRIER: Final = re.compile(r"jiwar-record/1 ([0-9]{1,3})/([0-9]{1,3}) ([A-Za-z0-9+/=]+)")
_NAMES: Final = {"name": "name", "alias": "alias", "original_script": "alias", "former": "previousName"}
_SCHEMATA: Final = {
    "person": "Person", "organisation": "Organization", "armed_group": "Organization", "vehicle": "Vehicle",
    "vessel": "Vessel", "aircraft": "Airplane",
}  # fmt: skip
_NUMBERS: Final = {
    ("vehicle", "plate"): "registrationNumber",
    ("vessel", "imo"): "imoNumber",
    ("vessel", "mmsi"): "mmsi",
    ("vessel", "callsign"): "callSign",
    ("vessel", "hull"): "registrationNumber",
    ("aircraft", "tail"): "registrationNumber",
    ("aircraft", "serial"): "serialNumber",
}
"""The property that a number of a thing has; the text says the others."""
_SEXES: Final = {"M": "male", "F": "female", "X": "other"}
_NUMBER: Final = 64  # the longest `number` that the schema keeps
_UN_REFERENCE: Final = 16


def write(statement: Statement, say: Say) -> Written:
    """The entities of a statement; the first is what it is about, or a note."""
    made = Written(native={"content.handling.tlp"} if statement.tlp == "CLEAR" else set())
    proof = entity_id("PlainText", statement)
    told = lines(statement, say)
    text = "\n".join(line.text for line in told)
    body = statement.body
    if statement.kind in MAPPED and body.get("subject", {}).get("type") in _SCHEMATA:
        made.objects += _subject(statement, text, proof, made, say)
    else:
        made.objects.append(
            _entity(entity_id("Note", statement), "Note", name=title(statement, say), description=text, proof=proof)
        )
    made.objects.append(_carrier(proof, statement, say))
    made.as_text = {line.path for line in told} - made.native
    return made


def entity_id(schema: str, statement: Statement, part: str = "") -> str:
    """The same for each version of a record."""
    return f"jiwar-{named('ftm', schema, statement.uid, part).hex}"


def file_of(entities: Sequence[Mapping[str, Any]]) -> bytes:
    """One entity a line."""
    return b"".join(canonical(entity) + b"\n" for entity in entities)


def gathered(pieces: Sequence[str], path: str) -> Signed | None:
    """The statement that a `PlainText` carries, or None where it carries none; raises Unreadable for a damaged one."""
    found = [match for piece in pieces if (match := CARRIER.fullmatch(piece))]
    if not found:
        return None
    by_number = {int(match[1]): match[3] for match in found}
    count = int(found[0][2])
    whole = "".join(by_number.get(number, "") for number in range(1, count + 1))
    try:
        return Signed.unpack(base64.b64decode(whole, validate=True), path)
    except ValueError:  # binascii.Error is one
        return Signed.unpack(b"", path)


def _entity(id_: str, schema: str, **values: str | Sequence[str] | None) -> Entity:
    """Every property is a list of texts; what is empty is left out."""
    listed = {name: [value] if isinstance(value, str) else list(value or ()) for name, value in values.items()}
    properties = {name: [text for text in texts if text] for name, texts in listed.items()}
    return {"id": id_, "schema": schema, "properties": {name: texts for name, texts in properties.items() if texts}}


def _subject(statement: Statement, text: str, proof: str, made: Written, say: Say) -> Iterator[Entity]:
    body, at = statement.body, "content.body.subject"
    subject = body["subject"]
    schema = _SCHEMATA[subject["type"]]
    key = entity_id(schema, statement)
    values: dict[str, list[str]] = {"proof": [proof], "notes": [text]}
    made.native |= {f"{at}.type"} if subject["type"] != "armed_group" else set()
    for i, one in enumerate(subject["names"]):
        weak = one.get("quality") == "low"
        values.setdefault("weakAlias" if weak else _NAMES[one["kind"]], []).append(one["text"])
        made.native |= {f"{at}.names.{i}.{part}" for part in ("text", "quality")}
        made.native |= {f"{at}.names.{i}.kind"} if not weak and one["kind"] != "original_script" else set()
    if "name" not in values:
        values["name"] = [subject["names"][0]["text"]]
    states = [(i, alpha2(state)) for i, state in enumerate(subject.get("nationalities", ()))]
    values["nationality" if schema == "Person" else "country"] = [code for _, code in states if code]
    made.native |= {f"{at}.nationalities.{i}" for i, code in states if code}
    for i, one in enumerate(subject.get("identifiers", ())):
        if (name := _NUMBERS.get((subject["type"], one["kind"]))) and len(one["number"]) <= _NUMBER:
            values.setdefault(name, []).append(one["number"])
            made.native |= {f"{at}.identifiers.{i}.{part}" for part in ("kind", "number")}
    if schema == "Person":
        _person(subject, values, made)
        if body.get("type") == "wanted_for_arrest":
            values["topics"] = ["wanted"]
    if statement.kind[0] in {"listing.person", "listing.entity"}:
        values["topics"] = ["sanction"]
    yield _entity(key, schema, **values)
    if schema in {"Person", "Organization"}:  # who holds a paper is one of these
        yield from _papers(statement, subject, key, proof, made)
    yield from _designation(statement, key, proof, made, say)


def _person(subject: Mapping[str, Any], values: dict[str, list[str]], made: Written) -> None:
    at = "content.body.subject"
    for i, born in enumerate(subject.get("birth_dates", ())):
        # A span or "about" has no form here: the text says it.
        if "/" not in born["date"] and not born.get("approximate"):
            values.setdefault("birthDate", []).append(born["date"])
            made.native.add(f"{at}.birth_dates.{i}")
    for i, sex in enumerate(subject.get("sexes", ())):
        values.setdefault("gender", []).append(_SEXES[sex])
        made.native.add(f"{at}.sexes.{i}")
    if place := subject.get("place_of_birth"):
        values["birthPlace"] = [place]
        made.native.add(f"{at}.place_of_birth")


def _papers(
    statement: Statement, subject: Mapping[str, Any], holder: str, proof: str, made: Written
) -> Iterator[Entity]:
    for i, paper in enumerate(subject.get("documents", ())):
        if len(paper["number"]) > _NUMBER:
            continue
        passport = "passport" in str(paper.get("type", "")).lower()
        schema = "Passport" if passport else "Identification"
        country = alpha2(paper.get("country", ""))
        yield _entity(
            entity_id(schema, statement, str(i)),
            schema,
            holder=holder,
            number=paper["number"],
            country=country,
            type=paper.get("type", ""),
            proof=proof,
        )
        at = f"content.body.subject.documents.{i}"
        made.native |= {f"{at}.number", f"{at}.type"} | ({f"{at}.country"} if country else set())


def _designation(statement: Statement, key: str, proof: str, made: Written, say: Say) -> Iterator[Entity]:
    """A list's entry, or an alert that rests on a decision. Somebody missing is under no sanction (rule R13)."""
    body, name = statement.body, statement.kind[0]
    id_ = entity_id("Sanction", statement)
    if name in {"listing.person", "listing.entity"}:
        reference = body["reference"]
        yield _entity(
            id_,
            "Sanction",
            entity=key,
            authority=say("list", body["list"]),
            program=body.get("un_list_type", ""),
            unscId=reference if len(reference) <= _UN_REFERENCE else "",
            authorityId=reference,
            listingDate=body.get("listed_on"),
            proof=proof,
        )
        made.native |= {f"content.body.{part}" for part in ("list", "reference", "un_list_type", "listed_on")}
    elif name in ALERTS and body["type"] != "missing" and not body.get("protected"):
        country = pycountry.countries.get(alpha_3=statement.origin)
        offence = body.get("offence") or {}
        yield _entity(
            id_,
            "Sanction",
            entity=key,
            authority=country.name if country else statement.origin,
            country=alpha2(statement.origin),
            program=say("alert_type", body["type"]),
            provisions=say("action", body["action"]),
            reason=offence.get("title", ""),
            startDate=statement.issued_at.date().isoformat(),
            endDate=str(statement.content["valid_until"])[:10],
            recordId=statement.uid,
            proof=proof,
        )
        made.native |= {"content.body.type", "content.body.action", "content.body.offence.title"}


def _carrier(id_: str, statement: Statement, say: Say) -> Entity:
    packed = statement.signed.pack()
    code = base64.b64encode(packed).decode()
    pieces = [code[i : i + PIECE] for i in range(0, len(code), PIECE)]
    return _entity(
        id_,
        "PlainText",
        name=title(statement, say),
        fileName=f"{statement.uid}-v{statement.version}{FILE_END}",
        mimeType="application/json",
        contentHash=hashlib.sha1(packed, usedforsecurity=False).hexdigest(),  # the checksum that the schema wants
        bodyText=[f"jiwar-record/1 {i}/{len(pieces)} {piece}" for i, piece in enumerate(pieces, 1)],
    )
