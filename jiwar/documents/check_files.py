"""Files of one document, from a folder, a form or a program, to what a check takes: each by what it is."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path

from jiwar.documents.barcodes import barcodes_of
from jiwar.documents.logic.checking import Inputs
from jiwar.documents.logic.chip_transcripts import Reading, read_reading
from jiwar.documents.logic.image_head import ImageUnreadable, read_image_head
from jiwar.documents.logic.lds_files import TRANSCRIPT, ZONE, LdsUnreadable, name_of
from jiwar.documents.logic.seal_checking import is_seal
from jiwar.documents.pictures import zone_of
from jiwar.wire.faults import Fault, Refused

MOST_FILES = 40
MAX_BYTES = 25 * 1024 * 1024
"""Of one file; a chip's are far smaller, a photograph is the largest."""
MAX_TEXT = 4_000
_MOST_IN_FOLDER = 1_000


@dataclass(slots=True)
class _Found:
    zone: str = ""
    seals: list[bytes] = field(default_factory=list)
    chip: dict[str, bytes] = field(default_factory=dict)
    transcript: object = None


def read_files(files: Iterable[tuple[str, bytes]], today: date) -> Inputs:
    """Names and contents of one document's files. Raises Refused, naming the file.

    A file of a chip is known by its name (``EF_SOD.bin``, ``DG1``), ``transcript.json`` is what a reader said of a
    chip; a picture is read for a zone and for seals (it may take seconds); what begins as a seal is one; other text is
    the machine readable zone.
    """
    found = _Found()
    for count, (name, data) in enumerate(files, 1):
        if count > MOST_FILES:
            raise Refused(Fault("too_many", "files", str(MOST_FILES)))
        if len(data) > MAX_BYTES:
            raise Refused(Fault("too_large", "files", name[:80]))
        _sort(found, name, data, today)
    chip = None
    if found.chip:
        try:
            chip = read_reading(found.chip, found.transcript) if found.transcript else Reading(found.chip)
        except LdsUnreadable as wrong:
            raise Refused(Fault(wrong.code, "files", TRANSCRIPT)) from None
    return Inputs(found.zone, chip, tuple(found.seals))


def of_paths(paths: Iterable[Path]) -> Iterable[tuple[str, bytes]]:
    """Names and contents of files, and of a chip's files in folders, where keys and notes may lie beside them. Raises
    Refused for what cannot be read."""
    for path in paths:
        try:
            for file in _of_chip(path) if path.is_dir() else [path]:
                if not file.is_dir():
                    with file.open("rb") as opened:
                        yield file.name, opened.read(MAX_BYTES + 1)
        except OSError as wrong:
            raise Refused(Fault("file_unreadable", "files", f"{path.name}: {wrong.strerror}")) from None


def _of_chip(folder: Path) -> list[Path]:
    found = [file for file in islice(folder.iterdir(), _MOST_IN_FOLDER) if _is_of_chip(file.name)]
    if not found:
        raise Refused(Fault("file_unknown", "files", folder.name))
    return sorted(found)


def _is_of_chip(name: str) -> bool:
    return name_of(name) is not None or name.lower() in {TRANSCRIPT, ZONE}


def _sort(found: _Found, name: str, data: bytes, today: date) -> None:
    if (file := name_of(name)) is not None:
        found.chip[file] = data
    elif name.lower() == TRANSCRIPT:
        found.transcript = _json(name, data)
    elif is_seal(data):
        found.seals.append(data)
    elif _is_image(data):
        _picture(found, name, data, today)
    else:
        found.zone = _text(name, data)


def _is_image(data: bytes) -> bool:
    try:
        read_image_head(data)
    except ImageUnreadable as unreadable:
        # What is no picture at all is something else; a picture that is too large or broken is refused as one.
        return unreadable.code not in {"image_empty", "image_format"}
    return True


def _picture(found: _Found, name: str, data: bytes, today: date) -> None:
    """The seals on it, and the zone where it shows one. One without either is refused."""
    seals = [barcode.data for barcode in barcodes_of(data) if is_seal(barcode.data)]
    try:
        found.zone = zone_of(data, today).text
    except Refused:
        if not seals:
            raise
    found.seals += seals


def _json(name: str, data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise Refused(Fault("not_json", "files", name[:80])) from None


def _text(name: str, data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(Fault("file_unknown", "files", name[:80])) from None
    if len(text) > MAX_TEXT:
        raise Refused(Fault("too_long", "files", name[:80]))
    return text
