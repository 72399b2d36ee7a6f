"""Editions of this state's lists for its posts: made at the national node when a list has changed.

Alerts go to the posts one by one, for each needs its receipt and its withdrawal; what lists say is far more, and goes
as one signed file of what changed since the edition before. The national node keeps the same files as a post, and so
tells exactly what changes there. A post that holds none, or lost one, gets the whole.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from jiwar.access.permissions import Purpose
from jiwar.audit.services import Author, append
from jiwar.exchange.attachments import Descriptor
from jiwar.exchange.editions import Parts, own_posts, seal_whole
from jiwar.exchange.queries import sent
from jiwar.records.services import Record, issue, read_content, terms
from jiwar.watchlist import edition_clusters as clusters
from jiwar.watchlist import edition_files as files
from jiwar.watchlist.edition_kinds import EDITION, EditionBody
from jiwar.watchlist.kinds import LISTING_ENTITY, LISTING_FOREIGN, LISTING_PERSON
from jiwar.watchlist.logic import edition
from jiwar.watchlist.logic.edition import EditionInvalid, Said
from jiwar.watchlist.models import Edition, Entry, ListImport, PostHolding, Revision

USED = dt.timedelta(days=90)
"""How long a post uses an edition after which none came (rule R9)."""
RENEWED = dt.timedelta(hours=12)
"""An edition is made though nothing changed: the post's list is not older than it looks, and its use goes on."""
MOST_CHANGES = 50_000
"""With more changes, or with more than half of all subjects, an edition is whole."""
ONE_COPY, ANOTHER_COPY = dt.timedelta(hours=1), dt.timedelta(days=7)
"""A post gets no second whole copy sooner, whatever it says; and gets one then, if it still says so."""
IN_BETWEEN = dt.timedelta(hours=1)
"""How long an edition waits for a list that is being applied: a post gets all of it together."""
LISTINGS = [LISTING_ENTITY.name, LISTING_FOREIGN.name, LISTING_PERSON.name]
_BASIS = "lists of this state, for its own posts"


def weigh(at: dt.datetime) -> int:
    """How many subjects must be read, about, for what is due; 0 where nothing is."""
    newest = Revision.objects.filter(pk=1).values_list("series", "value").first()
    if newest is None or _is_in_between(at):
        return 0
    rows = files.chain()
    if _is_whole_due(rows, newest[0]):
        return int(_listings(active=True).count()) or 1
    last = rows[-1]
    due = files.is_long(rows) or at - last.made_at >= RENEWED or _listings(revision__gt=last.revision).exists()
    due = due or last.clusters != clusters.digest(clusters.said())
    return (last.subjects or 1) if due or any(_needs_whole(post, at) for post in own_posts()) else 0


def tend(by: Author, at: dt.datetime) -> None:
    """Make the edition that is due, and a whole copy for each post that needs one. The caller is alone."""
    posts = own_posts()
    if not posts or _is_in_between(at):
        return
    make(by, at)
    for post in posts:
        if _needs_whole(post, at):
            copy(by, post, at)
    files.fold()
    files.sweep(at)


def make(by: Author, at: dt.datetime) -> Record | None:
    """The next edition, where lists have changed or the last one is old; None where none is due. The caller is alone.

    Entries that change while they are read are told again by the next edition.
    """
    rows = files.chain()
    newest = Revision.objects.filter(pk=1).values_list("series", "value").first()
    if newest is None:
        return None
    if _is_whole_due(rows, newest[0]):
        return _make_whole(by, at, *newest)
    last = rows[-1]
    assert last.revision is not None
    changed = _listings(revision__gt=last.revision)
    count, joined = changed.count(), clusters.said()
    if count > min(MOST_CHANGES, max(last.subjects // 2, 1_000)):
        return _make_whole(by, at, *newest)
    try:
        same = not count and last.clusters == clusters.digest(joined)
        told = _Told([], [], 0) if same else _since(rows, changed, joined, at)
    except (EditionInvalid, FileNotFoundError):
        return _make_whole(by, at, *newest)
    if not (told.put or told.removed) and at - last.made_at < RENEWED:
        return None
    return _make_changes(by, at, last, told, clusters.digest(joined), *newest)


def _is_in_between(at: dt.datetime) -> bool:
    """Whether a part of a list is applied and the rest soon will be."""
    begun = ListImport.objects.filter(state=ListImport.State.APPLYING, applied__gt=0)
    return any((each.decided_at or each.confirmed_at or each.at) > at - IN_BETWEEN for each in begun)


def _is_whole_due(rows: list[Edition], series: UUID) -> bool:
    return not rows or rows[-1].series != series or not files.is_here(rows) or _beyond(rows[-1])


def copy(by: Author, post: str, at: dt.datetime) -> Record | None:
    """The newest edition, whole, for one post. The caller is alone."""
    files.fold(always=True)
    rows = files.chain()
    if not rows or not files.is_here(rows):
        return None
    held = rows[-1]
    sealed = seal_whole(files.pieces(held))
    told = {"form": "whole", "same_as": held.name, "post": post, "sha256": held.file, "size": files.size(held)}
    body = _body(held, **told, files=sealed)
    with transaction.atomic():
        record = _issue(by, body, held.expires_at, at)
        append("edition_copied", by, str(record.uid), {"sequence": held.sequence, "post": post})
    return record


# What it says ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Told:
    """What changes at a post: `removed` rises, `put` by its id does."""

    removed: list[UUID]
    put: list[tuple[UUID, Said]]
    added: int


_FIELDS = (
    "uid", "facts", "action", "reference", "active", "complete", "record__kind", "record__origin", "record__version",
    "record__valid_until", "record__review_on", "record__tlp", "record__state",
)  # fmt: skip


def _listings(**more: Any) -> Any:
    return Entry.objects.filter(category=Entry.Category.LISTING, record__kind__in=LISTINGS, **more)


def _usable(rows: Any, at: dt.datetime) -> Iterator[tuple[UUID, Said]]:
    """Listings that a post may use: in force, enough to tell people apart, and for its eyes (rules R5, R9, R16)."""
    for row in rows.values(*_FIELDS).iterator(chunk_size=2000):
        if _is_usable(row, at):
            yield row["uid"], _said(row)


def _is_usable(row: dict[str, Any], at: dt.datetime) -> bool:
    return bool(
        row["active"]
        and row["complete"]
        and row["record__state"] == Record.State.IN_FORCE
        and row["record__origin"] == settings.NODE.state
        and row["record__tlp"] != "RED"
        and row["record__valid_until"] > at
        and row["record__review_on"] >= at.date()
    )


def _said(row: dict[str, Any]) -> Said:
    card = {
        "kind": row["record__kind"],
        "origin": row["record__origin"],
        "reference": row["reference"],
        "action": row["action"],
        "version": row["record__version"],
        "valid_until": row["record__valid_until"].astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "review_on": row["record__review_on"].isoformat(),
    }
    return {"facts": _brief(row["facts"]), "card": card}


def _brief(value: Any) -> Any:
    """Facts without their empty members."""
    match value:
        case dict():
            return {name: _brief(member) for name, member in value.items() if member not in (None, "", [], False)}
        case list():
            return [_brief(item) for item in value]
    return value


def _since(rows: list[Edition], changed: Any, joined: dict[UUID, Said], at: dt.datetime) -> _Told:
    put = dict(_usable(changed, at))
    uids = set(changed.values_list("uid", flat=True))
    held, told = files.among(rows, uids), files.clusters(rows)
    removed = sorted([*(uid for uid in held if uid not in put), *(told - joined.keys())])
    put |= {uid: said for uid, said in joined.items() if uid not in told}
    return _Told(removed, sorted(put.items(), key=lambda pair: pair[0]), sum(uid not in held for uid in put))


# Making one -----------------------------------------------------------------------------------------------------------


def _make_whole(by: Author, at: dt.datetime, series: UUID, revision: int) -> Record:
    count = 0

    joined = clusters.said()

    def counted() -> Iterator[tuple[UUID, Said]]:
        nonlocal count
        for pair in merge(_usable(_listings().order_by("uid"), at), joined.items(), key=lambda pair: pair[0]):
            count += 1
            yield pair

    written, sealed = _write(edition.write((), counted()))
    last = Edition.objects.exclude(revision=None).first()
    sequence = max(_heard(), last.sequence if last else 0) + 1
    body = EditionBody(
        sequence=sequence,
        previous=last.name if last else "",
        form="whole",
        subjects=count,
        added=count,
        amended=0,
        removed=0,
        made_at=at,
        sha256=written.sha256,
        size=written.size,
        files=sealed,
    )
    return _keep(by, body, at, clusters.digest(joined), series, revision)


def _make_changes(
    by: Author, at: dt.datetime, last: Edition, told: _Told, joined: str, series: UUID, revision: int
) -> Record:
    written, sealed = _write(edition.write(told.removed, told.put))
    body = EditionBody(
        sequence=last.sequence + 1,
        previous=last.name,
        form="changes",
        subjects=last.subjects + told.added - len(told.removed),
        added=told.added,
        amended=len(told.put) - told.added,
        removed=len(told.removed),
        made_at=at,
        sha256=written.sha256,
        size=written.size,
        files=sealed,
    )
    return _keep(by, body, at, joined, series, revision)


def _write(pieces: Iterable[bytes]) -> tuple[files.Written, tuple[Descriptor, ...]]:
    sealed = Parts()
    try:
        return files.write(pieces, sealed.add), sealed.finish()
    except BaseException:
        sealed.abandon()
        raise


def _keep(by: Author, body: EditionBody, at: dt.datetime, joined: str, series: UUID, revision: int) -> Record:
    with transaction.atomic():
        record = _issue(by, body, at + USED, at)
        row = Edition.objects.get(record=record)
        row.state, row.applied_at, row.file, row.whole = Edition.State.HELD, at, body.sha256, body.form == "whole"
        row.series, row.revision, row.clusters = series, revision, joined
        row.save()
        if row.whole:
            replace(row)
        append(
            "edition_made",
            by,
            str(record.uid),
            {name: getattr(row, name) for name in ("sequence", "form", "subjects", "added", "amended", "removed")},
        )
    return record


def replace(row: Edition) -> None:
    """A whole edition is in use: what was before it is not. In the caller's transaction."""
    older = Edition.objects.filter(state=Edition.State.HELD).exclude(pk=row.pk)
    older.update(state=Edition.State.PASSED, file="", whole=False)


def _issue(by: Author, body: EditionBody, expires_at: dt.datetime, at: dt.datetime) -> Record:
    plain = terms(Purpose.BORDER_CHECK, _BASIS, 1, body, tlp="AMBER+STRICT")
    plain |= {"valid_until": expires_at, "review_on": expires_at.date()}
    return issue(by, EDITION, read_content(EDITION, plain, at))


def _body(row: Edition, **more: Any) -> EditionBody:
    names = ("sequence", "previous", "subjects", "added", "amended", "removed", "made_at")
    return EditionBody.model_validate({name: getattr(row, name) for name in names} | more)


# The posts ------------------------------------------------------------------------------------------------------------


def _heard() -> int:
    """The highest sequence that any post speaks of: more than ours where this node was restored from an old copy."""
    return max(PostHolding.objects.values_list("sequence", flat=True), default=0)


def _beyond(last: Edition) -> bool:
    return _heard() > last.sequence


def _needs_whole(post: str, at: dt.datetime) -> bool:
    """Whether a post never got a whole edition, or says that it cannot go on from what it holds."""
    said = PostHolding.objects.filter(node=post).first()
    whole = Edition.objects.filter(form="whole", expires_at__gt=at, record__in=sent(post).values("record"))
    last = whole.aggregate(at=Max("record__issued_at"))["at"]
    if said is None or last is None:
        return last is None
    if not said.code:
        return False
    told_since = said.heard_at is not None and said.heard_at > last
    return bool(at - last >= (ONE_COPY if told_since else ANOTHER_COPY))
