"""Editions of the registry of lost documents for this state's posts: made at the national node when a report came.

The node keeps the whole registry as its posts do, and tells what changed since; a post that holds none, or lost it,
gets the whole. `exchange.editions` has what these share with the lists of the watchlist.
"""

import datetime as dt
from collections.abc import Iterator
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from jiwar.access.permissions import Purpose
from jiwar.audit.services import Author, append
from jiwar.documents import lost_files as files
from jiwar.documents.logic.lost_file import REMOVED, LostFileInvalid, line, write
from jiwar.documents.lost_kinds import LOST_EDITION, LostEditionBody
from jiwar.documents.models import LostDocument, LostEdition, LostHolding, LostRevision
from jiwar.exchange.attachments import Descriptor
from jiwar.exchange.editions import Parts, Written, own_posts, seal_whole
from jiwar.exchange.queries import sent
from jiwar.records.services import Record, issue, read_content, terms

USED = dt.timedelta(days=90)
"""How long a post uses an edition after which none came."""
RENEWED = dt.timedelta(hours=12)
"""An edition is made though nothing changed: the registry is not older than it looks."""
MOST_CHANGES = 50_000
"""With more changes, and more than half of all rows, an edition is whole."""
ONE_COPY, ANOTHER_COPY = dt.timedelta(hours=1), dt.timedelta(days=7)
"""A post gets no second whole copy sooner, whatever it says; and gets one then, if it still says so."""
_BASIS = "registry of lost documents, for this state's own posts"
_ORDER = ("issuer", "folded", "type", "number", "last", "uid")
_FIELDS = ("issuer", "type", "number", "last", "uid", "status", "since", "until", "active", "record__tlp")


def weigh(at: dt.datetime) -> int:
    """How many rows must be read, about, for what is due; 0 where nothing is."""
    newest = _newest()
    if newest is None:
        return 0
    held = files.held()
    if held is None or _is_whole_due(held, newest[0]):
        return LostDocument.objects.filter(active=True).count() or 1
    changed = _changed(held).count()
    copies = sum(_needs_whole(post, at) for post in own_posts())
    due = changed or copies or at - held.made_at >= RENEWED
    return changed + (1 + copies) * (held.rows // 200 + 1) if due else 0


def tend(by: Author, at: dt.datetime) -> None:
    """Make the edition that is due, and a whole copy for each post that needs one. The caller is alone."""
    posts = own_posts()
    if posts:
        make(by, at)
        for post in posts:
            if _needs_whole(post, at):
                copy(by, post, at)
    _forget_told(posts)
    files.sweep(at)


def make(by: Author, at: dt.datetime) -> Record | None:
    """The next edition, where a report came or ended, or the last one is old; None where none is due. The caller is
    alone. What changes while it is read is told again by the next."""
    newest, held = _newest(), files.held()
    if newest is None:
        return None
    if held is None or _is_whole_due(held, newest[0]):
        return _make_whole(by, at, *newest)
    changed = _changed(held)
    count = changed.count()
    if not count and at - held.made_at < RENEWED:
        return None
    if count > max(MOST_CHANGES, held.rows // 2):
        return _make_whole(by, at, *newest)
    try:
        return _make_changes(by, at, held, changed, *newest)
    except (LostFileInvalid, FileNotFoundError):  # what stands here is damaged
        return _make_whole(by, at, *newest)


def copy(by: Author, post: str, at: dt.datetime) -> Record | None:
    """The newest edition, whole, for one post. The caller is alone."""
    held = files.held()
    if held is None or not files.path(held.file).exists():
        return None
    said = {
        "sequence": held.sequence,
        "previous": held.previous,
        "form": "whole",
        "same_as": held.name,
        "post": post,
        "rows": held.rows,
        "changes": held.rows,
        "made_at": held.made_at,
        "sha256": held.file,
        "size": files.path(held.file).stat().st_size,
        "files": seal_whole(files.pieces(held.file)),
    }
    with transaction.atomic():
        record = _issue(by, LostEditionBody.model_validate(said), held.expires_at, at)
        append("edition_copied", by, str(record.uid), {"sequence": held.sequence, "post": post})
    return record


# Making one -----------------------------------------------------------------------------------------------------------


def _make_whole(by: Author, at: dt.datetime, series: UUID, revision: int) -> Record:
    parts = Parts()
    try:
        written = files.write(write(_lines(LostDocument.objects.filter(active=True), at, whole=True)), parts.add)
        sealed = parts.finish()
    except BaseException:
        parts.abandon()
        raise
    rows = files.opened(written.sha256).rows
    last = LostEdition.objects.exclude(revision=None).first()
    sequence = max(_heard(), last.sequence if last else 0) + 1
    said = _said(sequence, last.name if last else "", "whole", rows, rows, at)
    return _keep(by, said, written, sealed, at, file=written.sha256, series=series, revision=revision)


def _make_changes(by: Author, at: dt.datetime, held: LostEdition, changed: Any, series: UUID, revision: int) -> Record:
    parts = Parts()
    try:
        told = files.write(write(_lines(changed, at)), parts.add)
        changes = files.opened(told.sha256)
        merged = files.write(files.opened(held.file).merged(changes))
        sealed = parts.finish()
    except BaseException:
        parts.abandon()
        raise
    rows = files.opened(merged.sha256).rows
    said = _said(held.sequence + 1, held.name, "changes", rows, changes.rows, at)
    return _keep(by, said, told, sealed, at, file=merged.sha256, series=series, revision=revision)


def _lines(held: Any, at: dt.datetime, *, whole: bool = False) -> Iterator[bytes]:
    """Rows as lines, rising: each document, then each series; one that posts may not use is taken away."""
    today = timezone.localdate(at)
    for some in (held.filter(last=""), held.exclude(last="")):
        rows = some.order_by(*_ORDER, "active").values(*_FIELDS).iterator(chunk_size=5000)
        for _, same in groupby(rows, key=lambda row: [row[name] for name in _FIELDS[:5]]):
            row = list(same)[-1]  # an amended report has the old row and the new one
            used = row["active"] and row["until"] > today and row["record__tlp"] != "RED"
            if used or not whole:
                yield line(
                    row["issuer"],
                    row["type"],
                    row["number"],
                    row["last"],
                    row["uid"].hex,
                    row["status"] if used else REMOVED,
                    f"{row['since']:%Y%m%d}",
                    f"{row['until']:%Y%m%d}",
                )


def _said(sequence: int, previous: str, form: str, rows: int, changes: int, at: dt.datetime) -> dict[str, Any]:
    return {
        "sequence": sequence,
        "previous": previous,
        "form": form,
        "rows": rows,
        "changes": changes,
        "made_at": at,
    }


def _keep(
    by: Author, said: dict[str, Any], told: Written, sealed: tuple[Descriptor, ...], at: dt.datetime, **held: Any
) -> Record:
    body = LostEditionBody.model_validate(said | {"sha256": told.sha256, "size": told.size, "files": sealed})
    with transaction.atomic():
        record = _issue(by, body, at + USED, at)
        row = LostEdition.objects.get(record=record)
        hold(row, **held)
        detail = {name: getattr(row, name) for name in ("sequence", "form", "rows", "changes")}
        append("edition_made", by, str(record.uid), detail)
    return record


def hold(row: LostEdition, **more: Any) -> None:
    """An edition is in use, and what was before it is not. In the caller's transaction."""
    LostEdition.objects.filter(state=LostEdition.State.HELD).update(state=LostEdition.State.PASSED, file="")
    row.state = LostEdition.State.HELD
    for name, value in more.items():
        setattr(row, name, value)
    row.save()


def _issue(by: Author, body: LostEditionBody, expires_at: dt.datetime, at: dt.datetime) -> Record:
    plain = terms(Purpose.BORDER_CHECK, _BASIS, 1, body, tlp="AMBER+STRICT")
    plain |= {"valid_until": expires_at, "review_on": expires_at.date()}
    return issue(by, LOST_EDITION, read_content(LOST_EDITION, plain, at))


# What is due ----------------------------------------------------------------------------------------------------------


def _newest() -> tuple[UUID, int] | None:
    return LostRevision.objects.filter(pk=1).values_list("series", "value").first()


def _changed(held: LostEdition) -> Any:
    return LostDocument.objects.filter(revision__gt=held.revision)


def _is_whole_due(held: LostEdition, series: UUID) -> bool:
    return held.series != series or not files.path(held.file).exists() or _heard() > held.sequence


def _heard() -> int:
    """The highest sequence that any post speaks of: more than ours where this node was restored from an old copy."""
    return max(LostHolding.objects.values_list("sequence", flat=True), default=0)


def _needs_whole(post: str, at: dt.datetime) -> bool:
    """Whether a post never got a whole edition, or says that it cannot go on from what it holds."""
    said = LostHolding.objects.filter(node=post).first()
    whole = LostEdition.objects.filter(form="whole", expires_at__gt=at, record__in=sent(post).values("record"))
    last = whole.aggregate(at=Max("record__issued_at"))["at"]
    if said is None or last is None:
        return last is None
    return bool(said.code) and bool(at - last >= (ONE_COPY if said.heard_at > last else ANOTHER_COPY))


def _forget_told(posts: list[str]) -> None:
    """Rows that ended stay until an edition has told it."""
    ended = LostDocument.objects.filter(active=False)
    if posts:
        held = files.held()
        ended = ended.filter(revision__lte=held.revision if held and held.revision is not None else -1)
    ended.delete()
