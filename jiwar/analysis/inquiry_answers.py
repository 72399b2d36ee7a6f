"""What neighbours ask: this node answers by itself, in the quota, with hit or no hit and hardly more.

All questions that wait are answered by the duty of each minute, together and in their order: when an answer leaves says
nothing of what is held, and whoever is protected from the asker costs the same work as anyone else (rule R5).
"""

import datetime as dt
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.services import as_node
from jiwar.analysis.inquiries import end_inquiries
from jiwar.analysis.inquiry_kinds import ANSWER, DAYS, INQUIRY, MOST_RECORDS, InquiryAnswerBody, InquiryBody
from jiwar.analysis.inquiry_queries import A_DAY, allowed, answered_today, day_of, received, whom_to_ask
from jiwar.analysis.models import Quota, Received
from jiwar.audit.services import append
from jiwar.exchange.courier import EACH_MINUTE
from jiwar.records.content import Content
from jiwar.records.services import Record, issue, read_content, terms
from jiwar.watchlist.matchable import told_of
from jiwar.wire.faults import Fault, Refused

P = Permission
A_TIME = 200
"""Questions answered in one minute."""
S = Received.State


def take_inquiry(record: Record, content: Content) -> None:
    """A neighbour's question has come: it is due."""
    body = content.body
    assert isinstance(body, InquiryBody)
    if record.node == settings.NODE.code or settings.NODE.role != "national":
        return
    by = as_node(P.ANALYSIS_INQUIRY_READ, Purpose(record.purpose))
    if body.addressee != settings.NODE.state or record.node != record.origin or record.version > 1:
        append("inquiry_part_ignored", by, str(record.uid), {"from": record.node})
        return
    Received.objects.create(
        record=record, node=record.node, purpose=record.purpose, urgent=body.urgent, received_at=timezone.now()
    )
    append("inquiry_received", by, str(record.uid), {"from": record.node, "urgent": body.urgent})


def end_received(record: Record) -> None:
    """The asker took a question back, or its time ran out before it was answered."""
    Received.objects.filter(record=record, state=S.DUE).update(state=S.CLOSED)


def answer_due(by: Grant, at: dt.datetime) -> int:
    """Answer what waits, the urgent first. Returns how many."""
    due = Received.objects.filter(state=S.DUE).order_by("-urgent", "received_at")[:A_TIME]
    rows = list(due.select_related("record"))
    for row in rows:
        with transaction.atomic():
            _answer(row, at)
    return len(rows)


def _answer(row: Received, at: dt.datetime) -> None:
    row = Received.objects.select_for_update(of=("self",)).select_related("record").get(pk=row.pk)
    if row.state != S.DUE:
        return
    by, state = as_node(P.ANALYSIS_INQUIRY_READ, Purpose(row.purpose)), row.node[:3]
    body = InquiryBody.model_validate(row.record.body)
    most = allowed(row.node)
    row.answered_at = at
    if answered_today(row.node) >= most:
        row.state = S.REFUSED
        again = day_of(at) + dt.timedelta(days=1) if most else None
        _send(by, row, answer="refused", refusal="inquiry_quota", again_at=again)
        append("inquiry_refused", by, str(row.record.uid), {"from": row.node, "code": "inquiry_quota"})
    else:
        told = told_of(state, row.purpose, body.subject.facts)
        row.state, row.hit = S.ANSWERED, told.hit
        row.told = [str(uid) for uid in told.records[:MOST_RECORDS]]
        _send(by, row, answer="hit" if told.hit else "no_hit", records=told.records[:MOST_RECORDS])
        detail = {"from": row.node, "answer": "hit" if told.hit else "no_hit", "records": row.told}
        append("inquiry_answered", by, str(row.record.uid), detail)
    row.save(update_fields=["state", "hit", "told", "answered_at"])


def _send(by: Grant, row: Received, **said: object) -> None:
    body = InquiryAnswerBody.model_validate({"target": row.record.uid, "addressee": row.node[:3], **said})
    plain = terms(row.purpose, row.record.data["content"]["legal_basis"], DAYS, body)
    issue(by, ANSWER, read_content(ANSWER, plain, timezone.now()))


def open_received(by: Grant, pk: UUID) -> Received | None:
    """What a neighbour asked and what it was told, or None; who read it is in the ledger."""
    by.check(P.ANALYSIS_INQUIRY_READ)
    row = received(by).filter(pk=pk).first()
    if row is not None:
        with transaction.atomic():
            append("inquiry_read", by, str(row.record.uid), {"from": row.node})
    return row


def set_quota(by: Grant, node: str, a_day: int) -> None:
    """How many questions a neighbour is answered in a day; none (0) is an answer too. Raises Refused."""
    by.check(P.MATCHING_QUOTA_MANAGE)
    if node not in whom_to_ask():
        raise Refused(Fault("not_in_list", "node"))
    if not 0 <= a_day <= 10 * A_DAY:
        raise Refused(Fault("out_of_range", "a_day"))
    with transaction.atomic():
        Quota.objects.update_or_create(node=node, defaults={"a_day": a_day})
        append("inquiry_quota_set", by, node, {"a_day": a_day})


INQUIRY.projections.append(take_inquiry)
INQUIRY.retirements.append(end_received)
EACH_MINUTE += [answer_due, end_inquiries]
