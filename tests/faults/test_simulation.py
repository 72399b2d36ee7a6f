"""Ten nodes in one process under simulated faults: what was acknowledged is there once, and nobody is stuck.

`python -m tests.faults.simulator SEED` prints what happens in a seed.
"""

import pytest

from tests.faults.simulator.run import run

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
