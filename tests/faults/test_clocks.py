"""Clocks that are wrong by more than a year, either way: nothing false is believed, nothing is lost, and it is said."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clock import ahead
from tests.pair import expected, two_nodes

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize("days", [400, -400])
@pytest.mark.parametrize("victim", ["LBY", "NER"])
def test_a_clock_that_was_wrong_by_400_days(
    tmp_path: Path, migrated: Callable[[Path], str], days: int, victim: str
) -> None:
    with two_nodes(tmp_path, migrated, start=False) as pair:
        pair[victim].env = ahead(days * 24)
        for machine in pair.values():
            machine.start()
        pair.issue(1, 5)
        other = "NER" if victim == "LBY" else "LBY"
        apart = f"abs(abs(links()[0].clock_difference or 0) - {abs(days)} * 86400) < 600"
        pair.wait(other, f"{apart} and 'check_clock' in links()[0].advice")
        for machine in pair.values():
            machine.stop()
        pair[victim].env = {}
        pair["LBY"].start()
        # To the right clock, what the slow one issued was not reviewed for a year: that ends, and is not sent.
        lapsed = 5 if (victim, days) == ("LBY", -400) else 0
        pair.wait("LBY", f"Outgoing.objects.filter(record__state='expired').count() == {lapsed}")
        # What the wrong clock kept from being taken stayed with its sender. Put right, everything arrives, once.
        pair["NER"].start()
        pair.issue(6, 5)
        pair.acknowledged(10 - lapsed, seconds=120)
        pair.wait("LBY", f"Outgoing.objects.filter(state='not_sent', reason='expired').count() == {lapsed}")
        references, records, leaves = pair.taken()
        assert [sorted(references), records, leaves] == [expected(10)[0][lapsed:], 10 - lapsed, 10 - lapsed]  # type: ignore[call-overload, index]
        pair.verified()
