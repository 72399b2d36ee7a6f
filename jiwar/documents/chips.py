"""Read the chip of a document that lies on the reader of this machine, and keep what was read in a folder.

A reading is in the ledger with the hash of EF.SOD, by which a folder that somebody shows later is known again; no name
and no number is. What comes of it is `logic.chip_checking`'s to say, now and before a judge.
"""

import datetime as dt
import json
from pathlib import Path

from django.db import transaction

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.documents import reader
from jiwar.documents.logic.apdu import CardFault
from jiwar.documents.logic.chip_access import Password, card_password, zone_password
from jiwar.documents.logic.chip_reading import NotOpened, ReadingPolicy
from jiwar.documents.logic.chip_transcripts import Reading, write_reading
from jiwar.documents.logic.lds_files import SOD, TRANSCRIPT, ZONE
from jiwar.documents.logic.mrz import MrzUnreadable, read_mrz
from jiwar.documents.logic.report import evidence
from jiwar.documents.reader import ReaderAbsent
from jiwar.wire.faults import Fault, Refused


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
        raise Refused(Fault(f"mrz_{unreadable.code}", "zone", detail)) from None
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


def save(reading: Reading, zone: str, folder: Path) -> None:
    """The files by their names, `transcript.json` and the zone, in a new folder that this user alone opens.

    `jiwar document check` takes the folder. Raises Refused where it is there already.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise Refused(Fault("folder_exists", "folder", str(folder))) from None
    for name, data in reading.files.items():
        (folder / f"{name}.bin").write_bytes(data)
    (folder / TRANSCRIPT).write_text(json.dumps(write_reading(reading), indent=1), encoding="utf-8")
    if zone:
        (folder / ZONE).write_text(zone, encoding="utf-8")
