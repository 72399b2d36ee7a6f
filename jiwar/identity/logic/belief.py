"""Whether a key is to be believed for what was signed at an instant: from what is known of it, and nothing else."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from jiwar.identity.logic.revocations import Entry

DOUBTS = ("key_revoked", "key_expired", "key_not_yet_valid", "key_uncertified", "key_waits")


@dataclass(frozen=True, slots=True)
class Known:
    """What this node knows of a public key.

    `windows`: not_before and not_after of the certificates that name it. `by_hand`: entered by an administrator who
    heard its fingerprint, or named by such a key. `refused_here`: revoked by this node alone. `entry`: on its state's
    revocation list. `waits`: it came while that list was out of date, and no newer one has come.
    """

    windows: Sequence[tuple[dt.datetime, dt.datetime]] = ()
    by_hand: bool = False
    refused_here: bool = False
    entry: Entry | None = None
    waits: bool = False


def doubt(key: Known, at: dt.datetime, *, require_certificates: bool) -> str:
    """Why the key is not to be believed for what was signed at `at`: one of DOUBTS, or "" when it is.

    A compromised key counts for
    nothing, whatever the date: its thief writes any date. A retired one counts for what it signed before.
    """
    if key.refused_here or (key.entry and (key.entry.reason == "compromised" or at > key.entry.at)):
        return "key_revoked"
    if not key.windows:
        return "" if key.by_hand and not require_certificates else "key_uncertified"
    if not any(start <= at <= end for start, end in key.windows):
        return "key_not_yet_valid" if at < min(start for start, _ in key.windows) else "key_expired"
    return "key_waits" if key.waits else ""
