"""Undo what optical reading confuses (O and 0, I and 1, a filler read as K), where the check digits leave one way only.

A repair is a suggestion with every change shown. It is made where exactly one of all allowed changes satisfies every
check digit; where two do, or none, nothing is suggested. Allowed are: a look-alike at a place whose field cannot hold
what was read; one look-alike more in each field whose check digit still fails; fillers that were read as letters among
fillers, or lost or doubled at the end of the name's line.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product

from jiwar.documents.logic.mrz import FORBIDDEN, Mrz, MrzUnreadable, read_mrz
from jiwar.documents.logic.mrz_layout import FILLER, LAYOUTS, Layout, MrzFormat

_MOST = 64
"""Ways to mend characters that cannot stand where they do; with more of them the picture is too poor to mend."""
_ALIKE = ("0ODQ", "1IL", "2Z", "5S", "6G", "7T", "8B", "K<")
_DIGIT = {letter: group[0] for group in _ALIKE for letter in group[1:] if group[0].isdigit()}
_LETTERS = {group[0]: group[1:] for group in _ALIKE if group[0].isdigit()}
_OTHERS = {one: group.replace(one, "") for group in _ALIKE for one in group}
# A letter alone behind three fillers is no name: the standard parts names by one filler or two (Doc 9303-3, 4.6).
_LONELY = re.compile(r"(?<=<<<)[CEKLS](?=<|$)")
_LOST = 4
"""Most fillers that reading loses or doubles at the end of a name's line."""
_SIZES = {(2, 44): 0, (2, 36): 0, (3, 30): 2}
"""By lines and width: which line holds the name."""
_UNMENDED = {"invalid_character", "impossible_date", "unknown_code", "misplaced_filler"}


@dataclass(frozen=True, slots=True)
class Change:
    """`found` stood at this line and position (from 1), and `put` takes its place."""

    line: int
    position: int
    found: str
    put: str

    def __str__(self) -> str:
        return f"{self.line}:{self.position} {self.found or '-'} > {self.put or '-'}"


@dataclass(frozen=True, slots=True)
class Repair:
    """The zone as mended, its lines parted by a line feed, and what was changed in it."""

    text: str
    changes: tuple[Change, ...]


def repair_mrz(text: str, at: date) -> Repair | None:
    """The one repair of `text` that satisfies every check digit; None where there is none or more than one.

    None too for a zone that needs none.
    """
    fitted, lengths = _fit(text)
    try:
        read = read_mrz(fitted, at)
    except MrzUnreadable:
        return None
    layout, zone = LAYOUTS[read.format], "".join(read.lines)
    begun = _without_lonely(layout, zone)
    found = set()
    for forced in _forced(layout, begun):
        for mended in _freed(layout, forced, read_mrz(forced, at)):
            if _is_right(read_mrz(mended, at), read):
                found.add(mended)
    if len(found) != 1:
        return None
    [mended] = found
    changes = (*lengths, *_changes(layout, zone, mended))
    return Repair("\n".join(read_mrz(mended, at).lines), changes) if changes else None


def _fit(text: str) -> tuple[str, tuple[Change, ...]]:
    """The text with the fillers that end the line of the name brought to its width, where that alone is wrong."""
    lines = [line for part in text.upper().splitlines() if (line := "".join(part.split()))]
    for (count, width), name in _SIZES.items():
        others = [line for number, line in enumerate(lines) if number != name]
        if len(lines) != count or any(len(line) != width for line in others):
            continue
        line = lines[name]
        bare = line.rstrip(FILLER)
        if 0 < abs(len(line) - width) <= _LOST and len(line) - len(bare) >= 2 and len(bare) < width:
            lines[name] = bare.ljust(width, FILLER)
            place = min(len(line), width) + 1
            change = Change(name + 1, place, line[width:], lines[name][len(line) :])
            return "\n".join(lines), (change,)
    return text, ()


def _without_lonely(layout: Layout, zone: str) -> str:
    span = layout.fields["name"]
    return zone[: span.start] + _LONELY.sub(FILLER, zone[span]) + zone[span.stop :]


def _forced(layout: Layout, zone: str) -> list[str]:
    """Every way to put look-alikes where a field cannot hold what was read; none where one has no look-alike."""
    places: list[tuple[int, str]] = []
    for field, span in layout.fields.items():
        for match in FORBIDDEN[field].finditer(zone[span]):
            read = match.group()
            choices = _DIGIT.get(read, "") if field.endswith(("_check", "_date")) or field == "expiry" else ""
            places.append((span.start + match.start(), choices or _LETTERS.get(read, "")))
    ways = 1
    for _, choices in places:
        ways *= len(choices)
    if not 0 < ways <= _MOST:
        return []
    return [
        _put(zone, zip((place for place, _ in places), way, strict=True)) for way in product(*dict(places).values())
    ]


def _freed(layout: Layout, zone: str, read: Mrz) -> Iterator[str]:
    """The zone itself where its digits agree, else one look-alike more in each field whose digit is wrong."""
    failed = set(read.failed)
    wrong = failed - {"composite"}
    if not wrong <= {"number", "optional"}:
        return  # dates hold digits alone, and their look-alikes are put already
    if not failed:
        yield zone
        return
    fields = [_holding(layout, zone, field) for field in sorted(wrong)] or [_under_composite_alone(layout)]
    for way in product(*(list(_single(zone, spans)) for spans in fields)):
        yield _put(zone, way)


def _holding(layout: Layout, zone: str, field: str) -> list[slice]:
    """Where a field stands: a long number goes on in the optional data (Doc 9303-5, 9303-6, 4.2.2.1 note j)."""
    long = field == "number" and layout.format in (MrzFormat.TD1, MrzFormat.TD2)
    if long and zone[layout.fields["number_check"]] == FILLER:
        return [layout.fields["number"], layout.fields["optional"]]
    return [layout.fields[field]]


def _under_composite_alone(layout: Layout) -> list[slice]:
    if "optional_check" in layout.fields:
        return []
    return [layout.fields[field] for field in ("optional", "optional_2") if field in layout.fields]


def _single(zone: str, spans: Iterable[slice]) -> Iterator[tuple[int, str]]:
    for span in spans:
        for place in range(span.start, span.stop):
            for other in _OTHERS.get(zone[place], ""):
                yield place, other


def _put(zone: str, changes: Iterable[tuple[int, str]]) -> str:
    characters = list(zone)
    for place, character in changes:
        characters[place] = character
    return "".join(characters)


def _is_right(mended: Mrz, read: Mrz) -> bool:
    """Whether every digit agrees, and nothing is wrong that was not wrong before."""
    if mended.failed:
        return False
    before = {(problem.code, problem.field) for problem in read.problems if problem.code != "invalid_character"}
    return all((p.code, p.field) in before for p in mended.problems if p.code in _UNMENDED)


def _changes(layout: Layout, zone: str, mended: str) -> Iterator[Change]:
    for offset, (found, put) in enumerate(zip(zone, mended, strict=True)):
        if found != put:
            yield Change(*layout.place(offset), found, put)
