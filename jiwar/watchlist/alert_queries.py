"""Reads of alerts and cases: what stands, how each alert travelled, who confirmed a withdrawal, what waits for whom."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor
from jiwar.access.waiting import Waiting
from jiwar.exchange.queries import Delivery
from jiwar.exchange.queries import deliveries as all_deliveries
from jiwar.exchange.withdrawals import ANSWER_WITHIN, Unconfirmed
from jiwar.exchange.withdrawals import unconfirmed as late_withdrawals
from jiwar.identity.roles import Clearance
from jiwar.records.queries import acknowledgements, drafts, held, withdrawal_of
from jiwar.watchlist.alert_kinds import ALERTS, REFUSAL
from jiwar.watchlist.hit_kinds import OUTCOME
from jiwar.watchlist.logic.sensitive import Warned, scan
from jiwar.watchlist.models import Alert, Case, Entry, Hit
from jiwar.watchlist.standing import in_force

if TYPE_CHECKING:
    from jiwar.records.models import Draft, Record

REMIND_BEFORE = dt.timedelta(days=120)
"""How long before its review an own alert waits for it: unreviewed, it ends (rule R9)."""
URGENT_BEFORE = dt.timedelta(days=14)

_FREE_TEXT = (
    "legal_basis", "body.necessity", "body.remarks", "body.offence.title", "body.offence.article",
    "body.subject.place_of_birth",
)  # fmt: skip


def known(actor: Actor) -> QuerySet[Alert]:
    """Every version of every alert that an actor may know of, own and received: for others it does not exist.

    A discreet check is for the cleared, and for those who make ours. An alert that is withheld, with what came before
    it, is for those who manage protection (rule R5): the name alone would say whom this state protects.
    """
    rows = Alert.objects.select_related("record")
    if not actor.may(Permission.WATCHLIST_ALERT_APPROVE):
        since = Alert.objects.filter(uid=OuterRef("uid"), record__version__gte=OuterRef("record__version"))
        rows = rows.exclude(Exists(since.filter(record__state="withheld")))
    if actor.clearance == Clearance.COVERT:
        return rows
    return rows.filter(Q(covert=False) | Q(record__node=settings.NODE.code) if makes(actor) else Q(covert=False))


def visible(actor: Actor) -> QuerySet[Alert]:
    """The newest version of each of them."""
    # A version that is withheld stays so when a newer one comes.
    newer = Alert.objects.filter(uid=OuterRef("uid"), record__version__gt=OuterRef("record__version"))
    return known(actor).exclude(record__state="superseded").exclude(Q(record__state="withheld") & Exists(newer))


def makes(actor: Actor) -> bool:
    """Whether an actor drafts or approves alerts here, and so knows of this node's own discreet checks uncleared."""
    return actor.may(Permission.WATCHLIST_ALERT_DRAFT) or actor.may(Permission.WATCHLIST_ALERT_APPROVE)


def versions(actor: Actor, alert: Alert) -> QuerySet[Alert]:
    """Every version held of an alert that the reader may know of, newest first."""
    return known(actor).filter(uid=alert.uid)


def open_drafts(actor: Actor) -> "list[Draft]":
    """Drafts of alerts that an actor may open: her own, and for an approver those that others submitted."""
    rows = drafts(*ALERTS)
    mine = Q(author_id=actor.id) if actor.may(Permission.WATCHLIST_ALERT_DRAFT) else Q(pk=None)
    others = (
        Q(state="submitted") & ~Q(author_id=actor.id) if actor.may(Permission.WATCHLIST_ALERT_APPROVE) else Q(pk=None)
    )
    return list(rows.filter(mine | others))


def deliveries(alert: Alert) -> list[Delivery]:
    """What became of the newest version of an alert on its way to each node."""
    return [d for d in all_deliveries(alert.uid) if d.version == alert.record.version]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One holder of a withdrawn alert: `at` is when it said that it uses it no longer, None while it has not."""

    holder: str
    at: dt.datetime | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """How far the withdrawal of an alert has come."""

    record: "Record"
    reason: str
    confirmations: tuple[Confirmation, ...]


def withdrawal(alert: Alert) -> Withdrawn | None:
    """Who holds a withdrawn alert, who confirmed, who is overdue; None while it is not withdrawn."""
    record = withdrawal_of(alert.record)
    if record is None:
        return None
    said = {a.holder: a.at for a in acknowledgements(record)}
    had = {d.node for d in all_deliveries(alert.uid) if d.state in {"sealed", "acknowledged"}}
    late = timezone.now() - record.issued_at > ANSWER_WITHIN
    rows = tuple(Confirmation(node, said.get(node), late and node not in said) for node in sorted(had | set(said)))
    return Withdrawn(record, record.body["reason"], rows)


def unconfirmed(actor: Actor) -> list[Unconfirmed]:
    """Withdrawals that a holder has not confirmed in time, own and received, but of alerts that the actor may not know.

    Own ones wait for the holder's word, received ones for that of own posts or for its arrival (rule R11).
    """
    rows = late_withdrawals()
    alerts = {row.target for row in rows if row.kind in ALERTS}
    told = set(known(actor).filter(uid__in=alerts).values_list("uid", flat=True))
    return [row for row in rows if row.target in told or row.kind not in ALERTS]


def refused_here(uid: UUID) -> "Record | None":
    """This state's refusal of an alert, while it stands."""
    own = settings.NODE.state
    return held(REFUSAL.name).filter(about=uid, origin=own, node=own, state="in_force").first()


def refusals(alerts: Iterable[Alert]) -> "dict[UUID, list[Record]]":
    """Refusals that stand, by alert: of received ones this state's own, of own ones its neighbours'; one query."""
    received = {alert.uid: alert.record.origin != settings.NODE.state for alert in alerts}
    found: dict[UUID, list[Record]] = {}
    for refusal in held(REFUSAL.name).filter(about__in=received, node=F("origin"), state="in_force"):
        if received[refusal.about] == (refusal.origin == settings.NODE.state):
            found.setdefault(refusal.about, []).append(refusal)
    return found


def related(actor: Actor, content: Mapping[str, Any]) -> dict[str, str]:
    """Where each subject is shown that a relation of this content names by its uid and that the actor may know of: the
    name of a page ("alert", "listing") by uid. At most two queries."""
    relations = ((content.get("body") or {}).get("subject") or {}).get("relations") or ()
    uids = {str(one["target"]) for one in relations if one.get("target")}
    if not uids:
        return {}
    found = {str(uid): "alert" for uid in visible(actor).filter(uid__in=uids).values_list("uid", flat=True)}
    if actor.may(Permission.WATCHLIST_LIST_READ):
        listed = Entry.objects.filter(in_force(), uid__in=uids - found.keys(), record__kind__startswith="listing.")
        listed = listed.exclude(record__kind="listing.foreign")
        found |= {str(uid): "listing" for uid in listed.values_list("uid", flat=True)}
    return found


def due_for_review(rows: QuerySet[Alert]) -> QuerySet[Alert]:
    """Those of this node's alerts in force whose use ends soon unless someone renews them, the first to end first."""
    until = timezone.now().date() + REMIND_BEFORE
    rows = rows.filter(record__node=settings.NODE.code, record__state="in_force", record__review_on__lte=until)
    return rows.order_by("record__review_on", "-record_id")


def warnings(content: Mapping[str, Any]) -> list[Warned]:
    """Words in the free text that should not stand there (rule R4); shown to the author and to the approver."""
    return scan((field, text) for field, text in flat(content) if field in _FREE_TEXT)


def flat(value: Any, at: str = "") -> Iterable[tuple[str, str]]:
    """(dotted field, text) of every leaf of a content."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from flat(part, f"{at}.{name}".lstrip("."))
    elif isinstance(value, list | tuple):
        for i, part in enumerate(value):
            yield from flat(part, f"{at}.{i}")
    elif isinstance(value, bool):
        yield at, "yes" if value else "no"
    elif value not in (None, ""):
        yield at, str(value)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(field, old, new) for everything that a new version changes."""
    old, new = dict(flat(before)), dict(flat(after))
    return [(f, old.get(f, ""), new.get(f, "")) for f in dict.fromkeys([*new, *old]) if old.get(f) != new.get(f)]


def cases(actor: Actor) -> QuerySet[Case]:
    """Cases that an actor may know of: those without an answer first, then the newest."""
    rows = Case.objects.select_related("alert__record", "assigned_to", "hit")
    return rows if actor.clearance == Clearance.COVERT or makes(actor) else rows.filter(alert__covert=False)


def hits(alert: Alert) -> QuerySet[Hit]:
    """Hits on any version of an alert, newest first."""
    return Hit.objects.filter(alert__uid=alert.uid).select_related("record", "case")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a case, ours or theirs; `what` is a code of the words group `case_step`."""

    at: dt.datetime
    what: str
    who: str
    note: str = ""


def timeline(case: Case) -> list[Step]:
    """What both sides did, in the order of time."""
    hit, own = case.hit, settings.NODE.code
    steps = [
        Step(hit.at, "seen", hit.reported_by),
        Step(hit.record.stored_at, "told", hit.record.node),
        Step(case.opened_at, "opened", own),
    ]
    if case.taken_at and case.assigned_to:
        steps.append(Step(case.taken_at, "taken", case.assigned_to.full_name))
    for record in held(OUTCOME.name).filter(about=hit.uid):
        steps.append(Step(record.issued_at, "outcome", own, record.body["outcome"]))
        steps += [
            Step(d.acknowledged_at, "delivered", d.node)
            for d in all_deliveries(record.uid)
            if d.acknowledged_at and d.state == "acknowledged"
        ]
    if case.closed_at:
        steps.append(Step(case.closed_at, "closed", own))
    return sorted(steps, key=lambda step: step.at)


def waiting(actor: Actor) -> list[Waiting]:
    """What waits for this person, counted, for the home page."""
    found, alerts = [], reverse("alerts")
    if actor.may(Permission.WATCHLIST_ALERT_APPROVE):
        submitted = drafts(*ALERTS).filter(state="submitted").exclude(author_id=actor.id).count()
        found.append(Waiting("alerts_to_approve", submitted, alerts))
    if actor.may(Permission.WATCHLIST_ALERT_DRAFT):
        returned = drafts(*ALERTS).filter(state="returned", author_id=actor.id).count()
        found.append(Waiting("alerts_returned", returned, alerts))
    if actor.may(Permission.WATCHLIST_CASE_HANDLE):
        opened = cases(actor).filter(state=Case.State.OPEN).count()
        found.append(Waiting("cases_open", opened, reverse("cases"), urgent=True))
    if actor.may(Permission.WATCHLIST_ALERT_WITHDRAW):
        late = {row.target for row in unconfirmed(actor)}
        found.append(Waiting("withdrawals_overdue", len(late), alerts, urgent=True))
    if makes(actor):
        due = due_for_review(visible(actor))
        soonest = due.values_list("record__review_on", flat=True).first()
        urgent = soonest is not None and soonest <= timezone.now().date() + URGENT_BEFORE
        found.append(Waiting("alerts_to_review", due.count(), f"{alerts}?review=due", urgent=urgent))
    return [item for item in found if item.count]
