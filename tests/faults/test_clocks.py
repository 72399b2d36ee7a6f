"""Clocks that are wrong by more than a year, either way: nothing false is believed, nothing is lost, and it is said."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.machine import faketime
from tests.pair import expected, two_nodes

pytestmark = [
    pytest.mark.fault,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(faketime() is None, reason="no libfaketime on this machine"),
]


@pytest.mark.parametrize("days", [400, -400])
@pytest.mark.parametrize("victim", ["LBY", "NER"])
def test_a_clock_that_was_wrong_by_400_days(
    tmp_path: Path, migrated: Callable[[Path], str], days: int, victim: str
) -> None:
    wrong = {"LD_PRELOAD": str(faketime()), "FAKETIME": f"{days:+}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    with two_nodes(tmp_path, migrated, start=False) as pair:
        pair[victim].env = wrong
        for machine in pair.values():
            machine.start()
        pair.issue(1, 5)
        other = "NER" if victim == "LBY" else "LBY"
        apart = f"abs(abs(links()[0].clock_difference or 0) - {abs(days)} * 86400) < 600"
        pair.wait(other, f"{apart} and 'check_clock' in links()[0].advice")
        # What the wrong clock keeps from being taken stays with its sender. Put right, everything arrives, once.
        pair[victim].stop()
        pair[victim].env = {}
        pair[victim].start()
        pair.issue(6, 5)
        pair.acknowledged(10, seconds=120)
        references, records, leaves = pair.taken()
        assert [sorted(references), records, leaves] == expected(10)  # type: ignore[call-overload]
        pair.verified()
