"""Names, dates, the index on the disk; lists stand in `of_lists`."""

import datetime as dt
import tempfile
from functools import cache
from pathlib import Path
from uuid import UUID

from jiwar.watchlist.logic import building, edition, segment
from jiwar.watchlist.logic.dates import PartialDate, agreement
from jiwar.watchlist.logic.edition import EditionInvalid
from jiwar.watchlist.logic.evidence import Name, Subject
from jiwar.watchlist.logic.names import fold, read_name
from jiwar.watchlist.logic.segment import IndexFileError
from tests.fuzz.target import storable, target


@target("jiwar.watchlist.logic.dates", corpus=lambda: [b"1971-03-09", b"~1971/1975", b"1971"])
def partial_date(data: bytes) -> None:
    try:
        found = PartialDate.parse(data.decode("utf-8", "replace"))
    except ValueError:
        return
    if found.month is not None and found.day is not None:
        dt.date(found.year, found.month, found.day)
    assert PartialDate.parse(str(found)) == found
    assert agreement(found, found).value


@target(
    "jiwar.watchlist.logic.names", corpus=lambda: [b"Salem Ould Khattar", "سالم ولد خطار".encode(), b"Abd al-Rahman"]
)
def name(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    fold(text)
    read_name.__wrapped__(text)


def editions() -> list[bytes]:
    some = [UUID(int=number << 76 | 0x7 << 76) for number in (5, 6, 7)]
    said = {
        "facts": {"names": [{"text": "Salem Ould Khattar"}, {"text": "سالم"}]},
        "card": {"version": 2, "covert": False},
    }
    return [
        b"".join(edition.write(some[:1], [(some[1], said), (some[2], {"facts": {"names": []}})])),
        b"".join(edition.write([], [])),
    ]


@target("jiwar.watchlist.logic.edition", corpus=editions, cost=2)
def edition_file(data: bytes) -> None:
    """What an edition's file says, in pieces of any size; and what was read can be written and read again."""
    try:
        found = list(edition.read([data[:20], data[20:]]))
    except EditionInvalid:
        return
    removed = [uid for uid, said in found if said is None]
    put = [(uid, said) for uid, said in found if said is not None]
    storable(found)
    assert list(edition.read(edition.write(removed, put))) == found


@cache
def saved() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        segment.save(building.build([Subject(key="a", names=(Name("Salem Ould Khattar"),))]), path, 1)
        return path.read_bytes()


@target("jiwar.watchlist.logic.segment", corpus=lambda: [saved()], cost=10)
def index_file(data: bytes) -> None:
    """The node's own file, as a disk may have changed it."""
    with tempfile.NamedTemporaryFile(prefix="jiwar-fuzz-") as file:
        file.write(data)
        file.flush()
        try:
            segment.load(Path(file.name))
        except IndexFileError:
            return
