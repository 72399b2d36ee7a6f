"""Public lists: their entries as records and as what screening finds, and what people read of them."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db import transaction

from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.watchlist.entries import drop, put
from jiwar.watchlist.kinds import LISTING_ENTITY, LISTING_PERSON, Listing
from jiwar.watchlist.list_catalogue import LEAST, UN_LIST, catalogue
from jiwar.watchlist.models import Entry
from jiwar.watchlist.queries import ListedEntry, listing, listings

PAGE = 50


def reference_of(body: Listing) -> str:
    """How an entry is called here: two lists may give the same number. Those of the Security Council are their own."""
    return body.reference if body.list == UN_LIST else f"{body.list}:{body.reference}"


def _project(record: Any, content: Any) -> None:
    # Each state answers for the lists that it reads: a listing of another's is kept as a record and stops no one.
    if record.origin != settings.NODE.state:
        return
    body = content.body
    put(record, body.subject, category=Entry.Category.LISTING, action=_action(body), reference=reference_of(body))


def _action(body: Listing) -> str:
    # A list that this program does not know asks for the least: it is a spreadsheet's, or of a newer program.
    terms = catalogue()[0].get(body.list)
    return terms.action if terms else LEAST


for _kind in (LISTING_PERSON, LISTING_ENTITY):
    _kind.projections.append(_project)
    _kind.retirements.append(drop)


def browse_listings(by: Grant, reference: str, page: int) -> Page[Entry]:
    """A page of the listings in force whose reference begins as given; who browsed what is in the ledger."""
    found = Paginator(listings(by, reference), PAGE).get_page(page)
    with transaction.atomic():
        append("listings_browsed", by, "", {"reference": reference.strip()[:120], "page": found.number})
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
