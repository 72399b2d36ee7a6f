"""A process of its own for outside bytes: what it gives, and that its end is nobody else's."""

import dataclasses
from pathlib import Path

import pytest

from jiwar.documents.confined import Job, JobFailed, run

JOB = Job("tests.documents.apart", seconds=20.0, memory=600_000_000)


def failure(job: Job, told: dict, parts: tuple[bytes, ...] = ()) -> str:
    with pytest.raises(JobFailed) as failed:
        run(job, told, parts)
    return failed.value.code


def test_it_gets_its_parts_and_answers() -> None:
    assert run(JOB, {"do": "measure"}, [b"", b"abc", b"\0" * 3_000_000]) == {"lengths": [0, 3, 3_000_000]}


def test_what_a_library_prints_is_no_answer() -> None:
    assert run(JOB, {"do": "print"}, []) == {"lengths": []}


def test_it_is_ended_at_its_time() -> None:
    assert failure(dataclasses.replace(JOB, seconds=0.7), {"do": "hang"}) == "job_too_slow"


def test_it_is_refused_more_memory_than_it_may_have() -> None:
    assert run(JOB, {"do": "take memory", "bytes": 1_000_000}, []) == {"taken": 1_000_000}
    assert failure(JOB, {"do": "take memory", "bytes": 900_000_000}) == "job_too_large"


@pytest.mark.parametrize("end", ["die", "raise", "talk"])
def test_a_broken_end_is_said_and_harms_nobody(end: str) -> None:
    assert failure(JOB, {"do": end}) == "job_broke"


def test_a_job_that_ends_before_it_read_all_is_broken() -> None:
    assert failure(dataclasses.replace(JOB, module="no.such.module"), {}, (b"\0" * 30_000_000,)) == "job_broke"


def test_it_writes_no_file(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert failure(JOB, {"do": "write", "path": str(kept)}) == "job_broke"
    assert not kept.exists() or kept.read_bytes() == b""


def test_it_sees_nothing_of_the_node_s_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIWAR_DATABASE_URL", "postgresql://secret")
    seen = run(JOB, {"do": "environment"}, [])["names"]
    assert not [name for name in seen if name.startswith(("JIWAR", "PYTHON", "HOME"))]


def test_an_extra_that_is_missing_is_named_and_nothing_starts() -> None:
    job = dataclasses.replace(JOB, needs=("a_module_that_nobody_has",), extra="ocr")
    with pytest.raises(JobFailed) as failed:
        run(job, {"do": "hang"}, [])
    assert (failed.value.code, failed.value.detail) == ("extra_missing", "ocr")
