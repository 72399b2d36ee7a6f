"""No outside bytes make a reader fail but by its own refusal. `python -m tests.fuzz NAME` runs one target."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytest.importorskip("atheris")


def fuzz(found: Path, *told: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz", "--found", str(found), *told]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.timeout(300)
def test_every_reader_refuses_or_reads(tmp_path: Path) -> None:
    done = fuzz(tmp_path, "--runs", "300", "--seed", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 with findings" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", ["2", "3"])
def test_every_reader_refuses_or_reads_at_length(tmp_path: Path, seed: str) -> None:
    done = fuzz(tmp_path, "--runs", "20000", "--seed", seed)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_finding_fails_the_run_and_is_kept(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom tests.fuzz import __main__ as runner\nfrom tests.fuzz.target import target\n"
        "runner.WATCHED = ('wire/ids.py',)\n"  # to watch all takes longer than the rest
        "@target(corpus=lambda: [b'x'])\ndef wrong(data):\n    raise KeyError\n"
        f"sys.exit(runner.main(['wrong', '--runs', '5', '--found', {str(tmp_path)!r}]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "KeyError" in done.stdout
    assert list(tmp_path.glob("finding-wrong-*"))
