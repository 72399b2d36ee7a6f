"""What an entry may be linked by and no index finds: whom its relations name, and where it lives.

Called by `entries` in the transaction that stores or ends a record; the only writer of `Tie`.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator

from jiwar.watchlist.kinds import SubjectFacts
from jiwar.watchlist.logic.names import fold
from jiwar.watchlist.models import Entry, Tie

LEAST_ADDRESS = 8
"""Letters and digits from which an address is one, and not the name of a country or a town that many share."""


def keep(put: Iterable[tuple[Entry, SubjectFacts]], there: Collection[object]) -> None:
    """Keep what subjects may be linked by, in place of what was kept of those that were there before.

    No query where none was there and none has anything.
    """
    rows = []
    for entry, subject in put:
        rows += [Tie(entry=entry, what=what, value=value) for what, value in sorted(set(_ties(subject)))]
    if there:
        Tie.objects.filter(entry__in=there).delete()
    Tie.objects.bulk_create(rows)


def forget(entry: object) -> None:
    """An entry of no more use is linked with nothing."""
    Tie.objects.filter(entry=entry).delete()


def addresses(subject: SubjectFacts) -> Iterator[tuple[str, str]]:
    """(what equal addresses have in common, the address as written)."""
    for place in subject.places:
        text = "".join(c for c in fold(place.text) if c.isalnum())
        if place.kind in {"address", "residence"} and len(text) >= LEAST_ADDRESS:
            yield hashlib.sha256(f"{place.country} {text}".encode()).hexdigest(), place.text


def _ties(subject: SubjectFacts) -> Iterator[tuple[str, str]]:
    yield from (("target", relation.target.hex) for relation in subject.relations if relation.target)
    yield from (("address", value) for value, _ in addresses(subject))
