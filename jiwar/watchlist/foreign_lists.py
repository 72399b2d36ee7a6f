"""Foreign lists: what a source outside the exchange says, once a person has read it and takes it in.

An entry asks for nothing but a question to the contact point. It names its source, stays in this state, ends after a
year unless it is taken in again, and is never an alert.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.records.content import SourceGrade, Tlp
from jiwar.records.services import Record, issue, read_content, terms, withdraw
from jiwar.watchlist.entries import drop, put
from jiwar.watchlist.kinds import LISTING_FOREIGN, ForeignListing
from jiwar.watchlist.list_readings import RENEW_BEFORE
from jiwar.watchlist.listings import PAGE
from jiwar.watchlist.models import Entry
from jiwar.watchlist.protection import is_protected, tell_posts
from jiwar.watchlist.queries import ForeignEntry, foreign_listing, foreign_listings

ACTION = "refer_to_contact_point"
_DAYS = 364
_STRICTNESS = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")


@dataclass(frozen=True, slots=True)
class Source:
    """On what terms a source's word is held here. `said_by`: the state that speaks in it, "" where none does."""

    code: str
    title: str
    said_by: str
    purpose: Purpose
    legal_basis: str
    tlp: Tlp
    grade: SourceGrade


@dataclass(frozen=True, slots=True)
class Said:
    """One subject: `body` is a ForeignListing as plain data without its source; `ended`: the source took it back."""

    reference: str
    body: dict[str, Any]
    tlp: str = ""
    ended: bool = False


def listing_of(source: Source, format_: Literal["ftm", "misp", "stix"], said: Said) -> ForeignListing:
    """The body of an entry; raises pydantic's ValidationError."""
    named = {"source": source.code, "source_title": source.title, "said_by": source.said_by, "format": format_}
    return ForeignListing.model_validate(said.body | named | {"reference": said.reference})


def take_foreign(
    by: Grant, source: Source, format_: Literal["ftm", "misp", "stix"], all_said: Sequence[Said], *, whole: bool
) -> dict[str, int]:
    """Issue, renew and withdraw entries in one transaction; `whole`: what is no longer said is withdrawn.

    Returns how many are new, changed, unchanged, withdrawn. Raises AccessRefused.
    """
    by.check(Permission.WATCHLIST_LIST_IMPORT)
    by.check_purpose(source.purpose)
    counts = Counter({"new": 0, "changed": 0, "unchanged": 0, "withdrawn": 0})
    with transaction.atomic():
        held = _held(source.code)
        for said in all_said:
            entry = held.pop(said.reference, None)
            if not said.ended:
                counts[_take(by, source, listing_of(source, format_, said), said.tlp, entry)] += 1
            elif entry and entry.active:
                withdraw(by, entry.record, "taken back by the source")
                counts["withdrawn"] += 1
        for entry in held.values() if whole else ():
            if entry.active:
                withdraw(by, entry.record, "no longer said by the source")
                counts["withdrawn"] += 1
    return dict(counts)


def _take(by: Grant, source: Source, body: ForeignListing, tlp: str, entry: Entry | None) -> str:
    now = timezone.now()
    fresh = entry is not None and entry.active and entry.record.review_on > (now + RENEW_BEFORE).date()
    if entry and fresh and entry.record.body == body.model_dump(mode="json"):
        return "unchanged"
    strictest = max(tlp or source.tlp, source.tlp, key=_STRICTNESS.index)
    if is_protected(source.said_by, body.subject):
        strictest = "RED"  # which goes to no post, for none may learn of it (rule R5)
    plain = terms(source.purpose, source.legal_basis, _DAYS, body, tlp=strictest, source=source.grade, information="4")  # type: ignore[arg-type]
    issue(by, LISTING_FOREIGN, read_content(LISTING_FOREIGN, plain, now), supersedes=entry.record if entry else None)
    return "changed" if entry else "new"


def _held(source: str) -> dict[str, Entry]:
    """This node's own entries of a source that can be continued, by the source's reference."""
    own = Entry.objects.filter(record__kind=LISTING_FOREIGN.name, record__node=settings.NODE.code)
    own = own.filter(reference__startswith=f"{source}:", record__state__in=["in_force", "expired"])
    rows = own.select_related("record").order_by("active", "revision")
    return {entry.reference.partition(":")[2]: entry for entry in rows}


def _project(record: Record, content: Any) -> None:
    if record.origin != settings.NODE.state:
        return
    body = content.body
    assert isinstance(body, ForeignListing)
    protected = is_protected(body.said_by, body.subject)
    reference = f"{body.source}:{body.reference}"
    put(record, body.subject, category="listing", action=ACTION, reference=reference, usable=not protected)
    if protected and record.version > 1:
        tell_posts(record)


LISTING_FOREIGN.projections.append(_project)
LISTING_FOREIGN.retirements.append(drop)


# Reading by people ----------------------------------------------------------------------------------------------------


def browse_foreign(by: Grant, source: str, page: int) -> Page[Entry]:
    """A page of the entries of a source; the ledger keeps it."""
    found = Paginator(foreign_listings(by, source), PAGE).get_page(page)
    with transaction.atomic():
        append("listings_browsed", by, "", {"reference": f"{source}:", "page": found.number})
    return found


def open_foreign(by: Grant, uid: UUID) -> ForeignEntry | None:
    """One entry in force, or None; the ledger keeps it."""
    try:
        found = foreign_listing(by, uid)
    except Entry.DoesNotExist:
        return None
    with transaction.atomic():
        append("listing_opened", by, str(uid), {"reference": found.listing.reference})
    return found
