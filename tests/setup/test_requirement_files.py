from pathlib import Path

import pytest

from tests.setup.requirement_files import faults

ROOT = Path(__file__).resolve().parents[2]
HASH = f"--hash=sha256:{'0' * 64}"
GOOD = f"""\
django==5.2.1 \\
    {HASH}
    # via -r requirements.in
colorama==0.4.6 ; sys_platform == 'win32' \\
    {HASH}
"""


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_the_committed_files_are_pinned_hashed_hostless_and_up_to_date(name: str) -> None:
    source, compiled = ((ROOT / f"{name}.{ending}").read_text(encoding="utf-8") for ending in ("in", "txt"))
    assert list(faults(source, compiled)) == []


def test_what_development_adds_leaves_the_pins_of_a_node_alone() -> None:
    def pins(name: str) -> set[str]:
        return {line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if "==" in line}

    assert pins("requirements.txt") <= pins("requirements-dev.txt")


def test_a_good_file_has_no_fault() -> None:
    assert list(faults("django>=5.2,<5.3\n", GOOD)) == []


@pytest.mark.parametrize(
    ("source", "compiled"),
    [
        ("django", GOOD.replace(HASH, "", 1)),
        ("django", GOOD.replace("==5.2.1", ">=5.2.1")),
        ("django", f"--index-url https://example.org/simple\n{GOOD}"),
        ("django", GOOD.replace("django==5.2.1", "django @ https://example.org/django.whl")),
        ("django>=6", GOOD),
        ("flask", GOOD),
    ],
)
def test_a_fault_is_found(source: str, compiled: str) -> None:
    assert list(faults(source, compiled))
