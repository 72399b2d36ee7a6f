"""Readers of the European Union's consolidated list of financial sanctions (FSF), files 1.1: XML and CSV.

Schema: https://webgate.ec.europa.eu/fsd/fsf/public/files/xsd/1_1. In the CSV an entity takes as many rows as it has
names, addresses, births, papers and citizenships, one after another; its regulation stands on each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import BinaryIO, Final

from . import list_dates
from .dates import PartialDate
from .list_csv import Table, rows
from .list_xml import Element, Reader, elements
from .listed import MAX_ENTRIES, Header, Item, Listed, ListError, Problem, Taker, Unread

_TYPES: Final = {"p": "person", "person": "person", "e": "organisation", "enterprise": "organisation"}
_NUMBERS: Final = {"imo": "imo", "callsign": "callsign", "iban": "iban", "vin": "vin", "mmsi": "mmsi"}
_NOWHERE: Final = {"00", "UNKNOWN"}
_MARKS: Final = {
    "diplomatic": "diplomatic",
    "knownexpired": "expired",
    "knownfalse": "false",
    "reportedlost": "reported lost",
    "revokedbyissuer": "revoked",
}
Get = Callable[[str], str]
"""What an element's attribute or a row's column says, "" where it says nothing."""


class _Entity:
    """One sanctionEntity, put together from its parts; XML and CSV name them alike but for the letters' case."""

    def __init__(self, line: int, get: Get, type_: str, kind: str) -> None:
        self.id = get("logicalid")
        reference = get("eu_referencenumber") or get("eureferencenumber") or self.id
        type_ = _TYPES.get(kind.casefold()) or _TYPES.get(type_.casefold(), "")
        self.taker = Taker(line, reference[:40], type_ or "organisation")
        if not type_:
            self.taker.problem("subjectType", Problem.UNKNOWN_TYPE, kind)
        self.taker.listed.listed_on = self.taker.day("designationDate", get("designationdate"), list_dates.iso)
        self.taker.comment("designationDetails", get("designationdetails"))
        if united := get("unitednationid"):
            self.taker.comment("unitedNationId", f"UN {united}")

    def remark(self, text: str) -> None:
        self.taker.comment("remark", text)

    def regulation(self, get: Get) -> None:
        taker = self.taker
        taker.programme("regulation/programme", get("programme"))
        day = taker.day("regulation/publicationDate", get("publicationdate"), list_dates.iso)
        if day and (taker.listed.updated_on is None or day > taker.listed.updated_on):
            taker.listed.updated_on = day

    def name(self, get: Get) -> None:
        whole = get("wholename") or " ".join(filter(None, (get("firstname"), get("middlename"), get("lastname"))))
        weak = get("strong").casefold() == "false"
        self.taker.name("nameAlias/wholeName", whole, "name", "low" if weak else "good")
        self.taker.sex("nameAlias/gender", get("gender"))
        self.taker.designation("nameAlias/function", get("function"))
        self.taker.designation("nameAlias/title", get("title"))

    def citizenship(self, get: Get) -> None:
        self.taker.nationality("citizenship", self._country(get))

    def address(self, get: Get) -> None:
        parts = [get(part) for part in ("street", "pobox", "zipcode", "city", "place", "region")]
        country = self._country(get)
        description = get("countrydescription") if country else ""
        self.taker.place("address", "address", country, ", ".join(filter(None, (*parts, description))))
        self.taker.comment("address/contactInfo", get("contactinfo"))

    def birth(self, get: Get) -> None:
        taker = self.taker
        if get("calendartype").casefold() not in {"", "gregorian"}:
            taker.problem("birthdate/calendarType", Problem.UNKNOWN_DATE, f"{get('calendartype')} {get('birthdate')}")
        else:
            said = [
                get(part) for part in ("birthdate", "year", "monthofyear", "dayofmonth", "yearrangefrom", "yearrangeto")
            ]
            said[2], said[3] = said[2] or get("month"), said[3] or get("day")
            if any(text.strip("0") for text in said):
                taker.born("birthdate", "|".join([*said, get("circa")]), _born)
        parts = [get(part) for part in ("zipcode", "city", "place", "region")]
        country = self._country(get)
        description = get("countrydescription") if country else ""
        taker.place("birthdate/place", "birth", country, ", ".join(filter(None, (*parts, description))))

    def identification(self, get: Get) -> None:
        taker = self.taker
        type_ = get("identificationtypecode") or get("typecode")
        named = get("identificationtypedescription") or get("typedescription") or type_
        number = get("number") or get("latinnumber")
        if not number:
            return
        if kind := _NUMBERS.get(type_.casefold()):
            taker.identifier("identification", kind, self._country(get), number)
        else:
            taker.document("identification", named, self._country(get), number)
        marks = [word for mark, word in _MARKS.items() if get(mark).casefold() == "true"]
        told = [get("issuedby"), get("issueddate"), get("validfrom"), get("validto"), *marks]
        if any(told):
            taker.comment("identification", f"{named} {number}: {' '.join(filter(None, told))}")

    def _country(self, get: Get) -> str:
        code = get("countryiso2code")
        return "" if code.upper() in _NOWHERE else code or ""


def _born(text: str) -> PartialDate:
    day, year, month, of_month, first, last, circa = text.split("|")
    about = circa.casefold() == "true"
    if day:
        found = list_dates.iso(day)
    elif year.strip("0"):
        parts = [int(part) if re.fullmatch("[0-9]{1,2}", part) else 0 for part in (month, of_month)]
        found = PartialDate(_year(year), parts[0] or None, parts[1] or None if parts[0] else None)
    elif first.strip("0"):
        found = PartialDate(_year(first), to_year=_year(last) if last.strip("0") else None)
    else:
        raise ValueError(text)
    return PartialDate(found.year, found.month, found.day, found.to_year, approximate=about)


def _year(text: str) -> int:
    if not re.fullmatch("[0-9]{4}", text):
        raise ValueError(text)
    return int(text)


# XML ------------------------------------------------------------------------------------------------------------------

_SILENT: Final = {
    "regulationSummary",
    "publicationUrl",
    "subjectType",
    "euReferenceNumber",
    "unitedNationId",
    "designationDate",
    "designationDetails",
    "logicalId",
}


def read_eu_xml(file: BinaryIO) -> Iterator[Item]:
    """Read xmlFullSanctionsList_1_1. Raises ListError."""
    count = 0
    for element in elements(file, {"export"}):
        if element.path == "export" and not element.text:
            yield from _generated(element.line, element.attributes.get("generationDate", ""), list_dates.iso)
        elif element.path == "sanctionEntity":
            count += 1
            if count > MAX_ENTRIES:
                raise ListError("too_many", element.line)
            yield from _of_element(element)
        else:
            yield Unread(element.line, element.path, Problem.UNKNOWN_ELEMENT, element.whole_text()[:500])


def _generated(line: int, text: str, read: list_dates.Read) -> Iterator[Item]:
    try:
        found = read(text)
        day = datetime(found.year, found.month or 0, found.day or 0, tzinfo=UTC)
        if "T" in text:
            moment = datetime.fromisoformat(text)
            day = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        yield Header(None)
        yield Unread(line, "@generationDate", Problem.UNKNOWN_DATE, text[:500])
    else:
        yield Header(day)


def _of_element(element: Element) -> Iterator[Listed | Unread]:
    reader = Reader(element)
    subject = next(iter(reader.groups("subjectType")), Element("", "", element.line)).attributes
    entity = _Entity(element.line, _attributes(element), subject.get("code", ""), subject.get("classificationCode", ""))
    taker = entity.taker
    takes = {
        "regulation": entity.regulation,
        "nameAlias": entity.name,
        "citizenship": entity.citizenship,
        "birthdate": entity.birth,
        "identification": entity.identification,
        "address": entity.address,
    }
    for child in element.children:
        taker.line = child.line
        if child.tag == "remark":
            entity.remark(child.text)
        elif take := takes.get(child.tag):
            take(_attributes(child))
            for below in child.children:
                taker.line = below.line
                if below.tag == "remark":
                    taker.comment(below.path, below.text)
                elif below.tag not in _SILENT:
                    taker.problem(below.path, Problem.UNKNOWN_ELEMENT, _all_of(below))
        else:
            taker.problem(child.path, Problem.UNKNOWN_ELEMENT, _all_of(child))
    yield from taker.given()


def _all_of(element: Element) -> str:
    return " ".join([*(f"{name}={value}" for name, value in element.attributes.items()), element.whole_text()]).strip()


def _attributes(element: Element) -> Get:
    low = {name.casefold(): value.strip() for name, value in element.attributes.items()}
    return lambda name: low.get(name, "")


# CSV ------------------------------------------------------------------------------------------------------------------

_NEEDED: Final = ("Entity_LogicalId", "Entity_SubjectType_ClassificationCode", "NameAlias_WholeName")
_GROUPS: Final = ("NameAlias", "Address", "BirthDate", "Identification", "Citizenship")
_KNOWN: Final = re.compile(
    r"fileGenerationDate|(?:Entity|NameAlias|Address|BirthDate|Identification|Citizenship)_[A-Za-z0-9_]+"
)


def read_eu_csv(file: BinaryIO) -> Iterator[Item]:
    """Read csvFullSanctionsList_1_1 (semicolons). Raises ListError."""
    lines = rows(file, delimiter=";")
    at, header = next(lines, (0, []))
    table = Table(header)
    if not table.has(*_NEEDED):
        raise ListError("not_the_list", at, ", ".join(header)[:60])
    unknown = [name for name in header if name and not _KNOWN.fullmatch(name)]
    entity: _Entity | None = None
    seen: set[str] = set()
    for line, cells in lines:
        if not seen:
            yield from _generated(line, table.get(cells, "fileGenerationDate"), list_dates.day_first)
            for name in unknown:
                yield Unread(at, name[:200], Problem.UNKNOWN_COLUMN, "")
        id_ = table.get(cells, "Entity_LogicalId")
        if not id_:
            yield Unread(line, "Entity_LogicalId", Problem.EMPTY_REQUIRED, ";".join(cells)[:500])
            continue
        if entity is None or entity.id != id_:
            if entity is not None:
                yield from entity.taker.given()
            if len(seen) >= MAX_ENTRIES:
                raise ListError("too_many", line)
            if id_ in seen:
                yield Unread(line, "Entity_LogicalId", Problem.REPEATED, id_)
            seen.add(id_)
            get = _columns(table, cells, "Entity")
            entity = _Entity(line, get, get("subjecttype"), get("subjecttype_classificationcode"))
            entity.remark(get("remark"))
            entity.regulation(_columns(table, cells, "Entity_Regulation"))
        entity.taker.line = line
        _of_row(entity, table, cells)
    if entity is not None:
        yield from entity.taker.given()
    if not seen:
        yield Header(None)


def _of_row(entity: _Entity, table: Table, cells: list[str]) -> None:
    takes = (entity.name, entity.address, entity.birth, entity.identification, entity.citizenship)
    for group, take in zip(_GROUPS, takes, strict=True):
        get = _columns(table, cells, group)
        if get("logicalid") or group == "NameAlias":
            take(get)
            entity.taker.comment(f"{group}_Remark", get("remark"))


def _columns(table: Table, cells: list[str], group: str) -> Get:
    return lambda name: table.get(cells, f"{group}_{name}")
