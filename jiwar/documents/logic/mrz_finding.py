"""Which of the lines that were read in a picture are a zone, which way up, and how many fillers they have.

A reader of text counts a long row of ``<`` badly, so a line that is a few characters short or long is fitted to the
width of its format at such a row, and nowhere else. Where more than one fit remains, the check digits say which.

Nor does it know that no digit stands in a name: what cannot stand at its place is read as the character of the other
sort that has the same shape, and each such change is told.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from jiwar.documents.logic.mrz import Mrz, MrzUnreadable, read_mrz
from jiwar.documents.logic.mrz_layout import FILLER, LAYOUTS, Layout
from jiwar.documents.logic.mrz_repair import Change

MAX_LINES = 60
MISCOUNTED = 8
"""Fillers that a reader of text may miss or add in one line."""
SHORTEST = 20
_FITS = 3
# Lines of a zone, and characters of each.
_SIZES = ((2, 44), (2, 36), (3, 30))
_ROW = re.compile(r"<{2,}")
_MEANT = str.maketrans({"«": "<<", "《": "<<", **dict.fromkeys("‹＜〈<ㄑく∠([{", "<")})
_FOREIGN = re.compile(r"[^A-Z0-9<]+")
_LETTER_FIELDS = ("issuer", "nationality", "name")
_DIGIT_FIELDS = (
    "number_check",
    "birth_date",
    "birth_date_check",
    "expiry",
    "expiry_check",
    "optional_check",
    "composite_check",
)
_AS_LETTER = str.maketrans("012568", "OIZSGB")
_AS_DIGIT = str.maketrans("ODQILZSGB", "000112568")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text in a picture, in the direction `along` and, should the page stand on its head, `against` it.

    `x` and `y` of its middle in pixels, along the direction of reading and across it, and its `height`.
    """

    along: str
    against: str
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Found:
    """A zone as it stands in the picture: `text` is fitted, `zone` read from it. `fillers` were added (or cut, < 0)."""

    text: str
    zone: Mrz
    changes: tuple[Change, ...]
    fillers: int

    @property
    def wrong(self) -> int:
        """How much of it does not hold: check digits, and characters where they cannot be."""
        return len(self.zone.failed) + len(self.zone.problems)


def find_zone(lines: Iterable[Line], at: date) -> Found | None:
    """The zone among `lines` with the least that does not hold; None where no lines have the shape of one."""
    known = list(lines)[:MAX_LINES]
    upright = [(line.along, line.x, line.y, line.height) for line in known]
    turned = [(line.against, -line.x, -line.y, line.height) for line in known]
    found = [zone for view in (upright, turned) for zone in _zones(_rows(view), at)]
    return min(found, key=lambda zone: (zone.wrong, len(zone.changes) + abs(zone.fillers)), default=None)


def _rows(pieces: list[tuple[str, float, float, float]]) -> list[str]:
    """The lines from the top down; pieces at one height are one line, that a reader broke at a row of fillers."""
    rows: list[list[tuple[str, float, float, float]]] = []
    for piece in sorted(pieces, key=lambda piece: piece[2]):
        if rows and piece[2] - rows[-1][-1][2] < max(piece[3], rows[-1][-1][3]) / 2:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return ["".join(_cleaned(piece[0]) for piece in sorted(row, key=lambda piece: piece[1])) for row in rows]


def _cleaned(text: str) -> str:
    return _FOREIGN.sub("", text.translate(_MEANT).upper())


def _zones(rows: Sequence[str], at: date) -> Iterator[Found]:
    for count, width in _SIZES:
        for first in range(len(rows) - count + 1):
            taken = rows[first : first + count]
            if all(len(row) >= SHORTEST for row in taken):
                yield from _read([_fits(row, width) for row in taken], taken, at)


def _read(fits: list[list[str]], taken: Sequence[str], at: date) -> Iterator[Found]:
    texts = [""]
    for lines in fits:
        texts = [f"{text}\n{line}" if text else line for text in texts for line in lines]
    for text in texts:
        try:
            zone = read_mrz(text, at)
        except MrzUnreadable:  # a zone is one sort of document by its lines, another by its first letter
            continue
        if zone.document_code[:1].isalpha():
            placed, changes = _by_place(LAYOUTS[zone.format], "".join(zone.lines))
            again = read_mrz(placed, at)
            yield Found("\n".join(again.lines), again, changes, len(placed) - sum(map(len, taken)))


def _by_place(layout: Layout, zone: str) -> tuple[str, tuple[Change, ...]]:
    placed = list(zone)
    for fields, table in ((_LETTER_FIELDS, _AS_LETTER), (_DIGIT_FIELDS, _AS_DIGIT)):
        for field in fields:
            span = layout.fields.get(field, slice(0, 0))
            placed[span] = zone[span].translate(table)
    pairs = enumerate(zip(zone, placed, strict=True))
    changes = tuple(Change(*layout.place(offset), found, put) for offset, (found, put) in pairs if found != put)
    return "".join(placed), changes


def _fits(row: str, width: int) -> list[str]:
    """The line in every way to bring it to `width` at one row of fillers; the longest rows first."""
    more = width - len(row)
    if not more:
        return [row]
    if abs(more) > MISCOUNTED:
        return []
    places = sorted(_ROW.finditer(row), key=lambda place: place.start() - place.end())
    fits = []
    for place in places[:_FITS]:
        length = place.end() - place.start() + more
        if length >= 1:
            fits.append(row[: place.start()] + FILLER * length + row[place.end() :])
    return fits
