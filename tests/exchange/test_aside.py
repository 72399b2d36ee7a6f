"""What a node does while its frame is on its way: after it has left, before its answer is read, in order."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from jiwar.exchange.aside import Aside
from jiwar.exchange.courier import Courier
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic.conversation import NotUnderstood, Visit
from jiwar.exchange.logic.hello import Problem
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
    node.settle("NER", [receipt(niger, 1, stream=envelopes.read(one).header.stream)])
    assert not closed.exists()
    aside.finish()
    assert closed.count() == 1
    rest = [envelopes.read(data).header for data in node.envelopes("NER", {}, 10**6)[1:]]
    node.settle("NER", [receipt(niger, rest[-1].seq, stream=rest[-1].stream)])
    assert closed.count() == 1 + len(rest)


@pytest.mark.django_db
def test_a_visit_that_ends_in_a_problem_leaves_nothing_undone(niger: ForeignNode, aside: Aside) -> None:
    done: list[int] = []

    def frames() -> Generator[bytes, bytes, Visit]:
        aside.put(lambda: done.append(1))
        return Visit(problem=Problem("internal_error"))
        yield

    courier = Courier()
    ended = courier._carry("NER", frames(), aside)
    courier._bell.close()
    assert (ended and ended.problem, done) == (Problem("internal_error"), [1])
