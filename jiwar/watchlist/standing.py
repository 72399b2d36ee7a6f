"""Which entries may be used at a moment, and who may know of them: conditions that every read of entries shares.

A record's use is over in the second in which its time has run out (rule R9), whatever the duty that ends records has
come to, and whatever an index still has.
"""

import datetime as dt

from django.db.models import Q
from django.utils import timezone

from jiwar.access.policy import Actor
from jiwar.identity.roles import Clearance
from jiwar.sql import day, instant


def in_force(at: dt.datetime | None = None, of: str = "") -> Q:
    """Entries of records in force now, or at a moment; `of` leads from other rows to their entry ("one__")."""
    at = at or timezone.now()
    return Q(
        **{
            f"{of}active": True,
            f"{of}record__state": "in_force",
            f"{of}record__valid_until__gt": at,
            f"{of}record__review_on__gte": at.date(),
        }
    )


def stopping(at: dt.datetime | None = None, of: str = "") -> Q:
    """Those of them that may stop somebody: enough is known of them (rule R16)."""
    return in_force(at, of) & Q(**{f"{of}complete": True})


STOPPING = "e.active AND e.complete AND r.state = 'in_force' AND r.valid_until > %s AND r.review_on >= %s"
"""The same in SQL, of an entry `e` and its record `r`, with the values of `moment`."""


def moment(at: dt.datetime) -> list[object]:
    """The values of STOPPING."""
    return [instant(at), day(at.date())]


def known_to(actor: Actor, of: str = "") -> Q:
    """Entries that an actor may know of: discreet checks for the cleared alone (decision 0012)."""
    return Q() if actor.clearance is Clearance.COVERT else Q(**{f"{of}covert": False})
