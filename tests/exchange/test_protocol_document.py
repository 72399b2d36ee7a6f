"""docs/protocol.md says what the code does: a second implementation, written from it, opens what the program seals."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jiwar.exchange import courier, listener
from jiwar.exchange.logic import conversation, envelope, frame, hello, message, pouch, receipt, sealed_key
from tests import vectors

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "protocol.md").read_text(encoding="utf-8")
SECOND = DOCS / "independent" / "exchange.py"


def opened(file: Path) -> "subprocess.CompletedProcess[str]":
    """Run the second implementation where nothing of the program is on its path."""
    return subprocess.run(
        [sys.executable, "-I", str(SECOND), str(file)], cwd=file.parent, capture_output=True, text=True, check=False
    )


def test_a_second_implementation_opens_the_vectors_that_are_kept() -> None:
    done = opened(vectors.FILE)
    assert (done.returncode, done.stderr) == (0, "")
    kept = json.loads(vectors.FILE.read_text(encoding="utf-8"))
    assert done.stdout.count("as expected") == len(kept["expected"]) + 1 == 6
    assert done.stdout.count("refused as it must be") == len(kept["refused"]) + 6 == 14


def test_it_opens_what_is_sealed_now_and_the_vectors_say_the_same(tmp_path: Path) -> None:
    made, kept = vectors.make(), json.loads(vectors.FILE.read_text(encoding="utf-8"))
    file = tmp_path / "vectors.json"
    file.write_text(json.dumps(made))
    assert opened(file).returncode == 0
    for vector in (made, kept):
        for found in vector["expected"]:
            # The chain of hashes differs with each sealing: random numbers are in it.
            found.get("header", {}).pop("prev", None)
    assert made["expected"] == kept["expected"]
    assert made["keys"] == kept["keys"]


def altered(item: int) -> Callable[[dict[str, Any]], None]:
    def change(made: dict[str, Any]) -> None:
        data = bytearray(base64.b64decode(made["frame"]))
        at = 9
        for _ in range(item):
            at += int.from_bytes(data[at - 4 : at], "big") + 5
        data[at + 40] ^= 1
        made["frame"] = base64.b64encode(data).decode()

    return change


@pytest.mark.parametrize("item", range(5))
def test_it_refuses_an_altered_byte_in_any_item(tmp_path: Path, item: int) -> None:
    made = vectors.make()
    altered(item)(made)
    file = tmp_path / "vectors.json"
    file.write_text(json.dumps(made))
    done = opened(file)
    assert done.returncode == 1
    assert "ValueError" in done.stderr


def test_it_shares_no_code_with_the_program() -> None:
    assert "jiwar" not in [
        line.split()[1].split(".")[0] for line in SECOND.read_text().splitlines() if "import" in line[:6]
    ]


def test_the_limits_are_ours() -> None:
    numbers = (frame.MAX_BYTES, frame.MAX_ITEMS, envelope.MAX_BYTES, envelope.MAX_PAYLOAD, receipt.MAX_RANGE)
    for value in (*numbers, envelope.SMALLEST_BUCKET, sealed_key.SEALED_BYTES):
        assert f"{value:,}" in TEXT
    for value in (pouch.HEAD, pouch.CHUNK, pouch.SEALED, pouch.MAX_CHUNKS, pouch.MAX_FRAMES):
        assert f"{value:,}" in TEXT
    assert f"every {courier.HEARTBEAT:.0f} seconds" in TEXT
    assert f"at most {courier.LISTEN}\nseconds" in TEXT
    assert f"one of the last {conversation.REMEMBERED} nonces" in TEXT
    assert f"at most {hello.MAX_WANTED} |" in TEXT
    assert listener.ADDRESS in TEXT
    for label in (envelope.LABEL, hello.LABEL, receipt.LABEL, pouch.LABEL):
        assert f"`{label.decode().strip()}`" in TEXT
    assert {status for status in receipt.STATUSES if f"`{status}`" in TEXT} == set(receipt.STATUSES)


def test_every_member_is_named() -> None:
    for name in (
        *hello._NAMES,
        *receipt._NAMES,
        *envelope._FIELDS,
        *pouch._FIELDS,
        *message._RECORD,
        *message._RETURNED,
    ):
        assert f"`{name}`" in TEXT
