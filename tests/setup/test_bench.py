import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import peers

ROW = {"name": "audit.append", "value": 2.0, "unit": "ms"}


def test_a_row_gets_its_ratio_and_whether_its_goal_is_met() -> None:
    row = bench.complete("audit", ROW | {"peer": "pymerkle 6.1", "peer_value": 4.0, "goal": 2.0})
    assert (row["ratio"], row["met"]) == (0.5, True)
    assert set(row) == set(bench.COLUMNS)


@pytest.mark.parametrize(("better", "goal", "met"), [("lower", 1, False), ("higher", 1, True), ("higher", 3, False)])
def test_a_goal_has_a_direction(better: str, goal: float, met: bool) -> None:
    assert bench.complete("audit", ROW | {"goal": goal, "better": better})["met"] is met


def test_without_goal_or_peer_there_is_no_verdict() -> None:
    row = bench.complete("audit", ROW)
    assert (row["ratio"], row["met"]) == (None, None)


def test_a_name_begins_with_its_room() -> None:
    with pytest.raises(ValueError, match="exchange"):
        bench.complete("exchange", ROW)


def test_rooms_that_did_not_run_keep_their_figures(tmp_path: Path) -> None:
    latest = tmp_path / "results" / "latest.json"
    bench.keep(latest, [ROW, ROW | {"name": "exchange.delivery"}])
    bench.keep(latest, [ROW | {"value": 1.0}])
    assert [(row["name"], row["value"]) for row in json.loads(latest.read_text())] == [
        ("audit.append", 1.0),
        ("exchange.delivery", 2.0),
    ]


def test_one_rooms_failure_costs_the_others_nothing_and_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "alpha.py").write_text(
        "def benchmarks():\n yield {'name': 'alpha.one', 'value': 1, 'unit': 's'}\n raise OSError('no disk')\n"
    )
    (tmp_path / "beta.py").write_text("def benchmarks():\n yield {'name': 'beta.one', 'value': 1, 'unit': 's'}\n")
    monkeypatch.setattr(bench, "HERE", tmp_path)
    monkeypatch.setattr(bench, "LATEST", tmp_path / "results" / "latest.json")
    monkeypatch.setattr("bench.__path__", [str(tmp_path)])
    for name in ("bench.alpha", "bench.beta"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert bench.main([]) == 1
    assert [row["name"] for row in json.loads((tmp_path / "results" / "latest.json").read_text())] == [
        "alpha.one",
        "beta.one",
    ]
    assert "failed: alpha" in capsys.readouterr().out
    assert bench.main(["beta"]) == 0
    assert bench.main(["gamma"]) == 2


def test_the_machine_is_described_without_its_name() -> None:
    assert os.uname().nodename not in bench.describe_machine()
    assert f"{os.cpu_count()} cores" in bench.describe_machine()


def test_a_peer_that_cannot_be_installed_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "ENVIRONMENTS", tmp_path)
    missing = tmp_path / "missing.whl"
    with pytest.raises(peers.PeerUnavailable, match="could not be installed"):
        peers.python("missing", [str(missing)])


def test_a_peer_has_an_environment_of_its_own_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "ENVIRONMENTS", tmp_path / "envs")
    wheel = tmp_path / "lonepeer-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("lonepeer.py", "NAME = 'lone'\n")
        archive.writestr("lonepeer-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: lonepeer\nVersion: 1.0\n")
        archive.writestr(
            "lonepeer-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("lonepeer-1.0.dist-info/RECORD", "")
    interpreter = peers.python("lone", [str(wheel)])
    wheel.unlink()
    assert peers.python("lone", [str(wheel)]) == interpreter

    def runs(code: str) -> bool:
        return subprocess.run([interpreter, "-I", "-c", code], stderr=subprocess.DEVNULL, check=False).returncode == 0

    assert runs("import lonepeer")
    assert not runs("import django")
