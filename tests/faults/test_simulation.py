"""Ten nodes in one process under simulated faults: what was acknowledged is there once, and nobody is stuck.

`python -m tests.faults.simulator SEED` prints what happens in a seed.
"""

import dataclasses
import random

import pytest

from tests.faults.simulator import ledger
from tests.faults.simulator.keys import stand_ins
from tests.faults.simulator.run import run
from tests.faults.simulator.world import World

SEEDS, MORE = 200, 10_000
_BLOCK = 20


def _run(first: int, last: int) -> None:
    for seed in range(first, last):
        try:
            run(seed)
        except Exception as error:
            error.add_note(f"seed {seed}; by itself: python -m tests.faults.simulator {seed}")
            raise


@pytest.mark.parametrize("first", range(0, SEEDS, _BLOCK))
def test_the_world_heals(first: int) -> None:
    _run(first, first + _BLOCK)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(SEEDS, MORE, 10 * _BLOCK))
def test_the_world_heals_ten_thousand_times(first: int) -> None:
    _run(first, min(MORE, first + 10 * _BLOCK))


def test_a_seed_runs_the_same_again() -> None:
    histories: list[list[str]] = [[], []]
    for history in histories:
        for seed in range(3):
            run(seed, history)
    assert histories[0] == histories[1]


def test_who_shows_two_histories_is_found_out() -> None:
    """The invariants hold that no two who could see it miss it; here somebody could."""
    found = set()
    for seed in range(4):
        with stand_ins(random.Random(seed)):
            world = World(seed)
            world.plan = dataclasses.replace(world.plan, fork=1.0, crash=0.0, restore=0.0, steps=90)
            world.run()
        [forger] = world.forgers
        found |= {seed for node in world.nodes.values() if ledger.open_fork(node, forger)}
    assert found
