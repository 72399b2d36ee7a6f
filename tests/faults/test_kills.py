"""kill -9 at either end while messages pass: nothing that was acknowledged is lost, nothing has its effect twice."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pair import Pair, expected, two_nodes

pytestmark = [pytest.mark.fault, pytest.mark.two_engines, pytest.mark.timeout(600)]

ACKED = "import json; print(json.dumps({s.name: [s.seq, s.acked] for s in Stream.objects.filter(incoming=False)}))"
HAVE = "import json; print(json.dumps({s.name: s.seq for s in Stream.objects.filter(incoming=True)}))"


def kept(pair: Pair) -> None:
    """What Libya has receipts for, Niger holds; Niger holds nothing that Libya did not seal."""
    import json

    sent = json.loads(pair.wait("LBY", "True", after=ACKED))
    have = json.loads(pair.wait("NER", "True", after=HAVE))
    for name, (sealed, acked) in sent.items():
        assert acked <= have.get(name, 0) <= sealed, (sent, have)


def kill_again_and_again(pair: Pair, victims: list[str], rounds: int, count: int, seed: int) -> None:
    chance = random.Random(seed)
    print(f"seed {seed}")
    pair.issue(1, count)
    for _ in range(rounds):
        time.sleep(chance.uniform(0.05, 1.5))
        victim = chance.choice(victims)
        pair[victim].kill()
        kept(pair)
        pair[victim].start()
    pair.acknowledged(count, seconds=120)
    assert pair.taken() == expected(count)
    pair.verified()


def test_kills_at_both_ends(tmp_path: Path, migrated: Callable[[Path], str]) -> None:
    with two_nodes(tmp_path, migrated) as pair:
        pair["NER"].kill()
        kill_again_and_again(pair, ["LBY", "NER"], 3, 150, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_kills_at_both_ends(tmp_path: Path, migrated: Callable[[Path], str], seed: int) -> None:
    with two_nodes(tmp_path, migrated) as pair:
        pair["NER"].kill()
        kill_again_and_again(pair, ["LBY", "NER"], 20, 600, seed)
