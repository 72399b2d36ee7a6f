"""The index that this process searches, and how old what it searches is."""

import datetime as dt
from functools import lru_cache

from django.conf import settings

from jiwar.exchange.queries import last_contact
from jiwar.records.words import words
from jiwar.watchlist import edition_index, store
from jiwar.watchlist.live_index import LiveIndex
from jiwar.watchlist.logic.index import Index


def list_age() -> dt.datetime | None:
    """Up to when the watchlist is known to be whole: its newest change, at a post also the newest word of its state, or
    when the edition of the lists that it holds was made. None where nothing was ever listed.
    """
    if held := edition_index.held_edition():
        return held.made_at
    newest = store.newest_change()
    heard = last_contact() if settings.NODE.role == "post" else None
    return max(newest, heard) if newest and heard else newest


def lists_expired(at: dt.datetime) -> bool:
    """Whether a post holds an edition of the lists whose time has run out: then alerts alone are searched (rule R9)."""
    held = edition_index.held_edition()
    return held is not None and held.expires_at <= at


def warm_up() -> int:
    """Open or build this process's index, and what its answers need, before the first officer asks.

    Returns how many subjects it holds.
    """
    words()
    return len(current_index())


def current_index() -> Index:
    """This process's index with every change that is committed: for duties of this room that compare."""
    return _live_index().current()


def make_index(behind: int) -> bool:
    """Build the file of this node's index, unless it lacks at most so many changes; whether it was built."""
    return _live_index().make_file(behind)


@lru_cache(maxsize=1)
def _live_index() -> LiveIndex:
    kind = edition_index.PostIndex if settings.NODE.role == "post" else LiveIndex
    return kind(settings.DATA / "index")
