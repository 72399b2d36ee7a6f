"""How old the watchlist is, and from when on that is said in colour."""

import datetime as dt

THRESHOLDS = (("stale", dt.timedelta(hours=72)), ("old", dt.timedelta(hours=24)), ("fresh", dt.timedelta(0)))
"""Codes of the words group `list_age`, with the age from which each holds; the oldest first."""


def age_code(heard: dt.datetime | None, now: dt.datetime) -> str:
    """`fresh`, `old` or `stale`; `never` where nothing was ever heard. A clock set back is no age: it is fresh."""
    if heard is None:
        return "never"
    age = max(now - heard, dt.timedelta(0))
    return next(code for code, least in THRESHOLDS if age >= least)
