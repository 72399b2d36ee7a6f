"""What this state asks: a question is asked, its answer taken in and believed only when proved, its result told."""

import datetime as dt
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.services import as_node
from jiwar.agreements.queries import may_receive, may_send
from jiwar.audit.services import append
from jiwar.matching import own_keys, worker
from jiwar.matching.kinds import (
    ANSWER,
    DAYS,
    REQUEST,
    RESULT,
    AnswerBody,
    Part,
    RequestBody,
    ResultBody,
    cut,
    encoded,
    join,
    token,
)
from jiwar.matching.lists import read_keys
from jiwar.matching.logic import filters, oprf
from jiwar.matching.logic.key_types import RULES, KeyType, Mode, most
from jiwar.matching.logic.keys import message
from jiwar.matching.models import Arrived, Element, Hit, KeyList, Question, SeenKey
from jiwar.matching.own_keys import Keys
from jiwar.matching.queries import whom_to_ask
from jiwar.records.content import Content
from jiwar.records.services import Record, issue, read_content, terms
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.ids import uuid7

A_DAY = 200
"""Most questions of one actor in a day."""
LEAST_REASON = 10
S = Question.State


@dataclass(frozen=True, slots=True)
class Asked:
    """What an officer fills in. Exactly one source: the watchlist, a list, or keys that she types or sends."""

    node: str
    key_type: KeyType
    mode: Mode
    legal_basis: str
    reason: str = ""
    watchlist: bool = False
    key_list: UUID | None = None
    typed: bytes = b""


def ask(by: Grant, asked: Asked) -> Question:
    """Ask a neighbour which of these keys it holds too. Raises Refused with everything that is missing or not allowed.

    The keys stay here; what leaves is blinded, and says how many there are, of which type, for which purpose.
    """
    by.check(Permission.MATCHING_REQUEST_MAKE)
    now = timezone.now()
    faults = [*_faults_of_form(by, asked, now), *_faults_of_way(by, asked.node, now)]
    keys: Keys = {}
    try:
        keys = _keys(by, asked)
    except Refused as refused:
        faults += refused.faults
    if faults:
        raise Refused(*faults)
    if not keys:
        raise Refused(Fault("match_nothing_to_ask", "source"))
    if len(keys) > most(asked.mode):
        raise Refused(Fault("too_many_keys", "source", str(most(asked.mode))))
    source = "watchlist" if asked.watchlist else "list" if asked.key_list else "typed"
    with transaction.atomic():
        question = Question.objects.create(
            id=uuid7(now),
            node=asked.node,
            key_type=asked.key_type,
            mode=asked.mode,
            purpose=str(by.purpose),
            legal_basis=asked.legal_basis.strip(),
            case=by.case,
            source=source,
            count=len(keys),
            asked_by=by.actor_id,
            asked_at=now,
            valid_until=now + dt.timedelta(days=DAYS),
        )
        # Sorted: the order of the elements says nothing about the order of a list.
        Element.objects.bulk_create(
            (
                Element(question=question, position=position, normal=normal, owners=keys[normal])
                for position, normal in enumerate(sorted(keys))
            ),
            batch_size=1000,
        )
        detail = {"to": asked.node, "type": asked.key_type, "mode": asked.mode, "count": len(keys), "source": source}
        append("match_asked", by, str(question.pk), detail | ({"reason": asked.reason} if asked.reason else {}))
        transaction.on_commit(worker.wake)
    return question


def _faults_of_form(by: Grant, asked: Asked, now: dt.datetime) -> Iterator[Fault]:
    if asked.mode not in RULES[asked.key_type].modes:
        yield Fault("match_online_only", "mode")
    if not asked.legal_basis.strip():
        yield Fault("missing", "legal_basis")
    elif len(asked.legal_basis) > 200:
        yield Fault("too_long", "legal_basis")
    if not by.case:
        yield Fault("case_missing", "case")
    if len(asked.reason) > 200:
        yield Fault("too_long", "reason")
    elif asked.mode is Mode.BULK and sum(c.isalpha() for c in asked.reason) < LEAST_REASON:
        yield Fault("reason_missing", "reason")
    if Question.objects.filter(asked_by=by.actor_id, asked_at__gt=now - dt.timedelta(days=1)).count() >= A_DAY:
        yield Fault("too_many_searches", "", str(A_DAY))


def _faults_of_way(by: Grant, node: str, now: dt.datetime) -> Iterator[Fault]:
    """Whether this node may ask that one: a question that no answer could come to is not asked."""
    if settings.NODE.role != "national":
        yield Fault("not_the_national_node")
    elif node not in whom_to_ask():
        yield Fault("not_in_list", "node")
    else:
        purpose, state = str(by.purpose), node[:3]
        verdicts = [may_send(kind.name, purpose, state, now) for kind in (REQUEST, RESULT)]
        verdicts.append(may_receive(ANSWER.name, purpose, state, now))
        if closed := next((verdict for verdict in verdicts if not verdict.open), None):
            yield Fault(closed.code, "node", closed.agreement)


def _keys(by: Grant, asked: Asked) -> Keys:
    state, purpose = asked.node[:3], str(by.purpose)
    if [asked.watchlist, asked.key_list is not None, bool(asked.typed)].count(True) != 1:
        raise Refused(Fault("missing", "source"))
    if asked.watchlist:
        if asked.key_type not in own_keys.OF_WATCHLIST:
            raise Refused(Fault("match_not_on_watchlist", "source"))
        return own_keys.of_watchlist(asked.key_type, purpose, state)
    if asked.key_list is not None:
        today = timezone.now().date()
        lists = KeyList.objects.filter(key_type=asked.key_type, purpose=purpose, valid_until__gte=today)
        found = lists.filter(pk=asked.key_list).first()
        if found is None:
            raise Refused(Fault("not_in_list", "source"))
        return own_keys.of_list(found, state)
    typed: Keys = {}
    for line in read_keys(asked.typed, asked.key_type, most(asked.mode)):
        for normal in line.keys:
            typed.setdefault(normal, []).append({"reference": line.reference})
    return own_keys.without_shielded(asked.key_type, typed, state)


# --- what the worker does with a question -----------------------------------------------------------------------------


def prepare(question: Question) -> None:
    """Blind the elements of a question and send them."""
    elements = list(question.elements.all())
    seed = secrets.token_bytes(oprf.SEED_BYTES)
    blinded = oprf.blind(seed, _messages(question, elements))
    by = _by(question)
    with transaction.atomic():
        question = Question.objects.select_for_update().get(pk=question.pk)
        if question.state != S.PREPARING:
            return
        for element, sent in zip(elements, blinded, strict=True):
            element.blinded = sent
        Element.objects.bulk_update(elements, ["blinded"], batch_size=500)
        question.seed, question.state = seed, S.ASKED
        question.save(update_fields=["seed", "state"])
        for piece in cut(b"".join(blinded)):
            body = RequestBody(
                question=question.pk,
                addressee=question.node[:3],
                key_type=KeyType(question.key_type),
                mode=Mode(question.mode),
                count=question.count,
                piece=piece,
            )
            days = max(1, (question.valid_until - timezone.now()).days)
            plain = terms(question.purpose, question.legal_basis, days, body)
            issue(by, REQUEST, read_content(REQUEST, plain, timezone.now()))


def take_answer(record: Record, content: Content) -> None:
    """A part of an answer has come: nothing is believed yet. What answers no question of ours is left, and noted."""
    body = content.body
    assert isinstance(body, AnswerBody)
    if record.node == settings.NODE.code:
        return
    question = Question.objects.select_for_update().filter(pk=body.question, node=record.node).first()
    if code := _why_not(question, record, body):
        append("match_part_ignored", _by_node(record), str(body.question), {"from": record.node, "code": code})
        return
    assert question is not None
    if body.refusal is not None:
        _end(question, S.REFUSED, body.refusal, again_at=body.again_at)
        detail = {"from": record.node, "code": body.refusal, "again_at": str(body.again_at or "")}
        append("match_refused", _by_node(record), str(question.pk), detail)
        return
    assert body.piece is not None
    Arrived.objects.create(record=record, question=question.pk, node=record.node, answer=True, part=body.piece.part)
    if Arrived.objects.filter(question=question.pk, node=record.node, answer=True).count() == body.piece.parts:
        question.state = S.ARRIVED
        question.save(update_fields=["state"])
        transaction.on_commit(worker.wake)


def _why_not(question: Question | None, record: Record, body: AnswerBody) -> str:
    if question is None or body.addressee != settings.NODE.state or record.purpose != question.purpose:
        return "match_question_unknown"
    if question.state != S.ASKED:
        return "match_already_answered"
    if body.piece is not None:
        others = Arrived.objects.filter(question=question.pk, node=record.node, answer=True).select_related("record")
        for other in others:
            before = AnswerBody.model_validate(other.record.body)
            assert before.piece is not None
            same = (before.piece.sha256, before.piece.parts, before.month) == (
                body.piece.sha256,
                body.piece.parts,
                body.month,
            )
            if not same or other.part == body.piece.part:
                return "match_part_wrong"
    return ""


def finish(question: Question) -> None:
    """Verify a whole answer; keep what matched and tell the neighbour, or end with what is wrong with it."""
    arrived = list(
        Arrived.objects.filter(question=question.pk, node=question.node, answer=True).select_related("record")
    )
    elements = list(question.elements.all())
    bodies = [AnswerBody.model_validate(each.record.body) for each in arrived]
    record, month = arrived[0].record, bodies[0].month
    try:
        public, outputs, held = _open(question, elements, [body.piece for body in bodies if body.piece])
        _check_month(question, month, record)
    except _Wrong as wrong:
        _fail(question, arrived, wrong.code)
        return
    found = [(element, output) for element, output, hit in zip(elements, outputs, held, strict=True) if hit]
    by = _by(question)
    with transaction.atomic():
        question = Question.objects.select_for_update().get(pk=question.pk)
        if question.state != S.ARRIVED:
            return
        if code := _commit_key(question, month, public, record):
            _fail(question, arrived, code)
            return
        Hit.objects.bulk_create(
            Hit(question=question, normal=element.normal, owners=element.owners) for element, _ in found
        )
        tokens = sorted(token(output) for _, output in found)
        body = ResultBody(
            question=question.pk, addressee=question.node[:3], hits=len(found), tokens=encoded(b"".join(tokens))
        )
        plain = terms(question.purpose, question.legal_basis, DAYS, body)
        issue(by, RESULT, read_content(RESULT, plain, timezone.now()))
        _end(question, S.ANSWERED, hits=len(found))
        detail = {"from": question.node, "type": question.key_type, "count": question.count, "hits": len(found)}
        append("match_answered", by, str(question.pk), detail)


class _Wrong(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _open(
    question: Question, elements: Sequence[Element], pieces: Sequence[Part]
) -> tuple[bytes, list[bytes], list[bool]]:
    """Public key, outputs, and which of them the filter holds; raises _Wrong."""
    proof = oprf.ELEMENT_BYTES + oprf.PROOF_BYTES
    head = proof + oprf.ELEMENT_BYTES * len(elements)
    try:
        data = join(pieces)
        public, evaluated = data[: oprf.ELEMENT_BYTES], oprf.split(data[proof:head])
        outputs = oprf.finish(
            bytes(question.seed or b""),
            _messages(question, elements),
            [bytes(element.blinded) for element in elements],
            evaluated,
            data[oprf.ELEMENT_BYTES : proof],
            public,
        )
        return public, outputs, filters.holds(data[head:], outputs)
    except oprf.AnswerWrong as wrong:
        raise _Wrong(f"match_{wrong.code}") from None
    except filters.FilterInvalid:
        raise _Wrong("match_filter_wrong") from None
    except ValueError:
        raise _Wrong("match_part_wrong") from None


def _check_month(question: Question, month: str, record: Record) -> None:
    expected = f"{record.issued_at.astimezone(dt.UTC):%Y-%m}" if question.mode == Mode.BULK else ""
    if month != expected:
        raise _Wrong("match_month_wrong")


def _commit_key(question: Question, month: str, public: bytes, record: Record) -> str:
    """Remember the neighbour's public key; a code when it uses another one than before, or one a second time."""
    known = SeenKey.objects.filter(node=question.node)
    if month:
        there = known.filter(key_type=question.key_type, month=month).first()
        if there is not None:
            return "" if there.public_key == public.hex() else "match_key_changed"
    if known.filter(public_key=public.hex()).exists():
        return "match_key_reused"
    SeenKey.objects.create(
        node=question.node, key_type=question.key_type, month=month, public_key=public.hex(), record=record
    )
    return ""


def _fail(question: Question, arrived: Sequence[Arrived], code: str) -> None:
    """The answer is not believed; what proves it are the records, whose hashes go into the ledger."""
    with transaction.atomic():
        question = Question.objects.select_for_update().get(pk=question.pk)
        if question.state != S.ARRIVED:
            return
        _end(question, S.FAILED, code)
        hashes = [each.record.hash for each in arrived]
        detail = {"from": question.node, "code": code, "evidence": hashes}
        append("match_answer_disbelieved", _by(question), str(question.pk), detail)


def expire_questions(now: dt.datetime) -> None:
    """End questions that nobody answered in time."""
    for question in Question.objects.filter(state__in=[S.PREPARING, S.ASKED], valid_until__lte=now):
        with transaction.atomic():
            _end(question, S.EXPIRED, "match_expired")
            append("match_expired", _by(question), str(question.pk), {"to": question.node})


def _end(
    question: Question,
    state: str,
    code: str = "",
    *,
    hits: int | None = None,
    again_at: dt.datetime | None = None,
) -> None:
    """Nothing stays of the keys that did not match, and the blinds are gone: the elements sent say nothing for ever."""
    question.elements.all().delete()
    question.state, question.code, question.hits, question.again_at = state, code, hits, again_at
    question.seed, question.ended_at = None, timezone.now()
    question.save(update_fields=["state", "code", "hits", "again_at", "seed", "ended_at"])


def _messages(question: Question, elements: Sequence[Element]) -> list[bytes]:
    own, other = settings.NODE.state, question.node[:3]
    return [message(KeyType(question.key_type), own, other, element.normal) for element in elements]


def _by(question: Question) -> Grant:
    return as_node(Permission.MATCHING_REQUEST_MAKE, Purpose(question.purpose))


def _by_node(record: Record) -> Grant:
    return as_node(Permission.EXCHANGE_MESSAGE_PASS, Purpose(record.purpose))


ANSWER.projections.append(take_answer)
