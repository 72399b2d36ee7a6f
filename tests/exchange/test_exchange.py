"""Departure, arrival and receipt on the database: exactly once, in order, by agreement, from whom it says."""

import base64
import dataclasses
import datetime as dt
import json
from collections.abc import Iterable
from typing import Any
from unittest.mock import ANY

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db.models import F
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.agreements.demo import demo_agreement
from jiwar.audit.models import Leaf
from jiwar.exchange import arrival, departure, store, turned_away
from jiwar.exchange.arrival import take
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import message as messages
from jiwar.exchange.logic import outbox
from jiwar.exchange.logic import receipt as receipts
from jiwar.exchange.logic.conversation import NotUnderstood
from jiwar.exchange.logic.envelope import Header
from jiwar.exchange.logic.hello import Problem, Sent
from jiwar.exchange.logic.message import Message
from jiwar.exchange.logic.message import Signed as SignedStatement
from jiwar.exchange.logic.streams import FIRST, Cursor
from jiwar.exchange.models import Incoming, Outgoing, Sealed, Stream
from jiwar.exchange.queries import deliveries
from jiwar.exchange.this_node import cursors
from jiwar.identity.keys import ring
from jiwar.identity.models import NodeKey
from jiwar.identity.queries import sealing_keys
from jiwar.identity.services import add_node, make_own_keys, revoke_node_key
from jiwar.records.arrivals import receive
from jiwar.records.content import Body, Line
from jiwar.records.kinds import KINDS, Kind, newest, register
from jiwar.records.models import Acknowledgement, Record
from jiwar.records.services import issue, read_again, read_content, terms, withdraw
from jiwar.records.statement import Approval, content_hash
from jiwar.wire.ids import uuid7
from tests.foreign import ForeignNode, Signed

pytestmark = pytest.mark.django_db
BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)


class Note(Body):
    """A body of a kind that exists in tests alone: it has the name of one that the agreement opens."""

    text: Line


@pytest.fixture(autouse=True)
def _own_keys() -> None:
    make_own_keys()


@pytest.fixture
def niger() -> ForeignNode:
    node = ForeignNode("NER")
    add_node(node.card())
    return node


@pytest.fixture
def tunisia() -> ForeignNode:
    node = ForeignNode("TUN")
    add_node(node.card())
    return node


@pytest.fixture
def kind() -> Any:
    """A personal kind that no room registers."""
    new = register(Kind("test.note", 1, Note))
    yield new
    del KINDS["test.note", 1]


def content(kind: Kind, text: str = "a text") -> Any:
    return read_content(kind, terms("border_check", "test", 30, Note(text=text)), timezone.now())


def open_between(niger: ForeignNode, *kinds: str, starts: int = -1) -> Record:
    """An agreement LBY-NER in force that opens kinds both ways, signed by both."""
    agreement_kind, signature_kind = newest("agreement"), newest("agreement.signature")
    body = demo_agreement(timezone.now().date() + dt.timedelta(days=starts))
    for clause in body["clauses"]:
        clause["kinds"] = list(kinds)
    signed_text = niger.statement(agreement_kind, terms_json(agreement_kind, body))
    record = receive(BY, *signed_text, "NER", signed_text.cosignature)
    body2 = {"target": str(record.uid), "hash": record.hash, "party": "LBY"}
    signed = read_content(signature_kind, terms_json(signature_kind, body2), timezone.now())
    digest = content_hash(signature_kind.name, signature_kind.version, signed.model_dump(mode="json"))
    issue(BY, signature_kind, signed, approval=Approval("one", "two", digest))
    Outgoing.objects.filter(record__kind__startswith="agreement").delete()
    return record


def terms_json(kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    return kind.content.model_validate(terms("border_check", "treaty", 300, body, tlp="GREEN")).model_dump(mode="json")


class Channel:
    """What a foreign node sends us: envelopes numbered and chained as the protocol says."""

    def __init__(self, node: ForeignNode, stream: str = "routine.1.0") -> None:
        self.node, self.stream, self.seq, self.head = node, stream, 0, FIRST

    def envelope(self, signed: Signed, **changes: Any) -> bytes:
        statement, key, signature = signed
        message = Message(SignedStatement(statement, key, signature, signed.cosignature))
        return self.payload(messages.write(message), **changes)

    def payload(self, payload: bytes, **changes: Any) -> bytes:
        own = self.node.ring.signing[0]
        fields = {
            "id": uuid7(timezone.now()),
            "sender": self.node.node.code,
            "recipient": django_settings.NODE.code,
            "stream": self.stream,
            "seq": self.seq + 1,
            "prev": self.head,
            "expires": timezone.now() + dt.timedelta(days=1),
        } | changes
        data = envelopes.seal(
            Header(**fields),
            payload,
            sealing=sealing_keys(django_settings.NODE.code),
            signing_key=own.id,
            signing_private=own.private,
        )
        self.seq, self.head = fields["seq"], envelopes.hash_of(data)
        return data


def depart(node: str) -> list[Outgoing]:
    """Seal what may leave for a node, and everything that is on its way to it, in its order."""
    departure.seal(node)
    open_ = {"stream__node": node, "stream__closed_at": None, "seq__gt": F("stream__acked")}
    under_way = Sealed.objects.filter(**open_).select_related("outgoing__record")
    return [row.outgoing for row in under_way.order_by("-stream__name", "seq")]


def result(taken: arrival.Taken) -> receipts.Result:
    """What became of the one message of a batch."""
    [one] = taken.arrivals
    assert one.result is not None
    return one.result


def receipt_of(node: str, sealed: int, acked: int = 0, stream: str = "routine.1.0") -> bytes:
    """Our receipt for what a node sealed."""
    [item] = arrival.receipts_for(node, {stream: Sent(sealed, acked)})
    return item


def test_nothing_leaves_without_an_agreement_and_the_reason_is_kept(
    niger: ForeignNode, tunisia: ForeignNode, kind: Kind
) -> None:
    record = issue(BY, kind, content(kind))
    assert {(d.node, d.state, d.reason) for d in deliveries(record.uid)} == {
        ("NER", "held", "no_agreement"),
        ("TUN", "held", "no_agreement"),
    }
    assert depart("NER") == depart("TUN") == []


def test_an_agreement_opens_to_its_party_alone_and_names_the_clause(
    niger: ForeignNode, tunisia: ForeignNode, kind: Kind
) -> None:
    open_between(niger, "test.note")
    record = issue(BY, kind, content(kind))
    states = {d.node: d for d in deliveries(record.uid)}
    assert states["NER"].state == "queued"
    assert states["NER"].agreement == "LBY-NER-2026-01"
    assert states["NER"].clause
    assert (states["TUN"].state, states["TUN"].reason) == ("held", "no_agreement")
    [row] = depart("NER")
    [sealed] = row.sealed.all()
    read = envelopes.read(bytes(sealed.envelope))
    key = niger.ring.sealing[0]
    message = messages.read(envelopes.unseal(read, {key.id: key.private}))
    assert message.signed.statement.decode() == record.statement
    assert (message.agreement, message.clause) == ("LBY-NER-2026-01", states["NER"].clause)
    assert depart("TUN") == []


def test_a_suspension_holds_back_what_was_queued_before_it(niger: ForeignNode, kind: Kind) -> None:
    agreement = open_between(niger, "test.note")
    record = issue(BY, kind, content(kind))
    suspension = KINDS["agreement.suspension", 1]
    body = {"target": str(agreement.uid), "reason": "under review"}
    take("NER", [Channel(niger).envelope(niger.statement(suspension, terms_json(suspension, body)))])
    assert depart("NER") == []
    [delivery] = [d for d in deliveries(record.uid) if d.node == "NER"]
    assert (delivery.state, delivery.reason) == ("held", "suspended")


def test_what_was_held_leaves_when_an_agreement_opens_it(niger: ForeignNode, kind: Kind) -> None:
    record = issue(BY, kind, content(kind))
    assert depart("NER") == []
    open_between(niger, "test.note")
    assert [row.record_id for row in depart("NER")] == [record.pk]


def test_an_agreement_leaves_ahead_of_what_it_opens(niger: ForeignNode, kind: Kind) -> None:
    """The recipient asks the agreements too: it must hear of the resumption before the record that it lets pass."""
    agreement = open_between(niger, "test.note")
    suspension, resumption = KINDS["agreement.suspension", 1], KINDS["agreement.resumption", 1]
    body = {"target": str(agreement.uid), "reason": "under review"}
    pause = issue(BY, suspension, read_content(suspension, terms_json(suspension, body), timezone.now()))
    record = issue(BY, kind, content(kind))
    assert [row.record_id for row in depart("NER")] == [pause.pk]
    body = {"target": str(pause.uid), "reason": "reviewed"}
    again = issue(BY, resumption, read_content(resumption, terms_json(resumption, body), timezone.now()))
    assert [row.record_id for row in depart("NER")] == [pause.pk, again.pk, record.pk]


def test_what_waited_for_an_agreement_to_start_leaves_on_its_day(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note", starts=2)
    record = issue(BY, kind, content(kind))
    assert [(d.state, d.reason) for d in deliveries(record.uid)] == [("held", "not_yet_in_force")]
    assert departure.release() == 0
    with time_machine.travel(timezone.now() + dt.timedelta(days=3)):
        assert departure.release() == 1
        assert [row.record_id for row in depart("NER")] == [record.pk]


def test_a_message_is_taken_once_and_receipted_the_same_again(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    data = Channel(niger).envelope(niger.statement(kind, content(kind)))
    first, again = take("NER", [data]), take("NER", [data])
    assert (first.count, again.count, again.problem) == (1, 0, None)
    assert Record.objects.filter(kind="test.note").count() == Incoming.objects.count() == 1
    for item in (receipt_of("NER", 1), receipt_of("NER", 1)):
        receipt, signed = receipts.read(item)
        receipts.verify(signed, ring(django_settings.KEYS).signing[0].private.public_key())
        assert (receipt.stream, receipt.first, receipt.last) == ("routine.1.0", 1, 1)
        assert (receipt.head, receipt.results) == (envelopes.hash_of(data), (receipts.Result("applied"),))
    assert arrival.receipts_for("NER", {"routine.1.0": Sent(1, 1)}) == []


def test_a_gap_stops_the_batch_and_says_what_is_expected(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    channel = Channel(niger)
    one, two, three = (channel.envelope(niger.statement(kind, content(kind, str(n)))) for n in range(3))
    taken = take("NER", [one, three])
    assert (taken.count, taken.problem) == (1, Problem("sequence_gap", "routine.1.0 2"))
    assert cursors("NER")[0] == {"routine.1.0": Cursor(1, envelopes.hash_of(one))}
    assert take("NER", [two, three]).count == 2
    assert Record.objects.filter(kind="test.note").count() == 3


def test_what_is_shown_again_and_again_leaves_one_leaf_a_minute(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    channel = Channel(niger)
    _, two = (channel.envelope(niger.statement(kind, content(kind, str(n)))) for n in range(2))
    turned_away._noted.clear()
    for _ in range(3):
        assert take("NER", [two]).problem == Problem("sequence_gap", "routine.1.0 1")
    assert take("NER", [two[:-1] + bytes([two[-1] ^ 1])]).problem == Problem("envelope_signature")
    told = [json.loads(leaf.content)["detail"] for leaf in Leaf.objects.filter(act="message_rejected")]
    assert told == [
        {"code": "sequence_gap", "hash": envelopes.hash_of(two)},
        {"code": "envelope_signature", "hash": ANY},
    ]


def test_each_stream_has_numbers_of_its_own(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    urgent, routine = Channel(niger, "urgent.1.0"), Channel(niger)
    batch = [c.envelope(niger.statement(kind, content(kind, str(n)))) for n, c in enumerate((urgent, routine, urgent))]
    assert take("NER", batch).count == 3
    assert {name: cursor.seq for name, cursor in cursors("NER")[0].items()} == {"urgent.1.0": 2, "routine.1.0": 1}


def test_a_broken_chain_and_a_reused_number_are_rejected(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    channel = Channel(niger)
    take("NER", [channel.envelope(niger.statement(kind, content(kind)))])
    broken = Channel(niger).envelope(niger.statement(kind, content(kind)), seq=2, prev="ab" * 32)
    assert take("NER", [broken]).problem.code == "chain_broken"
    reused = Channel(niger).envelope(niger.statement(kind, content(kind)))
    assert take("NER", [reused]).problem.code == "sequence_reused"
    assert Record.objects.filter(kind="test.note").count() == 1


def test_a_wrong_recipient_a_forged_signer_and_an_altered_body_are_rejected(
    niger: ForeignNode, tunisia: ForeignNode, kind: Kind
) -> None:
    open_between(niger, "test.note")
    statement = niger.statement(kind, content(kind))
    assert take("NER", [Channel(niger).envelope(statement, recipient="TUN")]).problem.code == "envelope_not_for_us"
    assert take("NER", [Channel(tunisia).envelope(statement, sender="NER")]).problem.code == "key_of_other_node"
    stranger = ForeignNode("NER")
    assert take("NER", [Channel(stranger).envelope(statement)]).problem.code == "key_unknown"
    whole = Channel(niger).envelope(statement)
    altered = whole[:1500] + bytes([whole[1500] ^ 1]) + whole[1501:]
    assert take("NER", [altered]).problem.code == "envelope_signature"
    assert not Incoming.objects.exists()
    assert not Record.objects.filter(kind="test.note").exists()


def test_a_revoked_key_is_not_believed(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    data = Channel(niger).envelope(niger.statement(kind, content(kind)))
    revoke_node_key(NodeKey.objects.get(id=niger.ring.signing[0].id), "stolen", by="system")
    assert take("NER", [data]).problem.code == "key_revoked"
    assert not Record.objects.filter(kind="test.note").exists()


def test_a_genuine_message_with_a_forged_record_is_answered_with_a_refusal(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    statement, key, _ = niger.statement(kind, content(kind))
    forged = Signed((statement, key, base64.b64encode(bytes(64)).decode()))
    assert result(take("NER", [Channel(niger).envelope(forged)]))[:2] == ("refused", "signature_wrong")
    assert not Record.objects.filter(kind="test.note").exists()


def test_the_recipient_asks_the_agreements_too(niger: ForeignNode, kind: Kind) -> None:
    taken = take("NER", [Channel(niger).envelope(niger.statement(kind, content(kind)))])
    assert result(taken)[:2] == ("refused", "no_agreement")
    assert not Record.objects.filter(kind="test.note").exists()


def test_what_another_state_said_passes_on_with_its_signed_consent_alone(
    niger: ForeignNode, tunisia: ForeignNode, kind: Kind
) -> None:
    open_between(niger, "test.note")
    closed, asked = content(kind, "closed"), content(kind, "asked")
    asked = asked.model_copy(update={"handling": asked.handling.model_copy(update={"onward": "ask"})})
    channel = Channel(niger)
    for said in (closed, asked):
        taken = take("NER", [channel.envelope(tunisia.statement(kind, said))])
        assert result(taken)[0] == "refused"
        assert result(taken)[1] in {"no_consent", "onward_not_allowed", "not_to_be_passed_on"}
    record = tunisia.statement(kind, asked)
    body = {"target": json.loads(record[0])["id"], "holder": "NER", "states": ["LBY"], "request": None}
    consent = KINDS["record.consent", 1]
    signed = tunisia.statement(consent, terms_json(consent, body))
    taken = take("NER", [channel.envelope(signed), channel.envelope(record)])
    assert [each.result[:2] for each in taken.arrivals if each.result] == [("applied", ""), ("applied", "")]
    # The same consent lets nobody else bring it.
    other = ForeignNode("TCD")
    add_node(other.card())
    taken = take("TCD", [Channel(other).envelope(tunisia.statement(kind, asked))])
    assert result(taken)[0] == "refused"


def test_an_unknown_kind_is_kept_and_read_after_the_upgrade(niger: ForeignNode) -> None:
    open_between(niger, "test.*")
    later = Kind("test.note", 1, Note)
    taken = take("NER", [Channel(niger).envelope(niger.statement(later, content_of(later)))])
    assert result(taken)[:2] == ("kept", "not_understood")
    register(later)
    try:
        assert read_again(BY) == 1
        assert Record.objects.get(kind="test.note").state == "in_force"
    finally:
        del KINDS["test.note", 1]


def content_of(kind: Kind) -> Any:
    return kind.content.model_validate(terms("border_check", "test", 30, Note(text="later")))


def test_a_withdrawal_goes_to_every_holder_first_and_is_acknowledged(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    record = issue(BY, kind, content(kind))
    depart("NER")
    other = issue(BY, kind, content(kind, "other"))
    withdrawal = withdraw(BY, record, "resolved")
    assert [row.record_id for row in depart("NER")] == [withdrawal.pk, record.pk, other.pk]
    acknowledgement = KINDS["record.acknowledgement", 1]
    body = {"target": str(withdrawal.uid), "holder": "NER", "at": timezone.now().isoformat()}
    take("NER", [Channel(niger).envelope(niger.statement(acknowledgement, terms_json(acknowledgement, body)))])
    assert list(Acknowledgement.objects.values_list("record__uid", "holder")) == [(withdrawal.uid, "NER")]


def test_what_never_left_needs_no_withdrawal(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    record = issue(BY, kind, content(kind))
    withdraw(BY, record, "a mistake")
    assert depart("NER") == []
    assert [d.state for d in deliveries(record.uid)] == ["not_sent"]


def test_receipts_close_messages_and_foreign_receipts_do_not(
    niger: ForeignNode, tunisia: ForeignNode, kind: Kind
) -> None:
    open_between(niger, "test.note")
    record = issue(BY, kind, content(kind))
    [row] = depart("NER")
    [sealed] = row.sealed.all()

    def receipt(by: ForeignNode, **changes: Any) -> bytes:
        fields = {
            "sender": "NER", "recipient": "LBY", "stream": sealed.stream.name, "first": 1, "last": 1,
            "head": sealed.hash, "results": (receipts.Result("applied"),), "at": timezone.now().isoformat(),
            "checkpoint": "",
        } | changes  # fmt: skip
        return receipts.sign(receipts.Receipt(**fields), by.ring.signing[0].id, by.ring.signing[0].private)

    for wrong in (
        receipt(tunisia),
        receipt(niger, sender="TUN"),
        receipt(niger, recipient="TUN"),
        receipt(niger)[:-1],
    ):
        with pytest.raises(NotUnderstood):
            departure.settle("NER", [wrong])
        assert Outgoing.objects.get(record=record, node="NER").state == "sealed"
    for unknown in (
        receipt(niger, head="00" * 32),
        receipt(niger, last=2, results=(receipts.Result("applied"),) * 2),
        receipt(niger, stream="routine.7.0"),
    ):
        assert departure.settle("NER", [unknown]) == 0
        assert Outgoing.objects.get(record=record, node="NER").state == "sealed"
    with pytest.raises(NotUnderstood):
        departure.settle("NER", [receipt(niger), receipt(tunisia)])  # all or nothing
    assert Outgoing.objects.get(record=record, node="NER").state == "sealed"
    assert departure.settle("NER", [receipt(niger)]) == 1
    assert departure.settle("NER", [receipt(niger)]) == 0
    [delivery] = [d for d in deliveries(record.uid) if d.node == "NER"]
    assert (delivery.state, "applied" in delivery.receipt) == ("acknowledged", True)
    # Who was restored from an old copy says so by its cursor, and gets the same envelope again.
    assert departure.past("NER", {}, 10**6) == [bytes(sealed.envelope)]
    assert departure.past("NER", {sealed.stream.name: Cursor(1, sealed.hash)}, 10**6) == []


def test_what_a_recipient_refuses_by_policy_is_asked_again(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    records = [issue(BY, kind, content(kind, str(n))) for n in range(3)]
    rows = depart("NER")
    head = rows[-1].sealed.get().hash
    told = tuple(receipts.Result("refused", code) for code in ("suspended", "version_conflict", "suspended"))
    said = receipts.Receipt("NER", "LBY", "routine.1.0", 1, 3, head, told, timezone.now().isoformat(), "")
    departure.settle("NER", [receipts.sign(said, niger.ring.signing[0].id, niger.ring.signing[0].private)])
    states = [Outgoing.objects.get(record=record, node="NER") for record in records]
    assert [(row.state, row.reason, row.there) for row in states] == [
        ("held", "suspended", True), ("refused", "version_conflict", True), ("held", "suspended", True),
    ]  # fmt: skip
    assert depart("NER") == []
    with time_machine.travel(timezone.now() + outbox.ASK_AGAIN + dt.timedelta(minutes=1)):
        assert departure.release() == 2
        assert [row.record_id for row in depart("NER")] == [records[0].pk, records[2].pk]


def test_what_can_no_longer_be_taken_is_sealed_anew_in_the_next_stream(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    records = [issue(BY, kind, content(kind, str(n))) for n in range(3)]
    first = Sealed.objects.filter(outgoing__in=depart("NER")).earliest("seq")
    have = {"routine.1.0": Cursor(1, first.hash)}
    expired = Problem("envelope_expired")
    assert departure.stuck("NER", expired, have) is False  # sealing anew would give the same date
    assert departure.stuck("NER", Problem("sequence_reused"), have) is False
    with time_machine.travel(timezone.now() + dt.timedelta(days=20)):
        assert departure.stuck("NER", expired, have) is True
        assert [row.record_id for row in depart("NER")] == [record.pk for record in records[1:]]
        names = dict(Stream.objects.filter(node="NER", incoming=False).values_list("name", "closed_at"))
        assert names == {"routine.1.0": 1, "routine.1.1": None}
        sent = [envelopes.read(data).header for data in departure.past("NER", have, 10**6)]
        assert [(header.stream, header.seq) for header in sent] == [("routine.1.1", 1), ("routine.1.1", 2)]
        assert departure.stuck("NER", expired, have) is False  # once is enough


def test_a_post_holds_what_its_state_holds_except_red(niger: ForeignNode, kind: Kind, settings: Any) -> None:
    post = ForeignNode("LBY-GHAT", role="post")
    add_node(post.card())
    kind.posts = True
    open_between(niger, "test.note")
    take("NER", [Channel(niger).envelope(niger.statement(kind, content(kind)))])
    red = content(kind, "red")
    red = red.model_copy(update={"handling": red.handling.model_copy(update={"tlp": "RED"})})
    issue(BY, kind, red)
    assert [row.record.kind for row in depart("LBY-GHAT") if row.record.kind == "test.note"] == ["test.note"]


def test_a_post_says_everything_to_its_state_and_to_nobody_else(niger: ForeignNode, kind: Kind, settings: Any) -> None:
    national = ForeignNode("LBY")
    settings.NODE = dataclasses.replace(settings.NODE, code="LBY-GHAT", role="post")
    make_own_keys()
    NodeKey.objects.filter(node_id="LBY").delete()
    add_node(national.card())
    issue(BY, kind, content(kind))
    assert set(Outgoing.objects.values_list("node", flat=True)) == {"LBY"}


def test_what_is_sealed_ahead_leaves_before_more_is_sealed_but_nothing_urgent_waits(
    niger: ForeignNode, kind: Kind
) -> None:
    open_between(niger, kind.name)
    for n in range(3):
        issue(BY, kind, content(kind, str(n)))
    departure.seal("NER")
    sealed = Sealed.objects.count()
    issue(BY, kind, content(kind, "later"))
    assert len(departure.next_for("NER", {}, 2_500)) == 1
    assert Sealed.objects.count() == sealed
    Outgoing.objects.filter(state="queued").update(lane="urgent")
    [first] = departure.next_for("NER", {}, 2_500)
    assert envelopes.read(first).header.stream == "urgent.1.0"
    assert len(departure.next_for("NER", {}, 10**6)) == sealed + 1


def ahead(node: str) -> None:
    departure.seal_ahead(node, 10**6)


def test_a_frame_of_what_is_at_hand_and_what_is_on_the_disk_has_no_gap(niger: ForeignNode, kind: Kind) -> None:
    """Another process seals before the sealer, and after it."""
    open_between(niger, kind.name)
    for seal in (departure.seal, ahead, departure.seal, ahead):
        issue(BY, kind, content(kind, str(Sealed.objects.count())))
        seal("NER")
    issue(BY, kind, content(kind, "last"))
    frame = departure.next_for("NER", {}, 10**6)
    routine = [head.seq for head in (envelopes.read(data).header for data in frame) if "routine" in head.stream]
    assert routine == [1, 2]  # the third is not at hand
    whole = departure.past("NER", {}, 10**6)
    assert frame == whole[: len(frame)]
    assert departure.next_for("NER", {}, 10**6) == whole
    assert len(whole) == Sealed.objects.count()


def test_who_begins_a_stream_that_another_began_meanwhile_goes_on_with_its_row(
    niger: ForeignNode, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, begun = store.begin, []

    def too_late(node: str, names: Iterable[str], *, incoming: bool) -> None:
        begun.extend(Stream.objects.create(node=node, incoming=incoming, name=name, head=FIRST) for name in names)
        begin(node, [row.name for row in begun[-1:]], incoming=incoming)

    monkeypatch.setattr(store, "begin", too_late)
    open_between(niger, kind.name)
    issue(BY, kind, content(kind))
    departure.seal("NER")
    assert {row.stream for row in Sealed.objects.select_related("stream")} == {row for row in begun if not row.incoming}
    assert Stream.objects.count() == len(begun)
