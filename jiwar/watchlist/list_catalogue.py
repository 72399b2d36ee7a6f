"""Which lists a node reads, on what terms each is held, and which reader takes which file."""

import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, Literal

from jiwar.access.permissions import Purpose
from jiwar.records.content import Onward, SourceGrade, Tlp
from jiwar.watchlist.logic.eu_list import read_eu_csv, read_eu_xml
from jiwar.watchlist.logic.listed import Item, ListError
from jiwar.watchlist.logic.notices_list import read_notices
from jiwar.watchlist.logic.ofac_list import read_ofac_csv, read_ofac_xml
from jiwar.watchlist.logic.table_list import Mapped, read_table
from jiwar.watchlist.logic.uk_list import read_uk_csv, read_uk_xml
from jiwar.watchlist.logic.un_list import read_un
from jiwar.watchlist.models import ListTable
from jiwar.wire.faults import Fault, Refused

UN_LIST = "un_security_council"
MOST_FILES = 4
LEAST = "refer_to_contact_point"
"""What a list asks of an officer that binds nobody here: an alert, which asks for more, takes two people."""
Files = Mapping[str, BinaryIO]
"""Open files by their names."""
Shape = Literal["xml", "csv", "xlsx"]


@dataclass(frozen=True, slots=True)
class ListTerms:
    """On what terms a list's entries are held. `title`: of one without a word; `command`: at the terminal."""

    code: str
    purpose: Purpose
    legal_basis: str
    action: str
    tlp: Tlp
    onward: Onward
    grade: SourceGrade
    command: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Removal:
    """From how many removed on, and from which share of those in force, two people must agree."""

    number: int
    share: float


@cache
def catalogue() -> tuple[dict[str, ListTerms], Removal]:
    """The public lists by their codes, and when a removal takes two."""
    said = tomllib.loads((Path(__file__).parent / "data" / "lists.toml").read_text(encoding="utf-8"))
    lists = {
        code: ListTerms(code=code, **(terms | {"purpose": Purpose(terms["purpose"])}))
        for code, terms in said["list"].items()
    }
    return lists, Removal(**said["removal"])


CODE = re.compile(r"[a-z][a-z0-9-]{1,39}")
"""What somebody may call a spreadsheet's list."""


def terms_of(code: str) -> ListTerms:
    """The terms of a public list or of a spreadsheet's; raises Refused."""
    if code in (lists := catalogue()[0]):
        return lists[code]
    # A code that none can be is not asked of the database, which would not take every text.
    table = ListTable.objects.filter(code=code).first() if CODE.fullmatch(code) else None
    if table is None:
        raise Refused(Fault("not_in_list", "list", code[:40]))
    return ListTerms(
        table.code,
        Purpose(table.purpose),
        table.legal_basis,
        LEAST,
        tlp="AMBER",
        onward="no",
        grade="B",
        title=table.title,
    )


def terms_named(name: str) -> ListTerms:
    """The terms of a list by what it is called at the terminal, or by its code; raises Refused."""
    return next((terms for terms in catalogue()[0].values() if terms.command == name), None) or terms_of(name)


def shape_of(start: bytes) -> Shape:
    """What sort of file begins so."""
    if start.startswith(b"PK\x03\x04"):
        return "xlsx"
    plain = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "xml" if plain.startswith(b"<") or start[:2] in {b"\xff\xfe", b"\xfe\xff"} else "csv"


def _only(read: Callable[[BinaryIO], Iterator[Item]]) -> Callable[[Files], Iterator[Item]]:
    def of_one(files: Files) -> Iterator[Item]:
        if len(files) != 1:
            raise ListError("not_the_list", detail=f"{len(files)} files")
        yield from read(next(iter(files.values())))

    return of_one


READERS: Mapping[str, Mapping[Shape, Callable[[Files], Iterator[Item]]]] = {
    UN_LIST: {"xml": _only(read_un)},
    "ofac_sdn": {"csv": read_ofac_csv, "xml": _only(read_ofac_xml)},
    "eu_fsf": {"csv": _only(read_eu_csv), "xml": _only(read_eu_xml)},
    "uk_sanctions": {"csv": _only(read_uk_csv), "xml": _only(read_uk_xml)},
    "notices": {"csv": _only(read_notices)},
}


LISTS = frozenset(READERS)


def reader_of(code: str, shapes: Collection[Shape]) -> Callable[[Files], Iterator[Item]]:
    """What reads files of these shapes as this list; raises ListError."""
    if len(shapes) != 1:
        raise ListError("not_the_list")
    [shape] = shapes
    if code in READERS:
        if shape not in READERS[code]:
            raise ListError("malformed" if READERS[code].keys() == {"xml"} else "not_the_list", detail=shape)
        return READERS[code][shape]
    mapped = Mapped.of(ListTable.objects.get(code=code).mapping)
    return _only(lambda file: read_table(file, shape, mapped))
