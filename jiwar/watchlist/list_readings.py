"""Readings of lists: a file is read whole or not at all, what it changes waits, and people apply it or discard it."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import Author, append
from jiwar.watchlist.kinds import LISTING_ENTITY, LISTING_PERSON, Listing
from jiwar.watchlist.list_bodies import listing_of
from jiwar.watchlist.list_catalogue import MOST_FILES, Files, ListTerms, catalogue, reader_of, shape_of, terms_of
from jiwar.watchlist.listings import reference_of
from jiwar.watchlist.logic.list_changes import changed_fields, takes_two
from jiwar.watchlist.logic.listed import MAX_UNREAD, Header, Listed, ListError
from jiwar.watchlist.logic.listed import Unread as NotRead
from jiwar.watchlist.models import Entry, ListImport, ListRow, Unread
from jiwar.wire.faults import Fault, Refused

MOST_BYTES = 100 * 1024 * 1024
"""Of all files of a list together."""
AT_ONCE = 500
"""Entries that are compared, and written, together."""
RENEW_BEFORE = dt.timedelta(days=120)
"""Reading a list again is the review of what still stands on it."""
WAITS = dt.timedelta(days=14)
"""What nobody has decided on by then is discarded: nobody's data lie here unused (rule R9)."""
WAITS_ASIDE = dt.timedelta(days=7)
"""As long a file lies aside whose columns nobody has named, or that could not be read."""
State = ListImport.State
OPEN = (State.WAITING, State.FOR_APPROVAL, State.APPLYING)
Progress = Callable[[int, int], None]
"""Hears how much is done of how much."""


T = TypeVar("T")


def batched(items: Iterable[T], most: int) -> Iterator[tuple[T, ...]]:
    """So many at a time."""
    given = iter(items)
    while some := tuple(islice(given, most)):
        yield some


def silent(_done: int, _whole: int) -> None:
    """Progress that nobody looks at."""


def read_list(
    by: Grant, code: str, files: Files, *, as_of: dt.date | None = None, progress: Progress = silent
) -> ListImport:
    """Read a list into a reading that waits, with what it would change. `as_of`: its day, where the file says none.

    Raises AccessRefused, or Refused with the place and the reason: for what is not this list, not whole, older than the
    version that stands, dangerous to read, or while another reading of the list waits.
    """
    reading = begin(by, code, files, as_of)
    try:
        fill(by, reading, files, progress)
    except BaseException:
        reading.delete()
        raise
    return reading


def begin(by: Grant, code: str, files: Files, as_of: dt.date | None, state: str = State.READING) -> ListImport:
    """The row of a reading that begins. Raises AccessRefused, Refused."""
    may_import(by, code)
    if not 1 <= len(files) <= MOST_FILES:
        raise Refused(Fault("missing", "file") if not files else Fault("list_too_many", "file"))
    if ListImport.objects.filter(list=code, state__in=OPEN).exists():
        raise Refused(Fault("list_waits", "list"))
    return ListImport.objects.create(
        list=code,
        state=state,
        generated_at=dt.datetime.combine(as_of, dt.time(), dt.UTC) if as_of else None,
        file_name=", ".join(files)[-200:],
        by=by.actor_id,
        via=by.via,
        at=timezone.now(),
    )


def may_import(by: Grant, code: str) -> ListTerms:
    """The terms of a list that this grant may bring in; raises AccessRefused, Refused."""
    by.check(Permission.WATCHLIST_LIST_IMPORT)
    terms = terms_of(code)
    by.check_purpose(terms.purpose)
    return terms


def fill(by: Author, reading: ListImport, files: Files, progress: Progress = silent) -> None:
    """Read the files and keep what they would change; the reading waits afterwards. Raises Refused."""
    hashed = {name: _Hashed(file) for name, file in files.items()}
    work = _Comparison(reading, terms_of(reading.list))
    try:
        starts = [file.peek() for file in hashed.values()]
        whole = sum(file.size for file in hashed.values())
        items = reader_of(reading.list, {shape_of(start) for start in starts})(hashed)  # type: ignore[arg-type]
        for some in batched(items, AT_ONCE):
            work.take(some)
            progress(sum(file.taken for file in hashed.values()), whole)
    except ListError as error:
        where = str(error.line) if error.line else ""
        raise Refused(Fault(f"list_{error.code}", "file", where)) from None
    work.end()
    digests = [file.digest.hexdigest() for file in hashed.values()]
    joined = "\n".join(f"{name}:{digest}" for name, digest in zip(hashed, digests, strict=True))
    reading.sha256 = digests[0] if len(digests) == 1 else hashlib.sha256(joined.encode()).hexdigest()
    with transaction.atomic():
        reading.state = State.WAITING
        reading.save()
        told = {"list": reading.list, "sha256": reading.sha256, "entries": reading.entries, "unread": reading.unread}
        append("list_read", by, str(reading.pk), told | counts_of(reading))


def counts_of(reading: ListImport) -> dict[str, int]:
    """What a reading changes, in figures."""
    return {name: getattr(reading, name) for name in ("new", "changed", "renewed", "unchanged", "withdrawn")}


def needs_two(reading: ListImport) -> bool:
    """Whether it removes so much that a second person must confirm it."""
    limit = catalogue()[1]
    return takes_two(reading.withdrawn, reading.held, number=limit.number, share=limit.share)


class _Hashed:
    """Counts and hashes the bytes as they are read. `peek` comes first."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = b""
        self.taken = 0
        self.digest = hashlib.sha256()
        self.size = getattr(file, "size", None) or _size(file)

    def peek(self) -> bytes:
        """The first bytes, which are read again."""
        self._start = self._file.read(1024)
        return self._start

    def read(self, size: int = -1) -> bytes:
        start, self._start = self._start, b""
        chunk = start + self._file.read(max(0, size - len(start)) if size >= 0 else size)
        self.taken += len(chunk)
        if self.taken > MOST_BYTES:
            raise ListError("too_large")
        self.digest.update(chunk)
        return chunk


def _size(file: BinaryIO) -> int:
    try:
        at = file.tell()
        end = file.seek(0, 2)
        file.seek(at)
    except (OSError, ValueError):
        return 0
    return end


# Comparing ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Comparison:
    """Compares entries with those in force, some hundreds at a time, and keeps what differs."""

    reading: ListImport
    terms: ListTerms
    counts: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    unread: int = 0
    held: dict[str, tuple[UUID, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own = ListImport.objects.filter(list=self.reading.list, state=State.APPLIED)
        self.reading.before = own.filter(generated_at__isnull=False).order_by("-generated_at").first()
        rows = held_entries(self.reading.list).filter(active=True)
        names = rows.values_list("record__kind", "reference", "uid", "facts__names__0__text")
        self.held = {f"{kind} {reference}": (uid, name or "") for kind, reference, uid, name in names}
        self.reading.held = len(self.held)

    def take(self, items: tuple[Any, ...]) -> None:
        lines: list[Unread] = []
        bodies: dict[str, Listing] = {}
        for item in items:
            if isinstance(item, Listed):
                self._body(item, bodies, lines)
            elif isinstance(item, NotRead):
                lines.append(_unread(item.line, item.path, item.code, item.value, item.reference))
            elif isinstance(item, Header) and item.generated:
                self.reading.generated_at = item.generated
                self._not_older()
        self.unread += len(lines)
        if self.unread > MAX_UNREAD:
            raise ListError("too_strange")
        rows = list(self._rows(bodies))
        with transaction.atomic():
            for line in lines:
                line.list_import = self.reading
            Unread.objects.bulk_create(lines)
            ListRow.objects.bulk_create(rows)

    def end(self) -> None:
        """What is no longer on the list; the counts. Raises Refused."""
        reading = self.reading
        if not self.seen:
            raise Refused(Fault("list_empty", "file"))
        if reading.generated_at is None:
            raise Refused(Fault("list_undated", "as_of"))
        self._not_older()
        gone = sorted((key, *held) for key, held in self.held.items() if key not in self.seen)
        for some in batched(gone, AT_ONCE):
            ListRow.objects.bulk_create(
                ListRow(
                    list_import=reading,
                    change=ListRow.Change.REMOVED,
                    reference=key.partition(" ")[2],
                    name=name,
                    person=key.startswith(LISTING_PERSON.name),
                    entry=uid,
                )
                for key, uid, name in some
            )
        reading.entries, reading.unread, reading.withdrawn = len(self.seen), self.unread, len(gone)
        for change in ("new", "changed", "renewed", "unchanged"):
            setattr(reading, change, self.counts[change])

    def _not_older(self) -> None:
        before, generated = self.reading.before, self.reading.generated_at
        if before and before.generated_at and generated and generated < before.generated_at:
            raise Refused(Fault("list_is_older", "file", before.generated_at.date().isoformat()))

    def _body(self, listed: Listed, bodies: dict[str, Listing], lines: list[Unread]) -> None:
        def report(code: str, path: str, value: str) -> None:
            lines.append(_unread(listed.line, path, code, value, listed.reference))

        try:
            body = listing_of(listed, self.terms, report)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            report("entry_not_taken", ".".join(map(str, first["loc"])), listed.names[0][0] if listed.names else "")
            return
        kind = LISTING_PERSON if body.subject.type == "person" else LISTING_ENTITY
        key = f"{kind.name} {reference_of(body)}"
        if key in self.seen:
            report("entry_repeated", "reference", listed.reference)
            return
        self.seen.add(key)
        bodies[key] = body

    def _rows(self, bodies: Mapping[str, Listing]) -> Iterator[ListRow]:
        due = (timezone.now() + RENEW_BEFORE).date()
        entries = held_entries(self.reading.list).filter(reference__in=[key.partition(" ")[2] for key in bodies])
        held = {f"{entry.record.kind} {entry.reference}": entry for entry in entries}
        for key, body in bodies.items():
            entry, plain = held.get(key), body.model_dump(mode="json")
            change, fields = "new", []
            if entry is not None:
                fields = changed_fields(_today(entry.record.body), plain)
                fresh = entry.active and entry.record.review_on > due
                change = "changed" if fields else "unchanged" if fresh else "renewed"
            self.counts[change] += 1
            if change != "unchanged":
                yield ListRow(
                    list_import=self.reading,
                    change=change,
                    reference=reference_of(body),
                    fields=fields,
                    name=body.subject.names[0].text,
                    person=body.subject.type == "person",
                    body=plain,
                    entry=entry.uid if entry else None,
                )


def _today(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """A body as this program would write it: a field that came since is no change of the list's."""
    return Listing.model_validate(body).model_dump(mode="json")


def held_entries(code: str) -> Any:
    """This node's own entries of a list that a reading can continue: in force, or expired but never withdrawn."""
    own = Entry.objects.filter(record__kind__in=[LISTING_PERSON.name, LISTING_ENTITY.name])
    own = own.filter(record__node=settings.NODE.code, record__state__in=["in_force", "expired"])
    return of_list(own, code).select_related("record").order_by("active", "revision")


def of_list(entries: Any, code: str) -> Any:
    """Those of a list: their references begin with its code, but for the Security Council's, which have no colon."""
    if code == "un_security_council":
        return entries.exclude(reference__contains=":")
    return entries.filter(reference__startswith=f"{code}:")


def _unread(line: int, path: str, code: str, value: str, reference: str) -> Unread:
    return Unread(line=line, path=path[:200], code=str(code), value=value[:500], reference=reference[:40])
