"""What happens in this room when a letter, or the word on one, is stored or ends."""

import datetime as dt

from django.conf import settings
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.services import as_node
from jiwar.agreements.queries import Open, facts_of, may_receive, may_send
from jiwar.exchange.attached import carry
from jiwar.records.content import Content
from jiwar.records.services import Record, issue, read_content, terms
from jiwar.requests import queries
from jiwar.requests.kinds import FINAL, LETTER, PROGRESS, LetterBody, ProgressBody, Step, rules
from jiwar.requests.logic import clock
from jiwar.requests.models import Addressee, Letter
from jiwar.wire.faults import Fault, Refused


def tell(letter: Letter, step: Step, at: dt.datetime) -> None:
    """Tell the sender of a received letter how far it has come with us; each step once, in the caller's transaction."""
    own = Addressee.objects.filter(letter=letter, state=settings.NODE.state, **{f"{step}_at": None})
    if letter.origin == settings.NODE.state or not own.exists():
        return
    record = letter.record
    body = {"target": str(letter.uid), "step": step, "at": at.isoformat()}
    plain = terms(record.purpose, record.data["content"]["legal_basis"], PROGRESS.longest.days, body, tlp="GREEN")
    by = as_node(Permission.REQUESTS_LETTER_READ, Purpose(record.purpose))
    issue(by, PROGRESS, read_content(PROGRESS, plain, timezone.now()))


def _store_letter(record: Record, content: Content) -> None:
    body = content.body
    assert isinstance(body, LetterBody)
    received = record.origin != settings.NODE.state
    if record.node != record.origin:
        raise Refused(Fault("not_the_national_node", "node", record.node))
    if received and settings.NODE.state not in body.to:
        raise Refused(Fault("not_addressed", "content.body.to"))
    if faults := rules(body):
        raise Refused(*(Fault(fault.code, f"content.{fault.field}", fault.detail) for fault in faults))
    if body.target:
        _count_answer(record, body)
    letter, _ = Letter.objects.update_or_create(
        uid=record.uid,
        defaults={
            "record": record,
            "origin": record.origin,
            "flow": body.flow,
            "subject": body.subject,
            "issued_at": record.issued_at,
            "target": body.target,
            "answer": body.answer or "",
        },
    )
    for state in body.to:
        Addressee.objects.update_or_create(letter=letter, state=state, defaults=_times(record, body, state))
    if received:
        tell(letter, "received", timezone.now())


def _times(record: Record, body: LetterBody, state: str) -> dict[str, dt.datetime | None]:
    """When half of a state's time to answer is gone, and all of it."""
    due_at = _due(record, body, state)
    return {"due_at": due_at, "half_at": clock.half_of(record.issued_at, due_at) if due_at else None}


def _due(record: Record, body: LetterBody, state: str) -> dt.datetime | None:
    """When a state is to answer: as the letter says, else as the agreement does that opens its way."""
    own = settings.NODE.state
    stated = clock.due(record.issued_at, body.urgency, body.answer_by)
    if stated or body.target or own not in {record.origin, state}:
        return stated
    facts = facts_of(record.data, record.origin)
    if record.origin == own:
        verdict = may_send(record.kind, record.purpose, state, timezone.now(), **facts)
    else:
        verdict = may_receive(record.kind, record.purpose, record.origin, timezone.now(), **facts)
    hours = verdict.answer_within_hours if isinstance(verdict, Open) else None
    return record.issued_at + dt.timedelta(hours=hours) if hours else None


def _count_answer(record: Record, body: LetterBody) -> None:
    """An answer stops the clock of its sender, if it is one that says all; raises Refused where it answers wrongly.

    An answer to a letter that is held here no longer is a letter like any other.
    """
    asked = queries.letter(body.target) if body.target else None
    if asked is None:
        return
    row = asked.addressees.filter(state=record.origin).first()
    if row is None or asked.origin not in body.to:
        raise Refused(Fault("answers_nothing", "content.body.target"))
    if asked.flow != body.flow:
        raise Refused(Fault("flow_differs", "content.body.flow", asked.flow))
    row.answer = str(body.answer)
    if body.answer in FINAL:
        tell(asked, "answered", record.issued_at)
        row.answered_at = row.answered_at or record.issued_at
    row.save(update_fields=["answer", "answered_at"])


def _end_letter(record: Record) -> None:
    """Nothing is read of it any longer; an answer that was taken back answers nothing."""
    Letter.objects.filter(record=record).update(subject="")
    letter = Letter.objects.filter(record=record).first()
    if letter is None or letter.target is None or record.state != Record.State.WITHDRAWN:
        return
    others = Letter.objects.filter(target=letter.target, origin=letter.origin, record__state="in_force")
    if not others.filter(answer__in=FINAL).exists():
        newest = others.order_by("-issued_at").first()
        Addressee.objects.filter(letter__uid=letter.target, state=letter.origin).update(
            answered_at=None, answer=newest.answer if newest else ""
        )


def _store_progress(record: Record, content: Content) -> None:
    body = content.body
    assert isinstance(body, ProgressBody)
    own = settings.NODE.state
    letter = Letter.objects.filter(uid=body.target).first()
    row = letter.addressees.filter(state=record.origin).first() if letter else None
    if letter is None or row is None or record.node != record.origin or own not in {record.origin, letter.origin}:
        raise Refused(Fault("letter_unknown", "content.body.target"))
    field = f"{body.step}_at"
    if getattr(row, field) is None:
        setattr(row, field, min(body.at, record.issued_at))
        row.save(update_fields=[field])
    if letter.origin == own and row.due_at is None:
        # The clause that opened its way came later than the letter: the addressee's clock runs by it, and so does ours.
        told = LETTER.content.model_validate(letter.record.data["content"]).body
        assert isinstance(told, LetterBody)
        Addressee.objects.filter(pk=row.pk).update(**_times(letter.record, told, row.state))


def _to_the_sender(content: Content) -> tuple[str, ...]:
    assert isinstance(content.body, ProgressBody)
    letter = Letter.objects.filter(uid=content.body.target).first()
    return (letter.origin,) if letter and letter.origin != settings.NODE.state else ()


LETTER.projections.append(_store_letter)
LETTER.retirements.append(_end_letter)
carry(LETTER)
PROGRESS.addressees = _to_the_sender
PROGRESS.projections.append(_store_progress)
