"""Departure, arrival, receipt: the three transactions of the exchange."""

import datetime as dt
import hashlib
import logging
from dataclasses import dataclass, field

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import AccessRefused, Grant
from jiwar.access.services import as_node
from jiwar.agreements.queries import may_receive
from jiwar.audit.services import append
from jiwar.exchange import routing
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import receipt as receipts
from jiwar.exchange.logic.envelope import EnvelopeInvalid
from jiwar.exchange.logic.receipt import Receipt, ReceiptInvalid
from jiwar.exchange.models import Incoming, Link, Outgoing, Stream
from jiwar.identity.keys import ring
from jiwar.identity.queries import KeyRefused, neighbours, sealing_key, signing_key
from jiwar.records.arrivals import receive
from jiwar.records.kinds import KINDS, WITHDRAWAL
from jiwar.records.services import Record
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.ids import uuid7
from jiwar.wire.strict_json import JsonRefused, parse

BATCH = 100
BATCH_BYTES = 1_500_000
KEPT_FOR = dt.timedelta(days=365)
"""How long an envelope may be on its way: a post may be silent for weeks, a memory stick be found after months."""

_BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)
log = logging.getLogger(__name__)


# --- departure --------------------------------------------------------------------------------------------------------


def depart(node: str) -> list[Outgoing]:
    """Seal what may leave for a node now, and return every sealed envelope that has no receipt yet, in order.

    Policy is asked again at this moment: an agreement that was suspended after the record was queued holds it back.
    """
    with transaction.atomic():
        stream, _ = Stream.objects.select_for_update().get_or_create(
            node=node, incoming=False, defaults={"head": envelopes.FIRST}
        )
        queued = Outgoing.objects.filter(node=node, state=Outgoing.State.QUEUED).select_related("record")
        changed = []
        for row in queued.order_by("-urgent", "id")[:BATCH]:
            if _may_leave(row):
                _seal(row, stream)
            changed.append(row)
        fields = ["state", "reason", "agreement", "clause", "seq", "hash", "envelope"]
        if changed:
            Outgoing.objects.bulk_update(changed, fields)
            stream.save(update_fields=["seq", "head"])
    return sealed(node)


def sealed(node: str) -> list[Outgoing]:
    """Envelopes on their way to a node, oldest first: at most BATCH of them and BATCH_BYTES together."""
    rows: list[Outgoing] = []
    size = 0
    for row in Outgoing.objects.filter(node=node, state=Outgoing.State.SEALED).order_by("seq")[:BATCH]:
        size += len(row.envelope)
        if rows and size > BATCH_BYTES:
            break
        rows.append(row)
    return rows


def _may_leave(row: Outgoing) -> bool:
    record = row.record
    if record.state != Record.State.IN_FORCE and record.kind != WITHDRAWAL.name:
        row.state, row.reason = Outgoing.State.NOT_SENT, record.state
        return False
    if row.node[:3] != settings.NODE.state:
        verdict = routing.policy(record, KINDS[record.kind, record.kind_version], row.node)
        if not verdict.open:
            row.state, row.reason = Outgoing.State.HELD, verdict.code
            row.agreement, row.clause = verdict.agreement, verdict.clause
            append(
                "message_held", _BY, str(record.uid), {"to": row.node, "reason": row.reason, "agreement": row.agreement}
            )
            return False
        row.agreement, row.clause = verdict.agreement, verdict.clause
    return True


def _seal(row: Outgoing, stream: Stream) -> None:
    now = timezone.now()
    key = ring(settings.KEYS).signing[0]
    sealing, public = sealing_key(row.node)
    data = envelopes.seal(
        envelopes.Header(uuid7(now), settings.NODE.code, row.node, stream.seq + 1, stream.head, now + KEPT_FOR),
        {
            "type": "record",
            "statement": row.record.statement,
            "key": row.record.signing_key,
            "signature": row.record.signature,
            **({"cosignature": row.record.cosignature} if row.record.cosignature else {}),
            "agreement": row.agreement,
            "clause": row.clause,
        },
        sealing_key=sealing,
        sealing_public=public,
        signing_key=key.id,
        signing_private=key.private,
    )
    stream.seq, stream.head = stream.seq + 1, envelopes.hash_of(data)
    row.state, row.reason, row.seq, row.hash, row.envelope = Outgoing.State.SEALED, "", stream.seq, stream.head, data
    append(
        "message_sealed",
        _BY,
        str(row.record.uid),
        {"to": row.node, "seq": row.seq, "hash": row.hash, "clause": row.clause},
    )


def release() -> int:
    """Queue again what was held until its agreement starts and may leave now. Returns how many messages."""
    with transaction.atomic():
        held = Outgoing.objects.filter(state=Outgoing.State.HELD, reason="not_yet_in_force").select_related("record")
        free = [
            row.pk
            for row in held
            if routing.policy(row.record, KINDS[row.record.kind, row.record.kind_version], row.node).open
        ]
        return Outgoing.objects.filter(pk__in=free).update(state=Outgoing.State.QUEUED)


def rewind(node: str, expected: int) -> int:
    """A recipient that was restored from an old copy asks for what it had before: send it again from `expected` on.

    Returns how many messages are on their way again.
    """
    with transaction.atomic():
        again = Outgoing.objects.filter(node=node, seq__gte=expected).exclude(state=Outgoing.State.SEALED)
        count = again.update(state=Outgoing.State.SEALED)
        if count:
            append("stream_rewound", _BY, node, {"expected": expected, "messages": count})
    return count


# --- arrival ----------------------------------------------------------------------------------------------------------


class Rejected(Exception):
    """An envelope that was not taken: nothing was written but a ledger leaf. `code` says why."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


@dataclass(slots=True)
class Taken:
    """What became of a batch: receipts in its order, the next number expected, and why it stopped early, if it did."""

    receipts: list[str] = field(default_factory=list)
    expected: int = 1
    problem: Rejected | None = None


def take(sender: str, batch: list[bytes]) -> Taken:
    """Take envelopes of one sender in their order, all in one transaction; receipts may be given when this returns.

    An envelope that was taken before gets the receipt that it got before. One that cannot be believed (or leaves a gap)
    stops the batch; one that is genuine and not acceptable is answered with a receipt that says `refused` and why.
    """
    taken = Taken()
    with transaction.atomic():
        stream, _ = Stream.objects.select_for_update().get_or_create(
            node=sender, incoming=True, defaults={"head": envelopes.FIRST}
        )
        if not neighbours().filter(code=sender).exists():
            batch, taken.problem = [], Rejected("sender_unknown", sender)
        for data in batch:
            try:
                with transaction.atomic():
                    taken.receipts.append(_take(sender, stream, data))
            except Rejected as rejected:
                taken.problem = rejected
            except OperationalError:
                raise
            except Exception as error:  # noqa: BLE001
                # Our fault, not the sender's: what came before it stands, and this one is asked for again.
                log.error("exchange: a message of %s failed: %s", sender, where(error))  # noqa: TRY400 - no content
                taken.problem = Rejected("internal_error")
            if taken.problem:
                detail = {"code": taken.problem.code, "hash": hashlib.sha256(data).hexdigest()}
                append("message_rejected", _BY, sender, detail)
                break
        stream.save(update_fields=["seq", "head"])
        taken.expected = stream.seq + 1
    return taken


def _take(sender: str, stream: Stream, data: bytes) -> str:
    now = timezone.now()
    try:
        envelope = envelopes.read(data)
        if envelope.header.sender != sender:
            raise Rejected("sender_unknown", envelope.header.sender)
        public = signing_key(sender, envelope.signing_key)
        envelopes.verify(envelope, public, settings.NODE.code, now)
    except KeyRefused as refused:
        raise Rejected(refused.code, refused.key) from None
    except EnvelopeInvalid as invalid:
        raise Rejected(invalid.code, invalid.detail) from None
    seq = envelope.header.seq
    if seq <= stream.seq:
        before = Incoming.objects.filter(node=sender, seq=seq).first()
        if before is None or before.hash != envelope.hash:
            raise Rejected("sequence_reused", str(seq))
        return before.receipt
    if seq != stream.seq + 1:
        raise Rejected("sequence_gap", str(stream.seq + 1))
    if envelope.header.prev != stream.head:
        raise Rejected("chain_broken", str(seq))
    private = next((k for k in ring(settings.KEYS).sealing if k.id == envelope.sealing_key), None)
    if private is None:
        raise Rejected("sealing_key_unknown", envelope.sealing_key)
    try:
        payload = envelopes.unseal(envelope, private.private)
    except EnvelopeInvalid as invalid:
        raise Rejected(invalid.code, invalid.detail) from None
    record, status, code, detail = _apply(sender, payload)
    leaf = append(
        "message_taken" if status != "refused" else "message_refused",
        _BY,
        str(record.uid) if record else str(envelope.header.id),
        {"from": sender, "seq": seq, "hash": envelope.hash, "code": code},
    )
    key = ring(settings.KEYS).signing[0]
    text = receipts.sign(
        Receipt(sender, settings.NODE.code, seq, envelope.hash, status, code, detail, now.isoformat(), leaf.index),
        key.id,
        key.private,
    )
    Incoming.objects.create(
        node=sender, seq=seq, hash=envelope.hash, record=record, status=status, code=code, receipt=text
    )
    stream.seq, stream.head = seq, envelope.hash
    return text


def _apply(sender: str, payload: dict[str, object]) -> tuple[Record | None, str, str, str]:
    """The business effect of a payload: record, receipt status, code, detail."""
    try:
        with transaction.atomic():
            statement = _statement(payload)
            _check_policy(sender, statement)
            signatures = str(payload["key"]), str(payload["signature"])
            record = receive(_BY, statement, *signatures, sender, str(payload.get("cosignature", "")))
    except Refused as refused:
        fault = refused.faults[0]
        return None, "refused", fault.code, f"{fault.field} {fault.detail}".strip()[:300]
    kept = record.state == Record.State.NOT_UNDERSTOOD
    return record, ("kept" if kept else "applied"), ("not_understood" if kept else ""), ""


def _statement(payload: dict[str, object]) -> bytes:
    if payload.get("type") != "record":
        raise Refused(Fault("payload_unknown", "type", str(payload.get("type"))[:40]))
    if not all(isinstance(payload.get(name), str) for name in ("statement", "key", "signature")):
        raise Refused(Fault("wrong_form", "payload"))
    return str(payload["statement"]).encode()


def _check_policy(sender: str, statement: bytes) -> None:
    """The recipient asks the same agreements as the sender did, and takes a state's word from that state alone."""
    try:
        data = parse(statement)
        origin, node = data["origin"], data["node"]  # type: ignore[index]
        kind = KINDS.get((data["kind"], data["kind_version"]))  # type: ignore[index]
        name, purpose = str(data["kind"]), str(data["content"]["purpose"])  # type: ignore[index]
    except (JsonRefused, KeyError, TypeError):
        raise Refused(Fault("wrong_form", "statement")) from None
    if sender[:3] == settings.NODE.state:
        # A post hears the world through its national node; a national node hears a post about that post alone.
        if settings.NODE.role == "national" and node != sender:
            raise Refused(Fault("not_the_origin", "node", str(node)[:30]))
        return
    if origin != sender[:3]:
        raise Refused(Fault("onward_not_allowed", "origin", str(origin)[:3]))
    if kind is not None and kind.instrument:
        return
    verdict = may_receive(name, purpose, sender[:3], timezone.now())
    if not verdict.open:
        raise Refused(Fault(verdict.code, "agreement", verdict.agreement))


# --- receipts and links -----------------------------------------------------------------------------------------------


def settle(node: str, texts: list[str]) -> int:
    """Verify receipts and close their messages; raises ReceiptInvalid or KeyRefused. Returns how many."""
    count = 0
    with transaction.atomic():
        for text in texts:
            receipt, key, signature, signed = receipts.read(text)
            receipts.verify(signed, signature, signing_key(node, key))
            row = Outgoing.objects.select_for_update().filter(node=node, seq=receipt.seq).first()
            if (
                receipt.recipient != node
                or receipt.sender != settings.NODE.code
                or row is None
                or row.hash != receipt.hash
            ):
                raise ReceiptInvalid("receipt_of_other")
            if row.state != Outgoing.State.SEALED:
                continue
            row.state = Outgoing.State.REFUSED if receipt.status == "refused" else Outgoing.State.ACKNOWLEDGED
            row.receipt, row.receipt_status, row.reason = text, receipt.status, receipt.code
            row.acknowledged_at = timezone.now()
            row.save(update_fields=["state", "receipt", "receipt_status", "reason", "acknowledged_at"])
            append(
                "message_acknowledged",
                _BY,
                str(Record.objects.values_list("uid", flat=True).get(pk=row.record_id)),
                {
                    "from": node,
                    "seq": row.seq,
                    "hash": row.hash,
                    "status": receipt.status,
                    "code": receipt.code,
                    "ledger": receipt.ledger,
                },
            )
            count += 1
    return count


def heard(node: str, clock: dt.datetime | None) -> None:
    """A node reached us: note it, and try at once to reach it again."""
    now = timezone.now()
    difference = (clock - now).total_seconds() if clock else None
    Link.objects.update_or_create(
        node=node, defaults={"heard_at": now, "clock_difference": difference, "next_attempt_at": None}
    )


def reached(node: str, clock: dt.datetime | None) -> None:
    """We reached a node."""
    now = timezone.now()
    difference = (clock - now).total_seconds() if clock else None
    Link.objects.update_or_create(
        node=node,
        defaults={
            "reached_at": now,
            "failures": 0,
            "failure": "",
            "next_attempt_at": None,
            "clock_difference": difference,
        },
    )


def missed(node: str, code: str, detail: str = "") -> None:
    """We did not reach a node: wait longer each time, a minute at most; its next word to us ends the wait.

    `code` is of the words group `link_failure`.
    """
    now = timezone.now()
    with transaction.atomic():
        link, _ = Link.objects.select_for_update().get_or_create(node=node)
        link.failures += 1
        link.failed_at, link.failure = now, f"{code} {detail}".strip()[:200]
        link.next_attempt_at = now + dt.timedelta(seconds=min(60, 2 ** min(link.failures, 6)))
        link.save()


def retry(by: Grant, node: str) -> None:
    """An officer asks to try now: the courier goes at its next round, whatever it waited for."""
    if by.permission != Permission.EXCHANGE_LINK_RETRY:
        raise AccessRefused("permission_missing", Permission.EXCHANGE_LINK_RETRY, by.actor_id)
    with transaction.atomic():
        Link.objects.filter(node=node).update(next_attempt_at=None)
        append("link_retried", by, node)


def where(error: BaseException) -> str:
    """Type and place of an error, without its text, which may quote a message: for the log."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {place}"
