"""Fairness of the watchlist: how often a stranger is taken for somebody listed, by script, region, sex and name.

Invented people of `watchlist_people` (other seeds than those that the model was tuned on) are asked about as an officer
asks: by name alone, and with birth date, sex and nationality. None of them is listed, so whoever is shown is a false
match. A ratio is the worst group's rate over the best's; beside it stands the interval in which 19 of 20 repetitions
would lie (log-normal, Katz et al., Biometrics 34, 1978): where 1 is in it, the difference may be chance.
"""

import math
import random
from collections import Counter
from collections.abc import Iterator

from bench.watchlist_people import Person, asked, people, subject
from jiwar.watchlist.logic.frequency import usual
from jiwar.watchlist.logic.index import THRESHOLD, Index
from jiwar.watchlist.logic.names import read_name

LISTED = 10_000
STRANGERS = {"name": 20_000, "facts": 30_000}
GOAL = 1.25


def benchmarks() -> Iterator[dict]:
    chance = random.Random(41)
    index = Index.build(subject(one, f"p{at}", chance) for at, one in enumerate(people(LISTED, 42)))
    for way, count in STRANGERS.items():
        yield from _rates(way, index, count, chance)


def _rates(way: str, index: Index, count: int, chance: random.Random) -> Iterator[dict]:
    flagged: Counter[tuple[str, str]] = Counter()
    strangers: Counter[tuple[str, str]] = Counter()
    for someone in people(count, 43):
        script = chance.choice(("Arabic", "Latin"))
        query = asked(someone, chance, script, facts=way == "facts")
        shown = bool(index.search(query, 1, index.fair(query, THRESHOLD)))
        for group in _groups(someone, script):
            strangers[group] += 1
            flagged[group] += shown
    yield _row(f"{way}_all", flagged["all", "all"], strangers["all", "all"])
    for kind in ("script", "region", "sex", "band"):
        groups = sorted(group for group in strangers if group[0] == kind)
        rates = [(flagged[group] / strangers[group], group) for group in groups]
        for _, group in rates:
            yield _row(f"{way}_{kind}_{group[1]}", flagged[group], strangers[group])
        (_, best), (_, worst) = min(rates), max(rates)
        ratio, low, high = _ratio(flagged[worst], strangers[worst], flagged[best], strangers[best])
        yield {
            "name": f"watchlist_fairness.{way}_{kind}_ratio",
            "value": round(ratio, 3),
            "unit": f"worst/best, 95 % {low:.2f} to {high:.2f}",
            "goal": GOAL,
        }


def _row(name: str, flagged: int, asked_for: int) -> dict:
    return {
        "name": f"watchlist_fairness.{name}",
        "value": round(flagged / asked_for, 6),
        "unit": f"flagged, {flagged} of {asked_for}",
    }


def _groups(someone: Person, script: str) -> list[tuple[str, str]]:
    share = usual(read_name(someone.chain[0][0]).parts[0])
    band = "common" if share >= 1 / 110 else "middling" if share >= 1 / 400 else "rare"
    region = someone.region.replace(" ", "_").lower()
    sex = {"F": "women", "M": "men"}[someone.sex]
    return [("all", "all"), ("script", script.lower()), ("region", region), ("sex", sex), ("band", band)]


def _ratio(worst: int, of_worst: int, best: int, of_best: int) -> tuple[float, float, float]:
    """The ratio of two shares and its 95 % interval; half a case is added where there is none."""
    a, b = max(worst, 0.5), max(best, 0.5)
    ratio = (a / of_worst) / (b / of_best)
    spread = 1.96 * math.sqrt(1 / a - 1 / of_worst + 1 / b - 1 / of_best)
    return ratio, ratio * math.exp(-spread), ratio * math.exp(spread)
