"""The files of the ICAO directory (PKD): LDIF (RFC 2849) with certificates, master lists and lists of revocations.

Read line by line: a file may have hundreds of megabytes. Only what is about trust is given; the rest is passed over.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

MOST_LINE: Final = 50 << 20
"""Bytes of one value with all its folded lines: a master list of a megabyte is one line."""
MOST_ENTRIES: Final = 500_000
KINDS: Final = {
    "usercertificate": "certificate",
    "cacertificate": "certificate",
    "cscacertificate": "certificate",
    "certificaterevocationlist": "crl",
    "cscamasterlistdata": "master_list",
    "pkdmasterlistcontent": "master_list",
    "pkddeviationlist": "deviation_list",
    "pkddeviationlistcontent": "deviation_list",
}
"""By attribute, without its options, in lower case."""


class LdifInvalid(ValueError):
    """`code`: "ldif_line" (no attribute), "ldif_base64", "ldif_too_long", "ldif_too_many"; `line` counts from 1."""

    def __init__(self, code: str, line: int) -> None:
        super().__init__(f"{code} in line {line}")
        self.code, self.line = code, line


@dataclass(frozen=True, slots=True)
class Entry:
    """One value: `kind` is of KINDS, `line` where it begins, `conformant` whether the directory calls it so.

    `name` is the distinguished name of the entry that has it.
    """

    name: str
    kind: str
    data: bytes
    line: int
    conformant: bool


def read_ldif(lines: Iterable[bytes]) -> Iterator[Entry]:
    """What the lines of a file hold about trust, in order. Raises LdifInvalid where the file is none."""
    name, count = "", 0
    for number, line in _unfolded(lines):
        if not line or line.startswith(b"#") or line == b"-":
            continue
        attribute, colon, value = line.partition(b":")
        if not colon or not attribute:
            raise LdifInvalid("ldif_line", number)
        said = attribute.decode("latin-1").lower().partition(";")[0]
        if said == "dn":
            name = _value(value, number).decode("utf-8", "replace")[:1_000]
        elif kind := KINDS.get(said):
            count += 1
            if count > MOST_ENTRIES:
                raise LdifInvalid("ldif_too_many", number)
            conformant = "dc=nc-data" not in name.lower()
            yield Entry(name, kind, _value(value, number), number, conformant)


def _value(told: bytes, number: int) -> bytes:
    """``: text`` or ``:: base64``. An address to fetch a value from (``:<``) is no value."""
    if not told.startswith(b":"):
        if told.startswith(b"<"):
            raise LdifInvalid("ldif_line", number)
        return told.strip()
    try:
        return base64.b64decode(told[1:].strip(), validate=True)
    except binascii.Error:
        raise LdifInvalid("ldif_base64", number) from None


def _unfolded(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines with those joined to them that begin with a space (RFC 2849, note 2), and their numbers."""
    held: list[bytes] = []
    begun = size = 0
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip(b"\r\n")
        if held and line[:1] == b" ":
            held.append(line[1:])
            size += len(line)
        else:
            if held:
                yield begun, b"".join(held)
            held, begun, size = [line], number, len(line)
        if size > MOST_LINE:
            raise LdifInvalid("ldif_too_long", begun)
    if held:
        yield begun, b"".join(held)
