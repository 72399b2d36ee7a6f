"""Editions at a post: judged as they come, put on when their file is whole, and said back to the national node.

An edition is used when its file is on the disk, is what the signed manifest says, reads to its end, and leaves as many
subjects as the manifest counts. Then one transaction makes it the one that is held.
"""

import datetime as dt
import logging
from contextlib import suppress
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Purpose
from jiwar.audit.services import Author, append
from jiwar.exchange.attached import carry, release
from jiwar.exchange.editions import EditionRefused, Held, Manifest, Verdict, is_here, judge, plain
from jiwar.exchange.routing import give_up
from jiwar.records.content import Content
from jiwar.records.services import Record, issue, read_content, terms, withhold
from jiwar.watchlist import edition_clusters as clusters
from jiwar.watchlist import edition_files as files
from jiwar.watchlist.edition_index import make_ahead
from jiwar.watchlist.edition_kinds import EDITION, HOLDING, EditionBody, HoldingBody
from jiwar.watchlist.editions import LISTINGS, replace
from jiwar.watchlist.entries import drop
from jiwar.watchlist.kinds import LISTING_ENTITY, LISTING_FOREIGN, LISTING_PERSON
from jiwar.watchlist.logic import edition
from jiwar.watchlist.logic.edition import EditionInvalid, Said
from jiwar.watchlist.models import Edition, Entry, PostHolding
from jiwar.wire.faults import Fault, Refused

log = logging.getLogger(__name__)

GAP = "edition_gap"
"""What came builds on an edition that never did."""
GONE = "edition_files_gone"
"""What was held is not on the disk, or not whole."""
FORGOTTEN = dt.timedelta(days=30)
"""How long the files of an edition stay after its use ended, for the next one to build on."""


def weigh(at: dt.datetime) -> int:
    """How many subjects must be read, about, for what is to be put on and folded."""
    rows = files.chain()
    held = Held(rows[-1].sequence, rows[-1].name) if rows else None
    there = rows[-1].subjects if rows else 0
    due = there if files.is_long(rows) else 0
    for row in Edition.objects.filter(state=Edition.State.WAITING).select_related("record"):
        with suppress(EditionRefused):
            if judge(_manifest(row), held, state=settings.NODE.state, now=at) is Verdict.APPLY and _is_whole(row):
                due += row.subjects + there
    return due


def tend(by: Author, at: dt.datetime) -> None:
    """Put on what came, fold, forget what ended, and say what is held where that changed. The caller is alone."""
    _forget(at)
    put_on(by, at)
    files.fold(before=make_ahead)
    files.sweep(at)


def waiting() -> bool:
    """Whether an edition waits for its file."""
    return Edition.objects.filter(state=Edition.State.WAITING).exists()


def put_on(by: Author, at: dt.datetime) -> int:
    """Every edition that waits and can be used, in their order; how many were put on. The caller is alone."""
    refused = Edition.objects.filter(state=Edition.State.REFUSED).count()
    count = 0
    while _next(by, at):
        count += 1
    # Who made an edition that is refused may not know what is held here.
    _report(by, at, again=Edition.objects.filter(state=Edition.State.REFUSED).count() > refused)
    return count


# One edition ----------------------------------------------------------------------------------------------------------


def _next(by: Author, at: dt.datetime) -> bool:
    """Put on the next edition; False where none can be."""
    rows = files.chain()
    held = Held(rows[-1].sequence, rows[-1].name) if rows else None
    waiting = Edition.objects.filter(state=Edition.State.WAITING).select_related("record")
    # Changes in their order; where a gap is, the newest whole one ends it.
    for row in sorted(waiting, key=lambda row: (row.form, row.sequence if row.form == "changes" else -row.sequence)):
        try:
            verdict = judge(_manifest(row), held, state=settings.NODE.state, now=at)
            if verdict is Verdict.NOT_NEEDED:
                _close(row, Edition.State.PASSED)
            elif verdict is Verdict.APPLY and _is_whole(row):
                _put_on(by, row, rows, at)
                return True
        except EditionRefused as refused:
            _refuse(by, row, refused.code)
        except EditionInvalid as invalid:
            _refuse(by, row, invalid.code)
        except FileNotFoundError:
            _lose(by)
            return False
    return False


def _put_on(by: Author, row: Edition, rows: list[Edition], at: dt.datetime) -> None:
    body = EditionBody.model_validate(row.record.body)
    written = files.write(plain(body.files))
    if (written.sha256, written.size) != (body.sha256, body.size):
        raise EditionRefused("edition_other_file")
    row.file, row.whole = written.sha256, body.form == "whole"
    count, joined = _look(row, rows)
    if count != body.subjects:
        raise EditionRefused("edition_count_wrong")
    if row.whole:
        make_ahead(row)
    with transaction.atomic():
        row.state, row.applied_at = Edition.State.HELD, at
        row.save()
        if row.whole:
            replace(row)
            for older in Edition.objects.filter(state=Edition.State.WAITING, sequence__lte=row.sequence):
                _close(older, Edition.State.PASSED)
        clusters.keep(joined, whole=row.whole)
        if not rows:
            _leave_listings()
        release(row.record)
        append("edition_put_on", by, str(row.record.uid), {"sequence": row.sequence, "subjects": row.subjects})


def _is_whole(row: Edition) -> bool:
    return is_here(EditionBody.model_validate(row.record.body).files)


def _look(row: Edition, rows: list[Edition]) -> tuple[int, dict[UUID, Said | None]]:
    """Subjects when a row is put on, and what it says of clusters; the whole file is read for it."""
    if not row.whole:
        changed = files.changes([row])
        held = files.among(rows, changed.keys())
        count = rows[-1].subjects + sum((said is not None) - (uid in held) for uid, said in changed.items())
        return count, {uid: said for uid, said in changed.items() if edition.is_cluster(uid)}
    count, joined = 0, {}
    for uid, said in edition.read(files.pieces(row)):
        count += said is not None
        if edition.is_cluster(uid):
            joined[uid] = said
    return count, joined


def _manifest(row: Edition) -> Manifest:
    form = EditionBody.model_validate(row.record.body).form
    return Manifest(row.record.origin, row.sequence, row.name, row.previous, form, row.expires_at)


def _close(row: Edition, state: str, code: str = "") -> None:
    with transaction.atomic():
        row.state, row.code, row.file, row.whole = state, code, "", False
        row.save()
        release(row.record)


def _refuse(by: Author, row: Edition, code: str) -> None:
    with transaction.atomic():
        _close(row, Edition.State.REFUSED, code)
        append("edition_refused", by, str(row.record.uid), {"sequence": row.sequence, "code": code})


def _lose(by: Author) -> None:
    """What was held is not there: it is used no longer, and the national node hears that."""
    with transaction.atomic():
        held = Edition.objects.filter(state=Edition.State.HELD)
        if held.update(state=Edition.State.PASSED, file="", whole=False, code=GONE):
            clusters.keep({}, whole=True)
            append("edition_lost", by, "", {"code": GONE})


def _forget(at: dt.datetime) -> None:
    rows = files.chain()
    if rows and rows[-1].expires_at + FORGOTTEN < at:
        held = Edition.objects.filter(pk__in=[row.pk for row in rows])
        held.update(state=Edition.State.PASSED, file="", whole=False, code="edition_expired")
        clusters.keep({}, whole=True)


def _leave_listings() -> None:
    """Single listings that came before editions did: the first edition takes their place."""
    for entry in Entry.objects.filter(record__kind__in=LISTINGS, active=True).select_related("record").iterator():
        withhold(entry.record)
        drop(entry.record)


# What the national node hears -----------------------------------------------------------------------------------------


def _report(by: Author, at: dt.datetime, *, again: bool = False) -> None:
    """Say which edition is held, where that is not what was said last, or `again`."""
    rows = files.chain()
    if rows and not files.is_here(rows):
        _lose(by)
        rows = []
    held = rows[-1] if rows else None
    body = HoldingBody(
        sequence=held.sequence if held else 0,
        edition=held.name if held else "",
        subjects=held.subjects if held else 0,
        code=_trouble(held, at),
    )
    last = Record.objects.filter(kind=HOLDING.name, node=settings.NODE.code).order_by("-pk").first()
    if last is not None and last.body == body.model_dump(mode="json") and not again:
        return
    if last is None and held is None and not body.code:
        return
    said = terms(Purpose.BORDER_CHECK, "lists of this state, for its own posts", 360, body)
    issue(by, HOLDING, read_content(HOLDING, said, at))


def _trouble(held: Edition | None, at: dt.datetime) -> str:
    """Why no newer edition is held, where one should be."""
    newer = Edition.objects.filter(sequence__gt=held.sequence if held else 0)
    waiting = list(newer.filter(state=Edition.State.WAITING).order_by("sequence"))
    if any(row.form == "whole" for row in waiting):
        return ""  # its file is on its way
    if waiting and waiting[0].sequence > (held.sequence if held else 0) + 1:
        return GAP
    if held is None and Edition.objects.filter(code=GONE).exists():
        return GONE
    refused = newer.filter(state=Edition.State.REFUSED).order_by("-pk").first()
    return refused.code if refused and not waiting else ""


# What comes -----------------------------------------------------------------------------------------------------------


def _project(record: Record, content: Content) -> None:
    body = content.body
    assert isinstance(body, EditionBody)
    own = record.node == settings.NODE.code
    if not own and (record.origin != settings.NODE.state or record.node != settings.NODE.national):
        raise Refused(Fault("edition_of_other_state", "origin", record.origin))
    Edition.objects.create(
        record=record,
        sequence=body.sequence,
        name=body.same_as or record.hash,
        previous=body.previous,
        form=body.form,
        subjects=body.subjects,
        added=body.added,
        amended=body.amended,
        removed=body.removed,
        size=body.size,
        made_at=body.made_at,
        expires_at=record.valid_until,
        state=Edition.State.PASSED if own else Edition.State.WAITING,
    )


def _retire(record: Record) -> None:
    Edition.objects.filter(record=record, state=Edition.State.WAITING).update(
        state=Edition.State.REFUSED, code="edition_expired"
    )


def _hear(record: Record, content: Content) -> None:
    body = content.body
    assert isinstance(body, HoldingBody)
    if record.node == settings.NODE.code:
        return
    if record.origin != settings.NODE.state:
        raise Refused(Fault("origin_wrong", "origin", record.origin))
    told = {"sequence": body.sequence, "name": body.edition, "subjects": body.subjects, "code": body.code}
    at = {"told_at": record.issued_at, "heard_at": timezone.now()}
    PostHolding.objects.update_or_create(node=record.node, defaults=told | at)
    if body.sequence:
        give_up(record.node, LISTINGS)


def _post_takes(record: Record, post: str) -> bool:
    """Whether an edition is for a post: a whole copy is for the one that needs it."""
    return record.body["post"] in {None, post}


def _post_takes_single(record: Record, post: str) -> bool:
    """Single listings go to the posts that have put no edition on yet."""
    return not PostHolding.objects.filter(node=post, sequence__gt=0).exists()


EDITION.posts = _post_takes
EDITION.projections.append(_project)
EDITION.retirements.append(_retire)
carry(EDITION)
HOLDING.projections.append(_hear)
for _kind in (LISTING_ENTITY, LISTING_FOREIGN, LISTING_PERSON):
    _kind.posts = _post_takes_single
