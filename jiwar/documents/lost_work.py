"""Who makes editions of the registry, and puts them on: the duty of each minute where that is little, else a process
of its own."""

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.audit.services import Author
from jiwar.documents import lost_arrivals, lost_editions
from jiwar.documents import lost_files as files
from jiwar.documents.models import LostEdition
from jiwar.exchange.apart import Apart, run_apart
from jiwar.exchange.attached import WHOLE
from jiwar.exchange.courier import EACH_MINUTE

LITTLE = 100_000
"""Rows that are read here: half a second."""
PATIENCE = 3600.0
"""Seconds that the process may take."""
_BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)


def keep_lost_editions(by: Author, at: dt.datetime) -> None:
    """What is due now, here or by the process."""
    if weigh(at) > LITTLE:
        _apart.wake()
        return
    with files.alone(wait=False) as free:
        if free:
            _tend(by, at)


def _large() -> None:
    if weigh(timezone.now()) > LITTLE:  # it may be done since it was wanted
        run_apart("lost", "editions", patience=PATIENCE)


_apart = Apart("lost documents", _large)


def work() -> None:
    """What is due, here; the work of `jiwar lost editions`."""
    with files.alone():
        _tend(_BY, timezone.now())


def weigh(at: dt.datetime) -> int:
    """How many rows must be read, about, for what is due."""
    if settings.NODE.role == "post":
        return lost_arrivals.weigh(at)
    return lost_editions.weigh(at) if settings.NODE.role == "national" and lost_editions.own_posts() else 0


def _tend(by: Author, at: dt.datetime) -> None:
    if settings.NODE.role == "post":
        lost_arrivals.tend(by, at)
    elif settings.NODE.role == "national":
        lost_editions.tend(by, at)


def _arrived() -> None:
    """A file of some record is whole: perhaps an edition's."""
    if settings.NODE.role != "post" or not LostEdition.objects.filter(state=LostEdition.State.WAITING).exists():
        return
    now = timezone.now()
    if lost_arrivals.weigh(now) > LITTLE:
        transaction.on_commit(_apart.wake)
    else:
        with files.alone(wait=False) as free:
            if free:
                lost_arrivals.put_on(_BY, now)


WHOLE.append(_arrived)
EACH_MINUTE.append(keep_lost_editions)
