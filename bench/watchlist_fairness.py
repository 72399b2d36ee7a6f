"""Fairness of the watchlist: how often a stranger is taken for somebody listed, by script, region, sex and name.

Invented people of `watchlist_people` (other seeds than those that the model was tuned on) are asked about as an officer
asks: by name alone, and with birth date, sex and nationality. None of them is listed, so whoever is shown is a false
match. With a date false matches are too rare to count, and almost every one is a namesake: so each stranger is asked
about without a date, and the chance that a date of birth of no connection would lift one of those found over the
threshold is worked out. Several lists are made, for which names are listed is luck.

Real people: everyone on the UN list is asked about as a stranger, his own record left aside; names put together of
ANETAC's persons are asked about by name.

A ratio is the worst group's rate over the best's; beside it stands the interval in which 19 of 20 repetitions would lie
(log-normal, Katz et al., Biometrics 34, 1978): where 1 is in it, the difference may be chance.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from bench.watchlist_accuracy import ANETAC, SEED, UN_LIST, anetac, other_script, un_people
from bench.watchlist_people import Person, asked, people, subject
from jiwar.watchlist.logic.dates import DateAgreement, PartialDate, agreement
from jiwar.watchlist.logic.evidence import Query
from jiwar.watchlist.logic.frequency import usual
from jiwar.watchlist.logic.index import THRESHOLD, Index
from jiwar.watchlist.logic.names import read_name
from jiwar.watchlist.logic.weights import WEIGHTS

LISTED = 15_000
LISTS = 3
STRANGERS = 12_000
"""Of each list."""
GOAL = 1.25
FIRST_BIRTH, DAYS = date(1945, 1, 1), 365 * 63
DATES = (("exact", 0.85), ("year", 0.105), ("about", 0.045))
"""How strangers' dates of birth are known, and how many of them are."""
REAL_REGIONS = {
    "Maghreb, Sahel, Horn": "DZA TUN MAR LBY EGY SDN MRT NER MLI TCD NGA SEN BFA CMR SOM ERI ETH KEN TZA COD CAF SSD",
    "Middle East": "IRQ SAU YEM SYR JOR LBN KWT QAT BHR PSE ARE OMN TUR IRN",
    "South Asia": "AFG PAK IND BGD",
    "East and South-East Asia": "PRK CHN IDN PHL MYS SGP",
}

Rates = dict[tuple[str, str], list[float]]
"""By group, for each stranger asked about how likely somebody is shown."""


def benchmarks() -> Iterator[dict]:
    rates: dict[str, Rates] = {"name": defaultdict(list), "facts": defaultdict(list)}
    for number in range(LISTS):
        chance = random.Random(41 + 10 * number)
        index = Index.build(subject(one, f"p{at}", chance) for at, one in enumerate(people(LISTED, 42 + 10 * number)))
        for someone in people(STRANGERS, 43 + 10 * number):
            script = chance.choice(("Arabic", "Latin"))
            query = asked(someone, chance, script, facts=False)
            shown = float(bool(index.search(query, 1, index.fair(query, THRESHOLD))))
            risk = _risk(index, Query(query.names, None, someone.sex, someone.nationality))
            for group in _groups(someone, script):
                rates["name"][group].append(shown)
                rates["facts"][group].append(risk)
    for way, found in rates.items():
        yield from _rows(way, found, ("script", "region", "sex", "band"))
    if UN_LIST.exists():
        yield from _rows("un", _un(), ("script", "region"))
    if ANETAC.exists() and UN_LIST.exists():
        yield from _rows("anetac", _anetac(), ("script",))


def _risk(index: Index, query: Query) -> float:
    """How likely somebody is shown, were the stranger born on a day of no connection with the list."""
    floor = math.log2(THRESHOLD / (1 - THRESHOLD)) - max(WEIGHTS.birth)
    found = index.search(query, 10_000, 1 / (1 + 2**-floor))
    if not found:
        return 0.0
    dates = [(candidate.comparison.bits, index.subject(candidate.key).birth_dates[0]) for candidate in found]
    risk = 0.0
    for (kind, share), born in zip(DATES, (PartialDate(1970, 5, 9), PartialDate(1970), _about(1970)), strict=True):
        fair = index.fair(Query(query.names, born, query.sex, query.nationality), THRESHOLD)
        need, nobody = math.log2(fair / (1 - fair)), 1.0
        for bits, listed in dates:
            stands = zip(WEIGHTS.birth, _stands(listed, kind), strict=True)
            nobody *= 1 - min(1.0, sum(p for weight, p in stands if bits + weight >= need))
        risk += share * (1 - nobody)
    return risk


def _about(year: int) -> PartialDate:
    return PartialDate(year, approximate=True)


@cache
def _stands(listed: PartialDate, kind: str) -> list[float]:
    """How likely a stranger's date, known so well, stands to a listed one, in the order of `DateAgreement`."""
    chances = dict.fromkeys(DateAgreement, 0.0)
    last = FIRST_BIRTH + timedelta(days=DAYS)
    for year in range(FIRST_BIRTH.year, last.year + 1):
        days = (min(date(year + 1, 1, 1), last) - date(year, 1, 1)).days
        # A day in the middle of the year stands for all that are not the same or swapped.
        day = (6, 15) if (listed.month, listed.day) not in ((6, 15), (15, 6)) else (7, 20)
        born = {"exact": PartialDate(year, *day), "year": PartialDate(year), "about": _about(year)}[kind]
        chances[agreement(born, listed)] += days / DAYS
    if kind == "exact" and listed.exact:
        month, day = listed.month or 0, listed.day or 0
        chances[DateAgreement.SAME] += 1 / DAYS
        chances[DateAgreement.DAY_MONTH_SWAPPED] += (day <= 12 and day != month) / DAYS
        chances[DateAgreement.SAME_YEAR_OTHER_DAY] -= (1 + (day <= 12 and day != month)) / DAYS
    return list(chances.values())


def _un() -> Rates:
    """Everyone on the UN list, by his first name in each script, with what else the list says of him."""
    entries, latin = un_people()
    index = Index.build(latin)
    rates: Rates = defaultdict(list)
    for entry, one in zip(entries, latin, strict=True):
        nation = one.nationalities[0] if one.nationalities else ""
        region = next((name for name, states in REAL_REGIONS.items() if nation in states.split() and nation), "other")
        born = one.birth_dates[0] if one.birth_dates else None
        for script, name in (("original", entry.original_script), ("latin", one.names[0].text if one.names else "")):
            if not name or (script == "original" and not other_script(name)):
                continue
            query = Query((name,), born, one.sexes[0] if one.sexes else "", nation)
            found = index.search(query, 10, index.fair(query, THRESHOLD))
            shown = float(any(candidate.key != one.key for candidate in found))
            for group in (("all", "all"), ("script", script), ("region", _code(region))):
                rates[group].append(shown)
    return rates


def _anetac() -> Rates:
    """Two persons' words of ANETAC's training split, in both scripts, against the UN list."""
    _, latin = un_people()
    index = Index.build(latin)
    chance = random.Random(SEED)
    words = [pair for pair in anetac("train") if all(len(read_name(word).parts) == 1 for word in pair)]
    rates: Rates = defaultdict(list)
    for _ in range(STRANGERS):
        pairs = chance.sample(words, 2)
        for script, name in zip(
            ("latin", "arabic"), (" ".join(each) for each in zip(*pairs, strict=True)), strict=True
        ):
            query = Query((name,))
            shown = float(bool(index.search(query, 1, index.fair(query, THRESHOLD))))
            for group in (("all", "all"), ("script", script)):
                rates[group].append(shown)
    return rates


def _rows(way: str, rates: Rates, kinds: tuple[str, ...]) -> Iterator[dict]:
    yield _row(f"{way}_all", rates["all", "all"])
    for kind in kinds:
        groups = {group[1]: found for group, found in sorted(rates.items()) if group[0] == kind}
        for name, found in groups.items():
            yield _row(f"{way}_{kind}_{name}", found)
        each = sorted(groups.values(), key=_mean)
        ratio, low, high = _ratio(each[-1], each[0])
        yield {
            "name": f"watchlist_fairness.{way}_{kind}_ratio",
            "value": round(ratio, 3),
            "unit": f"worst/best, 95 % {low:.2f} to {high:.2f}",
            "goal": GOAL,
        }


def _row(name: str, found: list[float]) -> dict:
    return {
        "name": f"watchlist_fairness.{name}",
        "value": round(_mean(found), 6),
        "unit": f"of {len(found)}",
    }


def _mean(found: list[float]) -> float:
    return sum(found) / len(found)


def _ratio(worst: list[float], best: list[float]) -> tuple[float, float, float]:
    """The ratio of two mean chances and its 95 % interval; half a case is added where there is none."""
    spread, means = 0.0, []
    for found in (worst, best):
        mean = max(_mean(found), 0.5 / len(found) if not any(found) else 0.0)
        variance = max(sum((one - mean) ** 2 for one in found) / len(found), mean**2 if not any(found) else 0.0)
        spread += variance / len(found) / mean**2
        means.append(mean)
    ratio, factor = means[0] / means[1], math.exp(1.96 * math.sqrt(spread))
    return ratio, ratio / factor, ratio * factor


def _code(name: str) -> str:
    return name.lower().replace(",", "").replace("-", "_").replace(" ", "_")


def _groups(someone: Person, script: str) -> list[tuple[str, str]]:
    share = usual(read_name(someone.chain[0][0]).parts[0])
    band = "common" if share >= 1 / 110 else "middling" if share >= 1 / 400 else "rare"
    region = someone.region.replace(" ", "_").lower()
    sex = {"F": "women", "M": "men"}[someone.sex]
    return [("all", "all"), ("script", script.lower()), ("region", region), ("sex", sex), ("band", band)]
