"""The matrix of refusals: whatever is wrong with what comes, it is refused with the reason, the ledger says so, and
nothing of it is half applied.

A case says how it comes (an envelope, a frame on a line, a receipt, a pouch, a key paper), what is wrong, the code that
its sender or carrier is told, and the act of the ledger's leaf. What is `REJECTED` leaves no trace but the leaf; a
genuine message that may not be kept is `ANSWERED`: its number is taken, so that its stream goes on, and nothing else.
"""

import base64
import dataclasses
import datetime as dt
import io
import json
import secrets
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings as django_settings
from django.utils import timezone

from jiwar.agreements.demo import demo_agreement
from jiwar.audit.models import Leaf
from jiwar.exchange import attached, attachments, departure, directory_kinds, turned_away
from jiwar.exchange.arrival import take
from jiwar.exchange.attachments import Descriptor
from jiwar.exchange.logic import frame as frames
from jiwar.exchange.logic import pouch as pouches
from jiwar.exchange.logic import receipt as receipts
from jiwar.exchange.logic.conversation import Contact, NotUnderstood, answer
from jiwar.exchange.logic.frame import Frame
from jiwar.exchange.logic.pouch import HEAD
from jiwar.exchange.models import Incoming, Outgoing, Sealed, Stream
from jiwar.exchange.pouch import open_pouch
from jiwar.exchange.this_node import CHUNK_PLACE, ThisNode
from jiwar.identity.logic.bundles import write_bundle
from jiwar.identity.logic.certificates import Subject, certify
from jiwar.identity.logic.revocations import Entry, write_by_root
from jiwar.identity.logic.roots import Root as RootKey
from jiwar.identity.logic.roots import write_root
from jiwar.identity.logic.signed import key_hash
from jiwar.identity.models import Certificate, NodeKey, RevocationList
from jiwar.identity.papers import read_bundle
from jiwar.identity.services import add_node, make_own_keys, revoke_node_key
from jiwar.identity.trust import follow_root, take_certificate, take_list
from jiwar.records.content import Body, Line
from jiwar.records.kinds import KINDS, Kind, newest, register
from jiwar.records.models import Record
from jiwar.records.services import issue, terms
from jiwar.records.statement import Approval, content_hash
from jiwar.wire.faults import Refused
from jiwar.wire.ids import uuid7
from tests.audit.peers import Peer
from tests.exchange.carrier import BY, CARRIER, receipt, said, sealed_for_us
from tests.exchange.test_exchange import Channel, Note, content, open_between
from tests.foreign import ForeignNode, Signed

pytestmark = pytest.mark.django_db
NIGER = RootKey.of("NER", bytes(32))
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
OFFICER = "0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b"


class Letter(Body):
    """A body that brings files."""

    text: Line
    files: tuple[Descriptor, ...] = ()


@dataclass
class World:
    """Libya's node, with two neighbours; of one it has taken a message, and one to it is under way."""

    niger: ForeignNode
    tunisia: ForeignNode
    kind: Kind
    approved: Kind
    letter: Kind
    channel: Channel = field(init=False)
    first: Signed = field(init=False)
    taken: bytes = field(init=False)
    before: dict[str, list[Any]] = field(default_factory=dict)
    known: int = 0
    contacts: dict[str, Contact] = field(default_factory=lambda: {"NER": Contact(), "TUN": Contact()})

    def __post_init__(self) -> None:
        self.channel = Channel(self.niger)
        self.first = self.note("first")
        self.taken = self.channel.envelope(self.first)
        assert take("NER", [self.taken]).problem is None
        issue(BY, self.kind, content(self.kind, "ours"))
        departure.seal("NER")

    def note(self, text: str = "a text", by: ForeignNode | None = None, **changes: Any) -> Signed:
        return (by or self.niger).statement(self.kind, content(self.kind, text), **changes)

    def mark(self) -> None:
        """Now stands what is to stay."""
        self.before, self.known = held(), len(leaves())

    # --- the ways in; each answers with the code that the other side is told ---

    def envelope(self, signed: Signed | None = None, **changes: Any) -> str:
        return self.raw(self.channel.envelope(signed or self.note(), **changes))

    def raw(self, *data: bytes) -> str:
        taken = take("NER", list(data))
        if taken.problem:
            return taken.problem.code
        return next((one.result.code for one in taken.arrivals if one.result and one.result.code), "")

    def frame(self, hello: bytes, **items: list[bytes]) -> str:
        try:
            answer(ThisNode(reaching=False), self.contacts, frames.write(Frame(hello, **items)))
        except NotUnderstood as refused:
            return refused.code
        return ""

    def receipt(self, data: bytes) -> str:
        return self.frame(self.niger.hello(), receipts=[data])

    def pouch(self, data: bytes) -> str:
        try:
            open_pouch(CARRIER, io.BytesIO(data))
        except Refused as refused:
            return refused.faults[0].code
        return ""

    def filled(self, by: ForeignNode | None = None, **changes: Any) -> bytes:
        """A pouch of Niger's with one new message."""
        inside = said(self.niger, self.channel.envelope(self.note("in a pouch")))
        return sealed_for_us(by or self.niger, [inside], **changes)

    def bomb(self, plain: bytes, chunks: int = 0) -> bytes:
        """A pouch whose chunks hold just these bytes; only its true writer could make one."""
        key = secrets.token_bytes(32)
        sealing = pouches.Sealing(key)
        sealing._plain += plain
        found = list(sealing.end())
        empty = sealed_for_us(self.niger, [], key=key, chunks=chunks or len(found))
        return empty[:HEAD] + b"".join(found)

    def paper(self, kind: Kind, body: dict[str, Any]) -> str:
        """A key paper that comes as a record, which is taken; what it says does not count. The leaf has the code."""
        plain = kind.content.model_validate(terms("judicial_cooperation", "keys", 300, body, tlp="GREEN"))
        assert self.envelope(self.niger.statement(kind, plain)) == ""
        return str([leaf for leaf in leaves() if leaf["act"] == KEYS][-1]["detail"]["code"])

    def revocations(self, number: int, *entries: Entry, days: int = 200) -> dict[str, Any]:
        return write_by_root(NIGER, number, timezone.now(), entries, days)

    def entry(self, reason: str, at: dt.datetime | None = None) -> Entry:
        return Entry(key_hash(self.niger.ring.signing[0].public), reason, at or timezone.now())

    def officer(self, role: str) -> Signed:
        """A record whose approval an officer signed who was certified for this role."""
        private, now = Ed25519PrivateKey.generate(), timezone.now()
        public = private.public_key().public_bytes_raw()
        certificate = certify(NIGER, Subject("NER", OFFICER, role, {"approval": public}), now, 90, uuid7(now))
        file, read = read_bundle(write_bundle(write_root(NIGER, now), certificate))
        take_certificate(read, follow_root(file, "NER"), by="NER")
        self.mark()
        plain = content(self.approved).model_dump(mode="json")
        approval = Approval("NER-author", OFFICER, content_hash("test.approved", 1, plain), key_hash(public)[:16])
        signature = base64.b64encode(private.sign(approval.signed("NER"))).decode()
        return self.niger.statement(self.approved, plain, approval=approval.as_json() | {"signature": signature})


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> Iterator[World]:
    settings.DATA, settings.KEYS = tmp_path / "LBY", tmp_path / "keys"
    settings.DATA.mkdir()
    turned_away._noted.clear()
    make_own_keys()
    niger, tunisia = ForeignNode("NER"), ForeignNode("TUN")
    niger.certify(NIGER)
    add_node(niger.card(), heard=NIGER.public.fingerprint)
    add_node(tunisia.card())
    kind = register(Kind("test.note", 1, Note))
    approved = register(Kind("test.approved", 1, Note, four_eyes=True))
    letter = register(Kind("test.letter", 1, Letter))
    attached.carry(letter)
    open_between(niger, "test.note", "test.approved", "test.letter")
    yield World(niger, tunisia, kind, approved, letter)
    for name in ("test.note", "test.approved", "test.letter"):
        del KINDS[name, 1]


def leaves() -> list[dict[str, Any]]:
    return [json.loads(leaf) for leaf in Leaf.objects.order_by("index").values_list("content", flat=True)]


def held() -> dict[str, list[Any]]:
    """Everything that a message, a receipt or a paper could change."""
    return {
        "records": list(Record.objects.order_by("id").values_list("hash", "state")),
        "incoming": list(Incoming.objects.order_by("id").values_list("hash", "status", "code")),
        "cursors": list(Stream.objects.filter(seq__gt=0).order_by("id").values_list("name", "seq", "head", "acked")),
        "outgoing": list(Outgoing.objects.order_by("id").values_list("record__hash", "node", "state")),
        "sealed": list(Sealed.objects.order_by("id").values_list("hash", flat=True)),
        "keys": list(NodeKey.objects.order_by("id").values_list("id", "waits", "revoked_at")),
        "lists": list(RevocationList.objects.order_by("id").values_list("state", "number", "supplement")),
        "certificates": list(Certificate.objects.order_by("serial").values_list("serial", flat=True)),
    }


# --- what is wrong ----------------------------------------------------------------------------------------------------


def flipped(data: bytes, at: int) -> bytes:
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def resigned(signed: Signed, signature: bytes) -> Signed:
    return Signed((signed[0], signed[1], base64.b64encode(signature).decode()))


def another_number(w: World) -> str:
    """Another body under a number that was taken."""
    return w.raw(Channel(w.niger).envelope(w.note("another")))


def another_body(w: World) -> str:
    """Another body under the id and the version of a record that is held."""
    return w.envelope(w.note("another", id=json.loads(w.first[0])["id"]))


def reused_pouch(w: World) -> str:
    id_ = uuid7(timezone.now())
    assert w.pouch(sealed_for_us(w.niger, [said(w.niger)], id=id_)) == ""
    return w.pouch(w.filled(id=id_))


def revoked(w: World) -> None:
    revoke_node_key(NodeKey.objects.get(id=w.niger.ring.signing[0].id), "stolen", by="system")
    w.mark()


def after_revoking(way: Callable[[World], Callable[[], str]]) -> Callable[[World], str]:
    """What was made before a key was revoked here, and comes after."""

    def case(w: World) -> str:
        arrive = way(w)
        revoked(w)
        return arrive()

    return case


def before(w: World, data: bytes, arrive: Callable[[bytes], str]) -> Callable[[], str]:
    return lambda: arrive(data)


def retired_then_said(w: World) -> str:
    """The state's list says since when a key does not count: what it signs from then on."""
    take_list(w.revocations(1, w.entry("retired", timezone.now() - HOUR)), by="NER")
    w.mark()
    return w.envelope()


def stolen_long_ago(w: World) -> str:
    """A key that was stolen counts for nothing, also not for what it signed before anybody knew."""
    data = w.channel.envelope(w.note())
    with time_machine.travel(timezone.now() + 3 * HOUR):
        take_list(w.revocations(1, w.entry("compromised")), by="NER")
        w.mark()
        return w.raw(data)


def older_list(w: World) -> str:
    take_list(w.revocations(5), by="NER")
    w.mark()
    return w.paper(directory_kinds.REVOCATIONS, {"list": w.revocations(4, w.entry("retired"))})


def two_lists(w: World) -> str:
    take_list(w.revocations(5), by="NER")
    w.mark()
    return w.paper(directory_kinds.REVOCATIONS, {"list": w.revocations(5, w.entry("retired"))})


def new_key_while_stale(w: World) -> str:
    """The newest list is out of date, and a new key comes: it waits for a fresh one."""
    take_list(w.revocations(1, days=30), by="NER")
    with time_machine.travel(timezone.now() + 40 * DAY):
        w.niger.rotate()
        w.niger.certify(NIGER)
        w.frame(w.niger.hello(card=json.loads(w.niger.card())))
        turned_away._noted.clear()
        w.mark()
        return w.frame(w.niger.hello())


def sealing_key_signs(w: World) -> str:
    """The name of a key of the right node, made for another use."""
    data = w.channel.envelope(w.note())
    return w.raw(data[:-72] + bytes.fromhex(w.niger.ring.sealing[0].id) + data[-64:])


def ours(w: World, by: ForeignNode | None = None, **changes: Any) -> bytes:
    """A receipt for what is under way to Niger."""
    made = receipts.read(receipt(w.niger, 1))[0]
    key = (by or w.niger).ring.signing[0]
    return receipts.sign(dataclasses.replace(made, **changes), key.id, key.private)


def relayed_after_revoking(w: World) -> str:
    """A record that an older key signed, in an envelope under a key that counts."""
    old = w.niger.ring
    signed = w.note()
    w.niger.rotate()
    w.niger.certify(NIGER)
    assert w.frame(w.niger.hello(card=json.loads(w.niger.card()))) == ""
    revoke_node_key(NodeKey.objects.get(id=old.signing[0].id), "stolen", by="system")
    w.mark()
    return w.envelope(signed)


def unlabelled(w: World) -> Signed:
    signed = w.note()
    return resigned(signed, w.niger.ring.signing[0].sign(signed[0]))


def file_of_another(w: World) -> str:
    """Other bytes in place of a file that a record of Niger's names."""
    ours, django_settings.DATA = django_settings.DATA, django_settings.DATA.parent / "NER"
    django_settings.DATA.mkdir()
    file = attachments.store("report.txt", "text/plain", io.BytesIO(b"a report" * 100))
    data = CHUNK_PLACE.pack(bytes.fromhex(file.blob), 0) + attachments.chunk(file.blob, 0)
    django_settings.DATA = ours
    body = Letter(text="see the file", files=(file,))
    plain = w.letter.content.model_validate(terms("border_check", "test", 30, body))
    assert w.envelope(w.niger.statement(w.letter, plain)) == ""
    w.mark()
    code = w.frame(w.niger.hello(), chunks=[flipped(data, -1)])
    assert attachments.missing(file) == 0
    assert w.frame(w.niger.hello(), chunks=[data]) == ""
    assert attachments.missing(file) == 1
    return code


def forged_ledger(w: World) -> str:
    """What Niger says of its ledger, with a checkpoint that another signed."""
    peer = Peer("NER", foreign=ForeignNode("NER"))
    peer.append(5)
    peer.offer()
    return w.frame(w.niger.hello(ledger=peer.says_to("LBY")))


def agreement(w: World, cosignature: str = "") -> Signed:
    """An agreement with another second signature, or with none."""
    kind = newest("agreement")
    plain = terms("border_check", "treaty", 300, demo_agreement(timezone.now().date()), tlp="GREEN")
    signed = w.niger.statement(kind, kind.content.model_validate(plain))
    signed.cosignature = cosignature
    return signed


REJECTED, ANSWERED, PAPER = "rejected", "answered", "paper"
LINE, MESSAGE, RECEIPT = "hello_refused", "message_rejected", "receipt_refused"
CHUNK = "chunk_refused"
ANSWER, NO_POUCH, CUT_POUCH, KEYS = "message_refused", "pouch_refused", "pouch_stopped", "key_paper_refused"
EFFECT = {ANSWER: ANSWERED, KEYS: PAPER}

Case = tuple[str, Callable[[World], str], str, str]
CASES: list[Case] = [
    # what is wrong, how it comes, the code that is told, the act in the ledger
    ("wrong recipient: envelope", lambda w: w.envelope(recipient="TUN"), "envelope_not_for_us", MESSAGE),
    ("wrong recipient: frame", lambda w: w.frame(w.niger.hello(recipient="TUN")), "hello_of_other", LINE),
    ("wrong recipient: receipt", lambda w: w.receipt(ours(w, recipient="TUN")), "receipt_of_other", RECEIPT),
    ("wrong recipient: pouch", lambda w: w.pouch(w.filled(recipient="TUN")), "pouch_not_for_us", NO_POUCH),
    ("forged: envelope by nobody", lambda w: w.raw(Channel(ForeignNode("NER")).envelope(w.note())), "key_unknown",
     MESSAGE),
    ("forged: envelope by another node", lambda w: w.raw(Channel(w.tunisia).envelope(w.note(), sender="NER")),
     "key_of_other_node", MESSAGE),
    ("forged: envelope of another sender", lambda w: w.raw(Channel(w.tunisia).envelope(w.note())), "sender_unknown",
     MESSAGE),
    ("forged: frame", lambda w: w.frame(ForeignNode("NER").hello()), "key_unknown", LINE),
    ("forged: frame by another node", lambda w: w.frame(w.tunisia.hello(sender="NER")), "key_of_other_node", LINE),
    ("forged: record", lambda w: w.envelope(resigned(w.note(), bytes(64))), "signature_wrong", ANSWER),
    ("forged: record by nobody", lambda w: w.envelope(w.note(by=ForeignNode("NER"))), "key_unknown", ANSWER),
    ("forged: receipt by another node", lambda w: w.receipt(ours(w, by=w.tunisia)), "key_of_other_node", RECEIPT),
    ("forged: ledger", forged_ledger, "unsigned", LINE),
    ("forged: pouch", lambda w: w.pouch(w.filled(by=ForeignNode("NER"))), "key_unknown", NO_POUCH),
    ("forged: pouch of a stranger", lambda w: w.pouch(w.filled(by=ForeignNode("TCD"))), "pouch_of_stranger", NO_POUCH),
    ("wrong role: a key for sealing signs", sealing_key_signs, "key_unknown", MESSAGE),
    ("wrong role: an officer who is no approver", lambda w: w.envelope(w.officer("contact_officer")),
     "key_of_other_role", ANSWER),
    ("wrong role: who is not our national node introduces", lambda w: w.paper(
        directory_kinds.INTRODUCTION, {"card": json.loads(w.tunisia.card())}), "not_the_origin", KEYS),
    ("wrong role: another's card", lambda w: w.paper(
        directory_kinds.NODE_CARD, {"card": json.loads(w.tunisia.card())}), "card_of_other", KEYS),
    ("altered: envelope", lambda w: w.raw(flipped(w.channel.envelope(w.note()), 1500)), "envelope_signature", MESSAGE),
    ("altered: signature of an envelope", lambda w: w.raw(flipped(w.channel.envelope(w.note()), -1)),
     "envelope_signature", MESSAGE),
    ("altered: frame", lambda w: w.frame(flipped(w.niger.hello(), 20)), "hello_signature", LINE),
    ("altered: receipt", lambda w: w.receipt(flipped(ours(w), 20)), "receipt_signature", RECEIPT),
    ("altered: file", file_of_another, "chunk_wrong", CHUNK),
    ("altered: head of a pouch", lambda w: w.pouch(flipped(w.filled(), HEAD - 1)), "pouch_form", NO_POUCH),
    ("altered: chunk of a pouch", lambda w: w.pouch(flipped(w.filled(), HEAD + 99)), "pouch_chunk", CUT_POUCH),
    ("cut: envelope", lambda w: w.raw(w.channel.envelope(w.note())[:-1]), "envelope_form", MESSAGE),
    ("cut: receipt", lambda w: w.receipt(ours(w)[:-1]), "receipt_form", RECEIPT),
    ("cut: pouch", lambda w: w.pouch(w.filled()[:-1]), "pouch_cut", CUT_POUCH),
    ("cut: head of a pouch", lambda w: w.pouch(w.filled()[: HEAD - 1]), "pouch_form", NO_POUCH),
    ("cut: nothing", lambda w: w.pouch(b""), "pouch_form", NO_POUCH),
    ("lower suite: envelope", lambda w: w.raw(b"JWE\x01" + w.channel.envelope(w.note())[4:]), "envelope_version",
     MESSAGE),
    ("lower suite: pouch", lambda w: w.pouch(w.filled()[:3] + b"\x00" + w.filled()[4:]), "pouch_version", NO_POUCH),
    ("lower suite: record", lambda w: w.envelope(w.note(v=0)), "wrong_form", ANSWER),
    ("lower suite: no second signature", lambda w: w.envelope(agreement(w)), "cosignature_missing", ANSWER),
    ("revoked after: envelope", after_revoking(lambda w: before(w, w.channel.envelope(w.note()), w.raw)),
     "key_revoked", MESSAGE),
    ("revoked after: frame", after_revoking(lambda w: before(w, w.niger.hello(), w.frame)), "key_revoked", LINE),
    ("revoked after: pouch", after_revoking(lambda w: before(w, w.filled(), w.pouch)), "key_revoked", NO_POUCH),
    ("revoked after: record in another's envelope", relayed_after_revoking, "key_revoked", ANSWER),
    ("revoked before: a retired key signs", retired_then_said, "key_revoked", MESSAGE),
    ("revoked after: by a stolen key", stolen_long_ago, "key_revoked", MESSAGE),
    ("stale list: an older one", older_list, "revocations_older", KEYS),
    ("stale list: a new key meanwhile", new_key_while_stale, "key_waits", LINE),
    ("list of another state", lambda w: w.paper(directory_kinds.REVOCATIONS, {"list": write_by_root(
        RootKey.of("TUN", bytes(32)), 1, timezone.now(), [])}), "not_the_origin", KEYS),
    ("other bytes: a record's signature without its label", lambda w: w.envelope(unlabelled(w)), "signature_wrong",
     ANSWER),
    ("other bytes: another record's signature", lambda w: w.envelope(Signed((w.note("b")[0], *w.note("a")[1:]))),
     "signature_wrong", ANSWER),
    ("other bytes: an envelope's signature on a record", lambda w: w.envelope(resigned(
        w.note(), Channel(w.niger).envelope(w.note())[-64:])), "signature_wrong", ANSWER),
    ("other bytes: a second signature",
     lambda w: w.envelope(agreement(w, w.niger.cosign(b"other bytes"))), "cosignature_wrong", ANSWER),
    ("same number, another body", another_number, "sequence_reused", MESSAGE),
    ("same id, another body: record", another_body, "version_conflict", ANSWER),
    ("same id, another body: pouch", reused_pouch, "pouch_id_reused", NO_POUCH),
    ("same number, another list", two_lists, "revocations_differ", KEYS),
    ("bomb: a frame of four gigabytes", lambda w: w.pouch(w.bomb(struct.pack(">I", 2**32 - 1) + bytes(99))),
     "pouch_frame", CUT_POUCH),
    ("bomb: megabytes of zeros", lambda w: w.pouch(w.bomb(bytes(8 << 20))), "pouch_frame", CUT_POUCH),
    ("bomb: more than the head says", lambda w: w.pouch(w.filled() + bytes(1 << 20)), "pouch_too_long", CUT_POUCH),
    ("bomb: JSON without end", lambda w: w.pouch(sealed_for_us(w.niger, [frames.MAGIC + b"h" + struct.pack(
        ">I", 60_072) + bytes(72) + b"[" * 60_000])), "pouch_frame", CUT_POUCH),
    ("bomb: no frame", lambda w: w.pouch(sealed_for_us(w.niger, [b"\0" * 100_000])), "pouch_frame", CUT_POUCH),
]  # fmt: skip


@pytest.mark.parametrize(("arrive", "code", "act"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_it_is_refused_with_its_reason_a_leaf_and_no_effect(
    world: World, arrive: Callable[[World], str], code: str, act: str
) -> None:
    world.mark()
    assert arrive(world) == code
    told = [leaf for leaf in leaves()[world.known :] if leaf["act"] == act and leaf["detail"]["code"] == code]
    assert len(told) == 1
    assert "a text" not in json.dumps(told)
    effect, now = EFFECT.get(act, REJECTED), held()
    if effect is not REJECTED:
        # Its number is taken, or the stream would stand still for ever.
        assert len(now.pop("incoming")) == len(world.before.pop("incoming")) + 1
        assert now.pop("cursors") != world.before.pop("cursors")
    if effect is PAPER:
        # The record is kept as a proof of what was said; no key, no list, no certificate moved.
        assert len(now.pop("records")) == len(world.before.pop("records")) + 1
    assert now == world.before


def test_what_a_retired_key_signed_in_its_time_counts(world: World) -> None:
    data = world.channel.envelope(world.note("in its time"))
    with time_machine.travel(timezone.now() + 3 * HOUR):
        take_list(world.revocations(1, world.entry("retired", timezone.now() - HOUR)), by="NER")
        assert world.raw(data) == ""
        assert world.envelope() == "key_revoked"
    assert Record.objects.filter(kind="test.note", node="NER").count() == 2


def test_a_replay_is_passed_over_without_effect(world: World) -> None:
    """An envelope, a frame, a receipt, a pouch: the second time is no fault and changes nothing."""
    pouch, hello = world.filled(), world.niger.hello()
    mine = ours(world)
    for arrive in (
        lambda: world.raw(world.taken),
        lambda: world.frame(hello, envelopes=[world.taken], receipts=[mine]),
        lambda: world.pouch(pouch),
    ):
        assert arrive() == ""
        before, known = held(), [leaf["act"] for leaf in leaves()]
        assert arrive() == ""
        assert held() == before
        assert not {leaf["act"] for leaf in leaves()[len(known) :]} & {"record_received", "messages_acknowledged"}


def test_who_repeats_what_is_refused_fills_no_ledger(world: World) -> None:
    for _ in range(20):
        assert world.frame(ForeignNode("NER").hello()) == "key_unknown"
        assert world.frame(ForeignNode("TCD").hello()) == "key_unknown"
    told = [leaf for leaf in leaves() if leaf["act"] == LINE]
    assert [leaf["subject"] for leaf in told] == ["NER"]
