"""A table of people is screened row by row: lawful, in the ledger, begun again where it stopped."""

import csv
import dataclasses
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import AccessRefused, Grant, allow
from jiwar.audit.queries import leaves
from jiwar.identity.roles import Clearance
from jiwar.watchlist import file_run, file_screening
from jiwar.watchlist.asking import mark
from jiwar.watchlist.file_progress import Bar
from jiwar.watchlist.file_run import COLUMNS, File, Processes, Progress, screen_file
from jiwar.watchlist.file_screening import MARK
from jiwar.watchlist.screening import Match, PartialDate, Query, search, tell
from jiwar.wire.faults import Refused
from tests.node import NODE_TOML
from tests.watchlist.conftest import SAMPLE, _actor

WHY = "crew lists of the ferry, by order of the prosecutor"
STRANGER = "Nobody Ofthisname,1970-01-01"
YOUSSEF = "Youssef El Megaryef,1984-06-17"


@pytest.fixture
def by() -> Grant:
    return allow(_actor(), Permission.WATCHLIST_FILE_SCREEN, Purpose.SANCTIONS, "LBY/2026/7")


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., File]:
    def make(*rows: str, columns: str = "name,birth_date") -> File:
        path = tmp_path / "people.csv"
        path.write_text("\n".join([columns, *rows, ""]), encoding="utf-8")
        return File(path, tmp_path / "answers.csv", {})

    return make


def run(by: Grant, file: File, reason: str = WHY, say: Callable[[Progress], None] = lambda _: None) -> Progress:
    return screen_file(by, file, reason, say, Processes(1), "en")


def answers(file: File) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.out.read_text(encoding="utf-8"))))


def told(act: str) -> list[dict[str, Any]]:
    return [json.loads(leaf.content) for leaf in reversed(leaves(act=act))]


def test_each_row_is_answered_and_its_question_is_in_the_ledger(listed: None, by: Grant, table: Any) -> None:
    file = table(YOUSSEF, STRANGER, "*,1984", "Youssef El Megaryef,17/06/1984", '=cmd|" /C calc"!A0,1984', ",")
    done = run(by, file)
    assert (done.rows, done.refused, done.found, done.read) == (6, 3, 1, file.path.stat().st_size)
    first, *refused = answers(file)
    assert [first[c] for c in ("row", "candidate", "issuing_state", "reference", "fault")] == [
        "2", "1", "LBY", "JWi.001", "",
    ]  # fmt: skip
    assert 0.9 < float(first["probability"]) <= 1
    assert first["likeness"] == "strong likeness"
    assert "same date of birth (1984-06-17 / 1984-06-17)" in first["agrees"]
    assert first["unknown"]
    assert [(row["row"], row["candidate"]) for row in refused] == [("4", ""), ("5", ""), ("7", "")]
    assert refused[1]["fault"].startswith("birth_date: ")
    assert file.out.stat().st_mode & 0o777 == 0o600
    assert not file.out.with_name("answers.csv.run").exists()

    [begun], [chunk], [ended] = told("file_screening_begun"), told("people_screened"), told("file_screening_ended")
    assert begun["subject"] == chunk["subject"] == ended["subject"]
    assert (chunk["purpose"], chunk["case"], begun["detail"]["reason"]) == ("sanctions", "LBY/2026/7", WHY)
    question = Query(("Youssef El Megaryef",), PartialDate(1984, 6, 17))
    assert chunk["detail"]["marks"][0] == mark(question)[:MARK]
    assert (len(chunk["detail"]["marks"]), chunk["detail"]["refused"]) == (3, 3)
    assert chunk["detail"]["found"] == {"2": [first["record"]]}
    assert ended["detail"] == {"rows": 6, "refused": 3, "found": 1}
    assert "megaryef" not in json.dumps([begun, chunk, ended]).lower()


def test_what_a_spreadsheet_would_work_out_is_only_text() -> None:
    assert file_run._lines([["=1+1", "-1", "@x", "+2", "ok"]]) == b"'=1+1,'-1,'@x,'+2,ok\r\n"


@pytest.mark.parametrize(
    ("case", "reason", "codes"),
    [
        ("", WHY, {"case_missing"}),
        ("1", "short", {"reason_missing"}),
        ("1", "", {"reason_missing"}),
        ("1", "word " * 50, {"too_long"}),
    ],
)
def test_a_table_needs_a_case_and_a_reason(
    listed: None, post: None, table: Any, case: str, reason: str, codes: set[str]
) -> None:
    """At a post too, where a traveller who stands there needs none."""
    by = allow(_actor(), Permission.WATCHLIST_FILE_SCREEN, Purpose.SANCTIONS, case)
    file = table(YOUSSEF)
    with pytest.raises(Refused) as refused:
        run(by, file, reason)
    assert {fault.code for fault in refused.value.faults} == codes
    assert not file.out.exists()
    assert not leaves(act="file_screening_begun").exists()


def test_who_may_screen_one_person_may_not_screen_a_table(listed: None, searcher: Any, table: Any) -> None:
    with pytest.raises(AccessRefused):
        run(searcher(), table(YOUSSEF))


def test_a_run_that_was_stopped_goes_on_and_no_row_is_told_twice(
    listed: None, by: Grant, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_run, "CHUNK", 2)
    file = table(*[YOUSSEF, STRANGER] * 4)

    def stop(done: Progress) -> None:
        if done.rows == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(by, file, say=stop)
    # A crash in the middle of a write: half a line that no state speaks of.
    with file.out.open("ab") as out:
        out.write(b"6,1,0.9")
    for other in (dataclasses.replace(file, named={"name": "birth_date"}), file):
        with pytest.raises(Refused) as refused:
            run(by, other, reason=WHY + " " * (other is not file) + "!")
        assert {fault.code for fault in refused.value.faults} <= {"other_run", "taken"}
    done = run(by, file)
    assert (done.rows, done.found) == (8, 4)
    assert [row["row"] for row in answers(file)] == ["2", "4", "6", "8"]
    [begun], [resumed] = told("file_screening_begun"), told("file_screening_resumed")
    assert begun["subject"] == resumed["subject"]
    assert [leaf["detail"]["rows"] for leaf in told("people_screened")] == [[2, 3], [4, 5], [6, 7], [8, 9]]
    with pytest.raises(Refused) as refused:  # nothing is written over
        run(by, file)
    assert refused.value.faults[0].code == "output_exists"


def test_a_table_that_changed_is_another(listed: None, by: Grant, table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_run, "CHUNK", 1)
    file = table(YOUSSEF, STRANGER)
    with pytest.raises(KeyboardInterrupt):
        run(by, file, say=lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    table(STRANGER, STRANGER)
    with pytest.raises(Refused) as refused:
        run(by, file)
    assert refused.value.faults[0].code == "other_run"


def test_a_days_rows_are_bounded(listed: None, by: Grant, table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_run, "CHUNK", 2)
    monkeypatch.setattr(file_screening, "RATES", ((file_screening.RATES[0][0], 3),))
    file = table(*[STRANGER] * 6)
    with pytest.raises(Refused) as refused:
        run(by, file)
    assert refused.value.faults[0].code == "too_many_searches"
    assert len(told("people_screened")) == len(told("screening_refused")) == 1
    # Tomorrow the same command goes on; for whom it was asked is for nobody else's eyes.
    assert file.out.with_name("answers.csv.run").stat().st_mode & 0o777 == 0o600


def test_a_covert_alert_stays_hidden_from_the_uncleared(listed: None, by: Grant, table: Any) -> None:
    from jiwar.watchlist.models import Entry

    Entry.objects.update(covert=True, action="discreet_check")
    file = table(YOUSSEF)
    run(by, file)
    [hidden] = answers(file)
    file.out.unlink()
    run(dataclasses.replace(by, actor=_actor(Clearance.COVERT)), file)
    [shown] = answers(file)
    assert hidden["action"] != shown["action"]


def test_a_leaf_has_room_for_the_fullest_part_of_a_chunk(listed: None, by: Grant, table: Any) -> None:
    row = file_screening.Settled(10_000_000, "f" * MARK, (), ())
    run(by, table(YOUSSEF))
    [match] = _matches(by)
    rows = [dataclasses.replace(row, number=row.number + n, matches=(match,) * 5) for n in range(file_screening.CHUNK)]
    parts = list(file_screening._parts(rows))
    assert [row.number for part in parts for row in part] == [row.number for row in rows]
    assert len(parts) == 2
    assert max(len(json.dumps(file_screening._said(part))) for part in parts) < 64_000


def _matches(by: Grant) -> tuple[Match, ...]:
    query = Query(("Youssef El Megaryef",), PartialDate(1984, 6, 17))
    return tell([search(by, query, channel="file", reach=file_screening.REACH)])[0].candidates  # type: ignore[union-attr]


class TestProgress:
    def test_is_plain_lines_where_no_one_watches(self) -> None:
        now, said = [0.0], io.StringIO()
        bar = Bar(said, lambda: now[0])
        for second in range(0, 31, 5):
            now[0] = float(second)
            bar.say(Progress(rows=100 * second, refused=1, found=2, read=10 * second, size=1000))
        bar.end(Progress(rows=3000, refused=1, found=2))
        assert said.getvalue().splitlines() == [
            " 10%  1,000 rows  2 found  1 refused  100/s  1:30 left",
            " 20%  2,000 rows  2 found  1 refused  100/s  1:20 left",
            " 30%  3,000 rows  2 found  1 refused  100/s  1:10 left",
            "3,000 rows: 2 found someone, 1 refused",
        ]

    def test_is_one_line_that_moves_at_a_terminal(self) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        now, said = [0.0], Terminal()
        bar = Bar(said, lambda: now[0])
        for quarter in range(9):
            now[0] = quarter / 4
            bar.say(Progress(rows=quarter, read=125 * quarter, size=1000))
        assert "\n" not in said.getvalue()
        assert said.getvalue().endswith(f"\r\x1b[K[{'#' * 30}] 100%  8 rows  0 found  0 refused  4/s  0:00 left")


PREPARE = f"""
import django; django.setup()
from jiwar.access.permissions import Permission as P, Purpose
from jiwar.access.policy import Actor, allow
from jiwar.identity.models import Agency
from jiwar.identity.roles import Role
from jiwar.identity.services import add_person, make_own_keys
from jiwar.watchlist.lists import import_un_list
make_own_keys()
someone = Actor("5f6b2ad0-0f2b-4a1a-9df0-3a8a1f1f1c11", "console", frozenset(P))
with open({str(SAMPLE)!r}, "rb") as file:
    import_un_list(allow(someone, P.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS), file, "sample")
agency = Agency.objects.create(code="ncb", name="NCB")
add_person("amal", "Amal", "a long test secret 1", agency=agency, roles=[Role.ANALYST])
"""


@pytest.mark.journey
def test_the_command_searches_in_processes_of_its_own_and_keeps_the_order(
    tmp_path: Path, migrated: Callable[[Path], str]
) -> None:
    node = tmp_path / "node"
    database = migrated(node)
    (node / "node.toml").write_text(f"{NODE_TOML}require_second_factor = false\n", encoding="utf-8")
    told_it = {"JIWAR_DATA": str(node), "JIWAR_DATABASE_URL": database, "JIWAR_PASSWORD": "a long test secret 1"}
    environment = os.environ | told_it | {"DJANGO_SETTINGS_MODULE": "jiwar.settings"}
    subprocess.run([sys.executable, "-c", PREPARE], env=environment, check=True)
    people, out = tmp_path / "people.csv", tmp_path / "out.csv"
    lines = [YOUSSEF if number % 100 == 0 else f"Nobody Ofthis{number:04}name,1970" for number in range(1000)]
    people.write_text("\n".join(["Nom,Né", *lines]), encoding="utf-8")
    command = [sys.executable, "-m", "jiwar", "screen", people, "--user", "amal", "--purpose", "sanctions"]
    command += ["--column", "name=Nom", "--column", "birth_date=Né", "--processes", "2"]
    command += ["--case", "LBY/7", "--reason", WHY]
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stderr) == (1, "out: This field is required.\n")
    done = subprocess.run([*command, "--out", out], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "1,000 rows: 10 found someone, 0 refused"  # a slow machine says more before
    found = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert list(found[0]) == list(COLUMNS)
    assert [int(row["row"]) for row in found if row["reference"] == "JWi.001"] == list(range(2, 1002, 100))
