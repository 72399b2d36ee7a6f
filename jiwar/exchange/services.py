"""What people do about links."""

from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.exchange.models import Link
from jiwar.exchange.wake import wake_courier
from jiwar.wire.faults import Fault, Refused

SLOWEST_CAP = 1_000
"""Bytes a second: below, a link would carry nothing in a useful time."""


def retry(by: Grant, node: str) -> None:
    """An officer asks to try now: the courier goes at once, whatever it waited for."""
    by.check(Permission.EXCHANGE_LINK_RETRY)
    with transaction.atomic():
        Link.objects.update_or_create(node=node, defaults={"retry_asked_at": timezone.now()})
        append("link_retried", by, node)
        wake_courier()


def set_cap(by: Grant, node: str, cap: int | None) -> None:
    """Let a link carry at most `cap` bytes a second; None: as much as it can. Raises Refused."""
    by.check(Permission.EXCHANGE_LINK_MANAGE)
    if cap is not None and not SLOWEST_CAP <= cap < 2**31:
        raise Refused(Fault("out_of_range", "cap"))
    with transaction.atomic():
        Link.objects.update_or_create(node=node, defaults={"cap": cap})
        append("link_capped", by, node, {"bytes_per_second": cap})
