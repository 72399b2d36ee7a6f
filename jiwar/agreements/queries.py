"""The register of agreements as people read it, and the policy that it makes for the rooms above."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor
from jiwar.access.waiting import Waiting
from jiwar.agreements.consented import brought, facts_of, named, to_answer, to_approve
from jiwar.agreements.kinds import ACCESSION, AGREEMENT, RESERVATION, RESUMPTION, SIGNATURE
from jiwar.agreements.logic.verdicts import NEARNESS, Closed, Open, Terms, Verdict, retention, standing
from jiwar.agreements.models import Agreement
from jiwar.agreements.policy import may_receive, may_send, steady, why
from jiwar.agreements.said import Accession, Said, said, text_about
from jiwar.records.kinds import KINDS, WITHDRAWAL
from jiwar.records.queries import drafts, held, newest_version, withdrawal_of

if TYPE_CHECKING:
    from jiwar.records.models import Draft, Record

# For the rooms above.
__all__ = [
    "CHANGEABLE",
    "Closed",
    "Open",
    "Verdict",
    "brought",
    "facts_of",
    "may_receive",
    "may_send",
    "named",
    "retention",
    "steady",
    "waiting",
    "why",
]

CHANGEABLE = frozenset(NEARNESS)
"""Reasons for which a record may not pass that time, a signature or another agreement may take away."""

_DRAFTED = (AGREEMENT, SIGNATURE, ACCESSION, RESUMPTION, WITHDRAWAL)
"""Kinds of which two people make a record here; of withdrawals, those of reservations alone."""


@dataclass(frozen=True, slots=True)
class Held:
    """An agreement with its state at a moment: in_force, partly_suspended, suspended, not_signed, …, withdrawn."""

    row: Agreement
    said: Said
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

    def reserved_by(self, clause: str) -> list[str]:
        """States that reserve a clause."""
        closings = self.terms.closings
        return sorted({c.party for c in closings if c.code == "reserved" and clause in c.clauses})

    @property
    def to_agree(self) -> list[Accession]:
        """Accessions that wait for our word."""
        return [each for each in self.said.accessions if settings.NODE.state in each.waits_for]

    @property
    def binds_us(self) -> bool:
        """Whether this state is a party, by the text or by accession, and has not left."""
        own = settings.NODE.state
        return own in self.terms.parties - self.said.left

    @property
    def may_accede(self) -> bool:
        """Whether this state may say that it accedes, for the first time or anew after it left."""
        outside = settings.NODE.state not in self.said.members - self.said.left
        return outside and settings.NODE.state not in self.said.returning and not self.terms.ended


@dataclass(frozen=True, slots=True)
class InHand:
    """An act that waits for the asker: `what` is draft_returned, to_approve, to_sign or to_agree.

    `title` is in three languages. `draft` is the draft's id, `agreement` the agreement's uid; one of them may be None.
    """

    what: str
    reference: str
    title: dict[str, str]
    draft: UUID | None = None
    agreement: UUID | None = None


def agreements(at: dt.datetime) -> list[Held]:
    """Every agreement held, by reference; texts that a newer version replaced are left out. Three queries."""
    return _held(Agreement.objects.exclude(record__state="superseded"), at)


def agreement(uid: UUID, at: dt.datetime) -> Held | None:
    """The newest text held of an agreement."""
    found = _held(Agreement.objects.filter(uid=uid).exclude(record__state="superseded"), at)
    return found[0] if found else None


def agreement_of(draft: "Draft") -> UUID | None:
    """The agreement that a draft is about: its signature, accession, an end of a suspension or of a reservation."""
    text = text_about(draft.content.get("body", {}).get("target"))
    return text.uid if text is not None else None


def draft_about(target: UUID) -> UUID | None:
    """The open draft about a record: our signature of it, our end of it."""
    for found in open_drafts():
        if found.kind != AGREEMENT.name and found.content.get("body", {}).get("target") == str(target):
            return found.pk
    return None


def in_hand(actor: Actor, at: dt.datetime) -> list[InHand]:
    """What waits for a person: her returned drafts, others' drafts to approve, what our state has not signed."""
    held_now = {h.row.uid: h for h in agreements(at)}
    found, signing = [], set()
    for draft in open_drafts():
        body = draft.content.get("body", {})
        uid = agreement_of(draft)
        target = held_now.get(uid) if uid else None
        signing.add(body.get("target"))
        reference = target.row.reference if target else body.get("reference", "")
        title = target.row.title if target else body.get("title", {})
        own = str(draft.author_id) == actor.id
        if own and draft.state == "returned":
            found.append(InHand("draft_returned", reference, title, draft.pk, uid))
        elif not own and draft.state == "submitted" and actor.may(Permission.AGREEMENTS_AGREEMENT_APPROVE):
            found.append(InHand("to_approve", reference, title, draft.pk, uid))
    if actor.may(Permission.AGREEMENTS_AGREEMENT_DRAFT):
        for h in held_now.values():
            item = (h.row.reference, h.row.title, None, h.row.uid)
            unsigned = settings.NODE.state in h.unsigned and h.state == "not_signed"
            if unsigned and str(h.row.uid) not in signing:
                found.append(InHand("to_sign", *item))
            found += [
                InHand("to_agree", *item)
                for each in h.to_agree
                if not h.terms.ended and str(each.record.uid) not in signing
            ]
    return found


def waiting(actor: Actor) -> list[Waiting]:
    """What waits for this person, counted, for the home page."""
    counts = Counter(item.what for item in in_hand(actor, timezone.now()))
    found = [Waiting(f"agreements_{what}", count, reverse("agreements")) for what, count in sorted(counts.items())]
    if actor.may(Permission.AGREEMENTS_CONSENT_DRAFT) and (count := len(to_answer(actor))):
        found.append(Waiting("consents_to_answer", count, reverse("onward")))
    if actor.may(Permission.AGREEMENTS_CONSENT_APPROVE) and (count := len(to_approve(actor))):
        found.append(Waiting("consents_to_approve", count, reverse("onward")))
    return found


def draft(pk: UUID) -> "Draft | None":
    """An open draft of this room."""
    return next((found for found in open_drafts() if found.pk == pk), None)


def open_drafts() -> list["Draft"]:
    """Open drafts of agreements and of what is said about them, by anyone."""
    found = [each for kind in _DRAFTED if kind is not WITHDRAWAL for each in drafts(kind.name)]
    return found + [each for each in drafts(WITHDRAWAL.name) if takes_back_reservation(each)]


def takes_back_reservation(draft: "Draft") -> bool:
    """Whether a draft of a withdrawal is of a reservation: those of other records are not this room's."""
    target = newest_version(draft.content.get("body", {}).get("target"))
    return target is not None and target.kind == RESERVATION.name


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


def history(found: Held) -> list[Event]:
    """Every record about an agreement, in the order in which this node stored them."""
    versions = held(AGREEMENT.name).filter(uid=found.row.uid)
    events = [Event(AGREEMENT.name, version) for version in versions]
    members = found.said.members
    events += [
        Event(record.kind, record, str(record.body.get("reason", "")))
        for record in found.said.everything
        if record.origin in members
    ]
    for record in [event.record for event in events if event.record.state == "withdrawn"]:
        if taken_back := withdrawal_of(record):
            events.append(Event(WITHDRAWAL.name, taken_back, taken_back.body["reason"]))
    return sorted(events, key=lambda event: event.record.pk)


def _held(rows: QuerySet[Agreement], at: dt.datetime) -> list[Held]:
    found = []
    for each in said(rows.select_related("record")):
        terms = each.terms()
        state = "withdrawn" if each.row.record.state == "withdrawn" else standing(terms, at)
        found.append(Held(each.row, each, terms, state, terms.signed_by(at)))
    return found
