"""What this state asks: whether neighbours hold something on a subject, and what they answer."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.services import as_node
from jiwar.agreements.queries import may_receive, may_send
from jiwar.analysis.inquiry_kinds import ANSWER, DAYS, INQUIRY, InquiryAnswerBody, InquiryBody, InquirySubject
from jiwar.analysis.inquiry_queries import inquiries, whom_to_ask
from jiwar.analysis.models import Asked, Inquiry
from jiwar.audit.services import append
from jiwar.records.content import Content
from jiwar.records.services import Record, issue, read_content, terms, withdraw
from jiwar.watchlist.matchable import is_shielded
from jiwar.wire.faults import Fault, Refused, of_pydantic
from jiwar.wire.ids import uuid7

P = Permission
MOST_A_DAY = 100
"""Most questions of one actor in a day."""
S = Asked.State


@dataclass(frozen=True, slots=True)
class Question:
    """What a person fills in: which nodes are asked, and `subject` as plain data of inquiry_kinds.InquirySubject."""

    nodes: Sequence[str]
    legal_basis: str
    subject: Mapping[str, Any] = field(default_factory=dict)
    urgent: bool = False


def ask(by: Grant, asked: Question) -> Inquiry:
    """Ask neighbours whether they hold something on a subject. Raises Refused with everything that is missing.

    Each neighbour gets a question of its own and learns of no other. One from which this state protects the subject
    gets none: to the asker it is a neighbour that does not answer (rule R5).
    """
    by.check(P.ANALYSIS_INQUIRY_ASK)
    now = timezone.now()
    faults = [*_faults_of_form(by, asked, now), *_faults_of_ways(by, asked.nodes, now)]
    subject = None
    try:
        subject = InquirySubject.model_validate(asked.subject)
    except ValidationError as error:
        faults += [Fault(f.code, f"subject.{f.field}".rstrip("."), f.detail) for f in of_pydantic(error.errors())]
    if faults or subject is None:
        raise Refused(*faults)
    with transaction.atomic():
        inquiry = Inquiry.objects.create(
            id=uuid7(now),
            facts=subject.model_dump(mode="json"),
            purpose=str(by.purpose),
            legal_basis=asked.legal_basis.strip(),
            case=by.case,
            urgent=asked.urgent,
            asked_by=by.actor_id,
            asked_at=now,
            valid_until=now + dt.timedelta(days=DAYS),
        )
        given = sorted(name for name, value in subject.model_dump().items() if value)
        detail = {"to": sorted(asked.nodes), "fields": given, "urgent": asked.urgent}
        append("inquiry_asked", by, str(inquiry.pk), detail)
        for node in sorted(set(asked.nodes)):
            shielded = is_shielded(node[:3], subject.facts)
            Asked.objects.create(inquiry=inquiry, node=node, record=None if shielded else _send(by, inquiry, node))
    return inquiry


def close(by: Grant, pk: UUID) -> None:
    """The asker wants no more answers: what was asked is taken back, and the facts are erased here."""
    by.check(P.ANALYSIS_INQUIRY_ASK)
    with transaction.atomic():
        inquiry = inquiries(by).select_for_update(of=("self",)).filter(pk=pk, ended_at=None).first()
        if inquiry is None:
            raise Refused(Fault("inquiry_unknown"))
        append("inquiry_closed", by, str(pk))
        for asked in inquiry.asked.filter(state=S.WAITING).select_related("record"):
            if asked.record is not None and asked.record.state == Record.State.IN_FORCE:
                withdraw(by, asked.record, "closed by the asker")
        _end(inquiry)


def open_inquiry(by: Grant, pk: UUID) -> Inquiry | None:
    """A question with its answers, or None; who read it is in the ledger."""
    by.check(P.ANALYSIS_INQUIRY_READ)
    inquiry = inquiries(by).filter(pk=pk).first()
    if inquiry is not None:
        with transaction.atomic():
            append("inquiry_read", by, str(pk))
            if inquiry.asked_by == by.actor_id:
                inquiry.asked.exclude(state=S.WAITING).update(seen=True)
    return inquiry


def browse_inquiries(by: Grant) -> None:
    """The ledger keeps that someone read what was asked, by us and of us: names are shown."""
    by.check(P.ANALYSIS_INQUIRY_READ)
    with transaction.atomic():
        append("inquiries_listed", by)


def end_inquiries(by: Grant, at: dt.datetime) -> None:
    """End questions whose time is over: what nobody answered is closed, and the facts are erased."""
    for inquiry in Inquiry.objects.filter(ended_at=None, valid_until__lte=at):
        with transaction.atomic():
            append("inquiry_expired", as_node(P.ANALYSIS_INQUIRY_ASK, Purpose(inquiry.purpose)), str(inquiry.pk))
            _end(inquiry)


def _end(inquiry: Inquiry) -> None:
    inquiry.asked.filter(state=S.WAITING).update(state=S.CLOSED)
    inquiry.facts, inquiry.ended_at = {}, timezone.now()
    inquiry.save(update_fields=["facts", "ended_at"])


def _faults_of_form(by: Grant, asked: Question, now: dt.datetime) -> Iterator[Fault]:
    basis = asked.legal_basis.strip()
    if not basis or len(basis) > 200:
        yield Fault("too_long" if basis else "missing", "legal_basis")
    if not by.case or len(by.case) > 80:
        yield Fault("too_long" if by.case else "case_missing", "case")
    if Inquiry.objects.filter(asked_by=by.actor_id, asked_at__gt=now - dt.timedelta(days=1)).count() >= MOST_A_DAY:
        yield Fault("too_many_searches", "", str(MOST_A_DAY))


def _faults_of_ways(by: Grant, nodes: Sequence[str], now: dt.datetime) -> Iterator[Fault]:
    """Whether these nodes may be asked: a question that no answer could come to is not asked."""
    if settings.NODE.role != "national":
        yield Fault("not_the_national_node")
        return
    if not nodes:
        yield Fault("missing", "nodes")
    known = whom_to_ask()
    for node in sorted(set(nodes)):
        if node not in known:
            yield Fault("not_in_list", "nodes", node)
            continue
        verdicts = (
            may_send(INQUIRY.name, str(by.purpose), node[:3], now),
            may_receive(ANSWER.name, str(by.purpose), node[:3], now),
        )
        if closed := next((verdict for verdict in verdicts if not verdict.open), None):
            yield Fault("inquiry_way_closed", "nodes", f"{node}: {closed.code}")


def _send(by: Grant, inquiry: Inquiry, node: str) -> Record:
    body = InquiryBody(
        addressee=node[:3],
        subject=InquirySubject.model_validate(inquiry.facts),
        case=inquiry.case,
        urgent=inquiry.urgent,
    )
    plain = terms(inquiry.purpose, inquiry.legal_basis, DAYS, body)
    return issue(by, INQUIRY, read_content(INQUIRY, plain, timezone.now()))


def take_answer(record: Record, content: Content) -> None:
    """A neighbour answered. What answers no question of ours that waits is left, and noted."""
    body = content.body
    assert isinstance(body, InquiryAnswerBody)
    if record.node == settings.NODE.code:
        return
    by = as_node(P.ANALYSIS_INQUIRY_ASK, Purpose(record.purpose))
    waiting = Asked.objects.select_for_update(of=("self",)).filter(node=record.node, state=S.WAITING)
    asked = waiting.filter(record__uid=body.target, inquiry__purpose=record.purpose).first()
    if asked is None or body.addressee != settings.NODE.state or record.node != record.origin:
        append("inquiry_part_ignored", by, str(body.target), {"from": record.node})
        return
    asked.state, asked.answered_at = S(body.answer), timezone.now()
    asked.code, asked.again_at = body.refusal or "", body.again_at
    asked.records = [str(uid) for uid in body.records]
    asked.save(update_fields=["state", "answered_at", "code", "again_at", "records"])
    append("inquiry_answer_taken", by, str(asked.inquiry_id), {"from": record.node, "answer": body.answer})


ANSWER.projections.append(take_answer)
