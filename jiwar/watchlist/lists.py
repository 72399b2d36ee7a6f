"""Public lists: reading one whole, or not at all, into signed listings."""

import datetime as dt
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import AccessRefused, Grant
from jiwar.audit.services import append
from jiwar.records.services import issue, read_content, terms, withdraw
from jiwar.watchlist.entries import drop, put
from jiwar.watchlist.kinds import LISTING_ENTITY, LISTING_PERSON, BirthDate, Listing
from jiwar.watchlist.logic import un_list
from jiwar.watchlist.logic.evidence import Subject
from jiwar.watchlist.models import Entry, ListImport, Unread
from jiwar.watchlist.queries import ListedEntry, listing, listings
from jiwar.wire.faults import Fault, Refused

UN_LIST = "un_security_council"
MOST_BYTES = 50 * 1024 * 1024
LEGAL_BASIS = "Charter of the United Nations, Article 41"
ACTION = "freeze_assets_report"
PAGE = 50
_DAYS = 5 * 365
RENEW_BEFORE = dt.timedelta(days=120)
"""Reading the list again is the review of what still stands on it."""


def import_un_list(by: Grant, file: BinaryIO, file_name: str) -> ListImport:
    """Read the UN Security Council consolidated list (XML) whole, in one transaction, and say what came of it.

    A new entry is issued as a record, a changed one as the record's next version, an unchanged one is left alone, one
    that the list no longer has is withdrawn. Raises AccessRefused, or Refused with the line and the reason for a file
    that is not this list, not whole, older than the one read last, or that is dangerous to read.
    """
    if by.permission is not Permission.WATCHLIST_LIST_IMPORT:
        raise AccessRefused("permission_missing", Permission.WATCHLIST_LIST_IMPORT, by.actor_id)
    if by.purpose != Purpose.SANCTIONS:
        raise AccessRefused("purpose_not_allowed", by.permission, by.actor_id)
    taken = _read(file)
    with transaction.atomic():
        newest = ListImport.objects.filter(list=UN_LIST, generated_at__isnull=False).order_by("-generated_at").first()
        if newest and taken.generated_at and taken.generated_at < newest.generated_at:
            raise Refused(Fault("list_is_older", "file", newest.generated_at.date().isoformat()))
        counts = _apply(by, taken.listings)
        done = ListImport.objects.create(
            list=UN_LIST,
            generated_at=taken.generated_at,
            sha256=taken.sha256,
            file_name=file_name[-200:],
            by=by.actor_id,
            at=timezone.now(),
            entries=len(taken.listings),
            unread=len(taken.unread),
            **counts,
        )
        for unread in taken.unread:
            unread.list_import = done
        Unread.objects.bulk_create(taken.unread)
        append(
            "list_imported",
            by,
            str(done.id),
            {"list": UN_LIST, "sha256": done.sha256, "entries": done.entries, "unread": done.unread} | counts,
        )
    return done


# Reading --------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Taken:
    sha256: str = ""
    generated_at: dt.datetime | None = None
    listings: dict[str, tuple[bool, Listing]] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)


class _Hashed:
    """Counts and hashes the bytes as they are read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._taken = 0
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._taken += len(chunk)
        if self._taken > MOST_BYTES:
            raise un_list.ListError("too_large")
        self.digest.update(chunk)
        return chunk


def _read(file: BinaryIO) -> _Taken:
    """The whole file, before anything is written."""
    taken, hashed = _Taken(), _Hashed(file)
    try:
        for item in un_list.read_un_list(hashed):  # type: ignore[arg-type]
            if isinstance(item, un_list.Entry):
                _take(item, taken)
            elif isinstance(item, un_list.Unread):
                taken.unread.append(_unread(item.line, item.path, item.code, item.value, item.reference))
            elif item.generated:
                aware = item.generated.tzinfo is not None
                taken.generated_at = item.generated if aware else item.generated.replace(tzinfo=dt.UTC)
    except un_list.ListError as error:
        raise Refused(Fault(f"list_{error.code}", "file", str(error.line) if error.line else "")) from None
    if not taken.listings:
        raise Refused(Fault("list_empty", "file"))
    taken.sha256 = hashed.digest.hexdigest()
    return taken


def _take(entry: un_list.Entry, taken: _Taken) -> None:
    reference = entry.reference or entry.data_id
    where = "INDIVIDUALS/INDIVIDUAL" if entry.individual else "ENTITIES/ENTITY"

    def unread(code: str, path: str = "", value: str = "") -> None:
        place = f"{where}/{path}" if path else where
        taken.unread.append(_unread(entry.line, place, code, value, reference))

    if reference in taken.listings:
        unread("entry_repeated", "REFERENCE_NUMBER", reference)
        return
    body = _plain(entry, entry.subject(), unread)
    try:
        taken.listings[reference] = entry.individual, Listing.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        unread("entry_not_taken", ".".join(map(str, first["loc"])), entry.name)


def _plain(entry: un_list.Entry, subject: Subject, unread: Any) -> dict[str, Any]:
    """The body of a listing. What is longer than a record may hold is cut, and the cut is reported."""

    def bounded(text: str, most: int, path: str) -> str:
        if len(text) > most:
            unread("cut", path, text[:500])
        return text[:most].strip()

    def few(values: tuple[Any, ...], most: int, path: str) -> tuple[Any, ...]:
        if len(values) > most:
            unread("cut", path, f"{len(values)} > {most}")
        return values[:most]

    names = [
        {
            "text": bounded(name.text, 200, "NAME"),
            "kind": "name" if name.kind == "primary" else name.kind,
            "quality": "low" if name.quality == "low" else "good",
        }
        for name in few(subject.names, 50, "ALIAS")
    ]
    documents = [
        {
            "type": bounded(document.type, 100, "TYPE_OF_DOCUMENT"),
            "country": document.country,
            "number": bounded(document.number, 100, "NUMBER"),
        }
        for document in few(subject.documents, 50, "DOCUMENT")
    ]
    return {
        "list": UN_LIST,
        "reference": entry.reference or entry.data_id,
        "un_list_type": bounded(entry.list_type, 60, "UN_LIST_TYPE"),
        "subject": {
            "type": "person" if entry.individual else "organisation",
            "names": names,
            "birth_dates": [BirthDate.of(born) for born in few(subject.birth_dates, 20, "DATE_OF_BIRTH")],
            "sexes": subject.sexes,
            "nationalities": few(subject.nationalities, 20, "NATIONALITY"),
            "documents": documents,
            "place_of_birth": bounded("; ".join(map(_place, entry.birth_places)), 200, "PLACE_OF_BIRTH"),
        },
        "listed_on": entry.listed_on,
        "designations": [bounded(d, 1000, "DESIGNATION") for d in few(entry.designations, 30, "DESIGNATION")],
        "comments": bounded(entry.comments, 5000, "COMMENTS1"),
        "source_updated_on": max(entry.updated_on, default=None),
    }


def _unread(line: int, path: str, code: str, value: str, reference: str) -> Unread:
    return Unread(line=line, path=path[:200], code=str(code), value=value[:500], reference=reference[:40])


def _place(place: un_list.Place) -> str:
    country = place.country.text if place.country else ""
    return ", ".join(filter(None, (place.city, place.province, country, place.note)))


# Applying -------------------------------------------------------------------------------------------------------------


def _apply(by: Grant, taken: dict[str, tuple[bool, Listing]]) -> dict[str, int]:
    counts = Counter({"new": 0, "changed": 0, "unchanged": 0, "withdrawn": 0})
    held = _held()
    due = (timezone.now() + RENEW_BEFORE).date()
    for reference, (person, body) in taken.items():
        kind = LISTING_PERSON if person else LISTING_ENTITY
        entry = held.pop(f"{kind.name} {reference}", None)
        fresh = entry is not None and entry.active and entry.record.review_on > due
        if entry and fresh and entry.record.body == body.model_dump(mode="json"):
            counts["unchanged"] += 1
            continue
        basis = f"{LEGAL_BASIS}; {body.un_list_type}" if body.un_list_type else LEGAL_BASIS
        plain = terms("sanctions", basis, _DAYS, body, tlp="CLEAR", onward="yes")
        content = read_content(kind, plain, timezone.now())
        issue(by, kind, content, supersedes=entry.record if entry else None)
        counts["changed" if entry else "new"] += 1
    for entry in held.values():
        if entry.active:
            withdraw(by, entry.record, "no longer on the list")
            counts["withdrawn"] += 1
    return dict(counts)


def _held() -> dict[str, Entry]:
    """This node's own listings that a new reading can continue: in force, or expired but never withdrawn."""
    kinds = [LISTING_PERSON.name, LISTING_ENTITY.name]
    own = Entry.objects.filter(record__kind__in=kinds, record__node=settings.NODE.code)
    own = own.filter(record__state__in=["in_force", "expired"]).select_related("record")
    return {f"{entry.record.kind} {entry.reference}": entry for entry in own.order_by("active", "revision")}


def _project(record: Any, content: Any) -> None:
    # Each state answers for the lists that it reads: a listing of another's is kept as a record and stops no one.
    if record.origin != settings.NODE.state:
        return
    body = content.body
    put(record, body.subject, category=Entry.Category.LISTING, action=ACTION, reference=body.reference)


for _kind in (LISTING_PERSON, LISTING_ENTITY):
    _kind.projections.append(_project)
    _kind.retirements.append(drop)


# Reading by people ----------------------------------------------------------------------------------------------------


def browse_listings(by: Grant, reference: str, page: int) -> Page[Entry]:
    """A page of the listings in force whose reference begins as given; who browsed what is in the ledger."""
    found = Paginator(listings(by, reference), PAGE).get_page(page)
    with transaction.atomic():
        append("listings_browsed", by, "", {"reference": reference.strip()[:40], "page": found.number})
    return found


def open_listing(by: Grant, uid: UUID) -> ListedEntry | None:
    """One listing in force, or None; who opened it is in the ledger."""
    try:
        found = listing(by, uid)
    except Entry.DoesNotExist:
        return None
    with transaction.atomic():
        append("listing_opened", by, str(uid), {"reference": found.entry.reference})
    return found
