"""Two real nodes: cards by the command line, records over TLS, receipts; silence, another certificate."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pair import Pair, expected, two_nodes

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


@pytest.fixture
def pair(tmp_path: Path, node_database: Callable[[], str]) -> Iterator[Pair]:
    with two_nodes(tmp_path, node_database) as nodes:
        yield nodes


def test_records_pass_wait_for_who_is_silent_and_go_to_nobody_else(pair: Pair) -> None:
    pair.issue(1, 1)
    pair.acknowledged(1)
    assert pair.taken() == expected(1)

    pair["NER"].stop()
    pair.issue(2, 3)
    waiting = "Outgoing.objects.exclude(state='acknowledged').count() == 3"
    pair.wait("LBY", f"{waiting} and links()[0].failure == 'unreachable'")
    pair["NER"].start()
    pair.acknowledged(4)
    assert pair.taken() == expected(4)

    # Another certificate at Niger's address, as good as any: Libya says nothing there. Niger, whose keys are its own,
    # comes for its messages itself.
    pair["NER"].stop()
    pair["NER"].python(
        "from django.conf import settings; from django.utils import timezone\n"
        "from jiwar.identity.keys import make_tls\n"
        "make_tls(settings.KEYS, 'NER', settings.NODE.exchange_url, timezone.now())"
    )
    pair["NER"].start()
    pair.wait("LBY", "links()[0].failure == 'wrong_certificate'")
    pair.issue(5, 1)
    pair.acknowledged(5)
    assert pair.taken() == expected(5)
    pair.verified()
