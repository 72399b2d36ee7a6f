"""Reader of the Specially Designated Nationals list of OFAC, and of its consolidated list: CSV set and XML.

Field names: https://ofac.treasury.gov/specially-designated-nationals-list-data-formats-data-schemas. SDN.CSV, ALT.CSV,
ADD.CSV and SDN_COMMENTS.CSV have no header and no date; "-0-" is nothing, and what identifies somebody stands in the
remarks, in sentences ("DOB 12 Dec 1958; Passport A123 (Libya)"). sdn.xml has elements for it, and a date.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import BinaryIO, Final

from . import list_dates
from .list_csv import rows
from .list_xml import Element, Reader, elements
from .listed import MAX_ENTRIES, Header, Item, Listed, ListError, Problem, Taker, Unread

_TYPES: Final = {
    "": "organisation",
    "entity": "organisation",
    "individual": "person",
    "vessel": "vessel",
    "aircraft": "aircraft",
}
_ALIASES: Final = {"aka": "alias", "fka": "former", "nka": "alias"}
_NUMBERS: Final = {
    "aircraft construction number": "serial",
    "aircraft manufacturer's serial number": "serial",
    "aircraft serial identification": "serial",
    "aircraft tail number": "tail",
    "aircraft mode s transponder code": "icao24",
    "bank account no.": "account",
    "call sign": "callsign",
    "iban": "iban",
    "imo number": "imo",
    "mmsi": "mmsi",
    "maritime mobile service identity": "mmsi",
    "other vessel call sign": "callsign",
    "phone number": "phone",
    "vehicle identification number": "vin",
    "vessel registration identification": "imo",
}
"""Types of identity that name an object, an account or a device; every other type is a document."""
_SAID: Final = (
    "additional sanctions information",
    "aircraft manufacture date",
    "aircraft model",
    "aircraft operator",
    "aircraft owner",
    "all offices worldwide",
    "business number",
    "ceo",
    "effective date (eo 14024 directive)",
    "email address",
    "executive order 13846 information",
    "executive order 14024 directive information",
    "former vessel flag",
    "former vessel type",
    "ifca determination",
    "issuer name",
    "listing date (eo 14024 directive)",
    "nationality of registration",
    "organization established date",
    "organization type",
    "other vessel flag",
    "other vessel type",
    "peesa information",
    "place of registration",
    "position",
    "previous aircraft tail number",
    "secondary sanctions risk",
    "subject to secondary sanctions",
    "swift/bic",
    "target type",
    "transactions prohibited",
    "transactions prohibited for persons owned or controlled by u.s. financial institutions",
    "vessel build year",
    "vessel flag",
    "vessel owner",
    "vessel type",
    "vessel year of build",
    "website",
)
"""Remarks that are kept as text: nothing is compared by them."""


def read_ofac_csv(files: Mapping[str, BinaryIO]) -> Iterator[Item]:
    """Read the CSV set. `files` by their names; SDN.CSV is needed, the others add to it. Raises ListError."""
    parts = {part: files[name] for name in files if (part := _part(name))}
    if "sdn" not in parts or len(parts) != len(files):
        raise ListError("not_the_list", detail="SDN.CSV, ALT.CSV, ADD.CSV, SDN_COMMENTS.CSV")
    yield Header(None)
    further = {part: _grouped(parts[part]) if part in parts else {} for part in ("alt", "add", "comments")}
    count = 0
    for line, cells in _rows(parts["sdn"]):
        count += 1
        if count > MAX_ENTRIES:
            raise ListError("too_many", line)
        if len(cells) < 11 or not re.fullmatch("[0-9]{1,9}", cells[0]):
            if count == 1:
                raise ListError("not_the_list", line)
            yield Unread(line, "SDN", Problem.UNKNOWN_ENTRY, ",".join(cells)[:500])
            continue
        number = cells[0]
        yield from _entry(line, cells, {part: held.pop(number, []) for part, held in further.items()})
    for part, held in further.items():
        for number, lines in held.items():
            for line, cells in lines:
                yield Unread(line, part.upper(), Problem.UNKNOWN_ENTRY, ",".join(cells)[:500], number)


def _part(name: str) -> str:
    """Which of the four files it is, by its name."""
    stem = re.sub(r"[^a-z]", "", name.rsplit("/", 1)[-1].casefold().rsplit(".", 1)[0])
    for part in ("comments", "alt", "add"):
        if part in stem:
            return part
    return "sdn" if stem in {"sdn", "consprim"} else ""


def _rows(file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    for line, cells in rows(file, encoding="latin-1"):
        if cells == ["\x1a"]:
            continue  # the end of a file, as the tool that writes it sees it
        yield line, ["" if cell in {"-0-", "-0 -"} else _utf8(cell) for cell in cells]


def _utf8(text: str) -> str:
    """The set is in Latin-1, of late in UTF-8: what is UTF-8 by its bytes is."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _grouped(file: BinaryIO) -> dict[str, list[tuple[int, list[str]]]]:
    found: dict[str, list[tuple[int, list[str]]]] = defaultdict(list)
    for line, cells in _rows(file):
        found[cells[0]].append((line, cells))
    return dict(found)


def _entry(
    line: int, cells: Sequence[str], further: Mapping[str, Sequence[tuple[int, list[str]]]]
) -> Iterator[Listed | Unread]:
    number, name, type_, programmes, title, callsign, vessel, tonnage, gross, flag, owner, *rest = cells
    kind = _TYPES.get(type_.casefold(), "")
    taker = Taker(line, number, kind or "organisation")
    if not kind:
        taker.problem("SDN_Type", Problem.UNKNOWN_TYPE, type_)
    taker.name("SDN_Name", _in_order(name, person=kind == "person"))
    for programme in re.split(r"\] \[|[\[\]]", programmes):
        taker.programme("Program", programme)
    taker.designation("Title", title)
    taker.identifier("Call_Sign", "callsign", "", callsign)
    if flag:
        taker.place("Vess_flag", "other", flag, flag)
    taker.relation("Vess_owner", "other", owner)
    for said, value in (("Vess_type", vessel), ("Tonnage", tonnage), ("GRT", gross)):
        taker.comment(said, f"{said} {value}" if value else "")
    for at, alias in further["alt"]:
        taker.line = at
        _alias(taker, alias)
    for at, address in further["add"]:
        taker.line = at
        _address(taker, address)
    taker.line = line
    remarks = " ".join(rest)
    for at, more in further["comments"]:
        # What does not fit into the remarks goes on in the fourth file.
        remarks += (" " if remarks.endswith((".", ";")) else "") + " ".join(more[1:])
        taker.line = at
    _remarks(taker, remarks)
    yield from taker.given()


def _in_order(name: str, *, person: bool) -> str:
    """MEGRAHI, Salem Ould: the family name stands first, before a comma."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if person and comma else name


def _alias(taker: Taker, cells: Sequence[str]) -> None:
    _, _, type_, name, *remarks = [*cells, "", "", "", ""]
    kind = _ALIASES.get(type_.replace(".", ""), "")
    if not kind:
        taker.problem("alt_type", Problem.UNKNOWN_QUALITY, type_)
    name = _in_order(name, person=taker.listed.type == "person")
    taker.name("alt_name", name, kind or "alias")
    taker.comment("alt_remarks", " ".join(filter(None, remarks)))


def _address(taker: Taker, cells: Sequence[str]) -> None:
    _, _, street, city, country, *remarks = [*cells, "", "", "", ""]
    taker.place("address", "address", country, ", ".join(filter(None, (street, city, country))))
    taker.comment("add_remarks", " ".join(filter(None, remarks)))


# Remarks --------------------------------------------------------------------------------------------------------------


def _remarks(taker: Taker, remarks: str) -> None:
    for remark in re.split("; ", remarks.strip().removesuffix(".")):
        text = re.sub("^alt\\. ", "", remark.strip(" ;"), flags=re.IGNORECASE)
        for linked in re.findall(r"\(Linked To: ([^()]+(?:\([^()]*\)[^()]*)*)\)", text):
            taker.relation("Remarks/Linked To", "associate", linked)
        text = re.sub(r" *\((?:vessel|aircraft|individual)\)| *\(Linked To: .*", "", text).strip()
        if text and not _remark(taker, text):
            taker.problem("Remarks", Problem.UNKNOWN_REMARK, text)
            taker.comment("Remarks", text)


def _remark(taker: Taker, text: str) -> bool:
    """Take what one remark says; False where it is of no known form."""
    word, _, value = text.partition(" ")
    if word == "DOB":
        taker.born("Remarks/DOB", value, list_dates.in_words)
    elif word == "POB":
        taker.place("Remarks/POB", "birth", "", value)
    elif word in {"nationality", "citizen"}:
        taker.nationality(f"Remarks/{word}", value)
    elif word == "Gender":
        taker.sex("Remarks/Gender", value)
    elif word == "Linked" and value.startswith("To: "):
        taker.relation("Remarks/Linked To", "associate", value[4:])
    elif found := re.fullmatch(r"Digital Currency Address - ([A-Z0-9]+) (\S+)", text):
        taker.identifier("Remarks/Digital Currency Address", "account", "", found[2])
        taker.comment("Remarks", text)
    elif re.match(r"(?:f|a|n)\.k\.a\. ", text):
        taker.name("Remarks", text[7:].strip("'\""), "former" if text[0] == "f" else "alias", "low")
    elif _heading(text):
        taker.comment("Remarks", text)
    elif not _number(taker, text):
        return False
    return True


def _heading(text: str) -> bool:
    low = text.casefold()
    return low.startswith(_SAID) or text.startswith(("(", "Member of", "Executive Order"))


_IS_NUMBERED: Final = re.compile(
    r"\b(?:No\.|Number|Passport|Card|ID|MMSI|Code|Registration|Identification|Licen[cs]e|Certificate|Document|Permit"
    r"|C\.U\.R\.P\.|C\.U\.I\.T\.|R\.F\.C\.|RUC|N\.I\.E\.|D\.N\.I\.|S\.S\.N\.|SSN|RTN|RIF|NIT|Folio Mercantil|IBAN|Visa)"
    r"(?: #| \([^()]*\))?$"
)
"""How the words before a number end, where they say what number it is: "leader since 2005" is none."""
_NUMBER: Final = re.compile(
    r"(?P<number>[^()]+?)(?: \((?P<country>[^()]*(?:\([^()]*\)[^()]*)?)\))?(?P<more> (?:issued|expires) .*)?",
    re.IGNORECASE,
)


def _number(taker: Taker, text: str) -> bool:
    """Passport A0042 (Libya) issued 5 May 2010 expires 4 May 2015; Aircraft Tail Number 5A-DKO."""
    # The type ends where something begins that has a figure in it.
    at = re.search(r" (?=(?:IMO )?[^ ()]*[0-9])", text)
    found = _NUMBER.fullmatch(text[at.end() :]) if at else None
    if not at or not found or not _IS_NUMBERED.search(text[: at.start()]):
        return False
    type_, country, number = text[: at.start()], found["country"] or "", found["number"].strip()
    _take_number(taker, f"Remarks/{type_}"[:200], type_, country, number)
    if found["more"]:
        taker.comment("Remarks", text)
    return True


def _take_number(taker: Taker, path: str, type_: str, country: str, number: str) -> None:
    low = type_.casefold()
    kind = next((kind for heading, kind in _NUMBERS.items() if low.startswith(heading)), "")
    if kind:
        taker.identifier(path, kind, country, number.removeprefix("IMO ").strip() if kind == "imo" else number)
    else:
        taker.document(path, type_, country, number)


# XML ------------------------------------------------------------------------------------------------------------------


def read_ofac_xml(file: BinaryIO) -> Iterator[Item]:
    """Read sdn.xml or consolidated.xml. Raises ListError: "advanced_form" for SDN_ADVANCED.XML."""
    count, dated = 0, False
    for element in elements(file, {"sdnList", "Sanctions"}):
        if element.path == "Sanctions":
            raise ListError("advanced_form", element.line)
        if element.path == "publshInformation":
            dated = True
            yield from _published(element)
        elif element.path == "sdnEntry":
            if not dated:
                raise ListError("not_the_list", element.line, "no Publish_Date before the first entry")
            count += 1
            if count > MAX_ENTRIES:
                raise ListError("too_many", element.line)
            yield from _Entry(element).read()
        elif element.path != "sdnList" or element.text.strip():
            yield Unread(element.line, element.path, Problem.UNKNOWN_ELEMENT, element.whole_text()[:500])
    if not dated:
        raise ListError("not_the_list", 0, "no Publish_Date")


def _published(element: Element) -> Iterator[Item]:
    text = Reader(element).one("Publish_Date")
    try:
        yield Header(datetime.strptime(text, "%m/%d/%Y").replace(tzinfo=UTC))
    except ValueError:
        yield Header(None)
        yield Unread(element.line, "publshInformation/Publish_Date", Problem.UNKNOWN_DATE, text[:500])


class _Entry(Reader):
    """One sdnEntry."""

    def read(self) -> Iterator[Listed | Unread]:
        one = self.one
        number = one("uid")
        type_ = one("sdnType")
        kind = _TYPES.get(type_.casefold(), "")
        self._taker = taker = Taker(self.element.line, number[:40], kind or "organisation")
        if not number:
            taker.problem("uid", Problem.EMPTY_REQUIRED, "")
        if not kind:
            taker.problem("sdnType", Problem.UNKNOWN_TYPE, type_)
        taker.name("lastName", " ".join(filter(None, (one("firstName"), one("lastName")))))
        taker.designation("title", one("title"))
        remarks = one("remarks")
        if remarks:
            _remarks(taker, remarks)
        for list_, item, take in (
            ("programList", "program", self._programme),
            ("akaList", "aka", self._alias),
            ("addressList", "address", self._address),
            ("idList", "id", self._number),
            ("nationalityList", "nationality", self._nationality),
            ("citizenshipList", "citizenship", self._nationality),
            ("dateOfBirthList", "dateOfBirthItem", self._born),
            ("placeOfBirthList", "placeOfBirthItem", self._born_at),
        ):
            for group in self.groups(list_):
                for each in self.groups(item, group):
                    taker.line = each.line
                    take(each)
                    self._left(each)
                self._left(group)
        for vessel in self.groups("vesselInfo"):
            taker.line = vessel.line
            self._vessel(vessel)
            self._left(vessel)
        self._left(self.element)
        yield from taker.given()

    def _left(self, element: Element) -> None:
        for left, text in self.left(element):
            if left.tag not in {"uid", "mainEntry"}:
                self._taker.line = left.line
                self._taker.problem(left.path, Problem.UNKNOWN_ELEMENT, text)

    def _programme(self, element: Element) -> None:
        self._taker.programme(element.path, element.text)
        element.text = ""

    def _alias(self, element: Element) -> None:
        type_, category = self.one("type", element), self.one("category", element)
        kind = _ALIASES.get(type_.replace(".", ""), "")
        if not kind or category not in {"strong", "weak"}:
            self._taker.problem(element.path, Problem.UNKNOWN_QUALITY, f"{type_} {category}")
        name = " ".join(filter(None, (self.one("firstName", element), self.one("lastName", element))))
        self._taker.name(element.path, name, kind or "alias", "low" if category == "weak" else "good")

    def _address(self, element: Element) -> None:
        tags = ("address1", "address2", "address3", "city", "stateOrProvince", "postalCode")
        lines = [self.one(tag, element) for tag in tags]
        country = self.one("country", element)
        self._taker.place(element.path, "address", country, ", ".join(filter(None, (*lines, country))))

    def _number(self, element: Element) -> None:
        type_, number, country = (self.one(tag, element) for tag in ("idType", "idNumber", "idCountry"))
        since, until = self.one("issueDate", element), self.one("expirationDate", element)
        if type_.casefold() == "gender":
            self._taker.sex(element.path, number)
        elif type_.casefold().startswith("digital currency address"):
            self._taker.identifier(element.path, "account", country, number)
            self._taker.comment(element.path, f"{type_} {number}")
        elif type_.casefold().startswith(_SAID):
            self._taker.comment(element.path, " ".join(filter(None, (type_, number, country))))
        else:
            _take_number(self._taker, element.path, type_, country, number)
        if since or until:
            self._taker.comment(element.path, f"{type_} {number}: {since} – {until}")

    def _nationality(self, element: Element) -> None:
        self._taker.nationality(element.path, self.one("country", element))

    def _born(self, element: Element) -> None:
        self._taker.born(element.path, self.one("dateOfBirth", element), list_dates.in_words)

    def _born_at(self, element: Element) -> None:
        self._taker.place(element.path, "birth", "", self.one("placeOfBirth", element))

    def _vessel(self, element: Element) -> None:
        taker = self._taker
        taker.identifier(element.path, "callsign", "", self.one("callSign", element))
        if flag := self.one("vesselFlag", element):
            taker.place(element.path, "other", flag, flag)
        taker.relation(element.path, "other", self.one("vesselOwner", element))
        for tag in ("vesselType", "tonnage", "grossRegisteredTonnage"):
            if value := self.one(tag, element):
                taker.comment(element.path, f"{tag} {value}")
