"""What a node does while its frame is on its way: after it has left, before its answer is read, in order."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from jiwar.exchange.aside import Aside
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic.conversation import NotUnderstood
from jiwar.exchange.models import Outgoing
from jiwar.exchange.this_node import ThisNode
from jiwar.records.kinds import Kind
from jiwar.records.services import issue
from tests.exchange.carrier import receipt
from tests.exchange.test_exchange import BY, content
from tests.foreign import ForeignNode


@pytest.fixture
def aside() -> Iterator[Aside]:
    with ThreadPoolExecutor(1) as pool:
        yield Aside(pool)


def test_work_begins_when_the_frame_has_left_and_keeps_its_order(aside: Aside) -> None:
    done: list[int] = []
    aside.put(lambda: done.append(1))
    aside.put(lambda: done.append(2))
    leaving = aside.after(b"frame")
    assert (next(leaving), done) == (b"frame", [])
    assert list(leaving) == []
    aside.finish()
    aside.finish()
    assert done == [1, 2]


def test_the_work_of_a_frame_that_never_left_is_done_all_the_same(aside: Aside) -> None:
    done: list[int] = []
    aside.put(lambda: done.append(1))
    next(aside.after(b"frame"))
    aside.finish()
    assert done == [1]


@pytest.mark.parametrize("left", [True, False])
def test_what_fails_is_said_once_and_nothing_after_it_is_done(aside: Aside, left: bool) -> None:
    def fail() -> None:
        raise NotUnderstood("key_unknown")

    aside.put(fail)
    aside.put(lambda: pytest.fail("was done"))
    if left:
        list(aside.after(b"frame"))
    with pytest.raises(NotUnderstood):
        aside.finish()
    aside.finish()


@pytest.mark.django_db
def test_receipts_wait_while_the_next_frame_is_at_hand(niger: ForeignNode, kind: Kind, aside: Aside) -> None:
    for n in range(2):
        issue(BY, kind, content(kind, str(n)))
    node, closed = ThisNode(reaching=True, aside=aside), Outgoing.objects.filter(state="acknowledged")
    [one] = node.envelopes("NER", {}, 1)
    assert node.settle("NER", [receipt(niger, 1, stream=envelopes.read(one).header.stream)]) == 0
    assert not closed.exists()
    aside.finish()
    assert closed.count() == 1
    rest = [envelopes.read(data) for data in node.envelopes("NER", {}, 10**6)[1:]]
    assert node.settle("NER", [receipt(niger, rest[-1].header.seq, stream=rest[-1].header.stream)]) == len(rest)
