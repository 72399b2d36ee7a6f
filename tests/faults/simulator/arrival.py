"""What a simulated node takes and makes receipts for: the steps of `jiwar.exchange.arrival` on its disk."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import message as messages
from jiwar.exchange.logic import receipt as receipts
from jiwar.exchange.logic import streams
from jiwar.exchange.logic.envelope import Envelope, EnvelopeInvalid
from jiwar.exchange.logic.hello import Problem, Sent
from jiwar.exchange.logic.message import Message, MessageUnknown
from jiwar.exchange.logic.receipt import Receipt, Result
from jiwar.exchange.logic.streams import Cursor, Misplaced
from jiwar.identity.queries import KeyRefused
from jiwar.wire.faults import Fault, Refused
from tests.faults.simulator import agreements, ledger, records, restore
from tests.faults.simulator.records import Checked
from tests.faults.simulator.rows import Place, Record, Taken

if TYPE_CHECKING:
    from tests.faults.simulator.node import SimNode


class Rejected(Exception):
    """An envelope that was not taken."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail


@dataclass(slots=True)
class Arrival:
    """An envelope on its way in."""

    envelope: Envelope
    payload: bytes
    message: Message | None = None
    checked: Checked | None = None
    unknown: str = ""
    result: Result | None = None
    record: Record | None = None


def take(node: "SimNode", sender: str, batch: Sequence[bytes]) -> Problem | None:
    """Take envelopes of one sender in their order, in one transaction; what stopped it."""
    if node.restoring():
        return Problem("restoring")
    opened = list(_open(node, sender, batch))
    with node.disk.transaction():
        problem = None
        for each, data in zip(opened, batch, strict=False):
            try:
                if isinstance(each, Rejected):
                    raise each
                if _follows(node, sender, each.envelope, data):
                    _apply(node, sender, each)
            except Rejected as rejected:
                problem = Problem(rejected.code, rejected.detail[:300])
                node.append(("message_rejected", sender, rejected.code))
                break
        return problem


def _open(node: "SimNode", sender: str, batch: Sequence[bytes]) -> Iterator[Arrival | Rejected]:
    for data in batch:
        try:
            yield _open_one(node, sender, data)
        except KeyRefused as refused:
            yield Rejected(refused.code, refused.key)
            return
        except EnvelopeInvalid as invalid:
            yield Rejected(invalid.code, invalid.detail)
            return
        except Rejected as rejected:
            yield rejected
            return


def _open_one(node: "SimNode", sender: str, data: bytes) -> Arrival:
    envelope = envelopes.read(data)
    if envelope.header.sender != sender:
        raise Rejected("sender_unknown", envelope.header.sender)
    public = node.signing_key(sender, envelope.signing_key)
    envelopes.verify(envelope, public, node.code, node.now())  # type: ignore[arg-type]
    keys = {key.id: key for key in node.keys.sealing}
    arrival = Arrival(envelope, envelopes.unseal(envelope, keys))  # type: ignore[arg-type]
    try:
        arrival.message = messages.read(arrival.payload)
        if arrival.message.place is None:
            signed = arrival.message.signed
            arrival.checked = records.check(node, signed.statement, signed.key, signed.signature)
    except MessageUnknown as unknown:
        arrival.unknown = unknown.type
    except Refused as refused:
        arrival.result = _refusal(refused)
    return arrival


def _follows(node: "SimNode", sender: str, envelope: Envelope, data: bytes) -> bool:
    header = envelope.header
    row = node.taken(sender).get(header.stream) or Taken(header.stream)
    cursor = Cursor(row.seq, row.head)
    try:
        if header.seq <= row.seq:
            before = node.places(sender).get((row.name, header.seq))
            streams.check_known(cursor, header.seq, envelope.hash, before.hash if before else None)
            return False
        cursor = streams.follow(cursor, header.seq, header.prev, envelope.hash)
    except Misplaced as misplaced:
        raise Rejected(misplaced.code, f"{row.name} {misplaced.expected}") from None
    node.disk.put(("taken", sender), row.name, Taken(row.name, cursor.seq, cursor.head, data))
    return True


def _apply(node: "SimNode", sender: str, each: Arrival) -> None:
    try:
        if each.result is None:
            each.result, each.record = _effect(node, sender, each)
    except Refused as refused:
        each.result = _refusal(refused)
    header, record, (status, code, detail) = each.envelope.header, each.record, each.result
    payload = each.payload if each.unknown else b""
    place = Place(each.envelope.hash, record.hash if record else "", status, code, detail, payload)
    node.disk.put(("places", sender), (header.stream, header.seq), place)
    node.append((f"message_{status}", record.hash if record else "", f"{sender} {header.stream} {header.seq} {code}"))


def _effect(node: "SimNode", sender: str, each: Arrival) -> tuple[Result, Record | None]:
    if each.unknown or each.message is None:
        return Result("kept", "not_understood", each.unknown), None
    if each.message.place is not None:
        return Result("applied"), restore.regain(node, sender, each.message)
    assert each.checked is not None
    if fault := _fault(node, sender, each.checked):
        raise Refused(fault)
    [found] = records.keep(node, [each.checked], sender)
    if isinstance(found, Refused):
        raise found
    node.world.took(node, sender, found)
    return Result("kept", "not_understood") if found.state == "not_understood" else Result("applied"), found


def _fault(node: "SimNode", sender: str, checked: Checked) -> Fault | None:
    origin, speaker = checked.data["origin"], checked.data["node"]
    if sender[:3] == node.state:
        return Fault("not_the_origin", "node", speaker) if not node.is_post and speaker != sender else None
    if origin != sender[:3]:
        return Fault("onward_not_allowed", "origin", origin)
    if checked.kind is not None and checked.kind.instrument:
        return None
    verdict = agreements.why(node, sender[:3], node.state, checked.data["kind"], checked.data["content"]["purpose"])
    return None if verdict.open else Fault(verdict.code, "agreement", verdict.agreement)


def _refusal(refused: Refused) -> Result:
    fault = refused.faults[0]
    return Result("refused", fault.code, f"{fault.field} {fault.detail}".strip())


def receipts_for(node: "SimNode", sender: str, sent: Mapping[str, Sent]) -> list[bytes]:
    """Receipts for what was taken beyond those that the sender says it holds."""
    if node.restoring():
        return []
    found = []
    key = node.keys.signing[0]
    for name, said in sent.items():
        row = node.taken(sender).get(name)
        if row is None or said.acked >= said.sealed:
            continue
        if numbers := receipts.owed(min(row.seq, said.sealed), said.acked):
            places = [node.places(sender)[name, number] for number in numbers]
            receipt = Receipt(
                sender=node.code,
                recipient=sender,
                stream=name,
                first=numbers[0],
                last=numbers[-1],
                head=places[-1].hash,
                results=tuple(Result(place.status, place.code, place.detail) for place in places),
                at=node.now().isoformat(),
                checkpoint=ledger.sign_tree(node),
            )
            found.append(receipts.sign(receipt, key.id, key))  # type: ignore[arg-type]
    return found
