"""Revocation lists: which keys of a state are believed no longer, and since when.

A list is whole: it takes the place of the one before it. Its place in the order is (number, supplement). The root signs
lists with supplement 0; between two sittings the national node may sign supplements 1, 2, … to the root's list of the
same number, about keys of the state's posts and officers alone. So a list of the root with a higher number always wins,
also over supplements that a thief of the national node made. A lower place is refused.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

from jiwar.identity.logic import signed
from jiwar.identity.logic.certificates import Signer
from jiwar.identity.logic.roots import Root, RootKeys
from jiwar.identity.logic.signed import PaperRefused, b64

FORMAT, REQUEST_FORMAT, VERSION = "jiwar-revocations", "jiwar-revocations-request", 1
MAX_BYTES = 250_000
MOST = 1000
"""Most keys on one list."""
REASONS = ("compromised", "retired")
ROOT_DAYS, SUPPLEMENT_DAYS = 200, 60
"""Days from a list's issue to the next one, when nobody says otherwise."""
LONGEST = dt.timedelta(days=400)

_LABEL = f"{FORMAT}/{VERSION}"
_ID = re.compile(r"[0-9a-f]{16}")
_WHOLE = ("state", "number", "supplement", "issued_at", "next_update", "entries", "by", "signatures")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a list stands in the order of its state."""

    number: int
    supplement: int

    def __str__(self) -> str:
        return f"{self.number}.{self.supplement}" if self.supplement else str(self.number)


@dataclass(frozen=True, slots=True)
class Entry:
    """A key that is believed no longer. `at`: what a retired key signed up to then still counts."""

    key: str
    reason: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Revocations:
    """A list that was read; `verify` says whether it holds. `entries` by the key's hash."""

    state: str
    place: Place
    issued_at: dt.datetime
    next_update: dt.datetime
    entries: dict[str, Entry]
    by: dict[str, str]
    data: dict[str, Any] = field(repr=False)

    @property
    def by_root(self) -> bool:
        """Whether it is the root's own."""
        return self.place.supplement == 0

    def verify_root(self, root: RootKeys) -> None:
        """Raise PaperRefused unless this root signed it, for its own state."""
        if not self.by_root or self.by != {"root": root.hash} or root.state != self.state:
            raise PaperRefused("revocations_of_other_root", self.by.get("root", "")[:16])
        root.verify(_LABEL, self.data)

    def verify_node(self, signing: Ed25519PublicKey, cosigning: MLDSA65PublicKey) -> None:
        """Raise PaperRefused unless the national node's two keys signed it."""
        signed.verify_both(self.data["signatures"], signing, cosigning, signed.signed_bytes(_LABEL, self.data))


def write_by_root(
    root: Root, number: int, issued_at: dt.datetime, entries: Iterable[Entry], days: int = ROOT_DAYS
) -> dict[str, Any]:
    """The root's list with this number."""
    by = {"root": root.public.hash}
    return root.sign(_LABEL, _plain(root.state, Place(number, 0), issued_at, days, entries, by))


def write_by_node(
    state: str,
    place: Place,
    issued_at: dt.datetime,
    entries: Iterable[Entry],
    signing: Signer,
    cosigning: Signer,
    days: int = SUPPLEMENT_DAYS,
) -> dict[str, Any]:
    """The national node's supplement."""
    by = {"node": state} | {
        use: signed.key_hash(key.public)[:16] for use, key in (("signing", signing), ("cosigning", cosigning))
    }
    data = _plain(state, place, issued_at, days, entries, by)
    said = signed.signed_bytes(_LABEL, data)
    return data | {"signatures": {"ed25519": b64(signing.sign(said)), "ml_dsa_65": b64(cosigning.sign(said))}}


def read_revocations(data: object) -> Revocations:
    """Check a list's form; raises PaperRefused."""
    form = signed.check_form(data, FORMAT, VERSION, _WHOLE)
    state = signed.text_of(form, "state", signed.STATE)
    place = Place(signed.whole_of(form, "number"), signed.whole_of(form, "supplement"))
    by = form["by"]
    if place.supplement == 0:
        right = isinstance(by, dict) and by.keys() == {"root"} and bool(signed.HASH.fullmatch(str(by["root"])))
        right = right and place.number > 0
    else:
        right = isinstance(by, dict) and by.keys() == {"node", "signing", "cosigning"} and by["node"] == state
        right = right and all(_ID.fullmatch(str(by[use])) for use in ("signing", "cosigning"))
    if not right:
        raise PaperRefused("paper_field_wrong", "by")
    issued_at, next_update = signed.instant_of(form, "issued_at"), signed.instant_of(form, "next_update")
    if not dt.timedelta() < next_update - issued_at <= LONGEST:
        raise PaperRefused("paper_field_wrong", "next_update")
    return Revocations(state, place, issued_at, next_update, _entries(form["entries"]), by, form)


def write_request(state: str, number: int, made_at: dt.datetime, entries: Iterable[Entry]) -> dict[str, Any]:
    """What the national node asks the root to sign: the whole next list."""
    head = {"format": REQUEST_FORMAT, "v": VERSION, "state": state, "number": number}
    return head | {"made_at": signed.write_instant(made_at), "entries": [_entry(entry) for entry in entries]}


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A request for the root's next list. Nothing signs it: people read what the root is to sign."""

    state: str
    number: int
    entries: dict[str, Entry]


def read_request(data: object) -> ListRequest:
    """Check the form of a request for a list; raises PaperRefused."""
    form = signed.check_form(data, REQUEST_FORMAT, VERSION, ("state", "number", "made_at", "entries"))
    signed.instant_of(form, "made_at")
    number = signed.whole_of(form, "number")
    if number < 1:
        raise PaperRefused("paper_field_wrong", "number")
    return ListRequest(signed.text_of(form, "state", signed.STATE), number, _entries(form["entries"]))


def in_force(lists: Iterable[Revocations]) -> tuple[Revocations | None, dict[str, Entry]]:
    """The newest of a state's lists and the entries that stand.

    These are the root's newest list and the newest supplement to it; what the root says of a key goes before.
    """
    ordered = sorted(lists, key=lambda one: one.place)
    if not ordered:
        return None, {}
    newest = ordered[-1]
    base = next((one for one in ordered if one.by_root and one.place.number == newest.place.number), None)
    return newest, newest.entries | (base.entries if base else {})


def _plain(
    state: str, place: Place, issued_at: dt.datetime, days: int, entries: Iterable[Entry], by: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "v": VERSION,
        "state": state,
        "number": place.number,
        "supplement": place.supplement,
        "issued_at": signed.write_instant(issued_at),
        "next_update": signed.write_instant(issued_at + dt.timedelta(days=days)),
        "entries": [_entry(entry) for entry in entries],
        "by": dict(by),
    }


def _entry(entry: Entry) -> dict[str, str]:
    return {"key": entry.key, "reason": entry.reason, "at": signed.write_instant(entry.at)}


def _entries(data: object) -> dict[str, Entry]:
    if not isinstance(data, list) or len(data) > MOST:
        raise PaperRefused("paper_field_wrong", "entries")
    entries: dict[str, Entry] = {}
    for row in data:
        if not isinstance(row, dict) or row.keys() != {"key", "reason", "at"} or row["reason"] not in REASONS:
            raise PaperRefused("paper_field_wrong", "entries")
        key = signed.text_of(row, "key", signed.HASH)
        if key in entries:
            raise PaperRefused("paper_field_wrong", "entries")
        entries[key] = Entry(key, row["reason"], signed.instant_of(row, "at"))
    return entries
