"""Reader of the United Nations Security Council consolidated list in XML.

Schema: https://www.un.org/sc/resources/sc-sanctions.xsd; list: https://main.un.org/securitycouncil/en/content/un-sc-consolidated-list.
`read_un_list` gives, in the order of the file, one `Header`, an `Entry` for every INDIVIDUAL and ENTITY, and an
`Unread` for everything that was not understood: nothing is dropped in silence. DTDs, entities and external references
are refused, and so is a file beyond the limits; `read_un` gives the entries as every list has them.
"""

# ruff: noqa: SIM905 - word lists are read as words
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import BinaryIO, Final

from .countries import alpha3
from .dates import PartialDate
from .evidence import Document, Name, Subject
from .list_xml import Element, elements
from .listed import MAX_ENTRIES, Header, Item, Listed, ListError, Problem, Unread
from .names import read_name


@dataclass(frozen=True, slots=True)
class Country:
    """A country as written, and its ISO 3166-1 alpha-3 code or "" where the name is none."""

    text: str
    code: str


@dataclass(frozen=True, slots=True)
class Alias:
    """`quality` as written: "Good", "Low", "a.k.a.", "f.k.a." or ""; birth fields where an alias has its own."""

    name: str
    quality: str
    birth_date: str = ""
    city_of_birth: str = ""
    country_of_birth: Country | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class BirthDate:
    """`date` is None where the words say no date."""

    date: PartialDate | None
    kind: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """An address or a place of birth."""

    street: str = ""
    city: str = ""
    province: str = ""
    zip_code: str = ""
    country: Country | None = None
    note: str = ""

    @property
    def said(self) -> tuple[str, str]:
        """Its country's code, and all of it on one line."""
        country = self.country.text if self.country else ""
        parts = (self.street, self.zip_code, self.city, self.province, country, self.note)
        return self.country.code if self.country else "", ", ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """A document as the list words it; `country` is the country of issue."""

    type: str
    subtype: str
    number: str
    country: Country | None = None
    city_of_issue: str = ""
    date_of_issue: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One listed person (`individual` true) or organisation."""

    line: int
    individual: bool
    data_id: str
    reference: str
    names: tuple[str, ...]
    original_script: str
    list_type: str
    version: str = ""
    listed_on: date | None = None
    updated_on: tuple[date, ...] = ()
    sex: str = ""
    titles: tuple[str, ...] = ()
    designations: tuple[str, ...] = ()
    nationalities: tuple[Country, ...] = ()
    aliases: tuple[Alias, ...] = ()
    addresses: tuple[Place, ...] = ()
    birth_dates: tuple[BirthDate, ...] = ()
    birth_places: tuple[Place, ...] = ()
    documents: tuple[ListedDocument, ...] = ()
    comments: str = ""
    submitted_by: str = ""
    lists: tuple[str, ...] = ()
    sort_keys: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """First to fourth name on one line."""
        return " ".join(self.names)

    def subject(self) -> Subject:
        """What screening compares; the key is the reference number."""
        documents = (
            Document(doc.type or doc.subtype, doc.country.code if doc.country else "", doc.number)
            for doc in self.documents
            if doc.number
        )
        dates = (birth.date for birth in self.birth_dates if birth.date)
        return Subject(
            key=self.reference or self.data_id,
            names=tuple(dict.fromkeys(self._screened_names())),
            birth_dates=tuple(dict.fromkeys(dates)),
            sexes=(self.sex,) if self.sex else (),
            nationalities=tuple(dict.fromkeys(country.code for country in self.nationalities if country.code)),
            documents=tuple(documents),
        )

    def _screened_names(self) -> Iterator[Name]:
        yield Name(self.name)
        if self.original_script:
            yield Name(self.original_script, "original_script")
        for alias in self.aliases:
            quality = {"Good": "good", "Low": "low"}.get(alias.quality, "")
            former = alias.quality == "f.k.a." or alias.note.lower().startswith(("previously listed", "formerly"))
            for text in split_alias(alias.name):
                yield Name(text, "former" if former else "alias", quality)

    def listed(self) -> Listed:
        """The entry as every list has it."""
        subject = self.subject()
        names = [(n.text, "name" if n.kind == "primary" else n.kind, n.quality or "good") for n in subject.names]
        return Listed(
            line=self.line,
            reference=subject.key,
            type="person" if self.individual else "organisation",
            names=names,
            birth_dates=list(subject.birth_dates),
            sexes=list(subject.sexes),
            nationalities=list(subject.nationalities),
            documents=[(document.type, document.country, document.number) for document in subject.documents],
            places=[
                *(("birth", *place.said) for place in self.birth_places),
                *(("address", *place.said) for place in self.addresses),
            ],
            programmes=[self.list_type] if self.list_type else [],
            designations=list(self.designations),
            comments=[self.comments] if self.comments else [],
            listed_on=self.listed_on,
            updated_on=max(self.updated_on, default=None),
        )


def split_alias(text: str) -> list[str]:
    """The names in one alias: the list puts several between semicolons, or a second script in brackets."""
    text = re.sub(r"\((?:original script|previously listed as|formerly listed as)?:?", "(", text)
    names = [name for half in text.split(";") for name in _by_script(half)]
    return [name for name in names if read_name(name).parts]


def _by_script(text: str) -> list[str]:
    """Split where the script changes and a bracket stands between; brackets in one script are a variant's."""
    pieces = [piece.strip(" ,") for piece in re.split(r"[()]", text) if piece.strip(" ,")]
    if len(pieces) > 1 and all(len(piece) > 2 for piece in pieces) and len({_arabic(piece) for piece in pieces}) > 1:
        return pieces
    return [" ".join(pieces)] if pieces else []


def _arabic(text: str) -> bool:
    return bool(re.search("[\u0600-\u06ff]", text))


# Reading the tree of one entry ----------------------------------------------------------------------------------------

_GROUPS: Final = {"INDIVIDUALS", "ENTITIES"}


def read_un_list(file: BinaryIO) -> Iterator[Header | Entry | Unread]:
    """Read the list as a stream. `ListError` where the file cannot be read; what was given before stays valid, so take
    the whole before using any of it."""
    headed = False
    count = 0
    for element in elements(file, {"CONSOLIDATED_LIST"}, _GROUPS):
        if not headed:
            headed = True
            yield from _header(element)
        elif element.path in {"INDIVIDUALS/INDIVIDUAL", "ENTITIES/ENTITY"}:
            count += 1
            if count > MAX_ENTRIES:
                raise ListError("too_many", element.line)
            yield from _Reader(element).read()
        elif element.path not in _GROUPS or element.text.strip():
            yield Unread(element.line, element.path, Problem.UNKNOWN_ELEMENT, element.whole_text())


def read_un(file: BinaryIO) -> Iterator[Item]:
    """Read the list, each entry as every list has it."""
    for item in read_un_list(file):
        yield item.listed() if isinstance(item, Entry) else item


def _header(root: Element) -> Iterator[Header | Unread]:
    generated, unread = None, []
    for name, value in root.attributes.items():
        if name == "dateGenerated":
            try:
                generated = datetime.fromisoformat(value)
                generated = generated if generated.tzinfo else generated.replace(tzinfo=UTC)
            except ValueError:
                unread.append(Unread(root.line, "@dateGenerated", Problem.UNKNOWN_DATE, value))
        elif not name.startswith(("xmlns", "xsi:")):
            unread.append(Unread(root.line, f"@{name}", Problem.UNKNOWN_ATTRIBUTE, value))
    yield Header(generated)
    yield from unread


class _Reader:
    """Reads one entry's tree. Every element is taken once; what is left at the end was not understood."""

    def __init__(self, element: Element) -> None:
        self._root = element
        self._individual = element.tag == "INDIVIDUAL"
        self._path = f"{element.tag}S/{element.tag}" if self._individual else "ENTITIES/ENTITY"
        self._reference = ""
        self._unread: list[Unread] = []

    def read(self) -> Iterator[Entry | Unread]:
        root, prefix = self._root, self._root.tag
        self._reference = next((c.text.strip() for c in root.children if c.tag == "REFERENCE_NUMBER"), "")
        self._attributes(root, self._path)
        one, values, groups = self._one, self._values, self._groups
        names = tuple(filter(None, (one(root, f"{n}_NAME") for n in ("FIRST", "SECOND", "THIRD", "FOURTH"))))
        if not names:
            self._problem(root, "FIRST_NAME", Problem.EMPTY_REQUIRED, "")
        entry = Entry(
            line=root.line,
            individual=self._individual,
            data_id=one(root, "DATAID", required=True),
            reference=one(root, "REFERENCE_NUMBER", required=True),
            names=names,
            original_script=one(root, "NAME_ORIGINAL_SCRIPT"),
            list_type=one(root, "UN_LIST_TYPE", required=True),
            version=one(root, "VERSIONNUM"),
            listed_on=self._date(root, "LISTED_ON", one(root, "LISTED_ON")),
            updated_on=tuple(
                filter(None, (self._date(root, "LAST_DAY_UPDATED", v) for v in values("LAST_DAY_UPDATED")))
            ),
            sex=self._sex(one(root, "GENDER")),
            titles=values("TITLE"),
            designations=values("DESIGNATION"),
            nationalities=tuple(self._country(root, "NATIONALITY/VALUE", v) for v in values("NATIONALITY")),
            aliases=tuple(filter(None, map(self._alias, groups(f"{prefix}_ALIAS")))),
            addresses=tuple(filter(None, map(self._place, groups(f"{prefix}_ADDRESS")))),
            birth_dates=tuple(filter(None, map(self._birth, groups("INDIVIDUAL_DATE_OF_BIRTH")))),
            birth_places=tuple(filter(None, map(self._place, groups("INDIVIDUAL_PLACE_OF_BIRTH")))),
            documents=tuple(filter(None, map(self._document, groups("INDIVIDUAL_DOCUMENT")))),
            comments=one(root, "COMMENTS1"),
            submitted_by=one(root, "SUBMITTED_BY"),
            lists=values("LIST_TYPE"),
            sort_keys=tuple(filter(None, (one(root, "SORT_KEY"), one(root, "SORT_KEY_LAST_MOD")))),
        )
        self._left(root, self._path)
        yield entry
        yield from sorted(self._unread, key=lambda unread: unread.line)

    # Taking elements out of the tree.

    def _one(self, parent: Element, tag: str, *, required: bool = False) -> str:
        """The text of the child `tag`, or "". A second one that is not empty stays for `_left` to report."""
        found = next((child for child in parent.children if child.tag == tag and not child.children), None)
        if found is None:
            if required:
                self._problem(parent, tag, Problem.EMPTY_REQUIRED, "")
            return ""
        parent.children.remove(found)
        self._attributes(found, f"{self._path}/{tag}")
        text = re.sub(r"[ \t\r\n]+", " ", found.text).strip() if tag != "COMMENTS1" else found.text.strip()
        if required and not text:
            self._problem(found, tag, Problem.EMPTY_REQUIRED, "")
        return text

    def _groups(self, tag: str) -> list[Element]:
        found = [child for child in self._root.children if child.tag == tag]
        self._root.children = [child for child in self._root.children if child.tag != tag]
        return found

    def _values(self, tag: str) -> tuple[str, ...]:
        """The VALUE children of every child `tag`."""
        values: list[str] = []
        for group in self._groups(tag):
            while any(child.tag == "VALUE" for child in group.children):
                before = len(group.children)
                values.append(self._one(group, "VALUE"))
                if len(group.children) == before:
                    break
            self._left(group, f"{self._path}/{tag}")
        return tuple(filter(None, values))

    def _left(self, element: Element, path: str) -> None:
        """Report what nothing has taken."""
        if element.text.strip() and element.children is not None and element.tag != "VALUE":
            self._unread.append(
                Unread(element.line, path, Problem.UNKNOWN_ELEMENT, element.text.strip(), self._reference)
            )
        for child in element.children:
            self._attributes(child, f"{path}/{child.tag}")
            code = Problem.REPEATED if child.tag in _SINGLE else Problem.UNKNOWN_ELEMENT
            self._unread.append(Unread(child.line, f"{path}/{child.tag}", code, child.whole_text(), self._reference))

    def _attributes(self, element: Element, path: str) -> None:
        for name, value in element.attributes.items():
            self._unread.append(
                Unread(element.line, f"{path}@{name}", Problem.UNKNOWN_ATTRIBUTE, value, self._reference)
            )

    def _problem(self, element: Element, tag: str, code: Problem, value: str) -> None:
        self._unread.append(Unread(element.line, f"{self._path}/{tag}", code, value, self._reference))

    # Values.

    def _sex(self, text: str) -> str:
        sex = {"": "", "male": "M", "female": "F"}.get(text.lower())
        if sex is None:
            self._problem(self._root, "GENDER", Problem.UNKNOWN_SEX, text)
        return sex or ""

    def _country(self, element: Element, tag: str, text: str) -> Country:
        code = alpha3(text)
        if not code:
            self._problem(element, tag, Problem.UNKNOWN_COUNTRY, text)
        return Country(text, code)

    def _country_or_none(self, element: Element, tag: str) -> Country | None:
        text = self._one(element, tag)
        return self._country(element, f"{element.tag}/{tag}", text) if text else None

    def _date(self, element: Element, tag: str, text: str) -> date | None:
        if not text:
            return None
        found = re.match(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T[0-9:.]+)?(?:Z|[+-][0-9:]+)?$", text)
        try:
            return date.fromisoformat(found[1] if found else "")
        except ValueError:
            self._problem(element, tag, Problem.UNKNOWN_DATE, text)
            return None

    def _alias(self, group: Element) -> Alias | None:
        if _empty(group):
            return None
        quality = self._one(group, "QUALITY")
        if quality not in {"", "Good", "Low", "a.k.a.", "f.k.a."}:
            self._problem(group, f"{group.tag}/QUALITY", Problem.UNKNOWN_QUALITY, quality)
        alias = Alias(
            name=self._one(group, "ALIAS_NAME"),
            quality=quality,
            birth_date=self._one(group, "DATE_OF_BIRTH"),
            city_of_birth=self._one(group, "CITY_OF_BIRTH"),
            country_of_birth=self._country_or_none(group, "COUNTRY_OF_BIRTH"),
            note=self._one(group, "NOTE"),
        )
        if not alias.name:
            self._problem(group, f"{group.tag}/ALIAS_NAME", Problem.EMPTY_REQUIRED, quality)
        self._left(group, f"{self._path}/{group.tag}")
        return alias

    def _place(self, group: Element) -> Place | None:
        if _empty(group):
            return None
        place = Place(
            street=self._one(group, "STREET"),
            city=self._one(group, "CITY"),
            province=self._one(group, "STATE_PROVINCE"),
            zip_code=self._one(group, "ZIP_CODE"),
            country=self._country_or_none(group, "COUNTRY"),
            note=self._one(group, "NOTE"),
        )
        self._left(group, f"{self._path}/{group.tag}")
        return place

    def _document(self, group: Element) -> ListedDocument | None:
        if _empty(group):
            return None
        issuing, of_issue = (self._country_or_none(group, tag) for tag in ("ISSUING_COUNTRY", "COUNTRY_OF_ISSUE"))
        note = self._one(group, "NOTE")
        if issuing and of_issue and issuing != of_issue:
            note = f"{note}; issued in {of_issue.text}".lstrip("; ")
        document = ListedDocument(
            type=self._one(group, "TYPE_OF_DOCUMENT"),
            subtype=self._one(group, "TYPE_OF_DOCUMENT2"),
            number=self._one(group, "NUMBER"),
            country=issuing or of_issue,
            city_of_issue=self._one(group, "CITY_OF_ISSUE"),
            date_of_issue=self._one(group, "DATE_OF_ISSUE"),
            note=note,
        )
        if not document.number:
            kind = document.type or document.subtype
            self._problem(group, f"{group.tag}/NUMBER", Problem.EMPTY_REQUIRED, f"{kind} {document.note}".strip())
        self._left(group, f"{self._path}/{group.tag}")
        return document

    def _birth(self, group: Element) -> BirthDate | None:
        if _empty(group):
            return None
        kind, note = self._one(group, "TYPE_OF_DATE"), self._one(group, "NOTE")
        texts = [self._one(group, tag) for tag in ("DATE", "YEAR", "FROM_YEAR", "TO_YEAR")]
        try:
            born = _birth_date(kind, note, texts)
        except ValueError:
            born = None
            self._problem(group, group.tag, Problem.UNKNOWN_DATE, " ".join(filter(None, (kind, *texts, note))))
        self._left(group, f"{self._path}/{group.tag}")
        return BirthDate(born, kind, note)


_SINGLE: Final = frozenset(
    "DATAID VERSIONNUM FIRST_NAME SECOND_NAME THIRD_NAME FOURTH_NAME UN_LIST_TYPE REFERENCE_NUMBER LISTED_ON GENDER "
    "NAME_ORIGINAL_SCRIPT COMMENTS1 QUALITY ALIAS_NAME DATE YEAR FROM_YEAR TO_YEAR NUMBER NOTE COUNTRY CITY".split()
)


def _empty(element: Element) -> bool:
    return not element.whole_text() and not element.attributes and not any(c.attributes for c in element.children)


def _birth_date(kind: str, note: str, texts: list[str]) -> PartialDate:
    """ValueError where the type or a number is none that the list defines, or a note says what the fields do not."""
    day, year, first, last = texts
    about = kind == "APPROXIMATELY" or note.lower().startswith("approximately")
    if kind not in {"EXACT", "APPROXIMATELY", "BETWEEN", ""}:
        raise ValueError(kind)
    if kind == "BETWEEN" or first or last:
        return PartialDate(_number(first), to_year=_number(last), approximate=about)
    if day:
        parsed = PartialDate.parse(day[:10])
        return PartialDate(parsed.year, parsed.month, parsed.day, approximate=about)
    return PartialDate(_number(year), approximate=about) if year else _month_in_words(note)


_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def _month_in_words(note: str) -> PartialDate:
    found = re.fullmatch(r"([A-Z][a-z]{2})[a-z]*\.? ([0-9]{4})", note)
    if not found or found[1].lower() not in _MONTHS:
        raise ValueError(note)
    return PartialDate(int(found[2]), _MONTHS.index(found[1].lower()) + 1)


def _number(text: str) -> int:
    if not re.fullmatch("[0-9]{4}", text):
        raise ValueError(text)
    return int(text)
