"""Zones read from pictures of documents, beside PassportEye: rendered pages under four conditions, none of a person.

The pages are drawn from the sample lines of ICAO Doc 9303 in OCR-B (`tests.documents.specimens`), so what they show is
how far noise, blur, angle and light are borne; a worn page, a hologram over the lines or a glove is in none of them.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from bench import peers
from jiwar.documents.logic.mrz import read_mrz
from jiwar.documents.logic.mrz_layout import LAYOUTS
from jiwar.documents.pictures import READING, zone_of
from jiwar.wire.faults import Refused
from tests.documents import specimens

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "documents" / "icao_9303_mrz_lines.txt"
EACH = 10
GOAL = 35  # of 40, what this reader gave when it was tried
AT = date(2026, 11, 26)
Read = tuple[str, str, str, str]
"""A zone as read, and the three values in it that a search needs."""
Judge = Callable[[Read | None, Read], bool]
PEER = "passporteye 2.2.2"

PEER_PROGRAM = """
import json, resource, sys, warnings
warnings.simplefilter("ignore")
from passporteye import read_mrz
found = []
for path in sys.argv[1:]:
    read = read_mrz(path)
    if read is None:
        found.append(None)
        continue
    said = read.to_dict()
    found.append([said["raw_text"], said["number"].strip("<"), said["date_of_birth"], said["expiration_date"]])
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps({"found": found, "seconds": sum(use.ru_utime + use.ru_stime for use in used)}))
"""


def benchmarks() -> Iterator[dict]:
    """Recall in all and by condition, whole zones, and the time of one processor for a picture."""
    if READING.missing or not specimens.OCR_B.exists() or not SAMPLES.exists():
        note = "needs the extra `ocr`, Debian's fonts-ocr-b and the sample lines"
        yield {
            "name": "documents_pictures.found_of_40",
            "value": 0,
            "unit": "pictures",
            "better": "higher",
            "note": note,
        }
        return
    known = specimens.zones(SAMPLES)
    zones = [known[(number * 7) % len(known)] for number in range(EACH)]
    with tempfile.TemporaryDirectory() as folder:
        pictures = _pictures(zones, Path(folder))
        before = os.times()
        ours = [_read(path.read_bytes()) for path, _, _ in pictures]
        after = os.times()
        used = sum(getattr(after, part) - getattr(before, part) for part in ("children_user", "children_system"))
        note = {}
        try:
            theirs, seconds = _peer([path for path, _, _ in pictures])
        except peers.PeerUnavailable as why:
            theirs, seconds, note = None, 0.0, {"note": str(why)}

    truths = [(_told(zone), condition) for _, zone, condition in pictures]

    def count(reads: Sequence[Read | None], judge: Judge, condition: str) -> int:
        pairs = zip(reads, truths, strict=True)
        return sum(judge(read, truth) for read, (truth, kind) in pairs if condition in ("", kind))

    def row(name: str, judge: Judge, condition: str = "") -> dict:
        made = {"name": f"documents_pictures.{name}", "value": count(ours, judge, condition), "unit": "pictures"}
        made |= {"better": "higher"} | note
        return made if theirs is None else made | {"peer": PEER, "peer_value": count(theirs, judge, condition)}

    total = len(pictures)
    yield row(f"found_of_{total}", _same_document) | {"goal": GOAL}
    for condition in specimens.CONDITIONS:
        yield row(f"found_{condition.replace(' ', '_')}_of_{EACH}", _same_document, condition)
    yield row(f"whole_zone_of_{total}", _whole)
    misled = count(ours, _misled, "")
    yield {"name": "documents_pictures.wrong_and_unmarked", "value": misled, "unit": "pictures", "goal": 0}
    each = {"name": "documents_pictures.cpu_each", "value": round(used / total, 2), "unit": "s"} | note
    yield each if theirs is None else each | {"peer": PEER, "peer_value": round(seconds / total, 2)}


def _pictures(zones: list[str], folder: Path) -> list[tuple[Path, str, str]]:
    made = []
    for seed, zone in enumerate(zones):
        page = specimens.page(zone, seed)
        for condition in specimens.CONDITIONS:
            path = folder / f"{seed:02}-{condition.replace(' ', '-')}.jpg"
            path.write_bytes(specimens.taken(page, condition, seed))
            made.append((path, zone, condition))
    return made


def _read(picture: bytes) -> Read | None:
    try:
        return _told(zone_of(picture, AT).text)
    except Refused:
        return None


def _told(text: str) -> Read:
    """The text of a zone with its number, date of birth and expiry as they stand in it."""
    zone = read_mrz(text, AT)
    spans, line = LAYOUTS[zone.format].fields, "".join(zone.lines)
    return text, zone.number, line[spans["birth_date"]], line[spans["expiry"]]


def _same_document(read: Read | None, truth: Read) -> bool:
    """Whether number, date of birth and expiry are those of the page: what a search needs."""
    return read is not None and read[1:] == truth[1:]


def _whole(read: Read | None, truth: Read) -> bool:
    return read is not None and read[0] == truth[0]


def _misled(read: Read | None, truth: Read) -> bool:
    """Whether another document than the page's was read and no check digit says so."""
    return read is not None and not _same_document(read, truth) and not read_mrz(read[0], AT).failed


def _peer(paths: list[Path]) -> tuple[list[Read | None], float]:
    if shutil.which("tesseract") is None:
        raise peers.PeerUnavailable("PassportEye needs the program tesseract")
    python = peers.python("passporteye", [PEER.replace(" ", "==")])
    done = subprocess.run([python, "-c", PEER_PROGRAM, *paths], capture_output=True, text=True, check=False)
    if done.returncode:
        raise peers.PeerUnavailable(f"PassportEye ended with {done.returncode}: {done.stderr[-200:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    return [tuple(each) if each else None for each in said["found"]], said["seconds"]
