"""Which keys this state holds, as far as they may take part in a comparison with one other state."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from django.utils import timezone

from jiwar.documents.services import known_codes
from jiwar.matching.logic.key_types import KeyType
from jiwar.matching.logic.keys import KeyInvalid, Reader
from jiwar.matching.models import KeyList, ListedKey
from jiwar.watchlist.matchable import Facts, matchable, shielded, skeletons

OF_WATCHLIST = (KeyType.DOCUMENT, KeyType.NAME_BIRTH)
"""Types of key that alerts on persons have."""
Keys = dict[str, list[dict[str, str]]]
"""Owners of each normal form: `{"alert": uid}` of the watchlist, `{"list": title, "reference": …}` of a list."""


@lru_cache(maxsize=1)
def reader() -> Reader:
    """What reads keys here."""
    return Reader(known_codes(), skeletons)


def held(key_type: KeyType, purpose: str, state: str) -> Keys:
    """Every key that may be compared with what `state` asks, for this purpose: of the watchlist and of lists."""
    found = of_watchlist(key_type, purpose, state)
    lists = KeyList.objects.filter(
        key_type=key_type, purpose=purpose, answers=True, valid_until__gte=timezone.now().date()
    )
    for key_list in lists:
        for normal, owners in of_list(key_list, state).items():
            found.setdefault(normal, []).extend(owners)
    return found


def of_watchlist(key_type: KeyType, purpose: str, state: str) -> Keys:
    """Keys of alerts."""
    found: Keys = {}
    if key_type in OF_WATCHLIST:
        for facts in matchable(purpose, state):
            for normal in dict.fromkeys(_normals(key_type, facts)):
                found.setdefault(normal, []).append({"alert": str(facts.uid)})
    return without_shielded(key_type, found, state)


def of_list(key_list: KeyList, state: str) -> Keys:
    """Keys of one list."""
    found: Keys = {}
    rows = ListedKey.objects.filter(key_list=key_list).values_list("normal", "reference")
    for normal, reference in rows.iterator(chunk_size=5000):
        found.setdefault(normal, []).append({"list": key_list.title, "reference": reference})
    return without_shielded(KeyType(key_list.key_type), found, state)


def without_shielded(key_type: KeyType, keys: Keys, state: str) -> Keys:
    """`keys` but those of people whom this state protects from `state`: a hit would tell it of them (rule R5)."""
    if key_type in OF_WATCHLIST:
        for facts in shielded(state):
            for normal in _normals(key_type, facts):
                keys.pop(normal, None)
    return keys


def _normals(key_type: KeyType, facts: Facts) -> Iterator[str]:
    pairs: Iterable[tuple[str, str]] = facts.documents
    if key_type is KeyType.NAME_BIRTH:
        pairs = ((name, born) for name in facts.names for born in facts.births)
    for pair in pairs:
        try:
            yield from reader().read(key_type, pair)
        except KeyInvalid:  # a number too short, a single name: nothing to match by
            continue
