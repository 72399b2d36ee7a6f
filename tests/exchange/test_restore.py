"""A node that runs from an old copy: its neighbours notice, the ceremony ends it, and it is over then."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import time_machine
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.logic.checkpoint import read_unverified
from jiwar.audit.queries import leaves
from jiwar.exchange import departure, restore
from jiwar.exchange.arrival import take
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import frame as frames
from jiwar.exchange.logic import hello as hellos
from jiwar.exchange.logic import outbox
from jiwar.exchange.logic.conversation import Contact, answer
from jiwar.exchange.logic.frame import Frame
from jiwar.exchange.logic.hello import Hello, Problem, Sent
from jiwar.exchange.logic.receipt import Result
from jiwar.exchange.logic.streams import MANY, Cursor
from jiwar.exchange.models import Outgoing, Sealed, Stream
from jiwar.exchange.standing import epoch, restoring
from jiwar.exchange.this_node import ThisNode
from jiwar.identity.services import make_own_keys
from jiwar.records.kinds import Kind
from jiwar.records.services import issue
from tests.audit.peers import Peer
from tests.exchange.carrier import CARRIER, notes, receipt
from tests.exchange.test_exchange import BY, Channel, content, depart
from tests.foreign import ForeignNode

ENDER = Grant(CARRIER.actor, Permission.EXCHANGE_RESTORE_END)


class Line:
    """A line to the neighbour: it asks, we answer, in one process of ours."""

    def __init__(self, node: ForeignNode) -> None:
        self.node, self.contacts, self.heard = node, defaultdict(Contact), ""

    def ask(self, envelopes: Sequence[bytes] = (), **hello: Any) -> tuple[Hello, Frame]:
        said = frames.write(Frame(self.node.hello(**{"re": self.heard, **hello}), envelopes=list(envelopes)))
        frame = frames.read(answer(ThisNode(reaching=False), self.contacts, said).data)
        found, _ = hellos.read(frame.hello)
        self.heard = found.nonce
        return found, frame


def problem(hello: Hello) -> str:
    return hello.problem.code if hello.problem else ""


def test_a_neighbour_that_forgot_everything_it_said_is_shown_it(niger: ForeignNode, kind: Kind) -> None:
    line, batch = Line(niger), notes(niger, Channel(niger), kind, "1", "2")
    line.ask()
    take("NER", batch)
    line.ask(sent={"routine.1.0": Sent(2, 2)})
    for sent in ({}, {"routine.1.0": Sent(1, 1)}):
        hello, frame = line.ask(sent=sent)
        assert problem(hello) == "restored"
        assert frame.own == [batch[1]]


def test_it_gets_back_what_it_said_when_it_begins_an_epoch_and_is_left_in_peace(niger: ForeignNode, kind: Kind) -> None:
    line, batch = Line(niger), notes(niger, Channel(niger), kind, "1", "2")
    take("NER", batch)
    line.ask(sent={"routine.1.0": Sent(2, 2)})
    line.ask()
    for _ in range(2):
        hello, frame = line.ask(epoch=2, sent={}, room=100_000)
        assert (problem(hello), frame.own) == ("", [])
    given = Outgoing.objects.filter(node="NER", returned=True)
    assert [row.record.body["text"] for row in given] == ["1", "2"]
    assert len(frame.envelopes) == given.filter(state="sealed").count() == 2


def test_the_first_word_of_a_new_epoch_takes_receipts_back_though_it_is_not_fresh(
    niger: ForeignNode, kind: Kind
) -> None:
    """The line may be cut before a fresh one comes, and a pouch be next."""
    issue(BY, kind, content(kind))
    depart("NER")
    departure.settle("NER", [receipt(niger, 1)])
    Line(niger).ask(re="00" * 16)
    assert Outgoing.objects.get().state == "acknowledged"
    Line(niger).ask(re="00" * 16, epoch=2)
    assert Outgoing.objects.get().state == "sealed"


def test_what_a_neighbour_shows_of_an_epoch_that_has_ended_is_no_evidence(niger: ForeignNode, kind: Kind) -> None:
    issue(BY, kind, content(kind))
    depart("NER")
    [data] = [bytes(row.envelope) for row in Sealed.objects.all()]
    Sealed.objects.all().delete()
    Stream.objects.filter(incoming=False).delete()
    restore.shown("NER", [data])
    assert restoring() is not None
    assert restore.end_restore(ENDER, "the newest backup") == 2
    restore.shown("NER", [data])
    assert (restoring(), epoch()) == (None, 2)


def test_a_neighbour_that_forgot_its_last_restore_is_shown_what_it_signed_since(niger: ForeignNode) -> None:
    make_own_keys()
    peer, line = Peer("NER", foreign=niger), Line(niger)

    def ask(node: Peer, epoch: int) -> str:
        line.contacts["NER"].told_at = float("-inf")
        hello, _ = line.ask(epoch=epoch, ledger=node.says_to("LBY"))
        if hello.ledger:
            node.hears("LBY", hello.ledger)
        return problem(hello)

    peer.append(3)
    for _ in range(3):
        ask(peer, 1)
    copied = peer.twin()
    peer.begin_epoch(2)
    for _ in range(3):
        assert not ask(peer, 2)
    assert [ask(copied, 1) for _ in range(3)] == ["epoch_old"] * 3
    assert read_unverified(copied.outcomes[-1].restored or "").epoch == 2


def test_a_receipt_for_what_we_forgot_is_answered_so_that_evidence_comes(niger: ForeignNode, kind: Kind) -> None:
    issue(BY, kind, content(kind, "1"))
    issue(BY, kind, content(kind, "2"))
    depart("NER")
    lost = receipt(niger, 2)
    Sealed.objects.filter(seq=2).delete()
    Stream.objects.filter(incoming=False).update(seq=1)
    assert departure.settle("NER", [lost]) == 0
    assert Stream.objects.get(incoming=False).acked == 0


def test_a_number_that_a_neighbour_took_for_another_message_is_said_again_and_proves_it(
    niger: ForeignNode, kind: Kind
) -> None:
    """We were restored, and gave the number again before anyone met us."""
    issue(BY, kind, content(kind))
    depart("NER")
    line, head = Line(niger), Stream.objects.get(incoming=False).head
    line.ask()
    _, frame = line.ask(have={"routine.1.0": Cursor(1, head)}, room=100_000)
    assert not frame.envelopes
    _, frame = line.ask(have={"routine.1.0": Cursor(1, "5" * 64)}, room=100_000)
    assert [envelopes.read(data).header.seq for data in frame.envelopes] == [1]


def test_who_gives_a_number_twice_is_shown_the_first(niger: ForeignNode, kind: Kind) -> None:
    line, [first] = Line(niger), notes(niger, Channel(niger), kind, "1")
    line.ask()
    take("NER", [first])
    [second] = notes(niger, Channel(niger), kind, "2")
    hello, frame = line.ask(sent={"routine.1.0": Sent(1, 0)}, envelopes=[second])
    assert problem(hello) == "sequence_reused"
    assert frame.own == [first]


def test_what_a_neighbour_lost_after_its_receipt_may_end_otherwise(niger: ForeignNode, kind: Kind) -> None:
    for text in ("1", "2", "3"):
        issue(BY, kind, content(kind, text))
    depart("NER")
    departure.settle("NER", [receipt(niger, 3)])
    line = Line(niger)
    line.ask()
    line.ask(have={"routine.1.0": Cursor(3)})

    def states() -> list[str]:
        return list(Outgoing.objects.values_list("state", flat=True))

    assert states() == ["acknowledged"] * 3
    # It was restored to before the second, by when the agreement was suspended there.
    line.ask(have={"routine.1.0": Cursor(1)})
    assert states() == ["acknowledged", "sealed", "sealed"]
    assert Stream.objects.get(incoming=False).acked == 1
    refusal, taken = Result("refused", "suspended"), Result("applied")
    departure.settle("NER", [receipt(niger, 3, first=2, results=(refusal, taken))])
    assert states() == ["acknowledged", "held", "acknowledged"]
    # A node that starts anew remembers no contact: what the neighbour says first decides.
    again = Line(niger)
    again.ask()
    again.ask(have={})
    assert states() == ["sealed", "held", "sealed"]
    again.ask(have={"routine.1.0": Cursor(3)})
    departure.settle("NER", [receipt(niger, 3)])
    assert states() == ["acknowledged"] * 3
    assert leaves(act="messages_lost").count() == 2


def test_a_stream_of_which_a_long_hello_does_not_speak_is_not_lost(niger: ForeignNode, kind: Kind) -> None:
    issue(BY, kind, content(kind))
    depart("NER")
    departure.settle("NER", [receipt(niger, 1)])
    many = {f"routine.1.{number}": Cursor(1) for number in range(1, MANY)}
    departure.lost("NER", many | {"urgent.1.0": Cursor(1)})
    assert Stream.objects.get(incoming=False).acked == 1
    departure.lost("NER", many)
    assert Stream.objects.get(incoming=False).acked == 0


def test_what_a_neighbour_lost_after_its_receipt_is_sealed_anew_where_the_old_seal_has_expired(
    niger: ForeignNode, kind: Kind
) -> None:
    issue(BY, kind, content(kind))
    depart("NER")
    departure.settle("NER", [receipt(niger, 1)])
    assert Outgoing.objects.get().state == "acknowledged"
    # It was restored to before it took it, and by its clock the year is over.
    with time_machine.travel(timezone.now() + outbox.KEPT_FOR / 2):
        assert departure.stuck("NER", Problem("envelope_expired"), {"routine.1.0": Cursor()})
        departure.seal("NER")
    newest = Sealed.objects.get(stream__name="routine.1.1")
    assert envelopes.read(bytes(newest.envelope)).header.expires > timezone.now() + outbox.KEPT_FOR
    # A stream that was given up before is given up further down.
    Stream.objects.filter(name="routine.1.0").update(closed_at=1)
    with time_machine.travel(timezone.now() + outbox.KEPT_FOR / 2):
        departure.stuck("NER", Problem("envelope_expired"), {"routine.1.0": Cursor()})
    assert Stream.objects.get(name="routine.1.0").closed_at == 0
