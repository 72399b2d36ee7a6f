"""How much each actor has searched lately (rule R7), counted where it is asked: no search reads the ledger for it."""

import datetime as dt
import math
from collections.abc import Sequence
from typing import NamedTuple

from jiwar.sql import do, marks, rows

Limits = Sequence[tuple[dt.timedelta, int]]

_COUNT = (
    "INSERT INTO watchlist_searchcount (who, seconds, span, number, earlier) VALUES {} "
    "ON CONFLICT (who, seconds) DO UPDATE SET "
    "earlier = CASE WHEN watchlist_searchcount.span = excluded.span THEN watchlist_searchcount.earlier "
    "WHEN watchlist_searchcount.span = excluded.span - 1 THEN watchlist_searchcount.number ELSE 0 END, "
    "number = excluded.number + "
    "CASE WHEN watchlist_searchcount.span = excluded.span THEN watchlist_searchcount.number ELSE 0 END, "
    "span = excluded.span RETURNING seconds, number, earlier"
)
_GIVE_BACK = "UPDATE watchlist_searchcount SET number = number - %s WHERE who = %s AND seconds = %s"


class Taken(NamedTuple):
    """How many searches are allowed, and the most of the limit that allows no more (of the last, where all are)."""

    number: int
    most: int


def take(who: str, limits: Limits, at: dt.datetime, number: int) -> Taken:
    """Count `number` searches, as far as the limits allow, in the caller's transaction, which locks the counts.

    A limit is of any span of its length: what was counted in the span before counts by the part of it that such a span
    still reaches. One statement; one more for each limit where not all are allowed.
    """
    now = at.timestamp()
    asked = [(who, s, int(now // s), number, 0) for s in (int(span.total_seconds()) for span, _ in limits)]
    text = _COUNT.format(", ".join(f"({marks(row)})" for row in asked))
    counted = {seconds: (held, earlier) for seconds, held, earlier in rows(text, [v for row in asked for v in row])}
    allowed, most = number, limits[-1][1]
    for _, seconds, span, *_ in asked:
        held, earlier = counted[seconds]
        limit = next(most for length, most in limits if length.total_seconds() == seconds)
        before = math.ceil(earlier * (1 - (now / seconds - span)))
        room = max(0, number - max(0, before + held - limit))
        if room < allowed:
            allowed, most = room, limit
    if allowed < number:
        do(*((_GIVE_BACK, [number - allowed, who, seconds]) for _, seconds, *_ in asked))
    return Taken(allowed, most)
