"""A list of keys as people have it: text with one key in each line, its columns, and a reference of one's own."""

from collections.abc import Iterator
from dataclasses import dataclass

from jiwar.matching.logic.key_types import KeyType
from jiwar.matching.logic.keys import COLUMNS, KeyInvalid, Reader

MOST_BYTES = 10_000_000
MOST_FAULTS = 20
LONGEST_LINE = 1000
LONGEST_REFERENCE = 80


@dataclass(frozen=True, slots=True)
class Line:
    """One line that was read: normal forms of its key, and the reference beside it."""

    number: int
    keys: tuple[str, ...]
    reference: str


class LinesInvalid(ValueError):
    """A list that is not taken. `faults` are (line, column, code, detail), at most MOST_FAULTS; line 0: the whole."""

    def __init__(self, *faults: tuple[int, str, str, str]) -> None:
        super().__init__(faults)
        self.faults = faults


def read_lines(data: bytes, key_type: KeyType, reader: Reader, most: int) -> list[Line]:
    """Every line of a list, or LinesInvalid with what is wrong in the first lines that are.

    UTF-8; columns apart by semicolon, else tab, else comma; a line of the columns' names, empty lines and those that
    begin with # are passed over. `most` lines.
    """
    if len(data) > MOST_BYTES:
        raise LinesInvalid((0, "", "list_too_large", ""))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LinesInvalid((0, "", "not_utf8", "")) from None
    columns = COLUMNS[key_type]
    found: list[Line] = []
    faults: list[tuple[int, str, str, str]] = []
    for number, values in _rows(text):
        if tuple(value.casefold() for value in values[: len(columns)]) == columns:
            continue
        try:
            found.append(_line(number, values, key_type, reader))
        except KeyInvalid as invalid:
            faults.append((number, invalid.field, invalid.code, invalid.detail))
        if len(faults) == MOST_FAULTS:
            break
        if len(found) > most:
            raise LinesInvalid((number, "", "too_many_lines", str(most)))
    if faults:
        raise LinesInvalid(*faults)
    if not found:
        raise LinesInvalid((0, "", "missing", ""))
    return found


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    # Only line feeds end a line: `splitlines` would also cut at characters that names may hold.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            between = next((mark for mark in ";\t" if mark in line), ",")
            yield number, [value.strip() for value in line[: LONGEST_LINE + 1].split(between)]


def _line(number: int, values: list[str], key_type: KeyType, reader: Reader) -> Line:
    count = len(COLUMNS[key_type])
    key, rest = values[:count], values[count:]
    if len(rest) > 1 or sum(map(len, values)) > LONGEST_LINE:
        raise KeyInvalid("columns_wrong", "", str(count))
    reference = rest[0] if rest else ""
    if len(reference) > LONGEST_REFERENCE:
        raise KeyInvalid("too_long", "reference")
    if not all(value.isprintable() for value in values):
        raise KeyInvalid("control_character", "")
    return Line(number, reader.read(key_type, key), reference)
