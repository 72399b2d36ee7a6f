"""Departure, arrival and receipt on the database: exactly once, in order, by agreement, from whom it says."""

import base64
import dataclasses
import datetime as dt
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.agreements.demo import demo_agreement
from jiwar.exchange import protocol, services
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import receipt as receipts
from jiwar.exchange.logic.envelope import Header
from jiwar.exchange.models import Incoming, Outgoing
from jiwar.exchange.queries import deliveries, links
from jiwar.exchange.services import take
from jiwar.identity.keys import ring
from jiwar.identity.models import NodeKey
from jiwar.identity.queries import sealing_key
from jiwar.identity.services import add_node, make_own_keys, revoke_node_key
from jiwar.records.arrivals import receive
from jiwar.records.content import Body, Line
from jiwar.records.kinds import KINDS, Kind, register
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
    agreement_kind, signature_kind = KINDS["agreement", 1], KINDS["agreement.signature", 1]
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

    def __init__(self, node: ForeignNode) -> None:
        self.node, self.seq, self.head = node, 0, envelopes.FIRST

    def envelope(self, signed: Signed, **changes: Any) -> bytes:
        sealing, public = sealing_key(django_settings.NODE.code)
        own = self.node.ring.signing[0]
        statement, key, signature = signed
        fields = {
            "id": uuid7(timezone.now()),
            "sender": self.node.node.code,
            "recipient": django_settings.NODE.code,
            "seq": self.seq + 1,
            "prev": self.head,
            "expires": timezone.now() + dt.timedelta(days=1),
        } | changes
        payload = {
            "type": "record",
            "statement": statement.decode(),
            "key": key,
            "signature": signature,
            "cosignature": getattr(signed, "cosignature", ""),
            "agreement": "",
            "clause": "",
        }
        data = envelopes.seal(
            Header(**fields),
            payload,
            sealing_key=sealing,
            sealing_public=public,
            signing_key=own.id,
            signing_private=own.private,
        )
        self.seq, self.head = fields["seq"], envelopes.hash_of(data)
        return data


def test_nothing_leaves_without_an_agreement_and_the_reason_is_kept(
    niger: ForeignNode, tunisia: ForeignNode, kind: Kind
) -> None:
    record = issue(BY, kind, content(kind))
    assert {(d.node, d.state, d.reason) for d in deliveries(record.uid)} == {
        ("NER", "held", "no_agreement"),
        ("TUN", "held", "no_agreement"),
    }
    assert services.depart("NER") == services.depart("TUN") == []


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
    [row] = services.depart("NER")
    read = envelopes.read(bytes(row.envelope))
    payload = envelopes.unseal(read, niger.ring.sealing[0].private)
    assert payload["statement"] == record.statement
    assert services.depart("TUN") == []


def test_a_suspension_holds_back_what_was_queued_before_it(niger: ForeignNode, kind: Kind) -> None:
    agreement = open_between(niger, "test.note")
    record = issue(BY, kind, content(kind))
    suspension = KINDS["agreement.suspension", 1]
    body = {"target": str(agreement.uid), "reason": "under review"}
    take("NER", [Channel(niger).envelope(niger.statement(suspension, terms_json(suspension, body)))])
    assert services.depart("NER") == []
    [delivery] = [d for d in deliveries(record.uid) if d.node == "NER"]
    assert (delivery.state, delivery.reason) == ("held", "suspended")


def test_what_was_held_leaves_when_an_agreement_opens_it(niger: ForeignNode, kind: Kind) -> None:
    record = issue(BY, kind, content(kind))
    assert services.depart("NER") == []
    open_between(niger, "test.note")
    assert [row.record_id for row in services.depart("NER")] == [record.pk]


def test_an_agreement_leaves_ahead_of_what_it_opens(niger: ForeignNode, kind: Kind) -> None:
    """The recipient asks the agreements too: it must hear of the resumption before the record that it lets pass."""
    agreement = open_between(niger, "test.note")
    suspension, resumption = KINDS["agreement.suspension", 1], KINDS["agreement.resumption", 1]
    body = {"target": str(agreement.uid), "reason": "under review"}
    pause = issue(BY, suspension, read_content(suspension, terms_json(suspension, body), timezone.now()))
    record = issue(BY, kind, content(kind))
    assert [row.record_id for row in services.depart("NER")] == [pause.pk]
    body = {"target": str(pause.uid), "reason": "reviewed"}
    again = issue(BY, resumption, read_content(resumption, terms_json(resumption, body), timezone.now()))
    assert [row.record_id for row in services.depart("NER")] == [pause.pk, again.pk, record.pk]


def test_what_waited_for_an_agreement_to_start_leaves_on_its_day(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note", starts=2)
    record = issue(BY, kind, content(kind))
    assert [(d.state, d.reason) for d in deliveries(record.uid)] == [("held", "not_yet_in_force")]
    assert services.release() == 0
    with time_machine.travel(timezone.now() + dt.timedelta(days=3)):
        assert services.release() == 1
        assert [row.record_id for row in services.depart("NER")] == [record.pk]


def test_a_message_is_taken_once_and_answered_the_same_again(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    channel = Channel(niger)
    data = channel.envelope(niger.statement(kind, content(kind)))
    first, again = take("NER", [data]), take("NER", [data])
    assert first.receipts == again.receipts
    assert Record.objects.filter(kind="test.note").count() == Incoming.objects.count() == 1
    receipt, _, signature, signed = receipts.read(first.receipts[0])
    receipts.verify(signed, signature, ring(django_settings.KEYS).signing[0].private.public_key())
    assert (receipt.status, receipt.seq, receipt.hash) == ("applied", 1, envelopes.hash_of(data))


def test_a_gap_stops_the_batch_and_says_what_is_expected(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    channel = Channel(niger)
    one, two, three = (channel.envelope(niger.statement(kind, content(kind, str(n)))) for n in range(3))
    taken = take("NER", [one, three])
    assert (len(taken.receipts), taken.expected, taken.problem.code) == (1, 2, "sequence_gap")
    assert len(take("NER", [two, three]).receipts) == 2
    assert Record.objects.filter(kind="test.note").count() == 3


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
    altered = whole.replace(b'"body":"', b'"body":"AAAA', 1)
    assert take("NER", [altered]).problem.code in {"envelope_signature", "envelope_field"}
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
    forged = base64.b64encode(bytes(64)).decode()
    receipt, *_ = receipts.read(take("NER", [Channel(niger).envelope((statement, key, forged))]).receipts[0])
    assert (receipt.status, receipt.code) == ("refused", "signature_wrong")
    assert not Record.objects.filter(kind="test.note").exists()


def test_the_recipient_asks_the_agreements_too(niger: ForeignNode, kind: Kind) -> None:
    receipt, *_ = receipts.read(
        take("NER", [Channel(niger).envelope(niger.statement(kind, content(kind)))]).receipts[0]
    )
    assert (receipt.status, receipt.code) == ("refused", "no_agreement")
    assert not Record.objects.filter(kind="test.note").exists()


def test_nobody_passes_on_what_another_state_said(niger: ForeignNode, tunisia: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    receipt, *_ = receipts.read(
        take("NER", [Channel(niger).envelope(tunisia.statement(kind, content(kind)))]).receipts[0]
    )
    assert (receipt.status, receipt.code) == ("refused", "onward_not_allowed")


def test_an_unknown_kind_is_kept_and_read_after_the_upgrade(niger: ForeignNode) -> None:
    open_between(niger, "test.*")
    later = Kind("test.note", 1, Note)
    receipt, *_ = receipts.read(
        take("NER", [Channel(niger).envelope(niger.statement(later, content_of(later)))]).receipts[0]
    )
    assert (receipt.status, receipt.code) == ("kept", "not_understood")
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
    services.depart("NER")
    other = issue(BY, kind, content(kind, "other"))
    withdrawal = withdraw(BY, record, "resolved")
    assert [row.record_id for row in services.depart("NER")] == [record.pk, withdrawal.pk, other.pk]
    acknowledgement = KINDS["record.acknowledgement", 1]
    body = {"target": str(withdrawal.uid), "holder": "NER", "at": timezone.now().isoformat()}
    take("NER", [Channel(niger).envelope(niger.statement(acknowledgement, terms_json(acknowledgement, body)))])
    assert list(Acknowledgement.objects.values_list("record__uid", "holder")) == [(withdrawal.uid, "NER")]


def test_what_never_left_needs_no_withdrawal(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    record = issue(BY, kind, content(kind))
    withdraw(BY, record, "a mistake")
    assert services.depart("NER") == []
    assert [d.state for d in deliveries(record.uid)] == ["not_sent"]


def test_receipts_close_messages_and_foreign_receipts_do_not(
    niger: ForeignNode, tunisia: ForeignNode, kind: Kind
) -> None:
    open_between(niger, "test.note")
    record = issue(BY, kind, content(kind))
    [row] = services.depart("NER")

    def receipt(by: ForeignNode, **changes: Any) -> str:
        fields = {
            "sender": "LBY", "recipient": "NER", "seq": row.seq, "hash": row.hash, "status": "applied", "code": "",
            "detail": "", "at": timezone.now().isoformat(), "ledger": 7,
        } | changes  # fmt: skip
        return receipts.sign(receipts.Receipt(**fields), by.ring.signing[0].id, by.ring.signing[0].private)

    with pytest.raises(services.KeyRefused):
        services.settle("NER", [receipt(tunisia)])
    with pytest.raises(receipts.ReceiptInvalid):
        services.settle("NER", [receipt(niger, hash="00" * 32)])
    assert services.settle("NER", [receipt(niger)]) == 1
    assert services.settle("NER", [receipt(niger)]) == 0
    assert [d.state for d in deliveries(record.uid) if d.node == "NER"] == ["acknowledged"]
    services.rewind("NER", row.seq)
    assert [r.pk for r in services.depart("NER")] == [row.pk]


def test_a_post_holds_what_its_state_holds_except_red(niger: ForeignNode, kind: Kind, settings: Any) -> None:
    post = ForeignNode("LBY-GHAT", role="post")
    add_node(post.card())
    kind.posts = True
    open_between(niger, "test.note")
    take("NER", [Channel(niger).envelope(niger.statement(kind, content(kind)))])
    red = content(kind, "red")
    red = red.model_copy(update={"handling": red.handling.model_copy(update={"tlp": "RED"})})
    issue(BY, kind, red)
    assert [row.record.kind for row in services.depart("LBY-GHAT") if row.record.kind == "test.note"] == ["test.note"]


def test_a_post_says_everything_to_its_state_and_to_nobody_else(niger: ForeignNode, kind: Kind, settings: Any) -> None:
    national = ForeignNode("LBY")
    settings.NODE = dataclasses.replace(settings.NODE, code="LBY-GHAT", role="post")
    make_own_keys()
    NodeKey.objects.filter(node_id="LBY").delete()
    add_node(national.card())
    issue(BY, kind, content(kind))
    assert set(Outgoing.objects.values_list("node", flat=True)) == {"LBY"}


def test_two_nodes_talk_by_request_and_answer(niger: ForeignNode) -> None:
    data = protocol.request("NER", [])
    with pytest.raises(protocol.NotUnderstood, match="greeting_of_other"):
        protocol.answer(data)
    with pytest.raises(protocol.NotUnderstood):
        protocol.answer(b'{"greeting":{},"messages":[]}')
    for noise in (b"", b"[]", b'{"a":NaN}', b"\xff", b'{"greeting":1,"greeting":2}', b"[" * 100_000):
        with pytest.raises(protocol.NotUnderstood):
            protocol.answer(noise)
    assert [link.state for link in links()] == ["never"]
