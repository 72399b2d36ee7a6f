"""Benchmarks of the room `watchlist`: screening over a million made-up identities, and Arabic names finding Latin ones.

The peer is what one does with no infrastructure: a scan of all names by rapidfuzz's WRatio, the names put into Latin
letters by anyascii. It scans a sample, and its time is scaled to the million. Matchers that need ICU's C library
(nomenklatura's logic-v2) are left out: nothing a bare machine has could install them.
"""

import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import peers
from jiwar.watchlist.logic.evidence import Query, Subject
from jiwar.watchlist.logic.generate import person, subjects
from jiwar.watchlist.logic.index import Index
from jiwar.watchlist.logic.un_list import Entry, read_un_list

ROOT = Path(__file__).resolve().parent.parent
UN_LIST = ROOT.parent / "shared" / "data" / "watchlist" / "un" / "UN_consolidated.xml"
MILLION = 1_000_000
SCREENINGS = 1_000
SAMPLE = 50_000
PEER = "rapidfuzz 3.14.6"
PEER_SCREENINGS = 20
ARABIC = re.compile("[\u0600-\u06ff]")

PEER_PROGRAM = """
import json, sys, time
from anyascii import anyascii
from rapidfuzz import fuzz, process, utils

with open(sys.argv[1], encoding="utf-8") as file:
    names, queries, limit = json.load(file)
names = [utils.default_process(anyascii(name)) for name in names]
times, answers = [], []
for query in queries:
    start = time.perf_counter()
    found = process.extract(utils.default_process(anyascii(query)), names, scorer=fuzz.WRatio, limit=limit)
    times.append(time.perf_counter() - start)
    answers.append([index for _, _, index in found])
print(json.dumps([times, answers]))
"""


def benchmarks() -> Iterator[dict]:
    """Build, then two fresh processes that share the file screen travellers; last, recall on the UN list if at hand."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        start = time.perf_counter()
        Index.build(subjects(MILLION)).save(path)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        yield {
            "name": "watchlist.index_build_s_1m",
            "value": round(time.perf_counter() - start, 1),
            "unit": "s",
            "goal": 120,
            "note": f"(making the people included; peak {peak:.0f} MB, file {path.stat().st_size / 1e6:.0f} MB)",
        }
        one, two = _screen_in_two_processes(path)
    yield _beside_a_scan(round(max(one["p95_ms"], two["p95_ms"]), 1), max(one["p50_ms"], two["p50_ms"]))
    yield {
        "name": "watchlist.screenings_per_s_1m",
        "value": round(one["per_s"] + two["per_s"]),
        "unit": "1/s",
        "better": "higher",
        "goal": 100,
        "note": "(two processes at once)",
    }
    yield {
        "name": "watchlist.index_resident_mb_1m",
        "value": round(one["anonymous_mb"]),
        "unit": "MB",
        "goal": 250,
        "note": f"(a process's own after {SCREENINGS} screenings, {one['idle_mb']:.0f} before; of the file, shared and "
        f"given back on demand, {one['file_mb']:.0f} MB more)",
    }
    if UN_LIST.exists():
        yield _recall()


def travellers(index: Index) -> list[Query]:
    """Nine strangers to one listed person, as they give their name; a third without a date of birth."""
    chance = random.Random(99)
    listed = list(subjects(SCREENINGS // 10))
    out = []
    for number in range(SCREENINGS):
        someone = listed[number // 10] if number % 10 == 0 else person(chance, "x")
        out.append(_asked(someone, born=chance.random() < 2 / 3))
    assert len(index) == MILLION
    return out


def _asked(subject: Subject, *, born: bool) -> Query:
    birth_date = subject.birth_dates[0] if born else None
    return Query((subject.names[0].text,), birth_date, subject.sexes[0], subject.nationalities[0])


def screen(path: Path) -> dict:
    """What one screening process does and takes; runs in a process of its own."""
    index = Index.open(path)
    index.search(Query(("محمد أحمد",)))
    idle = _memory()
    queries = travellers(index)
    times = []
    for query in queries:
        start = time.perf_counter()
        index.search(query)
        times.append(time.perf_counter() - start)
    memory = _memory()
    times.sort()
    return {
        "p50_ms": times[len(times) // 2] * 1e3,
        "p95_ms": times[len(times) * 95 // 100] * 1e3,
        "per_s": len(times) / sum(times),
        "idle_mb": idle["RssAnon"],
        "anonymous_mb": memory["RssAnon"],
        "file_mb": memory["RssFile"],
    }


def _memory() -> dict[str, float]:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return {name: int(line.split()[1]) / 1024 for line in lines for name in [line.split(":")[0]] if name[:3] == "Rss"}


def _screen_in_two_processes(path: Path) -> tuple[dict, dict]:
    program = "import json, sys, pathlib; from bench.watchlist import screen; "
    program += "print(json.dumps(screen(pathlib.Path(sys.argv[1]))))"
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen([sys.executable, "-c", program, str(path)], env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    one, two = (json.loads(process.communicate()[0]) for process in both)
    return one, two


def _beside_a_scan(p95_ms: float, p50_ms: float) -> dict:
    row = {"name": "watchlist.screening_p95_ms_1m", "value": p95_ms, "unit": "ms", "goal": 100}
    chance = random.Random(99)
    asked = [person(chance, "x").names[0].text for _ in range(PEER_SCREENINGS)]
    try:
        times, _ = _peer([subject.names[0].text for subject in subjects(SAMPLE)], asked)
    except peers.PeerUnavailable as why:
        return row | {"note": str(why)}
    p95 = sorted(times)[len(times) * 95 // 100] * 1e3 * MILLION / SAMPLE
    note = f"(two processes at once, half under {p50_ms:.1f} ms; the peer's time is that of {SAMPLE} names, scaled)"
    return row | {"peer": f"{PEER} WRatio scan", "peer_value": round(p95), "note": note}


def _peer(names: list[str], queries: list[str]) -> tuple[list[float], list[list[int]]]:
    python = peers.python("rapidfuzz", [PEER.replace(" ", "=="), "anyascii==0.3.3"])
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".json") as file:
        json.dump([names, queries, 5], file)
        file.flush()
        answer = subprocess.run([python, "-c", PEER_PROGRAM, file.name], capture_output=True, text=True, check=True)
    times, answers = json.loads(answer.stdout)
    return times, answers


def _recall() -> dict:
    """How many of the UN list's Arabic names find their own entry among five, the entries known in Latin only."""
    with UN_LIST.open("rb") as file:
        entries = [item for item in read_un_list(file) if isinstance(item, Entry) and item.individual]
    latin = {
        entry.reference: [name for name in entry.subject().names if not ARABIC.search(name.text)] for entry in entries
    }
    asked = [(entry.reference, entry.original_script) for entry in entries if ARABIC.search(entry.original_script)]
    index = Index.build(Subject(reference, tuple(names)) for reference, names in latin.items())
    answers = [[candidate.key for candidate in index.search(Query((text,)))] for _, text in asked]
    found = sum(reference in answer for (reference, _), answer in zip(asked, answers, strict=True))
    others = sum(len(answer) - (ref in answer) for (ref, _), answer in zip(asked, answers, strict=True))
    row = {
        "name": "watchlist.recall_ar_to_latin_un",
        "value": round(found / len(asked), 4),
        "unit": f"of {len(asked)}",
        "better": "higher",
        "goal": 0.9,
        "note": f"({others / len(asked):.2f} other candidates a name; the peer always gives five names)",
    }
    flat = [(reference, name.text) for reference, names in latin.items() for name in names]
    try:
        _, indexes = _peer([text for _, text in flat], [text for _, text in asked])
    except peers.PeerUnavailable as why:
        return row | {"note": str(why)}
    hits = sum(ref in {flat[i][0] for i in answer} for (ref, _), answer in zip(asked, indexes, strict=True))
    return row | {"peer": f"{PEER} WRatio scan", "peer_value": round(hits / len(asked), 4)}
