"""The command as people run it: help, errors, backup and restore of a whole node, a ledger proven without one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jiwar.cli import main
from jiwar.identity.node import NodeSettings
from jiwar.operation import database
from jiwar.operation.node_folder import write_settings

Captured = pytest.CaptureFixture[str]
Patching = pytest.MonkeyPatch
STATE = """
import json
from django.conf import settings
from jiwar.audit.models import Leaf
from jiwar.identity.keys import fingerprint, ring
from jiwar.identity.models import Node, NodeKey
keys = ring(settings.KEYS)
print(json.dumps([
    [leaf.content for leaf in Leaf.objects.order_by("index")],
    [key.id for key in (*keys.signing, *keys.sealing, *keys.cosigning)],
    sorted(Node.objects.values_list("code", flat=True)), sorted(NodeKey.objects.values_list("id", flat=True)),
]))
"""


def jiwar(*arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if k not in {"JIWAR_DATA", "DJANGO_SETTINGS_MODULE"}}
    return subprocess.run(
        [sys.executable, "-m", "jiwar", *arguments],
        cwd=cwd,
        env=inherited | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def state(folder: Path) -> list[list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{STATE}"],
        env=os.environ | {"JIWAR_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "jiwar.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.fixture
def node(tmp_path: Path, migrated: Callable[[Path], str]) -> Path:
    """A prepared node that does not run."""
    folder = tmp_path / "node"
    write_settings(folder, NodeSettings(code="LBY", role="national", name="Libya", database_url=migrated(folder)))
    assert jiwar("--data", str(folder), "prepare").returncode == 0
    return folder


def test_help_names_every_verb_and_needs_no_node(tmp_path: Path) -> None:
    done = jiwar("--help", cwd=tmp_path)
    assert done.returncode == 0
    for verb in ("up", "demo", "keys", "people", "ledger", "neighbours", "backup", "restore"):
        assert f"\n    {verb} " in done.stdout
    assert jiwar("--version", cwd=tmp_path).stdout.startswith("jiwar ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("keys", "card"), 1, "no such file"),
        (("backup", "file"), 1, "no such file"),
        (("up",), 1, "a new node needs its code"),
    ],
)
def test_errors_are_a_sentence_and_a_status(tmp_path: Path, arguments: tuple[str, ...], status: int, says: str) -> None:
    done = jiwar(*arguments, cwd=tmp_path)
    assert done.returncode == status
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        ((), 2, "required"),
        (("no-such-verb",), 2, "invalid choice"),
        (("ledger", "verify", "missing"), 1, "No such file"),
        (("ledger", "verify", "."), 1, "directory"),
    ],
)
def test_errors_of_what_needs_no_node(
    tmp_path: Path, arguments: tuple[str, ...], status: int, says: str, monkeypatch: Patching, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        done = main(list(arguments))
    except SystemExit as usage:
        done = int(usage.code or 0)
    assert done == status
    assert says in capsys.readouterr().err


def test_an_exported_ledger_is_proven_where_no_node_is(node: Path, tmp_path: Path, node_database: object) -> None:
    file, empty = tmp_path / "ledger.jsonl", tmp_path / "empty"
    empty.mkdir()
    assert jiwar("--data", str(node), "ledger", "export", str(file)).returncode == 0
    (tmp_path / "card.json").write_text(jiwar("--data", str(node), "keys", "card").stdout)
    done = jiwar("ledger", "verify", str(file), "--card", str(tmp_path / "card.json"), cwd=empty)
    assert (done.returncode, "proven whole" in done.stdout) == (0, True)
    assert list(empty.iterdir()) == []
    whole = file.read_bytes()
    at = whole.index(b"own_keys_made")
    file.write_bytes(whole[:at] + b"own_keys_mode" + whole[at + 13 :])
    altered = jiwar("ledger", "verify", str(file), cwd=empty)
    assert (altered.returncode, "NOT PROVEN" in altered.stderr) == (1, True)


def test_a_restored_node_has_the_same_ledger_and_keys(
    node: Path, tmp_path: Path, node_database: Callable[[], str]
) -> None:
    file, restored = tmp_path / "backup", tmp_path / "restored"
    secret = {"JIWAR_PASSPHRASE": "a long walk in the Fezzan"}
    done = jiwar("--data", str(node), "backup", str(file), **secret)
    assert done.returncode == 0, done.stderr
    before = state(node)
    url = node_database()
    again = ("--data", str(restored), "restore", str(file), *(("--database-url", url) if url else ()))
    wrong = jiwar(*again, JIWAR_PASSPHRASE="a short walk in the Fezzan")
    assert (wrong.returncode, restored.exists()) == (1, False)
    if url:
        # Without a database of its own it would fall upon the one that the backup is of.
        taken = jiwar("--data", str(restored), "restore", str(file), **secret)
        assert (taken.returncode, restored.exists()) == (1, False)
        assert "not empty" in taken.stderr
    done = jiwar(*again, **secret)
    assert done.returncode == 0, done.stderr
    after = state(restored)
    assert after[1:] == before[1:]
    assert after[0][:-2] == before[0]
    assert [json.loads(leaf)["act"] for leaf in after[0][-2:]] == ["node_restored", "restore_noticed"]
    assert "exchanges nothing before" in done.stdout
    assert (restored / "restoring").exists()
    assert not (node / "restoring").exists()
    assert not (restored / "database").exists()
    second = jiwar(*again, **secret)
    assert (second.returncode, "not empty" in second.stderr) == (1, True)
    file = tmp_path / "ledger.jsonl"
    assert jiwar("--data", str(restored), "ledger", "export", str(file)).returncode == 0
    assert main(["ledger", "verify", str(file)]) == 0


def test_postgresqls_programs_are_found_off_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("9.6", "15", "16"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "pg_dump").touch()
    monkeypatch.setattr(database, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert database._find("pg_dump") == str(tmp_path / "16" / "bin" / "pg_dump")
    assert database._find("pg_restore") == "pg_restore"
