"""Lists of every format, down to the body of a record."""

import io
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO

import openpyxl
from pydantic import ValidationError

from jiwar.watchlist.list_bodies import listing_of
from jiwar.watchlist.list_catalogue import catalogue
from jiwar.watchlist.logic.eu_list import read_eu_csv, read_eu_xml
from jiwar.watchlist.logic.listed import Header, Item, Listed, ListError
from jiwar.watchlist.logic.notices_list import read_notices
from jiwar.watchlist.logic.ofac_list import read_ofac_csv, read_ofac_xml
from jiwar.watchlist.logic.table_list import Mapped, read_table
from jiwar.watchlist.logic.uk_list import read_uk_csv, read_uk_xml
from jiwar.watchlist.logic.un_list import read_un
from tests.fuzz.target import storable, target
from tests.watchlist.lists import samples

UN_SAMPLE = Path(__file__).resolve().parents[2] / "jiwar" / "watchlist" / "data" / "un_sample.xml"
BETWEEN = b"\n====\n"
"""Between the files of a set."""
MAPPED = Mapped((("a", "reference"), ("b", "name"), ("c", "birth_date"), ("d", "sex")), "person", "day_first", ";")


def whole(items: Iterator[Item]) -> None:
    """Refused by its own error, or all of it storable: what stands in a record, and what a report says."""
    terms = catalogue()[0]["ofac_sdn"]
    told: list[tuple[str, str, str]] = []
    try:
        for item in items:
            if isinstance(item, Listed):
                try:
                    storable(listing_of(item, terms, lambda *line: told.append(line)))
                except ValidationError:
                    told.append(("entry_not_taken", "", ""))
            elif isinstance(item, Header):
                storable(item.generated or "")
            else:
                storable(item)
    except ListError as error:
        storable([error.code, error.line])
    storable(told)


def texts(*given: str) -> Callable[[], Iterable[bytes]]:
    return lambda: [text.encode() for text in given]


def un_samples() -> list[bytes]:
    text = UN_SAMPLE.read_bytes()
    first = text.index(b"</INDIVIDUAL>") + len(b"</INDIVIDUAL>")
    return [text[:first] + b"</INDIVIDUALS></CONSOLIDATED_LIST>", text[: first - 40]]


@target("jiwar.watchlist.logic.un_list", "jiwar.watchlist.logic.list_xml", corpus=un_samples, cost=8)
def un_list(data: bytes) -> None:
    whole(read_un(io.BytesIO(data)))


@target(
    "jiwar.watchlist.logic.ofac_list",
    "jiwar.watchlist.logic.list_csv",
    corpus=lambda: [BETWEEN.join(part.encode() for part in (samples.SDN, samples.ALT, samples.ADD))],
    cost=8,
)
def ofac_set(data: bytes) -> None:
    names = ("sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv")
    files: dict[str, BinaryIO] = dict(zip(names, map(io.BytesIO, data.split(BETWEEN)), strict=False))
    whole(read_ofac_csv(files))


@target("jiwar.watchlist.logic.ofac_list", corpus=texts(samples.SDN_XML), cost=8)
def ofac_xml(data: bytes) -> None:
    whole(read_ofac_xml(io.BytesIO(data)))


@target("jiwar.watchlist.logic.eu_list", corpus=texts(samples.EU_XML), cost=8)
def eu_xml(data: bytes) -> None:
    whole(read_eu_xml(io.BytesIO(data)))


@target("jiwar.watchlist.logic.eu_list", corpus=texts(samples.EU_CSV), cost=8)
def eu_csv(data: bytes) -> None:
    whole(read_eu_csv(io.BytesIO(data)))


@target("jiwar.watchlist.logic.uk_list", corpus=texts(samples.UK_CSV, samples.CON_LIST), cost=8)
def uk_csv(data: bytes) -> None:
    whole(read_uk_csv(io.BytesIO(data)))


@target("jiwar.watchlist.logic.uk_list", corpus=texts(samples.UK_XML), cost=8)
def uk_xml(data: bytes) -> None:
    whole(read_uk_xml(io.BytesIO(data)))


@target("jiwar.watchlist.logic.notices_list", corpus=texts(samples.NOTICES), cost=8)
def notices(data: bytes) -> None:
    whole(read_notices(io.BytesIO(data)))


@target("jiwar.watchlist.logic.table_list", corpus=texts("a,b,c,d\n1,Salem Hamada,05/12/1971,M\n"), cost=4)
def table_csv(data: bytes) -> None:
    whole(read_table(io.BytesIO(data), "csv", MAPPED))


@cache
def workbook() -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["a", "b", "c", "d"])
    book.active.append([1, "Salem Hamada", "05/12/1971", "M"])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


@target("jiwar.watchlist.logic.spreadsheets", corpus=lambda: [workbook()], cost=20)
def table_xlsx(data: bytes) -> None:
    whole(read_table(io.BytesIO(data), "xlsx", MAPPED))
