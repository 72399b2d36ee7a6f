"""Editions of the registry at a post: judged as they come, put on when their file is whole, and said back.

An edition is used when its file is what the signed manifest says, reads to its end, and leaves as many rows as the
manifest counts. Then one transaction makes it the one that is held.
"""

import datetime as dt
from contextlib import suppress

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Purpose
from jiwar.audit.services import Author, append
from jiwar.documents import lost_files as files
from jiwar.documents.logic.lost_file import LostFile, LostFileInvalid
from jiwar.documents.lost_editions import hold
from jiwar.documents.lost_kinds import LOST_EDITION, LOST_HOLDING, LostEditionBody, LostHoldingBody
from jiwar.documents.models import LostEdition, LostHolding
from jiwar.exchange.attached import carry, release
from jiwar.exchange.editions import EditionRefused, Held, Manifest, Verdict, is_here, judge, plain
from jiwar.records.content import Content
from jiwar.records.services import Record, issue, read_content, terms
from jiwar.wire.faults import Fault, Refused

GAP = "edition_gap"
"""What came builds on an edition that never did."""
GONE = "edition_files_gone"
"""What was held is not on the disk, or not whole."""
FORGOTTEN = dt.timedelta(days=30)
"""How long the file of an edition stays after its use ended, for the next one to build on."""
State = LostEdition.State


class _Damaged(Exception):
    """What is held cannot be read."""


def weigh(at: dt.datetime) -> int:
    """How many rows must be read, about, for what is to be put on."""
    row, due = files.held(), 0
    held = Held(row.sequence, row.name) if row else None
    for each in LostEdition.objects.filter(state=State.WAITING).select_related("record"):
        with suppress(EditionRefused):
            if judge(_manifest(each), held, state=settings.NODE.state, now=at) is Verdict.APPLY and _has_come(each):
                due += each.changes + (row.rows // 200 if row else 0) + 1
    return due


def tend(by: Author, at: dt.datetime) -> None:
    """Put on what came, forget what ended, and say what is held where that changed. The caller is alone."""
    row = files.held()
    if row and row.expires_at + FORGOTTEN < at:
        _pass_on(row, "edition_expired")
    put_on(by, at)
    files.sweep(at)


def waiting() -> bool:
    """Whether an edition waits for its file."""
    return LostEdition.objects.filter(state=LostEdition.State.WAITING).exists()


def put_on(by: Author, at: dt.datetime) -> None:
    """Every edition that waits and can be used, in their order. The caller is alone."""
    refused = LostEdition.objects.filter(state=State.REFUSED).count()
    while _next(by, at):
        pass
    # Who made an edition that is refused may not know what is held here.
    _report(by, at, again=LostEdition.objects.filter(state=State.REFUSED).count() > refused)


# One edition ----------------------------------------------------------------------------------------------------------


def _next(by: Author, at: dt.datetime) -> bool:
    """Put on the next edition; False where none can be."""
    row = files.held()
    held = Held(row.sequence, row.name) if row else None
    waiting = LostEdition.objects.filter(state=State.WAITING).select_related("record")
    # Changes in their order; where a gap is, the newest whole one ends it.
    for each in sorted(waiting, key=lambda one: (one.form, one.sequence if one.form == "changes" else -one.sequence)):
        try:
            verdict = judge(_manifest(each), held, state=settings.NODE.state, now=at)
            if verdict is Verdict.NOT_NEEDED:
                _close(each, State.PASSED)
            elif verdict is Verdict.APPLY and _has_come(each):
                _put_on(by, each, row)
                return True
        except EditionRefused as refused:
            _refuse(by, each, refused.code)
        except LostFileInvalid:
            _refuse(by, each, "edition_form")
        except _Damaged:
            _lose(by)
            return False
    return False


def _put_on(by: Author, row: LostEdition, held: LostEdition | None) -> None:
    body = LostEditionBody.model_validate(row.record.body)
    written = files.write(plain(body.files))
    if (written.sha256, written.size) != (body.sha256, body.size):
        raise EditionRefused("edition_other_file")
    came = files.opened(written.sha256)
    for _ in came.lines():
        pass  # reads to its end, or raises
    whole = body.form == "whole"
    if whole and came.removals:
        raise EditionRefused("edition_form")
    name = written.sha256 if whole else _merge(held, came)
    if files.opened(name).rows != body.rows:
        raise EditionRefused("edition_count_wrong")
    with transaction.atomic():
        hold(row, file=name)
        for older in LostEdition.objects.filter(state=State.WAITING, sequence__lte=row.sequence):
            _close(older, State.PASSED)
        release(row.record)
        append("edition_put_on", by, str(row.record.uid), {"sequence": row.sequence, "subjects": row.rows})


def _merge(held: LostEdition | None, came: LostFile) -> str:
    assert held is not None  # changes are applied to what is held
    try:
        return files.write(files.opened(held.file).merged(came)).sha256
    except (LostFileInvalid, FileNotFoundError):
        raise _Damaged from None


def _has_come(row: LostEdition) -> bool:
    return is_here(LostEditionBody.model_validate(row.record.body).files)


def _manifest(row: LostEdition) -> Manifest:
    body = LostEditionBody.model_validate(row.record.body)
    return Manifest(row.record.origin, row.sequence, row.name, row.previous, body.form, row.expires_at)


def _close(row: LostEdition, state: str, code: str = "") -> None:
    with transaction.atomic():
        row.state, row.code, row.file = state, code, ""
        row.save()
        release(row.record)


def _refuse(by: Author, row: LostEdition, code: str) -> None:
    with transaction.atomic():
        _close(row, State.REFUSED, code)
        append("edition_refused", by, str(row.record.uid), {"sequence": row.sequence, "code": code})


def _pass_on(row: LostEdition, code: str) -> None:
    row.state, row.file, row.code = State.PASSED, "", code
    row.save()


def _lose(by: Author) -> None:
    """What was held is not there: it is used no longer, and the national node hears that."""
    row = files.held()
    if row is not None:
        with transaction.atomic():
            _pass_on(row, GONE)
            append("edition_lost", by, "", {"code": GONE})


# What the national node hears -----------------------------------------------------------------------------------------


def _report(by: Author, at: dt.datetime, *, again: bool = False) -> None:
    """Say which edition is held, where that is not what was said last, or `again`."""
    row = files.held()
    if row and not files.path(row.file).exists():
        _lose(by)
        row = None
    body = LostHoldingBody(
        sequence=row.sequence if row else 0,
        edition=row.name if row else "",
        rows=row.rows if row else 0,
        code=_trouble(row),
    )
    last = Record.objects.filter(kind=LOST_HOLDING.name, node=settings.NODE.code).order_by("-pk").first()
    if last is not None and last.body == body.model_dump(mode="json") and not again:
        return
    if last is None and row is None and not body.code:
        return
    said = terms(Purpose.BORDER_CHECK, "registry of lost documents, for this state's own posts", 360, body)
    issue(by, LOST_HOLDING, read_content(LOST_HOLDING, said, at))


def _trouble(held: LostEdition | None) -> str:
    """Why no newer edition is held, where one should be."""
    sequence = held.sequence if held else 0
    newer = LostEdition.objects.filter(sequence__gt=sequence)
    waiting = list(newer.filter(state=State.WAITING).order_by("sequence"))
    if any(row.form == "whole" for row in waiting):
        return ""  # its file is on its way
    if waiting and waiting[0].sequence > sequence + 1:
        return GAP
    if held is None and LostEdition.objects.filter(code=GONE).exists():
        return GONE
    refused = newer.filter(state=State.REFUSED).order_by("-pk").first()
    return refused.code if refused and not waiting else ""


# What comes -----------------------------------------------------------------------------------------------------------


def _project(record: Record, content: Content) -> None:
    body = content.body
    assert isinstance(body, LostEditionBody)
    own = record.node == settings.NODE.code
    if not own and (record.origin != settings.NODE.state or record.node != settings.NODE.national):
        raise Refused(Fault("edition_of_other_state", "origin", record.origin))
    LostEdition.objects.create(
        record=record,
        sequence=body.sequence,
        name=body.same_as or record.hash,
        previous=body.previous,
        form=body.form,
        rows=body.rows,
        changes=body.changes,
        size=body.size,
        made_at=body.made_at,
        expires_at=record.valid_until,
        state=State.PASSED if own else State.WAITING,
    )


def _retire(record: Record) -> None:
    LostEdition.objects.filter(record=record, state=State.WAITING).update(state=State.REFUSED, code="edition_expired")


def _hear(record: Record, content: Content) -> None:
    body = content.body
    assert isinstance(body, LostHoldingBody)
    if record.node == settings.NODE.code:
        return
    if record.origin != settings.NODE.state:
        raise Refused(Fault("origin_wrong", "origin", record.origin))
    told = {"sequence": body.sequence, "name": body.edition, "rows": body.rows, "code": body.code}
    at = {"told_at": record.issued_at, "heard_at": timezone.now()}
    LostHolding.objects.update_or_create(node=record.node, defaults=told | at)


def _post_takes(record: Record, post: str) -> bool:
    """A whole copy is for the post that needs it."""
    return record.body["post"] in {None, post}


LOST_EDITION.posts = _post_takes
LOST_EDITION.projections.append(_project)
LOST_EDITION.retirements.append(_retire)
carry(LOST_EDITION)
LOST_HOLDING.projections.append(_hear)
