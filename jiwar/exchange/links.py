"""What is known of the way to each node: contacts, failures, speed. Written when people would see a difference."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from jiwar.exchange import standing
from jiwar.exchange.models import Link

NOTED_EACH = dt.timedelta(seconds=5)
"""A contact that changes nothing is written this often: not once for each message."""
PATIENCE = (1.0, 1.5)
"""Seconds before an address that does not answer is tried again: at first, and at most."""
LONG_PATIENCE = 60.0
"""Seconds before a node that answers and does not agree is tried again; its own word to us ends the wait."""


def of(node: str) -> Link:
    """What is known of the way to a node; an unsaved row for one that was never met."""
    known = standing.moment().links
    found = known.get(node)
    if found is None:
        known[node] = found = Link.objects.filter(node=node).first() or Link(node=node)
    return found


def heard(link: Link, clock: dt.datetime, epoch: int) -> bool:
    """A node reached us; whether that was written down."""
    return _note(link, "heard_at", clock, epoch)


def reached(link: Link, clock: dt.datetime, epoch: int) -> bool:
    """We reached a node; whether that was written down."""
    return _note(link, "reached_at", clock, epoch)


def _note(link: Link, contact: str, clock: dt.datetime, epoch: int) -> bool:
    now = timezone.now()
    last = getattr(link, contact)
    news = last is None or now - last > NOTED_EACH or link.epoch != epoch
    ended = contact == "reached_at" and bool(link.failures)
    if not (news or ended):
        return False
    fields = {contact: now, "clock_difference": (clock - now).total_seconds(), "epoch": epoch}
    if contact == "reached_at":
        fields |= {"failures": 0, "failure": ""}
    Link.objects.update_or_create(node=link.node, defaults=fields)
    standing.changed()
    return True


def missed(node: str, code: str, detail: str = "") -> None:
    """We did not reach a node, or it did not agree; `code` is of the words group `link_failure`."""
    now = timezone.now()
    failure = f"{code} {detail}".strip()[:200]
    with transaction.atomic():
        link, _ = Link.objects.select_for_update().get_or_create(node=node)
        if link.failures and link.failure == failure and link.failed_at and now - link.failed_at < NOTED_EACH:
            return
        link.failures += 1
        link.failed_at, link.failure = now, failure
        link.save(update_fields=["failures", "failed_at", "failure"])


def carried(node: str, rate: float) -> None:
    """How many bytes a second the way to a node carried last."""
    Link.objects.filter(node=node).update(rate=rate)


def begun(node: str, epoch: int) -> None:
    """A node began an epoch: a pouch says so, which is no contact."""
    Link.objects.update_or_create(node=node, defaults={"epoch": epoch})
    standing.changed()
