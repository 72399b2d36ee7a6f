"""Duplicates: entries of several records that two people declare to be one subject, and taking that back.

Records are signed statements and stay as they are; only this node shows what is together as one. One person proposes,
another decides. A discreet check takes part for those who are cleared alone: for the others nothing of what they are
shown depends on what it is together with. An entry whose record ends leaves its cluster (`entries`).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor, Grant
from jiwar.access.waiting import Waiting
from jiwar.audit.services import append
from jiwar.identity.roles import Clearance
from jiwar.watchlist import store
from jiwar.watchlist.kinds import SubjectFacts, to_question, to_subject
from jiwar.watchlist.logic.clusters import Row, side_by_side
from jiwar.watchlist.logic.evidence import Difference, Reason, compare
from jiwar.watchlist.models import Entry, LikelyPair, Member, Resolution
from jiwar.watchlist.standing import known_to, stopping
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.ids import uuid7

P = Permission
MOST = 20
"""Entries of one proposal, and of one cluster."""
LEAST_REASON = 10
_LONGEST = 1000
_BITS = 8.0
"""What a name part is worth where only the grounds are asked for, not the score."""
S = Resolution.State


def together(uids: Iterable[UUID | str], *, cleared: bool = False) -> dict[UUID, UUID]:
    """Every entry in force of the clusters that some of these are in, with the first of its cluster; one query, two
    at a post.

    Entries that are alone are left out. Not `cleared`: discreet checks are in no cluster. A post has also the clusters
    that the edition in use tells of.
    """
    members: dict[UUID, list[UUID]] = {}
    asked = {UUID(str(uid)) for uid in uids}
    found = store.members(asked, cleared=cleared)
    if settings.NODE.role == "post":
        here = {uid for uid, _ in found}
        found += [pair for pair in store.joined(asked) if pair[0] not in here]
    for uid, cluster in found:
        members.setdefault(cluster, []).append(uid)
    return {uid: group[0] for group in members.values() if len(group) > 1 for uid in group}


def propose(by: Grant, what: str, uids: Iterable[UUID], reason: str) -> Resolution:
    """Propose that these entries are one subject (`merge`), or that they are not the same as the rest of their cluster
    (`split`). Raises Refused."""
    by.check(P.WATCHLIST_RESOLUTION_PROPOSE)
    if what not in Resolution.What.values:
        raise Refused(Fault("not_in_list", "what"))
    wanted, now = sorted(set(uids)), timezone.now()
    with transaction.atomic():
        rows = list(visible(by.actor).select_for_update(of=("self",)).filter(uid__in=wanted))
        if faults := [*_faults_of_reason(reason), *_faults_of_entries(by, what, wanted, rows)]:
            raise Refused(*faults)
        made = Resolution.objects.create(
            id=uuid7(now), what=what, reason=reason.strip(), proposed_by=by.actor_id, proposed_at=now
        )
        made.entries.set(rows)
        if what == Resolution.What.MERGE:
            _settle(wanted, by)
        append("resolution_proposed", by, str(made.pk), {"what": what, "entries": [str(uid) for uid in wanted]})
    return made


def decide(by: Grant, pk: UUID, seen: str, *, confirm: bool, reason: str) -> Resolution:
    """Confirm or refuse what another person proposed. `seen`: as `Whole.digest` of what was shown. Raises Refused."""
    by.check(P.WATCHLIST_RESOLUTION_CONFIRM)
    with transaction.atomic():
        row = _proposed(by, pk)
        if row.proposed_by == by.actor_id:
            raise Refused(Fault("approver_is_author"))
        if faults := _faults_of_reason(reason):
            raise Refused(*faults)
        uids = set(row.entries.values_list("uid", flat=True))
        affected = _with_clusters(by.actor, uids)
        if digest(affected) != seen:
            raise Refused(Fault("resolution_changed"))
        if confirm and row.what == Resolution.What.MERGE:
            _settle(_merge(uids), by)
        elif confirm:
            _split(uids)
        row.state = S.CONFIRMED if confirm else S.REFUSED
        row.decided_by, row.decided_at, row.decision_reason = by.actor_id, timezone.now(), reason.strip()
        row.save(update_fields=["state", "decided_by", "decided_at", "decision_reason"])
        detail = {"what": row.what, "entries": sorted(map(str, uids)), "proposer": row.proposed_by}
        append("resolution_confirmed" if confirm else "resolution_refused", by, str(pk), detail)
    return row


def take_back(by: Grant, pk: UUID) -> None:
    """The proposer gives a proposal up before anyone decided."""
    by.check(P.WATCHLIST_RESOLUTION_PROPOSE)
    with transaction.atomic():
        row = _proposed(by, pk)
        if row.proposed_by != by.actor_id:
            raise Refused(Fault("not_the_author"))
        row.state, row.decided_by, row.decided_at = S.TAKEN_BACK, by.actor_id, timezone.now()
        row.save(update_fields=["state", "decided_by", "decided_at"])
        uids = row.entries.values("uid")
        LikelyPair.objects.filter(one__in=uids, other__in=uids, reason="").update(settled_at=None, settled_by="")
        append("resolution_taken_back", by, str(pk))


def dismiss(by: Grant, one: UUID, other: UUID, reason: str) -> None:
    """Say that a pair that the engine found likely is two subjects; it is not asked again. It changes no search."""
    by.check(P.WATCHLIST_RESOLUTION_PROPOSE)
    if faults := _faults_of_reason(reason):
        raise Refused(*faults)
    first, second = sorted((one, other))
    with transaction.atomic():
        pair = likely(by.actor).select_for_update(of=("self",)).filter(one=first, other=second).first()
        if pair is None:
            raise Refused(Fault("entry_unknown"))
        pair.settled_by, pair.settled_at, pair.reason = by.actor_id, timezone.now(), reason.strip()
        pair.save(update_fields=["settled_by", "settled_at", "reason"])
        append("likely_dismissed", by, str(first), {"other": str(second)})


# --- what a reader may know of ----------------------------------------------------------------------------------------


def visible(actor: Actor) -> QuerySet[Entry]:
    """Entries in force that an actor may work on here: discreet checks for the cleared alone."""
    return Entry.objects.filter(stopping(), known_to(actor)).select_related("record")


def resolutions(actor: Actor) -> QuerySet[Resolution]:
    """Proposals all of whose entries an actor may know of; the others do not exist for her."""
    if actor.clearance is Clearance.COVERT:
        return Resolution.objects.all()
    hidden = Entry.objects.filter(covert=True)
    return Resolution.objects.exclude(entries__in=hidden)


def likely(actor: Actor) -> QuerySet[LikelyPair]:
    """Pairs that the engine found and nobody settled yet, of which an actor may know."""
    # Not by `standing`: SQLite would begin with every record in force, and again for each of them.
    rows = LikelyPair.objects.filter(
        known_to(actor, "one__"), known_to(actor, "other__"), settled_at=None,
        one__active=True, one__complete=True, other__active=True, other__complete=True,
    )  # fmt: skip
    return rows.select_related("one__record", "other__record")


def waiting(actor: Actor) -> list[Waiting]:
    """What waits for this person, counted, for the home page."""
    found, url = [], reverse("duplicates")
    if actor.may(P.WATCHLIST_RESOLUTION_CONFIRM):
        proposed = resolutions(actor).filter(state=S.PROPOSED).exclude(proposed_by=actor.id)
        found.append(Waiting("resolutions_to_decide", proposed.count(), url))
    if actor.may(P.WATCHLIST_RESOLUTION_PROPOSE):
        found.append(Waiting("likely_pairs", likely(actor).count(), url))
    return [item for item in found if item.count]


def clusters(actor: Actor) -> list[list[Entry]]:
    """Clusters of which an actor may know at least two entries, those entries alone; the first 500."""
    rows = Member.objects.filter(known_to(actor, "entry__"), entry__active=True)
    several = rows.values("cluster").annotate(size=Count("entry")).filter(size__gt=1).order_by("cluster")[:500]
    found: dict[UUID, list[Entry]] = {row["cluster"]: [] for row in several}
    members = rows.filter(cluster__in=list(found)).select_related("entry__record").order_by("entry__reference", "entry")
    for member in members:
        found[member.cluster].append(member.entry)
    return list(found.values())


def whole(actor: Actor, uids: Iterable[UUID]) -> list[Entry]:
    """These entries with all that they are together with, as far as the actor may know, in the order of uids."""
    return list(visible(actor).filter(uid__in=_with_clusters(actor, set(uids))).order_by("uid"))


def digest(uids: Iterable[UUID]) -> str:
    """What a decision binds to: exactly these entries."""
    return hashlib.sha256("\n".join(sorted(map(str, uids))).encode()).hexdigest()


def _with_clusters(actor: Actor, uids: set[UUID]) -> set[UUID]:
    return uids | set(together(uids, cleared=actor.clearance is Clearance.COVERT))


# --- rules ------------------------------------------------------------------------------------------------------------


def _faults_of_reason(reason: str) -> list[Fault]:
    if sum(c.isalpha() for c in reason) < LEAST_REASON:
        return [Fault("reason_too_short", "reason", str(LEAST_REASON))]
    return [Fault("too_long", "reason")] if len(reason.strip()) > _LONGEST else []


def _faults_of_entries(by: Grant, what: str, wanted: list[UUID], rows: list[Entry]) -> list[Fault]:
    """What speaks against a proposal. An entry that the actor may not know of is unknown, like one that is not."""
    if len(rows) < len(wanted):
        return [Fault("entry_unknown", "entries")]
    if len(_with_clusters(by.actor, set(wanted))) > MOST:
        return [Fault("too_many", "entries", str(MOST))]
    known = together(wanted, cleared=by.actor.clearance is Clearance.COVERT)
    named = {known.get(uid) for uid in wanted}
    as_one = len(named) == 1 and None not in named
    code = ""
    if what == Resolution.What.SPLIT:
        code = "" if as_one else "not_together"
    elif len(wanted) < 2:
        code = "two_entries"
    elif as_one:
        code = "already_together"
    elif len({row.facts.get("type", "person") for row in rows}) > 1:
        code = "other_sort_of_subject"
    return [Fault(code, "entries")] if code else _faults_of_double(what, wanted)


def _faults_of_double(what: str, wanted: list[UUID]) -> list[Fault]:
    for row in Resolution.objects.filter(what=what, state=S.PROPOSED).prefetch_related("entries"):
        if sorted(entry.uid for entry in row.entries.all()) == wanted:
            return [Fault("resolution_waits", "entries")]
    return []


def _proposed(by: Grant, pk: UUID) -> Resolution:
    row = Resolution.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if row is None or not resolutions(by.actor).filter(pk=pk).exists():
        raise Refused(Fault("resolution_unknown"))
    if row.state != S.PROPOSED:
        raise Refused(Fault("resolution_decided"))
    return row


# --- the clusters themselves ------------------------------------------------------------------------------------------


def _merge(uids: set[UUID]) -> set[UUID]:
    """One cluster of these and of all that they are together with, discreet checks too; all that are in it."""
    joined = set(Member.objects.filter(entry__in=uids).values_list("cluster", flat=True))
    cluster = min(joined, default=uuid4())
    Member.objects.filter(cluster__in=joined).update(cluster=cluster)
    there = set(Member.objects.filter(cluster=cluster).values_list("entry_id", flat=True))
    Member.objects.bulk_create(Member(entry_id=uid, cluster=cluster) for uid in sorted(uids - there))
    return uids | there


def _split(uids: set[UUID]) -> None:
    """These leave; one that stays behind alone is no cluster."""
    left = set(Member.objects.filter(entry__in=uids).values_list("cluster", flat=True))
    Member.objects.filter(entry__in=uids).delete()
    alone = Member.objects.filter(cluster__in=left).values("cluster").annotate(size=Count("entry")).filter(size=1)
    Member.objects.filter(cluster__in=list(alone.values_list("cluster", flat=True))).delete()


def _settle(uids: Iterable[UUID], by: Grant) -> None:
    """The engine asks no more whether these are the same."""
    pairs = LikelyPair.objects.filter(one__in=list(uids), other__in=list(uids), settled_at=None)
    pairs.update(settled_at=timezone.now(), settled_by=by.actor_id)


# --- reading by people ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Whole:
    """Entries to compare: as their cluster is or would be. `digest` is what a decision on them binds to."""

    entries: tuple[Entry, ...]
    rows: tuple[Row, ...]
    reasons: tuple[Reason, ...]
    differences: tuple[Difference, ...]
    digest: str


def browse(by: Grant) -> None:
    """The ledger keeps that someone read the lists of proposals, likely pairs and clusters."""
    by.check(P.WATCHLIST_RESOLUTION_PROPOSE, P.WATCHLIST_RESOLUTION_CONFIRM)
    with transaction.atomic():
        append("resolutions_listed", by)


def compare_entries(by: Grant, uids: Iterable[UUID]) -> Whole | None:
    """Entries side by side with all that they are together with, or None where the reader may not know of one.

    The ledger keeps who was compared.
    """
    by.check(P.WATCHLIST_RESOLUTION_PROPOSE, P.WATCHLIST_RESOLUTION_CONFIRM)
    wanted = set(uids)
    entries = whole(by.actor, wanted)
    if not wanted or len(wanted) > MOST or not wanted <= {entry.uid for entry in entries}:
        return None
    with transaction.atomic():
        append("resolution_read", by, "", {"entries": [str(entry.uid) for entry in entries]})
    reasons, differences = _grounds(entries)
    rows = tuple(side_by_side([entry.facts for entry in entries]))
    return Whole(tuple(entries), rows, reasons, differences, digest(entry.uid for entry in entries))


def open_resolution(by: Grant, pk: UUID) -> tuple[Resolution, Whole | None] | None:
    """A proposal or a decision, and its entries side by side while all of them are in force."""
    by.check(P.WATCHLIST_RESOLUTION_PROPOSE, P.WATCHLIST_RESOLUTION_CONFIRM)
    row = resolutions(by.actor).filter(pk=pk).first()
    if row is None:
        return None
    return row, compare_entries(by, row.entries.values_list("uid", flat=True))


def _grounds(entries: list[Entry]) -> tuple[tuple[Reason, ...], tuple[Difference, ...]]:
    """What the engine says for and against two entries; of more it says nothing."""
    if len(entries) != 2:
        return (), ()
    one, other = (SubjectFacts.model_validate(entry.facts) for entry in entries)
    found = compare(to_question(one), to_subject("", other), lambda part: _BITS)
    return found.reasons, found.differences
