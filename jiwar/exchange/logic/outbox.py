"""What waits for a node: whether it may leave now, what a receipt makes of it, when it is tried again."""

import datetime as dt
from collections.abc import Collection
from typing import NamedTuple, Protocol

from jiwar.exchange.logic.envelope import Envelope
from jiwar.exchange.logic.receipt import Result

KEPT_FOR = dt.timedelta(days=365)
"""How long an envelope may be on its way: a post may be silent for weeks, a memory stick be found after months."""
ASK_AGAIN = dt.timedelta(hours=6)
"""After so long, a recipient whose agreements closed the way is asked again: it may hear of things by other ways."""
CURABLE = frozenset({"envelope_expired", "sealing_key_unknown", "key_revoked", "key_expired", "key_unknown"})
"""Problems of a recipient that an envelope sealed anew may not have."""
BY_TIME = frozenset({"expired", "not_signed", "not_yet_in_force"})
"""Verdicts of policy that the time alone takes back, be it that a clock was wrong."""
_RENEW = dt.timedelta(days=1)


class Verdict(Protocol):
    """What policy says of a message."""

    @property
    def open(self) -> bool: ...
    @property
    def code(self) -> str: ...


class Standing(NamedTuple):
    """Where a message stands: its state in the outbox, why, and whether it is the recipient's view that holds it."""

    state: str
    reason: str = ""
    there: bool = False


def leaving(record_state: str, verdict: Verdict | None, *, always: bool) -> Standing:
    """Where a message stands when it is its turn: `queued` if it may leave.

    `verdict`: None where no policy is asked. `always`: it leaves whatever became of its record since.
    """
    if record_state != "in_force" and not always:
        return Standing("not_sent", record_state)
    if verdict is not None and not verdict.open:
        return Standing("held", verdict.code)
    return Standing("queued")


def closed(result: Result, changeable: Collection[str]) -> Standing:
    """Where a message stands by its receipt. `changeable`: codes of refusals that may pass."""
    if result.status != "refused":
        return Standing("acknowledged", result.code)
    return Standing("held" if result.code in changeable else "refused", result.code, there=True)


def lately(now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Between which two instants a recipient must have refused what it is not asked again yet. One that lies ahead
    was noted by a clock that was wrong."""
    return now - ASK_AGAIN, now


def differs_now(envelope: Envelope, keys: Collection[str], signing: str, now: dt.datetime) -> bool:
    """Whether a message that is sealed now, to these keys and under this one, has other keys or another day than so."""
    later = now + KEPT_FOR - envelope.header.expires
    return envelope.keys.keys() != set(keys) or envelope.signing_key != signing or abs(later) > _RENEW
