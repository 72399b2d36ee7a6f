"""What came in a neighbour's name and was not believed: a leaf says why, with its hash and nothing of what it says."""

import hashlib
import time

from django.db import transaction

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.audit.services import append

_BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)
_EACH = 60.0
"""Seconds between two leaves of one act, name and reason: who repeats himself, or lies, fills no ledger."""
_noted: dict[tuple[str, str, str], float] = {}


def note(act: str, peer: str, code: str, data: bytes) -> None:
    """Keep that something in the name of `peer` was refused. For known neighbours alone: names are not made up here."""
    now, which = time.monotonic(), (act, peer, code)
    if now - _noted.get(which, float("-inf")) < _EACH:
        return
    _noted[which] = now
    with transaction.atomic():
        append(act, _BY, peer, {"code": code, "hash": hashlib.sha256(data).hexdigest()})
