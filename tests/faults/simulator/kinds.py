"""Kinds of records of the simulated world, as far as the exchange looks at them."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """As `records.kinds.Kind`: what of it decides who gets a record, and when."""

    name: str
    version: int = 1
    instrument: bool = False
    posts: bool = False
    priority: int = 5
    urgent: bool = False
    addressees: Callable[[Any], Iterable[str]] | None = None


def _parties(body: Any) -> Iterable[str]:
    return body["parties"]


AGREEMENT = Kind("agreement", instrument=True, addressees=_parties)
SIGNATURE = Kind("agreement.signature", instrument=True, addressees=_parties)
SUSPENSION = Kind("agreement.suspension", instrument=True, addressees=_parties)
RESUMPTION = Kind("agreement.resumption", instrument=True, addressees=_parties)
WITHDRAWAL = Kind("record.withdrawal", instrument=True, posts=True)
ACKNOWLEDGEMENT = Kind("record.acknowledgement", instrument=True)
ALERT = Kind("alert", posts=True, priority=3, urgent=True)
NOTE = Kind("note", posts=True)
LETTER = Kind("letter", addressees=lambda body: [body["for"]])
NEWER = Kind("note", 2)
"""A version of a kind that a node knows after its upgrade alone."""

KINDS = {
    (kind.name, kind.version): kind
    for kind in (
        AGREEMENT, SIGNATURE, SUSPENSION, RESUMPTION, WITHDRAWAL, ACKNOWLEDGEMENT, ALERT, NOTE, LETTER, NEWER,
    )
}  # fmt: skip
COVERABLE = ("alert", "note", "letter")
