"""The first start of a node, by several processes at once: they agree on its secrets."""

import os
import subprocess
import sys
from pathlib import Path

from tests.node import NODE_TOML

PROCESSES, ROUNDS = 3, 12
READ_SETTINGS = """
import importlib, os, sys
import jiwar.identity.keys, jiwar.identity.node
for line in sys.stdin:
    os.environ["JIWAR_DATA"] = line.strip()
    settings = importlib.import_module("jiwar.settings")
    print(settings.SECRET_KEY, flush=True)
    del sys.modules["jiwar.settings"]
"""


def test_processes_that_start_together_on_a_new_folder_have_one_session_secret(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in {"JIWAR_DATA", "DJANGO_SETTINGS_MODULE"}}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", READ_SETTINGS],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    try:
        for number in range(ROUNDS):
            folder = tmp_path / str(number)
            folder.mkdir()
            (folder / "node.toml").write_text(NODE_TOML, encoding="utf-8")
            for process in started:
                assert process.stdin
                process.stdin.write(f"{folder}\n")
                process.stdin.flush()
            told = [process.stdout.readline() for process in started if process.stdout]
            secret = folder / "keys" / "session-secret"
            assert told == [f"{secret.read_text()}\n"] * PROCESSES
            assert len(secret.read_text()) == 64
            assert secret.stat().st_mode & 0o777 == 0o600
            assert [path.name for path in secret.parent.iterdir()] == ["session-secret"]
    finally:
        for process in started:
            process.communicate(timeout=30)
