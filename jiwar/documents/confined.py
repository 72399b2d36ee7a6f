"""Work on outside bytes in a process of its own, which is ended at a limit of time, memory and answer.

A decoder of images or a model that breaks, hangs or takes all memory takes that process with it and nothing else. It
gets its input over a pipe, an empty environment, and no way to write a file; it answers in JSON.
"""

import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import BoundedSemaphore, Timer
from typing import Any, BinaryIO

LONGEST_ANSWER = 1_000_000
_AT_ONCE = BoundedSemaphore(2)
"""How many run for one process of the node: each takes half a gigabyte and a processor."""
_ROOT = Path(__file__).resolve().parents[2]
_BEGIN = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from jiwar.documents.confined import main; main(sys.argv[1:])"
)
_BROKE_OFF = 3
"""Exit code of a process that says by its answer why it gave up."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is done apart: `work(told, parts)` of `module`, a whole name.

    `seconds` of the clock, `memory` in bytes of address space, `needs`: the modules of the optional extra `extra`.
    """

    module: str
    seconds: float
    memory: int
    needs: tuple[str, ...] = ()
    extra: str = ""

    @property
    def missing(self) -> bool:
        """Whether this node was installed without what the job needs."""
        return any(find_spec(module) is None for module in self.needs)


class JobFailed(Exception):
    """`code` is ``extra_missing`` (`detail` names it), ``job_busy``, ``job_too_slow``, ``job_too_large`` (memory),
    ``job_broke``, or one that the job itself raised.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code
        self.detail = detail


def run(job: Job, told: Mapping[str, Any], parts: Sequence[bytes]) -> dict[str, Any]:
    """What the job answers to `told` (JSON) and `parts`. Raises JobFailed."""
    if job.missing:
        raise JobFailed("extra_missing", job.extra)
    if not _AT_ONCE.acquire(timeout=job.seconds):
        raise JobFailed("job_busy")
    try:
        return _run(job, told, parts)
    finally:
        _AT_ONCE.release()


def _run(job: Job, told: Mapping[str, Any], parts: Sequence[bytes]) -> dict[str, Any]:
    command = [sys.executable, "-I", "-c", _BEGIN, str(_ROOT), job.module, str(job.memory), str(int(job.seconds) + 1)]
    # One thread each: a post has few cores, and they are the desk's.
    env = {"LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env,
        start_new_session=True,
    ) as process:  # fmt: skip
        late: list[bool] = []

        def end() -> None:
            late.append(True)
            os.killpg(process.pid, signal.SIGKILL)

        timer = Timer(job.seconds, end)
        timer.start()
        try:
            answer = _talk(process, json.dumps(told).encode(), parts)
        finally:
            timer.cancel()
    if late:
        raise JobFailed("job_too_slow", f"{job.seconds:g} s")
    return _understood(process.returncode, answer)


def _talk(process: "subprocess.Popen[bytes]", told: bytes, parts: Sequence[bytes]) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for part in (told, *parts):
            process.stdin.write(struct.pack(">I", len(part)))
            process.stdin.write(part)
        process.stdin.close()
    except BrokenPipeError:
        process.stdin = None  # it ended unread; its exit code says so
    answer = process.stdout.read(LONGEST_ANSWER + 1)
    if len(answer) > LONGEST_ANSWER:
        process.kill()
    return answer


def _understood(code: int, answer: bytes) -> dict[str, Any]:
    try:
        said = json.loads(answer) if code in (0, _BROKE_OFF) and len(answer) <= LONGEST_ANSWER else None
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise JobFailed("job_broke", f"exit {code}")
    if code == _BROKE_OFF:
        raise JobFailed(str(said.get("code", "job_broke")), str(said.get("detail", "")))
    return said


def main(arguments: list[str]) -> None:
    """In the process of its own: bind it to its limits, do the job, answer."""
    import resource

    module, memory, seconds = arguments[0], int(arguments[1]), int(arguments[2])
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, 2 * seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    told, *parts = _parts(sys.stdin.buffer)
    # What a library prints goes nowhere: the answer alone is on the standard output.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        try:
            answer, code = import_module(module).work(json.loads(told), parts), 0
        except MemoryError:
            raise JobFailed("job_too_large") from None
    except JobFailed as failed:
        answer, code = {"code": failed.code, "detail": failed.detail}, _BROKE_OFF
    out.write(json.dumps(answer).encode())
    out.close()
    os._exit(code)  # without the destructors of native libraries: what they do now is of no use


def _parts(stream: BinaryIO) -> list[bytes]:
    parts = []
    while head := stream.read(4):
        parts.append(stream.read(struct.unpack(">I", head)[0]))
    return parts
