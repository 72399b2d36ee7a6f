"""The register of agreements as people read it, and the policy that it makes for the rooms above."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor
from jiwar.access.waiting import Waiting
from jiwar.agreements import policy
from jiwar.agreements.kinds import AGREEMENT, SIGNATURE
from jiwar.agreements.logic.verdicts import NEARNESS, Closed, Open, Terms, Verdict, retention, standing
from jiwar.agreements.models import Agreement, PartySignature, Resumption, Suspension
from jiwar.agreements.policy import may_receive, may_send, steady, why
from jiwar.records.kinds import KINDS
from jiwar.records.queries import drafts, withdrawal_of

if TYPE_CHECKING:
    from jiwar.records.models import Draft, Record

# For the rooms above.
__all__ = ["CHANGEABLE", "Closed", "Open", "Verdict", "may_receive", "may_send", "retention", "steady", "waiting", "why"]

CHANGEABLE = frozenset(NEARNESS)
"""Reasons for which a record may not pass that time, a signature or another agreement may take away."""


@dataclass(frozen=True, slots=True)
class Held:
    """An agreement with its state at a moment: in_force, partly_suspended, suspended, not_signed, …, withdrawn."""

    row: Agreement
    terms: Terms
    state: str
    signed_by: frozenset[str]

    @property
    def unsigned(self) -> list[str]:
        """Parties of the text that have not signed."""
        return [party for party in self.row.parties if party not in self.signed_by]

    @property
    def suspended(self) -> frozenset[str]:
        """Clauses that a party has suspended."""
        return frozenset().union(*(c.clauses for c in self.terms.closings if c.code == "suspended"))


@dataclass(frozen=True, slots=True)
class InHand:
    """An act that waits for the asker: `what` is draft_returned, to_approve or to_sign; `title` in three languages.

    `draft` is the draft's id, `agreement` the agreement's uid; one of them may be None.
    """

    what: str
    reference: str
    title: dict[str, str]
    draft: UUID | None = None
    agreement: UUID | None = None


def agreements(at: dt.datetime) -> list[Held]:
    """Every agreement held, by reference; texts that a newer version replaced are left out."""
    return _held(Agreement.objects.exclude(record__state="superseded"), at)


def agreement(uid: UUID, at: dt.datetime) -> Held | None:
    """The newest text held of an agreement."""
    held = _held(Agreement.objects.filter(uid=uid).exclude(record__state="superseded"), at)
    return held[0] if held else None


def signatures(row: Agreement) -> QuerySet[PartySignature]:
    """Signatures of exactly this text by its parties; issuing it is its origin's."""
    known = PartySignature.objects.filter(policy.IN_FORCE, agreement_uid=row.uid, hash=row.record.hash)
    return known.filter(party__in=row.parties).select_related("record")


def suspensions(row: Agreement) -> list[tuple[Suspension, Resumption | None]]:
    """Suspensions of an agreement by its parties, each with what ended it, oldest first."""
    found = Suspension.objects.filter(policy.STANDS, agreement_uid=row.uid, party__in=row.parties).select_related(
        "record"
    )
    ends = {(r.suspension_uid, r.party): r for r in policy.resumptions(s.uid for s in found)}
    return [(s, ends.get((s.uid, s.party))) for s in found]


def open_suspensions(row: Agreement, party: str) -> list[Suspension]:
    """Suspensions by one party that it has not ended."""
    return [s for s, end in suspensions(row) if s.party == party and end is None]


def signature_draft(uid: UUID) -> UUID | None:
    """The open draft of this state's signature of an agreement, if there is one."""
    for draft in drafts(SIGNATURE.name):
        if draft.content.get("body", {}).get("target") == str(uid):
            return draft.pk
    return None


def in_hand(actor: Actor, at: dt.datetime) -> list[InHand]:
    """What waits for a person: her returned drafts, others' drafts to approve, agreements that we have not signed."""
    held = {str(h.row.uid): h for h in agreements(at)}
    found, signing = [], set()
    for draft in [*drafts(AGREEMENT.name), *drafts(SIGNATURE.name)]:
        body = draft.content.get("body", {})
        target = held.get(body.get("target", ""))
        if target:
            signing.add(str(target.row.uid))
        reference = target.row.reference if target else body.get("reference", "")
        title = target.row.title if target else body.get("title", {})
        uid = target.row.uid if target else None
        own = str(draft.author_id) == actor.id
        if own and draft.state == "returned":
            found.append(InHand("draft_returned", reference, title, draft.pk, uid))
        elif not own and draft.state == "submitted" and actor.may(Permission.AGREEMENTS_AGREEMENT_APPROVE):
            found.append(InHand("to_approve", reference, title, draft.pk, uid))
    if actor.may(Permission.AGREEMENTS_AGREEMENT_DRAFT):
        found += [
            InHand("to_sign", h.row.reference, h.row.title, agreement=h.row.uid)
            for key, h in held.items()
            if settings.NODE.state in h.unsigned and h.state == "not_signed" and key not in signing
        ]
    return found


def waiting(actor: Actor) -> list[Waiting]:
    """What waits for this person, counted, for the home page."""
    counts = Counter(item.what for item in in_hand(actor, timezone.now()))
    return [Waiting(f"agreements_{what}", count, reverse("agreements")) for what, count in sorted(counts.items())]


def draft(pk: UUID) -> "Draft | None":
    """An open draft of an agreement or of a signature."""
    return next((d for kind in (AGREEMENT, SIGNATURE) for d in drafts(kind.name).filter(pk=pk)), None)


def open_drafts() -> list["Draft"]:
    """Open drafts of agreements and of signatures, by anyone."""
    return [*drafts(AGREEMENT.name), *drafts(SIGNATURE.name)]


def coverable_kinds() -> list[str]:
    """Kinds of record that an agreement may open: those of this program, and those that agreements name."""
    known = {kind.name for kind in KINDS.values() if not kind.instrument}
    named = {kind for row in Agreement.objects.all() for clause in row.clauses for kind in clause["kinds"]}
    return sorted(known | {kind for kind in named if not kind.endswith(".*")})


@dataclass(frozen=True, slots=True)
class Event:
    """One step in an agreement's life: `what` is a kind of record or `record.withdrawal`."""

    what: str
    record: "Record"
    note: str = ""


def history(held: Held) -> list[Event]:
    """Every record about an agreement, in the order in which this node stored them."""
    row = held.row
    found = [Event("agreement", version.record) for version in _with_record(Agreement.objects.filter(uid=row.uid))]
    found += [
        Event("agreement.signature", s.record)
        for s in _with_record(PartySignature.objects.filter(agreement_uid=row.uid, party__in=row.parties))
    ]
    for pause, end in suspensions(row):
        found.append(Event("agreement.suspension", pause.record, pause.reason))
        if end is not None:
            found.append(Event("agreement.resumption", end.record, end.reason))
    if taken_back := withdrawal_of(row.record):
        found.append(Event("record.withdrawal", taken_back, taken_back.body["reason"]))
    return sorted(found, key=lambda event: event.record.pk)


def _with_record(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.select_related("record")


def _held(rows: QuerySet[Agreement], at: dt.datetime) -> list[Held]:
    held = []
    for row, terms in policy.texts(rows):
        state = "withdrawn" if row.record.state == "withdrawn" else standing(terms, at)
        held.append(Held(row, terms, state, terms.signed_by(at)))
    return held
