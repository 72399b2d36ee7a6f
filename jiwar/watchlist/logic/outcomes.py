"""What officers decided about candidates, counted: by score, script, nationality and type of alert. Pure.

Nothing here names anybody, and small numbers are told to nobody: below `SMALL` a number is "few", others are rounded
down to a multiple of it, so that no difference of two numbers says what one person was.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

SMALL: Final = 5
ENOUGH: Final = 20
"""Decisions from which a rate is told."""
CONFIRMED, REJECTED, UNSURE = "confirmed", "rejected", "unsure"
_REGIONS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("DZA", "EGY", "ESH", "LBY", "MAR", "MRT", "TUN"), "north_africa"),
    **dict.fromkeys(("BFA", "MLI", "NER", "SDN", "SSD", "TCD"), "sahel"),
    **dict.fromkeys(
        ("BEN", "CIV", "CMR", "GHA", "GIN", "GMB", "GNB", "LBR", "NGA", "SEN", "SLE", "TGO"), "west_africa"
    ),
    **dict.fromkeys(
        ("ARE", "BHR", "IRN", "IRQ", "JOR", "KWT", "LBN", "OMN", "PSE", "QAT", "SAU", "SYR", "TUR", "YEM"),
        "middle_east",
    ),
}  # fmt: skip
_SCRIPTS: Final = (
    ("\u0600", "\u06ff", "Arab"),
    ("\u2d30", "\u2d7f", "Tfng"),
    ("A", "z", "Latn"),
    ("\xc0", "\u024f", "Latn"),
)


@dataclass(frozen=True, slots=True)
class Decided:
    """One cell of the counts: `band` is the score's tens of per cent, 0 to 9; `scores` the sum of their per cents."""

    band: int
    script: str
    region: str
    alert_type: str
    verdict: str
    number: int
    scores: int


@dataclass(frozen=True, slots=True)
class Told:
    """One row of a review. Numbers are None where they are few; `observed` and `predicted` in per cent, None too."""

    what: str
    number: int | None
    unsure: int | None
    observed: int | None
    predicted: int | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a threshold, in per cent, would have changed: false candidates spared, and true ones never shown."""

    threshold: int
    spared: int | None
    missed: int | None


def region(nationality: str) -> str:
    """A group of nationalities, a code of the words group `region`."""
    return _REGIONS.get(nationality, "elsewhere" if nationality else "unknown")


def scripts(asked: str, listed: str) -> str:
    """Scripts of two names, ISO 15924: one code where they share it, else both; "" where no name was compared."""
    found = {script for script in (_script(asked), _script(listed)) if script}
    return "-".join(sorted(found))


def verdict_of(verdict: str, reason: str) -> str:
    """Who could not tell says nothing for either side."""
    return UNSURE if reason == "cannot_tell" else verdict


def told(number: int) -> int | None:
    """A number as people read it: None where it is few, else rounded down."""
    return None if 0 < number < SMALL else number - number % SMALL


def review(cells: Iterable[Decided], key: Callable[[Decided], str]) -> list[Told]:
    """A row for each value of `key`, in its order: how many were decided, and confirmed of those decided."""
    sums: dict[str, Counter[str]] = {}
    for cell in cells:
        found = sums.setdefault(key(cell), Counter())
        found[cell.verdict] += cell.number
        if cell.verdict != UNSURE:
            found["scores"] += cell.scores
    rows = []
    for what, found in sorted(sums.items()):
        decided = found[CONFIRMED] + found[REJECTED]
        enough = decided >= ENOUGH
        rows.append(
            Told(
                what,
                told(decided),
                told(found[UNSURE]),
                _fives(100 * found[CONFIRMED] / decided) if enough else None,
                _fives(found["scores"] / decided) if enough else None,
            )
        )
    return rows


def effects(cells: Iterable[Decided], default: int) -> list[Effect]:
    """What each threshold of whole tens above the one in force would have changed among what was shown."""
    kept = list(cells)

    def below(threshold: int, verdict: str) -> int | None:
        return told(sum(c.number for c in kept if c.verdict == verdict and 10 * c.band < threshold))

    return [Effect(t, below(t, REJECTED), below(t, CONFIRMED)) for t in range(10, 100, 10) if t > default]


def _fives(percent: float) -> int:
    return 5 * round(percent / 5)


def _script(text: str) -> str:
    counted = Counter(code for c in text if c.isalpha() for first, last, code in _SCRIPTS if first <= c <= last)
    return counted.most_common(1)[0][0] if counted else "Zyyy" if any(map(str.isalpha, text)) else ""
