"""Fuzz the targets, each in a process of its own: `python -m tests.fuzz [--runs N] [--seed N] [--list] [NAME …]`.

A process that has the program instrumented forks one child for each target, for the fuzzer never returns. What a child
finds is written as `finding-NAME-…` into the folder `--found`, and can be fed again: `--again FILE NAME`.
"""

import argparse
import hashlib
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import NoReturn

from tests.fuzz.mutation import mutate
from tests.fuzz.target import Run
from tests.node import throwaway

WATCHED = ("wire/*.py", "*/logic/*.py", "*/*kinds.py", "*/*form.py", "identity/cards.py", "records/statement.py",
           "records/content.py", "records/arrivals.py", "exchange/attachments.py")  # fmt: skip
LONGEST = 6_000
"""Bytes of one input, unless a target begins with longer ones."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", allow_abbrev=False)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--runs", type=int, default=10_000, help="inputs for a target of cost 1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--found", type=Path, default=Path.cwd())
    parser.add_argument("--again", type=Path, help="feed this file to the target once, without the fuzzer")
    told = parser.parse_args(arguments)
    node = throwaway()
    try:
        if told.again:
            return _again(told.names[0], told.again)
        return _fuzz(told)
    finally:
        node.cleanup()


def _again(name: str, file: Path) -> int:
    import django

    django.setup()
    from tests.fuzz.targets import TARGETS

    TARGETS[name].run(file.read_bytes())
    return 0


def _fuzz(told: argparse.Namespace) -> int:
    import atheris

    # `include` takes packages alone: of ours, what is not watched is left out by its name.
    with _quiet(), atheris.instrument_imports(include=["jiwar"], exclude=_unwatched(), enable_loader_override=False):
        import django

        django.setup()
        from tests.fuzz.targets import TARGETS
    failed = []
    for name in told.names or TARGETS:
        target = TARGETS[name]
        runs, started = max(20, told.runs // target.cost), time.monotonic()
        with tempfile.TemporaryDirectory(prefix="jiwar-fuzz-") as folder:
            longest = _begin(Path(folder), target.corpus())
            sys.stdout.flush()
            child = os.fork()
            if child == 0:
                found = told.found / f"finding-{name}"
                options = [f"-runs={runs}", f"-seed={told.seed}", f"-max_len={longest}", f"-artifact_prefix={found}-"]
                _child(target.run, Path(folder), found, options)
            _, status = os.waitpid(child, 0)
            code = os.waitstatus_to_exitcode(status)
            print(f"{name:22} {runs:9} runs  {time.monotonic() - started:7.1f} s  {'ok' if code == 0 else 'FOUND'}")
            if code != 0:
                failed.append(name)
                print((Path(folder) / "log").read_text(errors="replace")[-4000:])
    print(f"{len(told.names or TARGETS)} targets, {len(failed)} with findings {' '.join(failed)}".rstrip())
    return 1 if failed else 0


def _child(run: Run, folder: Path, found: Path, options: list[str]) -> NoReturn:
    """Fuzz, and end: whatever happens, this process does nothing that its parent would."""
    import atheris

    def feed(data: bytes) -> None:
        try:
            run(data)
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
            path = found.with_name(f"{found.name}-{hashlib.sha256(data).hexdigest()[:12]}")
            path.write_bytes(data)
            print(path, data[:300], sep="\n", flush=True)
            os._exit(77)

    def change(data: bytes, most: int, seed: int) -> bytes:
        changed = mutate(data, most, seed) if seed % 3 else None
        return atheris.Mutate(data, most) if changed is None else changed  # type: ignore[no-any-return]

    try:
        log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT)
        os.dup2(log, 1)
        os.dup2(log, 2)
        told = [sys.argv[0], *options, "-timeout=10", "-rss_limit_mb=2048", str(folder / "corpus")]
        atheris.Setup(told, feed, custom_mutator=change)
        atheris.Fuzz()
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    os._exit(70)


def _unwatched() -> list[str]:
    """The modules that neither read outside bytes nor say what may stand in them: to follow each costs time."""
    root = Path(__file__).resolve().parents[2]
    watched = {path for name in WATCHED for path in root.glob(f"jiwar/{name}")}
    names = [
        ".".join(path.relative_to(root).with_suffix("").parts)
        for path in root.glob("jiwar/**/*.py")
        if path not in watched
    ]
    return [name.removesuffix(".__init__") for name in names]


def _begin(folder: Path, corpus: object) -> int:
    """Lay out the inputs to begin with; the longest input to try."""
    (folder / "corpus").mkdir()
    longest = LONGEST
    for number, data in enumerate(corpus):  # type: ignore[call-overload]
        (folder / "corpus" / f"{number:03}").write_bytes(data)
        longest = max(longest, len(data) + 500)
    return longest


class _quiet:
    """What instrumenting says about each module goes nowhere."""

    def __enter__(self) -> None:
        sys.stderr.flush()
        self._kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 2)
        os.close(nothing)

    def __exit__(self, *_: object) -> None:
        sys.stderr.flush()
        os.dup2(self._kept, 2)
        os.close(self._kept)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
