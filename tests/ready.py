"""A node's Python with Django ready, in which programs begin at once: each runs in a fork of its own."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

LOOP = """
import json, os, sys
import django
django.setup()
for line in sys.stdin:
    program, *files = json.loads(line)
    child = os.fork()
    if child == 0:
        for number, file in enumerate(files, start=1):
            os.dup2(os.open(file, os.O_WRONLY), number)
        exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
        sys.exit()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Ready:
    """The Python of the node in `folder`. Nothing that a program does is there for the next one: not a cache either."""

    def __init__(self, folder: Path) -> None:
        self._settings = folder / "node.toml"
        self._begun_with: object = None
        self._process: subprocess.Popen[str] | None = None

    def run(self, program: str, env: Mapping[str, str]) -> str:
        """Run a program; its standard output. Another environment, or other settings of the node, begin anew."""
        begin_with = (dict(env), self._settings.read_bytes())
        if self._begun_with != begin_with:
            self.close()
            self._begun_with = begin_with
            self._process = subprocess.Popen(
                [sys.executable, "-c", LOOP], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.NamedTemporaryFile("r") as output, tempfile.NamedTemporaryFile("r") as errors:
            print(json.dumps([program, output.name, errors.name]), file=self._process.stdin, flush=True)
            status = self._process.stdout.readline()
            assert status == "0\n", errors.read()
            return output.read().strip()

    def jiwar(self, arguments: tuple[str, ...], env: Mapping[str, str]) -> str:
        """Run a verb of the command line as a program of the node."""
        return self.run(f"import sys; from jiwar.cli import main; sys.exit(main({list(arguments)!r}))", env)

    def close(self) -> None:
        """End it; a program later begins it anew."""
        if self._process is not None:
            self._process.communicate()
        self._process = self._begun_with = None
