"""The sealed file of a backup: opened whole by its passphrase, refused when one byte is not what it was."""

import io
import os
import tarfile
import tracemalloc
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from jiwar.operation import archive
from jiwar.operation.archive import BackupInvalid, pack, unpack

PASSPHRASE = "a long walk in the Fezzan"
BLOB = "5" * 64
KEEP = [HealthCheck.function_scoped_fixture]


@pytest.fixture(scope="module", autouse=True)
def _each_key_once_and_small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(archive, "_key", lru_cache(archive._key))  # scrypt is slow, as it should be
        changed.setattr(archive, "CHUNK", 1 << 14)
        yield


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of two chunks and a bit."""
    folder = tmp_path_factory.mktemp("node")
    (folder / "keys").mkdir()
    (folder / "node.toml").write_text('code = "LBY"\n')
    (folder / "keys" / "keyring.json").write_text("the keys")
    (folder / "copy").write_bytes(os.urandom(2 * archive.CHUNK + 1000))
    pack(folder / "backup", PASSPHRASE, folder, folder / "copy")
    return folder / "backup"


def refused(data: bytes, folder: Path, passphrase: str = PASSPHRASE) -> str:
    """Why a file is refused; nothing of it may stay."""
    file, target = folder / "altered", folder / "target"
    file.write_bytes(data)
    with pytest.raises(BackupInvalid) as why:
        unpack(file, passphrase, target)
    assert not target.exists()
    assert [path.name for path in folder.iterdir()] == ["altered"]
    return str(why.value)


def test_a_backup_opens_by_its_passphrase_alone(packed: Path, tmp_path: Path) -> None:
    assert "passphrase is wrong" in refused(packed.read_bytes(), tmp_path, PASSPHRASE + " ")
    unpack(packed, PASSPHRASE, tmp_path / "node")
    assert (tmp_path / "node" / "database").read_bytes() == (packed.parent / "copy").read_bytes()
    assert (tmp_path / "node" / "keys" / "keyring.json").read_text() == "the keys"
    assert (tmp_path / "node" / "keys").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "node" / "keys" / "keyring.json").stat().st_mode & 0o777 == 0o600
    assert packed.stat().st_mode & 0o777 == 0o600


@settings(max_examples=25, suppress_health_check=KEEP)
@given(st.data())
def test_a_flipped_bit_anywhere_is_refused(packed: Path, tmp_path: Path, data: st.DataObject) -> None:
    whole = bytearray(packed.read_bytes())
    at = data.draw(st.one_of(st.integers(0, 60), st.integers(0, len(whole) - 1)))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    refused(bytes(whole), tmp_path)


@settings(max_examples=15, suppress_health_check=KEEP)
@given(st.integers(0, 1 << 20))
@example(0)
@example(20)
@example(35)
def test_a_cut_file_is_refused(packed: Path, tmp_path: Path, at: int) -> None:
    whole = packed.read_bytes()
    refused(whole[: at % len(whole)], tmp_path)


def test_a_file_cut_between_chunks_or_with_more_behind_is_refused(packed: Path, tmp_path: Path) -> None:
    whole = packed.read_bytes()
    head = len(archive.MAGIC) + 16
    chunk = 4 + archive.CHUNK + 16
    refused(whole[: head + chunk], tmp_path)
    refused(whole[:head], tmp_path)
    refused(whole + whole[head : head + chunk], tmp_path)
    first, second, rest = whole[head : head + chunk], whole[head + chunk : head + 2 * chunk], whole[head + 2 * chunk :]
    refused(whole[:head] + second + first + rest, tmp_path)


def sealed(tar: bytes) -> bytes:
    target = io.BytesIO()
    sealing = archive._Sealing(target, PASSPHRASE)
    sealing.write(tar)
    sealing.end()
    return target.getvalue()


def test_an_archive_with_anything_else_inside_is_refused(tmp_path: Path) -> None:
    tar = tmp_path / "tar"
    outside = tmp_path / "x"
    outside.write_text("x")
    for name in (
        "../escape",
        "keys/../../escape",
        "authorized_keys",
        "attachments/x",
        f"attachments/../{BLOB}",
        f"attachments/{BLOB}.part",
    ):
        with tarfile.open(tar, "w") as made:
            made.add(outside, name)
        data = sealed(tar.read_bytes())
        folder = tmp_path / "a" / name.replace("/", "_")
        folder.mkdir(parents=True)
        assert "what no backup holds" in refused(data, folder)


def test_attachments_come_with_it_as_they_lie(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    (folder / "attachments").mkdir(parents=True)
    (folder / "keys").mkdir()
    (folder / "keys" / "keyring.json").write_text("the keys")
    (folder / "copy").write_bytes(b"database")
    data = os.urandom(3 * archive.CHUNK + 7)
    (folder / "attachments" / BLOB).write_bytes(data)
    (folder / "attachments" / f"{BLOB}.part").write_bytes(b"comes again")
    (folder / "attachments" / f"{'0' * 32}.new").write_bytes(b"torn")
    pack(tmp_path / "backup", PASSPHRASE, folder, folder / "copy")
    unpack(tmp_path / "backup", PASSPHRASE, tmp_path / "restored")
    there = tmp_path / "restored" / "attachments"
    assert [path.name for path in there.iterdir()] == [BLOB]
    assert (there / BLOB).read_bytes() == data
    assert there.stat().st_mode & 0o777 == 0o700


def test_a_large_attachment_is_never_in_memory(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    (folder / "attachments").mkdir(parents=True)
    (folder / "keys").mkdir()
    (folder / "keys" / "keyring.json").write_text("the keys")
    (folder / "copy").write_bytes(b"database")
    with (folder / "attachments" / BLOB).open("wb") as file:
        file.truncate(50 << 20)
    tracemalloc.start()
    try:
        pack(tmp_path / "backup", PASSPHRASE, folder, folder / "copy")
        unpack(tmp_path / "backup", PASSPHRASE, tmp_path / "restored")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 << 20
    assert (tmp_path / "restored" / "attachments" / BLOB).stat().st_size == 50 << 20


def test_a_restore_never_overwrites(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BackupInvalid, match="not empty"):
        unpack(packed, PASSPHRASE, tmp_path)


def test_a_short_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupInvalid, match="12"):
        pack(tmp_path / "backup", "short", tmp_path, tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []
