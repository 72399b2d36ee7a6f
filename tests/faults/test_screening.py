"""Screening where the clock is wrong by more than a year: no use beyond its time, no silence, and all as before when it
is put right.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jiwar.identity.node import NodeSettings
from jiwar.operation.node_folder import write_settings
from jiwar.operation.processes import environment
from jiwar.watchlist.asking import RATES
from tests.clock import ahead
from tests.watchlist.conftest import SAMPLE

pytestmark = [pytest.mark.fault, pytest.mark.timeout(180)]

BEGIN = f"""
import django; django.setup()
import dataclasses, json, sys
from pathlib import Path
from jiwar.access.permissions import Permission as P, Purpose
from jiwar.access.policy import Actor, allow
from jiwar.watchlist.screening import PartialDate, Query, screen
actor = Actor("0b6f1a52-3df9-4cf1-a39d-6f64c1a1f3f5", "cli", frozenset(P))
HER = Query(("Youssef El Megaryef",), PartialDate.parse("1984-06-17"))
SAMPLE = Path({str(SAMPLE)!r})
"""
PREPARE = """
from jiwar.identity.services import make_own_keys
from jiwar.watchlist.lists import import_un_list
make_own_keys()
with SAMPLE.open("rb") as file:
    import_un_list(allow(actor, P.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS), file, SAMPLE.name)
"""
ASK = """
by = allow(actor, P.WATCHLIST_PERSON_SCREEN, Purpose.BORDER_CHECK, "LBY/2026/7")
for _ in range(int(sys.argv[1])):
    answer = screen(by, HER)
print(json.dumps({
    "found": [match.source_reference for match in answer.candidates],
    "days_old": round((answer.at - answer.list_age).total_seconds() / 86400),
    "entries": answer.entries,
}))
"""
Asking = Callable[..., Any]


@pytest.fixture
def ask(tmp_path: Path, migrated: Callable[[Path], str]) -> Asking:
    """`ask(days, times)`: a process whose clock is so many days ahead searches so often; its last answer."""
    folder = tmp_path / "node"
    url = migrated(folder)
    write_settings(folder, NodeSettings(code="LBY", role="national", name="Libya", database_url=url))

    def run(program: str, *arguments: object, env: dict[str, str] | None = None) -> Any:
        root = {"PYTHONPATH": str(Path.cwd())}
        done = subprocess.run(
            [sys.executable, "-c", BEGIN + program, *map(str, arguments)],
            env=environment(folder) | (env or root),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout else None

    run(PREPARE)

    def asked(days: int = 0, times: int = 1) -> Any:
        return run(ASK, times, env=ahead(days * 24) if days else None)

    return asked


def test_a_clock_far_ahead_finds_nobody_whose_use_would_be_over_and_says_how_old_the_list_is(ask: Asking) -> None:
    wrong = ask(400)
    assert (wrong["found"], wrong["days_old"]) == ([], 400)
    right = ask()
    assert (right["found"], right["days_old"], right["entries"]) == (["JWi.001"], 0, wrong["entries"])


@pytest.mark.slow
def test_a_clock_far_behind_finds_whom_the_list_names(ask: Asking) -> None:
    wrong = ask(-400)
    assert (wrong["found"], wrong["days_old"]) == (["JWi.001"], -400)


@pytest.mark.slow
def test_searches_at_a_wrong_time_hold_nobody_up_when_it_is_put_right(ask: Asking) -> None:
    most = RATES[0][1]
    assert ask(400, most)["days_old"] == 400
    assert ask(0, most)["found"] == ["JWi.001"]
