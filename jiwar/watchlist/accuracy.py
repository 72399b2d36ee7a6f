"""How often the search is right at each threshold: what `bench/watchlist_accuracy.py` measured, as it is installed.

The file `data/rates.json` has `measured_on` (a day), `people` (of the UN list, asked for by name
and year of birth, or else nationality) and `points`: rising
[threshold, share of the listed who were found, wrong candidates per search], each between 0 and 1 but the last, which
may be more.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "rates.json"


@dataclass(frozen=True, slots=True)
class Rates:
    """One measurement of the whole curve."""

    measured_on: str
    people: int
    points: tuple[tuple[float, float, float], ...]

    def at(self, threshold: float) -> tuple[float, float] | None:
        """(found, wrong per search) at the nearest measured threshold that is not above; None below the first."""
        below = [point for point in self.points if point[0] <= threshold + 1e-9]
        return below[-1][1:] if below else None


@lru_cache(maxsize=4)
def rates(file: Path = _FILE) -> Rates | None:
    """The measurement that this program carries; None where nobody measured it yet."""
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    points = tuple((float(t), float(found), float(wrong)) for t, found, wrong in read["points"])
    return Rates(str(read["measured_on"]), int(read["people"]), tuple(sorted(points)))
