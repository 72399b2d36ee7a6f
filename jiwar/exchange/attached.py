"""Which records and drafts refer to a sealed file: it stays while any does, and goes with the last.

A kind whose body holds a `Descriptor` says `carry(KIND)`; a test finds the one that forgets it.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from jiwar.audit.services import Author, append
from jiwar.exchange import attachments
from jiwar.exchange.models import Attached, Sealed
from jiwar.exchange.where import where
from jiwar.records.content import Content
from jiwar.records.kinds import KINDS, Kind

if TYPE_CHECKING:
    from jiwar.records.models import Draft, Record

log = logging.getLogger(__name__)

WHOLE: list[Callable[[], None]] = []
"""What else happens when a file that came is whole; rooms above add what waits for theirs. None of it may wait long."""
ABANDONED = dt.timedelta(days=1)
"""How long a file that nothing refers to is left alone: it may be on its way into a draft."""


def carry(kind: Kind) -> None:
    """Keep the files of a kind's records while a record that refers to them is in force."""
    kind.projections.append(_refer)
    kind.retirements.append(release)


def _refer(record: "Record", content: Content) -> None:
    for descriptor in attachments.referred(content.body):
        Attached.objects.get_or_create(
            blob=descriptor.blob, record=record, defaults={"wanted_from": record.received_from}
        )


def release(record: "Record") -> None:
    """A record needs its files no longer."""
    _forget(Attached.objects.filter(record=record))


def keep_for_draft(draft: "Draft", blob: str) -> None:
    """A draft refers to a file, until `release_draft`."""
    Attached.objects.get_or_create(blob=blob, draft=draft)


def release_draft(draft: "Draft", blob: str | None = None) -> None:
    """A draft refers to a file no longer, or to none: it became a record, or was given up."""
    rows = Attached.objects.filter(draft=draft)
    _forget(rows.filter(blob=blob) if blob else rows)


def wanted(peer: str, most: int) -> dict[str, int]:
    """Files that a peer sent records about and that are not here whole: by blob, the first chunk that is missing."""
    found: dict[str, int] = {}
    for row in Attached.objects.filter(wanted_from=peer).select_related("record").order_by("id")[: 2 * most]:
        descriptor = _descriptor(row)
        if descriptor is None or (first := attachments.missing(descriptor)) == len(descriptor.chunks):
            Attached.objects.filter(pk=row.pk).update(wanted_from="")
        elif len(found) < most:
            found[row.blob] = first
    return found


def begin(peer: str, blob: str) -> int | None:
    """The first chunk that is missing of a file that a peer sent a record about; None where nothing is missing."""
    row = Attached.objects.filter(wanted_from=peer, blob=blob).select_related("record").first()
    descriptor = _descriptor(row) if row else None
    if descriptor is None or (first := attachments.missing(descriptor)) == len(descriptor.chunks):
        return None
    return first


def keep(blob: str, number: int, data: bytes) -> None:
    """As `attachments.put`; who waits for the file hears when it is whole."""
    if not attachments.put(blob, number, data):
        return
    for act in WHOLE:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - the file is kept, and what failed is tried again within a minute
            log.error("attachments: what waits for a file failed: %s", where(error))  # noqa: TRY400 - no content


def may_have(peer: str, blobs: Iterable[str]) -> list[str]:
    """Those of the files that a peer may have: a record that refers to them was sealed to it."""
    sealed = Sealed.objects.filter(outgoing__record=OuterRef("record"), stream__node=peer, stream__incoming=False)
    rows = Attached.objects.filter(Exists(sealed), blob__in=list(blobs))
    return sorted(set(rows.values_list("blob", flat=True)))


def _descriptor(row: Attached) -> attachments.Descriptor | None:
    if row.record is None:
        return None
    kind = KINDS.get((row.record.kind, row.record.kind_version))
    content = kind.content.model_validate(row.record.data["content"]) if kind else None
    return next((d for d in attachments.referred(content.body if content else None) if d.blob == row.blob), None)


def _forget(rows: Any) -> None:
    blobs = set(rows.values_list("blob", flat=True))
    rows.delete()
    # A file does not come back when the transaction is rolled back: it goes when that is sure.
    if blobs:
        transaction.on_commit(_drop_unless_kept(blobs))


def _drop_unless_kept(blobs: set[str]) -> Callable[[], None]:
    def drop() -> None:
        for blob in blobs - set(Attached.objects.filter(blob__in=blobs).values_list("blob", flat=True)):
            attachments.drop(blob)

    return drop


def sweep(by: Author, at: dt.datetime) -> int:
    """Delete files that nothing refers to and that have not grown for a day; returns how many."""
    idle = {path.stem: path for path in attachments.idle_since(at - ABANDONED)}
    for blob in Attached.objects.filter(blob__in=idle).values_list("blob", flat=True):
        idle.pop(blob, None)
    for path in idle.values():
        path.unlink(missing_ok=True)
    if idle:
        with transaction.atomic():
            append("attachments_swept", by, "", {"files": len(idle)})
    return len(idle)
