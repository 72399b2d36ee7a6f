"""Pictures of documents: what a telephone or a scanner gave, to a zone. Nothing of a picture is kept."""

from dataclasses import dataclass
from datetime import date

from jiwar.documents.confined import Job, JobFailed, run
from jiwar.documents.logic.image_head import ImageUnreadable, read_image_head
from jiwar.documents.logic.mrz import Mrz, read_mrz
from jiwar.documents.logic.mrz_finding import Line, find_zone
from jiwar.documents.logic.mrz_repair import Change, repair_mrz
from jiwar.wire.faults import Fault, Refused

READING = Job(
    "jiwar.documents.jobs.picture", seconds=45.0, memory=2_500_000_000, needs=("rapidocr", "onnxruntime"), extra="ocr"
)


@dataclass(frozen=True, slots=True)
class PictureZone:
    """What a picture shows: `text` of the zone, line by line, and `zone` read from it.

    `changes` were made to what was read: a character that cannot stand at its place, or the one that the check digits
    ask for. `fillers` were added (or cut, below 0). Both are shown to whoever compares the text with the document.
    """

    text: str
    zone: Mrz
    changes: tuple[Change, ...]
    fillers: int


def zone_of(picture: bytes, at: date) -> PictureZone:
    """The zone in a JPEG, PNG, JPEG 2000 or WebP, whichever way it lies. Takes some seconds, and a process of its own.

    Raises Refused at the field ``image``: codes of ImageUnreadable and JobFailed, or ``picture_no_zone``.
    """
    try:
        read_image_head(picture)
        said = run(READING, {}, [picture])
    except (ImageUnreadable, JobFailed) as error:
        raise Refused(Fault(error.code, "image", error.detail)) from None
    found = find_zone((Line(**line) for line in said["lines"]), at)
    if found is None:
        raise Refused(Fault("picture_no_zone", "image"))
    repair = repair_mrz(found.text, at) if found.wrong else None
    if repair is None:
        return PictureZone(found.text, found.zone, found.changes, found.fillers)
    return PictureZone(repair.text, read_mrz(repair.text, at), (*found.changes, *repair.changes), found.fillers)
