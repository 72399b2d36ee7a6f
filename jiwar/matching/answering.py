"""What neighbours ask: within the quota this state answers by itself, and learns what matched from the result."""

import datetime as dt
import secrets
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.services import as_node
from jiwar.audit.services import append
from jiwar.matching import own_keys, worker
from jiwar.matching.kinds import (
    ANSWER,
    DAYS,
    REQUEST,
    RESULT,
    TOKEN_BYTES,
    AnswerBody,
    RequestBody,
    ResultBody,
    cut,
    join,
    token,
)
from jiwar.matching.logic import filters, oprf
from jiwar.matching.logic.key_types import SET_MOST, KeyType, Mode, a_day
from jiwar.matching.logic.keys import message
from jiwar.matching.models import Allowance, Arrived, Hit, Inquiry, MonthKey
from jiwar.matching.queries import allowed, asked_today, day_of
from jiwar.records.content import Content
from jiwar.records.services import Record, issue, read_content, terms
from jiwar.wire.faults import Fault, Refused

_KEPT = 32
"""Bytes of an output that the filter and the result need."""
S = Inquiry.State


def take_request(record: Record, content: Content) -> None:
    """A part of a question has come. The whole is due at once, or waits for an officer where this state wants that."""
    body = content.body
    assert isinstance(body, RequestBody)
    if record.node == settings.NODE.code or settings.NODE.role != "national":
        return
    now = timezone.now()
    inquiry, _ = Inquiry.objects.select_for_update().get_or_create(
        node=record.node,
        question=body.question,
        defaults={
            "key_type": body.key_type,
            "mode": body.mode,
            "purpose": record.purpose,
            "legal_basis": record.data["content"]["legal_basis"],
            "count": body.count,
            "received_at": now,
            "valid_until": record.valid_until,
        },
    )
    by = _by(inquiry)
    if code := _why_not(inquiry, record, body):
        append("match_part_ignored", by, str(body.question), {"from": record.node, "code": code})
        return
    Arrived.objects.create(record=record, question=body.question, node=record.node, answer=False, part=body.piece.part)
    if Arrived.objects.filter(question=body.question, node=record.node, answer=False).count() < body.piece.parts:
        return
    by_hand = Allowance.objects.filter(node=record.node, key_type=body.key_type, by_hand=True).exists()
    inquiry.state = S.WAITING if by_hand else S.DUE
    inquiry.save(update_fields=["state"])
    append("match_inquired", by, str(inquiry.pk), _said(inquiry))
    transaction.on_commit(worker.wake)


def _why_not(inquiry: Inquiry, record: Record, body: RequestBody) -> str:
    if body.addressee != settings.NODE.state or record.node != record.origin:
        return "match_not_for_us"
    if inquiry.state != S.ARRIVING:
        return "match_already_asked"
    asked = (inquiry.key_type, inquiry.mode, inquiry.count, inquiry.purpose)
    if asked != (body.key_type, body.mode, body.count, record.purpose):
        return "match_part_wrong"
    for other in Arrived.objects.filter(question=body.question, node=record.node, answer=False).select_related(
        "record"
    ):
        before = RequestBody.model_validate(other.record.body).piece
        if (before.sha256, before.parts) != (body.piece.sha256, body.piece.parts) or before.part == body.piece.part:
            return "match_part_wrong"
    return ""


# --- what the worker does with an inquiry -----------------------------------------------------------------------------


def answer(inquiry: Inquiry) -> None:
    """Evaluate what was asked and send it with the filter of this state's set; or refuse, and say until when."""
    used = asked_today(inquiry.node, inquiry.key_type, inquiry.mode)
    if used + inquiry.count > allowed(inquiry.node, inquiry.key_type, inquiry.mode):
        _refuse(inquiry, S.DUE, "match_quota")
        return
    held = own_keys.held(KeyType(inquiry.key_type), inquiry.purpose, inquiry.node[:3])
    if len(held) > SET_MOST:
        _refuse(inquiry, S.DUE, "match_set_too_large")
        return
    normals = sorted(held)
    key, month, seed, outputs = _outputs(inquiry, normals)
    try:
        evaluated, proof = key.evaluate(_elements(inquiry))
    except (oprf.AnswerWrong, ValueError):
        _refuse(inquiry, S.DUE, "match_elements_wrong")
        return
    data = key.public + proof + b"".join(evaluated) + filters.encode(outputs, seed)
    with transaction.atomic():
        inquiry = Inquiry.objects.select_for_update().get(pk=inquiry.pk)
        if inquiry.state != S.DUE:
            return
        for piece in cut(data):
            _send(inquiry, AnswerBody(question=inquiry.question, addressee=inquiry.node[:3], month=month, piece=piece))
        inquiry.state, inquiry.answered_at, inquiry.compared = S.ANSWERED, timezone.now(), len(normals)
        inquiry.tokens, inquiry.normals = b"".join(map(token, outputs)), "\n".join(normals)
        inquiry.save(update_fields=["state", "answered_at", "compared", "tokens", "normals"])
        append("match_inquiry_answered", _by(inquiry), str(inquiry.pk), _said(inquiry) | {"compared": len(normals)})


def _elements(inquiry: Inquiry) -> list[bytes]:
    """The blinded elements of all parts; raises ValueError when they are not what was announced."""
    arrived = Arrived.objects.filter(question=inquiry.question, node=inquiry.node, answer=False)
    pieces = [RequestBody.model_validate(each.record.body).piece for each in arrived.select_related("record")]
    data = join(pieces)
    if len(data) != inquiry.count * oprf.ELEMENT_BYTES:
        raise ValueError("match_elements_wrong")
    return oprf.split(data)


def _outputs(inquiry: Inquiry, normals: Sequence[str]) -> tuple[oprf.Key, str, bytes, list[bytes]]:
    """The key to answer with, its month, its seed, and what the function makes of own keys under it.

    Online the key is made here and kept nowhere. In bulk it serves for the month, and so does what it made before.
    """
    key_type, asker, own = KeyType(inquiry.key_type), inquiry.node[:3], settings.NODE.state
    if inquiry.mode == Mode.ONLINE:
        seed = secrets.token_bytes(oprf.SEED_BYTES)
        key = oprf.Key(seed)
        outputs = [o[:_KEPT] for o in key.outputs(message(key_type, asker, own, normal) for normal in normals)]
        return key, "", seed, outputs
    month = f"{timezone.now().astimezone(dt.UTC):%Y-%m}"
    row, _ = MonthKey.objects.get_or_create(
        node=inquiry.node, key_type=key_type, month=month, defaults={"seed": secrets.token_bytes(oprf.SEED_BYTES)}
    )
    seed = bytes(row.seed)
    key = oprf.Key(seed)
    known = dict(zip(row.normals.split("\n"), oprf.split(bytes(row.outputs), _KEPT), strict=False))
    missing = [normal for normal in normals if normal not in known]
    made = key.outputs(message(key_type, asker, own, normal) for normal in missing)
    known.update(zip(missing, (output[:_KEPT] for output in made), strict=True))
    outputs = [known[normal] for normal in normals]
    MonthKey.objects.filter(pk=row.pk).update(normals="\n".join(normals), outputs=b"".join(outputs))
    return key, month, seed, outputs


def _refuse(inquiry: Inquiry, expected: str, code: str, by: Grant | None = None) -> None:
    now = timezone.now()
    with transaction.atomic():
        inquiry = Inquiry.objects.select_for_update().get(pk=inquiry.pk)
        if inquiry.state != expected:
            return
        again_at = None
        if code == "match_quota" and inquiry.count <= allowed(inquiry.node, inquiry.key_type, inquiry.mode):
            again_at = day_of(now) + dt.timedelta(days=1)
        inquiry.state, inquiry.code, inquiry.again_at, inquiry.answered_at = S.REFUSED, code, again_at, now
        inquiry.decided_by = by.actor_id if by else ""
        inquiry.save(update_fields=["state", "code", "again_at", "answered_at", "decided_by"])
        _send(
            inquiry,
            AnswerBody(question=inquiry.question, addressee=inquiry.node[:3], refusal=code, again_at=again_at),
        )
        append("match_inquiry_refused", by or _by(inquiry), str(inquiry.pk), _said(inquiry) | {"code": code})


def _send(inquiry: Inquiry, body: AnswerBody) -> None:
    plain = terms(inquiry.purpose, inquiry.legal_basis, DAYS, body)
    issue(_by(inquiry), ANSWER, read_content(ANSWER, plain, timezone.now()))


# --- the result -------------------------------------------------------------------------------------------------------


def take_result(record: Record, content: Content) -> None:
    """The asker says what matched: its tokens are mapped to own keys, and then all are forgotten."""
    body = content.body
    assert isinstance(body, ResultBody)
    if record.node == settings.NODE.code:
        return
    inquiry = Inquiry.objects.select_for_update().filter(node=record.node, question=body.question).first()
    if inquiry is None or inquiry.state != S.ANSWERED or inquiry.hits is not None:
        detail = {"from": record.node, "code": "match_result_unknown"}
        append("match_part_ignored", as_node(_PASS, Purpose(record.purpose)), str(body.question), detail)
        return
    there = dict(zip(oprf.split(bytes(inquiry.tokens), TOKEN_BYTES), inquiry.normals.split("\n"), strict=False))
    told = oprf.split(body.plain, TOKEN_BYTES)
    normals = sorted({there[each] for each in told if each in there})
    Hit.objects.bulk_create(Hit(inquiry=inquiry, normal=normal) for normal in normals)
    inquiry.hits, inquiry.result_at, inquiry.tokens, inquiry.normals = len(normals), timezone.now(), b"", ""
    inquiry.save(update_fields=["hits", "result_at", "tokens", "normals"])
    # Tokens that stand for nothing here: the asker claims what it cannot have computed.
    detail = _said(inquiry) | {"hits": len(normals), "unknown": len(told) - len(normals)}
    append("match_result_taken", _by(inquiry), str(inquiry.pk), detail)
    if normals:
        transaction.on_commit(worker.wake)


def look_up(inquiry: Inquiry) -> None:
    """Find whose the keys are that matched; a list may be long, and a message in hand does not wait for that."""
    held = own_keys.held(KeyType(inquiry.key_type), inquiry.purpose, inquiry.node[:3])
    hits = list(inquiry.found.filter(owners__isnull=True))
    for hit in hits:
        hit.owners = held.get(hit.normal, [])
    Hit.objects.bulk_update(hits, ["owners"], batch_size=500)


# --- people -----------------------------------------------------------------------------------------------------------


def release(by: Grant, pk: UUID) -> None:
    """An officer lets a waiting inquiry be answered. The quota still holds."""
    with transaction.atomic():
        inquiry = _waiting(by, pk)
        inquiry.state, inquiry.decided_by = S.DUE, by.actor_id
        inquiry.save(update_fields=["state", "decided_by"])
        append("match_inquiry_released", by, str(pk), _said(inquiry))
        transaction.on_commit(worker.wake)


def decline(by: Grant, pk: UUID) -> None:
    """An officer refuses a waiting inquiry; the neighbour learns that, and no reason."""
    with transaction.atomic():
        _refuse(_waiting(by, pk), S.WAITING, "match_by_officer", by)


def set_allowance(by: Grant, node: str, key_type: KeyType, online: int, bulk: int, *, by_hand: bool) -> None:
    """How much a neighbour may ask in a day; nothing (0) is an answer too. Raises Refused."""
    by.check(Permission.MATCHING_QUOTA_MANAGE)
    faults = [
        Fault("out_of_range", f"{key_type}.{mode}")
        for mode, number in ((Mode.ONLINE, online), (Mode.BULK, bulk))
        if not 0 <= number <= 10 * max(1, a_day(key_type, mode))
    ]
    if faults:
        raise Refused(*faults)
    with transaction.atomic():
        wanted = {"online_a_day": online, "bulk_a_day": bulk, "by_hand": by_hand}
        Allowance.objects.update_or_create(node=node, key_type=key_type, defaults=wanted)
        append("match_quota_set", by, node, {"type": key_type} | wanted)


def _waiting(by: Grant, pk: UUID) -> Inquiry:
    by.check(Permission.MATCHING_REQUEST_ANSWER)
    inquiry = Inquiry.objects.select_for_update().filter(pk=pk, purpose=str(by.purpose)).first()
    if inquiry is None or inquiry.state != S.WAITING:
        raise Refused(Fault("match_not_waiting"))
    return inquiry


def expire_inquiries(now: dt.datetime) -> None:
    """Forget the tokens of answers whose result did not come, questions that did not come whole, and old keys."""
    Inquiry.objects.filter(state=S.ANSWERED, valid_until__lte=now, hits=None).exclude(normals="").update(
        tokens=b"", normals=""
    )
    for inquiry in Inquiry.objects.filter(state__in=[S.ARRIVING, S.WAITING], valid_until__lte=now):
        with transaction.atomic():
            Inquiry.objects.filter(pk=inquiry.pk).update(state=S.EXPIRED, code="match_expired")
            append("match_inquiry_expired", _by(inquiry), str(inquiry.pk), _said(inquiry))
    MonthKey.objects.filter(month__lt=f"{now.astimezone(dt.UTC):%Y-%m}").delete()


def _said(inquiry: Inquiry) -> dict[str, object]:
    """What the ledger keeps of an inquiry: never a key."""
    return {
        "from": inquiry.node,
        "question": str(inquiry.question),
        "type": inquiry.key_type,
        "mode": inquiry.mode,
        "count": inquiry.count,
    }


def _by(inquiry: Inquiry) -> Grant:
    return as_node(Permission.MATCHING_REQUEST_ANSWER, Purpose(inquiry.purpose))


_PASS = Permission.EXCHANGE_MESSAGE_PASS
REQUEST.projections.append(take_request)
RESULT.projections.append(take_result)
