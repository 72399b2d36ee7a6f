"""Which entries are one subject by the word of two people, as an edition tells the posts of it (`resolution`).

An edition says of a cluster who is in it, under an id that follows from that: another cluster has another id. So what
is new, and what is no longer so, shows by the ids alone. Discreet checks are in none.
"""

import hashlib
from collections.abc import Iterable, Mapping
from uuid import UUID

from jiwar.watchlist.logic.edition import CLUSTER, Said, is_cluster
from jiwar.watchlist.models import Joined, Member

_MOST = 50
"""Entries of a cluster that a post takes."""


def said() -> dict[UUID, Said]:
    """The clusters of today by their ids, rising; one query."""
    usable = Member.objects.filter(entry__active=True, entry__complete=True, entry__covert=False)
    members: dict[UUID, list[str]] = {}
    for uid, cluster in usable.order_by("entry").values_list("entry", "cluster"):
        members.setdefault(cluster, []).append(str(uid))
    several = [uids for uids in members.values() if len(uids) > 1]
    return dict(sorted((_id(uids), {CLUSTER: uids}) for uids in several))


def digest(clusters: Iterable[UUID]) -> str:
    """A SHA-256 of clusters by their ids; empty where there are none."""
    uids = sorted(clusters)
    return hashlib.sha256(b"".join(uid.bytes for uid in uids)).hexdigest() if uids else ""


def keep(changed: Mapping[UUID, Said | None], *, whole: bool) -> None:
    """At a post: what an edition tells of clusters holds from now on. In the transaction that puts it on."""
    (Joined.objects.all() if whole else Joined.objects.filter(cluster__in=changed)).delete()
    told = [(uid, cluster) for cluster, each in changed.items() if each for uid in _members(each)]
    Joined.objects.bulk_create((Joined(uid=uid, cluster=cluster) for uid, cluster in told), ignore_conflicts=True)


def _members(said: Said) -> list[UUID]:
    """Nobody where this program does not understand it."""
    try:
        return [UUID(uid) for uid in said[CLUSTER][:_MOST]]
    except (KeyError, TypeError, ValueError, AttributeError):
        return []


def _id(uids: list[str]) -> UUID:
    data = bytearray(hashlib.sha256("\n".join(["cluster", *uids]).encode()).digest()[:16])
    data[6], data[8] = 0x80 | data[6] & 0x0F, 0x80 | data[8] & 0x3F
    found = UUID(bytes=bytes(data))
    assert is_cluster(found)
    return found
