"""Accuracy of the watchlist: whom a name finds, whom it should not, and whether a score is the probability it says.

UN list: original-script names asked against the 730 people as the list has them in Latin letters. ANETAC: Arabic and
Latin spellings of one name part. Halves: a reference number of the UN list whose SHA-256 with `SEED` is even is for
tuning, the others for the test; ANETAC has splits of its own. Names, weights and thresholds were tuned on the tuning
half, on ANETAC's train and dev splits, on our own tables of pairs and on invented people of other seeds; every figure
here is of the test halves. Two words of ANETAC's test split make a stranger's name.

Peers: nomenklatura's logic-v2 and logic-v1 at their usual threshold of .7, each record under an id of its own, and
rapidfuzz's token_sort_ratio of at least 85 on names put into Latin letters, as one does who has nothing else.
"""

import datetime as dt
import hashlib
import json
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from bench import peers
from bench.watchlist_people import asked, people, shortened, subject
from jiwar.watchlist.logic.dates import PartialDate
from jiwar.watchlist.logic.evidence import Query, Subject
from jiwar.watchlist.logic.index import THRESHOLD, Index
from jiwar.watchlist.logic.names import SAME_PART, SLIP, likeness, read_name
from jiwar.watchlist.logic.un_list import Entry, read_un_list

SEED = "jiwar-1"
DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "watchlist"
UN_LIST = DATA / "un" / "UN_consolidated.xml"
ANETAC = DATA / "anetac"
NOMENKLATURA = "nomenklatura 4.17.4"
RAPIDFUZZ = "rapidfuzz 3.14.6"
USUAL = 0.7
"""The threshold of nomenklatura's users."""
PEERS_BY_MODE = {
    "name_alone": ("logic-v2", "logic-v1", "token_sort"),
    "with_year": ("",),
    "with_nationality": ("",),
    "with_year_or_nationality": ("logic-v2",),
}
RATES_OF = "with_year_or_nationality"
"""Whose rates the page of thresholds shows."""
STRANGERS = 2_000
INVENTED = 20_000
RATES = Path(__file__).resolve().parent.parent / "jiwar" / "watchlist" / "data" / "rates.json"
THRESHOLDS = tuple(percent / 100 for percent in range(5, 100, 5))
BINS = (0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)

NOMENKLATURA_PROGRAM = """
import json, sys
from followthemoney import model
from nomenklatura.matching import LogicV1, LogicV2, ScoringConfig
with open(sys.argv[1], encoding="utf-8") as file:
    which, people, queries = json.load(file)
matcher = {"logic-v1": LogicV1, "logic-v2": LogicV2}[which]
config = ScoringConfig.defaults()
def entity(key, facts):
    return model.get_proxy({"id": key, "schema": "Person", "properties": facts})
listed = [entity(f"l{i}", facts) for i, facts in enumerate(people)]
answers = []
for number, facts in enumerate(queries):
    query = entity(f"q{number}", facts)
    scores = [matcher.compare(query, one, config).score for one in listed]
    answers.append({i: score for i, score in enumerate(scores) if score >= 0.5})
print(json.dumps(answers))
"""
RAPIDFUZZ_PROGRAM = """
import json, sys
from anyascii import anyascii
from rapidfuzz import fuzz, utils
with open(sys.argv[1], encoding="utf-8") as file:
    _, people, queries = json.load(file)
plain = lambda facts: [utils.default_process(anyascii(name)) for name in facts["name"]]
listed = [plain(facts) for facts in people]
print(json.dumps([
    {i: 1.0 for i, names in enumerate(listed) if any(fuzz.token_sort_ratio(text, name) >= 85 for name in names)}
    for facts in queries for text in plain(facts)
]))
"""


class Case(NamedTuple):
    """Who is asked for, and the key of their own record."""

    query: Query
    own: str


def half(reference: str) -> str:
    """ "tuning" or "test"."""
    return ("tuning", "test")[hashlib.sha256(f"{SEED}:{reference}".encode()).digest()[0] & 1]


def other_script(text: str) -> bool:
    return any(ord(letter) > 0x2FF and letter.isalpha() for letter in text)


def un_people() -> tuple[list[Entry], list[Subject]]:
    """The people of the UN list, and each as known by Latin names only."""
    with UN_LIST.open("rb") as file:
        entries = [item for item in read_un_list(file) if isinstance(item, Entry) and item.individual]
    latin = []
    for entry in entries:
        whole = entry.subject()
        names = tuple(name for name in whole.names if not other_script(name.text))
        latin.append(Subject(entry.reference, names, whole.birth_dates, whole.sexes, whole.nationalities))
    return entries, latin


def cases(entries: list[Entry], latin: list[Subject], facts: Callable[[Subject], dict]) -> list[Case]:
    """The names in other scripts of the test half, with what else `facts` gives; not where it gives None."""
    found = []
    for entry, listed in zip(entries, latin, strict=True):
        if half(entry.reference) == "test" and other_script(entry.original_script):
            more = facts(listed)
            if more is not None:
                found.append(Case(Query((entry.original_script,), **more), entry.reference))
    return found


def _year(listed: Subject) -> dict | None:
    return {"birth_date": PartialDate(listed.birth_dates[0].year)} if listed.birth_dates else None


def _nationality(listed: Subject) -> dict | None:
    return {"nationality": listed.nationalities[0]} if listed.nationalities else None


def _either(listed: Subject) -> dict | None:
    return _year(listed) or _nationality(listed)


MODES: dict[str, Callable[[Subject], dict | None]] = {
    "name_alone": lambda _: {},
    "with_year": _year,
    "with_nationality": _nationality,
    "with_year_or_nationality": _either,
}


def answers(index: Index, found: list[Case], threshold: float = THRESHOLD) -> list[dict[str, float]]:
    """For each case the candidates shown, by key."""
    return [
        {c.key: c.score for c in index.search(case.query, 800, index.fair(case.query, threshold))} for case in found
    ]


def recall(found: list[Case], given: list[dict[str, float]]) -> float:
    return sum(case.own in answer for case, answer in zip(found, given, strict=True)) / len(found)


def others(found: list[Case], given: list[dict[str, float]]) -> float:
    return sum(len(answer) - (case.own in answer) for case, answer in zip(found, given, strict=True)) / len(found)


def benchmarks() -> Iterator[dict]:
    """The UN list, strangers, ANETAC, the calibration curve."""
    if UN_LIST.exists():
        entries, latin = un_people()
        index = Index.build(latin)
        yield from _un(entries, latin, index)
        yield from _strangers(entries, latin)
        yield from _calibration("un", _un_pairs(entries, latin))
    if ANETAC.exists():
        yield from _anetac()
    yield from _calibration("invented", _invented_pairs())


def _un(entries: list[Entry], latin: list[Subject], index: Index) -> Iterator[dict]:
    for mode, facts in MODES.items():
        found = cases(entries, latin, facts)
        given = answers(index, found)
        if mode == RATES_OF:
            _keep_rates(index, found)
        alone = mode == "name_alone"
        goals = (0.9, 0.1) if alone else (0.95, 0.01)
        mine = recall(found, given), others(found, given)
        for which in PEERS_BY_MODE[mode]:
            name, theirs, note = _peer(which, latin, found) if which else ("", None, "")
            suffix = "" if which in {"", "logic-v2"} else f"_beside_{which.replace('-', '_')}"
            for metric, at, better in (("recall", 0, "higher"), ("others", 1, "lower")):
                row = {
                    "name": f"watchlist_accuracy.un_{metric}_{mode}{suffix}",
                    "value": round(mine[at], 4),
                    "unit": f"of {len(found)}" if metric == "recall" else "a name",
                    "goal": goals[at],
                    "better": better,
                    "note": note,
                }
                yield row | ({"peer": name, "peer_value": round(theirs[at], 4)} if theirs else {})


def _keep_rates(index: Index, found: list[Case]) -> None:
    """Write what `jiwar.watchlist.accuracy` reads: how many are found and shown wrongly at each threshold."""
    points = []
    down_to_the_lowest = answers(index, found, THRESHOLDS[0])
    for threshold in THRESHOLDS:
        least = [index.fair(case.query, threshold) for case in found]
        given = [
            {key: score for key, score in answer.items() if score >= fair}
            for answer, fair in zip(down_to_the_lowest, least, strict=True)
        ]
        points.append([threshold, round(recall(found, given), 4), round(others(found, given), 4)])
    today = dt.datetime.now(dt.UTC).date().isoformat()
    measured = {"measured_on": today, "people": len(found), "points": points}
    RATES.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


def _facts(names: list[str], born: str, nationality: str) -> dict:
    return (
        {"name": names}
        | ({"birthDate": [born]} if born else {})
        | ({"nationality": [nationality]} if nationality else {})
    )


def _peer(which: str, latin: list[Subject], found: list[Case]) -> tuple[str, tuple[float, float] | None, str]:
    name = f"{RAPIDFUZZ} token_sort" if which == "token_sort" else f"{NOMENKLATURA} {which}"
    listed = [
        _facts(
            [name.text for name in one.names],
            str(one.birth_dates[0].year) if one.birth_dates else "",
            one.nationalities[0].lower() if one.nationalities else "",
        )
        for one in latin
    ]
    queries = [_facts(list(c.query.names), str(c.query.birth_date or ""), c.query.nationality.lower()) for c in found]
    try:
        if which == "token_sort":
            python = peers.python("rapidfuzz", [RAPIDFUZZ.replace(" ", "=="), "anyascii==0.3.3"])
            program = RAPIDFUZZ_PROGRAM
        else:
            python = peers.python("nomenklatura", [NOMENKLATURA.replace(" ", "==")])
            program = NOMENKLATURA_PROGRAM
    except peers.PeerUnavailable as why:
        return name, None, str(why)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".json") as file:
        json.dump([which, listed, queries], file)
        file.flush()
        done = subprocess.run([python, "-c", program, file.name], capture_output=True, text=True, check=True)
    given = [{latin[int(i)].key: score for i, score in answer.items()} for answer in json.loads(done.stdout)]
    usual = [{key: score for key, score in answer.items() if score >= USUAL} for answer in given]
    note = f"(the peer from .5: recall {recall(found, given):.3f}, {others(found, given):.3f} others)"
    return name, (recall(found, usual), others(found, usual)), note


def _strangers(entries: list[Entry], latin: list[Subject]) -> Iterator[dict]:
    """People who are not listed: the test half, held out of the list, and two words of ANETAC's test split."""
    found = cases(entries, latin, MODES["name_alone"])
    out = {case.own for case in found}
    held_out = Index.build(one for one in latin if one.key not in out)
    flagged = sum(map(bool, answers(held_out, found)))
    yield {
        "name": "watchlist_accuracy.un_strangers_flagged",
        "value": round(flagged / len(found), 4),
        "unit": f"of {len(found)}",
        "note": "(people of the list, their own records held out)",
    }
    if ANETAC.exists():
        words = [arabic for _, arabic in anetac("test")]
        chance = random.Random(SEED)
        asked_for = [Case(Query((" ".join(chance.sample(words, 2)),)), "") for _ in range(STRANGERS)]
        flagged = sum(map(bool, answers(Index.build(latin), asked_for)))
        yield {
            "name": "watchlist_accuracy.anetac_strangers_flagged",
            "value": round(flagged / STRANGERS, 5),
            "unit": f"of {STRANGERS}",
            "goal": 0.01,
        }


def anetac(split: str) -> list[tuple[str, str]]:
    """(Latin, Arabic) of a split."""
    texts = [(ANETAC / f"EN-AR_Translit_{split}.{script}").read_text("utf-8").split("\n") for script in ("en", "ar")]
    pairs = [(latin.strip(), arabic.strip()) for latin, arabic in zip(*texts, strict=True)]
    return [(_run(latin), _run(arabic)) for latin, arabic in pairs if latin and arabic]


def _run(text: str) -> str:
    """One word; some lines have a space between letters."""
    return text.replace(" ", "") if all(len(piece) == 1 for piece in text.split()) else text


def _same(latin: str, arabic: str) -> bool:
    """Whether an index would find the one by the other, and they count as the same."""
    one, other = read_name(latin).parts, read_name(arabic).parts
    if not one or len(one) != len(other):
        return False
    for a, b in zip(one, other, strict=True):
        like = likeness(a, b)
        if like < SAME_PART or (like != SLIP and not set(a.keys) & set(b.keys)):
            return False
    return True


def _anetac() -> Iterator[dict]:
    pairs = anetac("test")
    yield {
        "name": "watchlist_accuracy.anetac_recall",
        "value": round(sum(_same(*pair) for pair in pairs) / len(pairs), 4),
        "unit": f"of {len(pairs)}",
        "goal": 0.9,
        "better": "higher",
    }
    chance, tries, same = random.Random(SEED), 200_000, 0
    for _ in range(tries):
        (latin, arabic), (other_latin, other) = chance.sample(pairs, 2)
        same += other != arabic and other_latin.lower() != latin.lower() and _same(latin, other)
    yield {
        "name": "watchlist_accuracy.anetac_false",
        "value": round(same / tries, 7),
        "unit": "of random pairs",
        "goal": 0.001,
    }


# Calibration ---------------------------------------------------------------------------------------------------------

Pairs = Iterator[tuple[float, bool, int]]
"""(score said, whether it is the person, how often it counts)."""


def _un_pairs(entries: list[Entry], latin: list[Subject]) -> Pairs:
    """Each is asked for as one listed and, their own record away, as a stranger: half of those asked are listed."""
    index = Index.build(latin)
    for facts in MODES.values():
        for case in cases(entries, latin, facts):
            for candidate in index.search(case.query, 800, BINS[0]):
                own = candidate.key == case.own
                yield candidate.score, own, 1 if own else 2


def _invented_pairs() -> Pairs:
    chance = random.Random(SEED)
    listed = list(people(INVENTED, 31))
    index = Index.build(subject(one, f"p{at}", chance) for at, one in enumerate(listed))
    for number, stranger in enumerate(people(STRANGERS, 32)):
        at = chance.randrange(INVENTED)
        someone, own = (listed[at], f"p{at}") if number % 2 else (stranger, "")
        query = asked(shortened(someone, chance), chance, chance.choice(("Arabic", "Latin")), facts=number % 4 > 1)
        for candidate in index.search(query, 800, BINS[0]):
            yield candidate.score, candidate.key == own, 1


def _calibration(where: str, pairs: Pairs) -> Iterator[dict]:
    """The curve: of those said to be likely by so much, how many are."""
    bins = [[0, 0.0, 0] for _ in BINS]
    for score, own, times in pairs:
        place = sum(score >= least for least in BINS) - 1
        for at, more in enumerate((times, score * times, own)):
            bins[place][at] += more
    apart = total = 0.0
    for least, (count, said, right) in zip(BINS, bins, strict=True):
        if count:
            yield {
                "name": f"watchlist_accuracy.calibration_{where}_from_{round(least * 100):02}",
                "value": round(right / count, 4),
                "unit": f"right of {count}, {said / count:.3f} said",
            }
            apart += abs(right - said)
            total += count
    yield {
        "name": f"watchlist_accuracy.calibration_error_{where}",
        "value": round(apart / total, 4),
        "unit": "mean distance",
        "goal": 0.05,
    }
