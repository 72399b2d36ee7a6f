"""How keys stand, for people: this node's certificate, each node's, and what is known and said of every root."""

import datetime as dt
from dataclasses import dataclass, field

from django.conf import settings
from django.utils import timezone

from jiwar.identity.book import Key, book
from jiwar.identity.keys import KeyRingInvalid, ring
from jiwar.identity.logic.belief import doubt
from jiwar.identity.logic.signed import instant_of
from jiwar.identity.models import Root
from jiwar.identity.trust import keys_of_root

SOON = dt.timedelta(days=30)
"""A certificate that ends within this time waits for the administrator."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`code` is of the words group `standing`; `until`: the end of the newest certificate, None without one."""

    code: str
    until: dt.datetime | None = None


def own_standing(at: dt.datetime | None = None) -> Standing:
    """How this node's own keys stand; from the key ring, no query."""
    try:
        keys = ring(settings.KEYS)
    except KeyRingInvalid:
        return Standing("uncertified")
    if keys.certificate is None:
        return Standing("uncertified")
    return _by_end(instant_of(keys.certificate, "not_after"), at or timezone.now())


def _by_end(until: dt.datetime, at: dt.datetime) -> Standing:
    code = "expired" if until < at else "ends_soon" if until < at + SOON else "certified"
    return Standing(code, until)


def standing_of(node: str) -> Standing:
    """How the newest signing key of a node stands; one query."""
    newest = next((key for key in book().nodes.values() if key.owner == node and key.use == "signing"), None)
    return Standing("uncertified") if newest is None else _standing(newest)


def _standing(key: Key) -> Standing:
    now = timezone.now()
    code = doubt(key.known, now, require_certificates=settings.NODE.require_certificates)
    until = max((end for _, end in key.known.windows), default=None)
    if code in {"key_revoked", "key_waits"}:
        return Standing({"key_revoked": "revoked", "key_waits": "waits"}[code], until)
    return Standing("uncertified") if until is None else _by_end(until, now)


def keys_standing(node: str) -> dict[str, Standing]:
    """How each key of a node stands, by the key's id."""
    return {id_: _standing(key) for id_, key in book().nodes.items() if key.owner == node}


@dataclass(frozen=True, slots=True)
class Word:
    """Who said it of a root, and when; `record` is its countersignature, None of the state itself."""

    node: str
    at: dt.datetime
    countersigned: bool


@dataclass(frozen=True, slots=True)
class Known:
    """A root that somebody named. `status`, `how` are of the words groups `root_status`, `root_how`."""

    root: Root
    fingerprint: str
    words: list[Word]

    @property
    def half_read(self) -> bool:
        """Whether one of two people has read it."""
        return self.root.status == Root.Status.CLAIMED and bool(self.root.by)


@dataclass(slots=True)
class StateOfRoots:
    """One state. `disputed`: another root than the believed one is claimed. `nodes`: its nodes with their standing."""

    state: str
    believed: Known | None = None
    claimed: list[Known] = field(default_factory=list)
    past: list[Known] = field(default_factory=list)
    nodes: list[tuple[str, Standing]] = field(default_factory=list)
    officers: int = 0
    list_place: str = ""
    list_until: dt.datetime | None = None
    list_keys: int = 0

    @property
    def disputed(self) -> bool:
        return bool(self.claimed) and (self.believed is not None or len(self.claimed) > 1)

    @property
    def stale(self) -> bool:
        return self.list_until is not None and self.list_until < timezone.now()


def directory() -> list[StateOfRoots]:
    """Every state of which a node or a root is known; three queries."""
    states: dict[str, StateOfRoots] = {}

    def of(state: str) -> StateOfRoots:
        return states.setdefault(state, StateOfRoots(state))

    for root in Root.objects.prefetch_related("words"):
        words = [Word(word.node, word.at, word.record is not None) for word in root.words.all()]
        known = Known(root, keys_of_root(root).fingerprint, words)
        if root.status == Root.Status.BELIEVED:
            of(root.state).believed = known
        else:
            (of(root.state).claimed if root.status == Root.Status.CLAIMED else of(root.state).past).append(known)
    seen = set[str]()
    for key in book().nodes.values():
        if key.use == "signing" and key.owner not in seen:
            seen.add(key.owner)
            of(key.owner[:3]).nodes.append((key.owner, _standing(key)))
    for key in book().officers.values():
        of(key.state).officers += 1
    for state, newest in book().lists.items():
        entry = of(state)
        entry.list_place, entry.list_until = str(newest.place), newest.next_update
        entry.list_keys = sum(name.startswith(f"{state} ") for name in book().entries)
    for entry in states.values():
        entry.nodes.sort()
    return [states[state] for state in sorted(states)]


def list_ends() -> bool:
    """Whether this state's own revocation list goes out of date within SOON: new keys of ours would wait elsewhere."""
    own = book().lists.get(settings.NODE.state)
    return settings.NODE.role == "national" and own is not None and own.next_update < timezone.now() + SOON


def disputed() -> int:
    """Of how many states another root is claimed than the one believed; one query."""
    claimed, believed = set[str](), set[str]()
    for state, status in Root.objects.filter(status__in=[Root.Status.CLAIMED, Root.Status.BELIEVED]).values_list(
        "state", "status"
    ):
        (claimed if status == Root.Status.CLAIMED else believed).add(state)
    return len(claimed & believed)
