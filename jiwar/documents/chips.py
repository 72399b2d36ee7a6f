"""Read the chip of a document that lies on the reader of this machine, and keep what was read in a folder.

A reading is in the ledger with the hash of EF.SOD, by which a folder that somebody shows later is known again; no name
and no number is. What comes of it is `logic.chip_checking`'s to say, now and before a judge.
"""

import datetime as dt
import json
from pathlib import Path
from typing import Final

from django.db import transaction

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.documents import reader
from jiwar.documents.logic.apdu import CardFault
from jiwar.documents.logic.chip_access import Password, card_password, zone_password
from jiwar.documents.logic.chip_reading import NotOpened, ReadingPolicy
from jiwar.documents.logic.chip_transcripts import Reading, read_reading, write_reading
from jiwar.documents.logic.lds_files import MOST_BYTES, SOD, LdsUnreadable, name_of
from jiwar.documents.logic.mrz import MrzUnreadable, read_mrz
from jiwar.documents.logic.report import evidence
from jiwar.documents.reader import ReaderAbsent
from jiwar.wire.faults import Fault, Refused

TRANSCRIPT: Final = "reading.json"
MOST_FILES: Final = 64
_MOST_TRANSCRIPT: Final = 200_000


def password_of(zone: str, card_number: str, today: dt.date) -> Password:
    """From the printed zone, or from the six digits on the page where the zone is worn. Raises Refused."""
    if card_number:
        if not (card_number.isascii() and card_number.isdecimal() and len(card_number) == 6):
            raise Refused(Fault("card_number_invalid", "card_number"))
        return card_password(card_number)
    try:
        read = read_mrz(zone, today)
    except MrzUnreadable as unreadable:
        detail = f"{unreadable.detail['found']} ≠ {unreadable.detail['expected']}"
        raise Refused(Fault(f"mrz_{unreadable.code}", unreadable.field, detail)) from None
    if broken := [field for field in read.failed if field in ("number", "birth_date", "expiry")]:
        raise Refused(Fault("zone_not_whole", "zone", ", ".join(broken)))
    return zone_password(read)


def read_chip(by: Grant, password: Password, policy: ReadingPolicy, name: str | None = None) -> Reading:
    """The chip on the reader with this name, or on the first that has one; a leaf of the ledger says that it was read.

    A chip that did not open gives a reading without files, with its attempts. Raises Refused where there is no reader,
    no chip, or none that answers.
    """
    by.check(Permission.WATCHLIST_PERSON_SCREEN)
    try:
        reading = reader.read_present(password, policy, name)
    except NotOpened as closed:
        reading = closed.reading
    except (ReaderAbsent, CardFault) as absent:
        raise Refused(Fault(absent.code, "reader", name or "")) from None
    with transaction.atomic():
        append("chip_read", by, evidence(reading.files.get(SOD, b"")), _told(reading))
    return reading


def _told(reading: Reading) -> dict[str, object]:
    return {
        "files": sorted(reading.files),
        "ways": [f"{attempt.way} {attempt.code}".strip() for attempt in reading.attempts],
        "proven": [part for part in ("active", "authenticated", "mapped") if getattr(reading, part) is not None],
    }


def save(reading: Reading, folder: Path) -> None:
    """The files by their names and `reading.json`, in a new folder. Raises Refused where it is there already."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise Refused(Fault("folder_exists", "folder", str(folder))) from None
    for name, data in reading.files.items():
        (folder / f"{name}.bin").write_bytes(data)
    (folder / TRANSCRIPT).write_text(json.dumps(write_reading(reading), indent=1), encoding="utf-8")


def load(folder: Path) -> Reading:
    """A reading from a folder of `save`, or of files alone under the names in use. Raises LdsUnreadable."""
    files: dict[str, bytes] = {}
    for place, path in enumerate(sorted(folder.iterdir())):
        if place >= MOST_FILES:
            raise LdsUnreadable("lds_too_long", "folder", {"most": MOST_FILES})
        if (name := name_of(path.name)) and path.is_file():
            if name in files:
                raise LdsUnreadable("lds_value", name, {"found": "twice"})
            files[name] = _bytes(path, name, MOST_BYTES)
    if not (folder / TRANSCRIPT).is_file():
        return Reading(files)
    try:
        return read_reading(files, json.loads(_bytes(folder / TRANSCRIPT, "transcript", _MOST_TRANSCRIPT)))
    except (ValueError, RecursionError) as wrong:
        if isinstance(wrong, LdsUnreadable):
            raise
        raise LdsUnreadable("lds_transcript", "transcript", {"why": type(wrong).__name__}) from None


def _bytes(path: Path, name: str, most: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise LdsUnreadable("lds_too_long", name, {"most": most})
    return data
