"""A whole node in one file sealed with a passphrase: its settings, its keys, a copy of its database, its attachments.

File: `jiwar-backup/1` and a line feed, 16 bytes of salt, then chunks of [4 bytes length][AES-256-GCM ciphertext] of a
tar stream; key by scrypt (RFC 7914; n = 2^17, r = 8, p = 1); the nonce is the chunk's number, the associated data say
whether it is the last, so that a cut, swapped or altered file is refused and nothing of it stays. Both ways it is
streamed: attachments may take gigabytes, and pass as they lie, sealed.
"""

import contextlib
import io
import os
import re
import secrets
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"jiwar-backup/1\n"
CHUNK = 1 << 20
_SALT = 16
SECRETS = (
    "node.toml",
    *(f"keys/{name}" for name in ("keyring.json", "seal-signer.json", "session-secret", "tls.crt", "tls.key")),
)
"""What a backup holds beside `database` and the attachments: paths inside the node's folder."""
_ATTACHMENT = re.compile("attachments/[0-9a-f]{64}")
SHORTEST_PASSPHRASE = 12


class BackupInvalid(ValueError):
    """The file is no backup, is damaged or cut, or the passphrase is not its own."""


def pack(path: Path, passphrase: str, folder: Path, database: Path) -> int:
    """Write a node's folder and a copy of its database as one file; returns its size in bytes. Whole or not at all."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise BackupInvalid(f"the passphrase needs {SHORTEST_PASSPHRASE} characters")
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        sealing = _Sealing(target, passphrase)
        with tarfile.open(fileobj=sealing, mode="w|") as archive:
            archive.add(database, "database")
            for name in SECRETS:
                if (folder / name).exists():
                    archive.add(folder / name, name)
            for file in sorted((folder / "attachments").glob("*")):
                # One may be dropped meanwhile; a part comes again from whoever sends it.
                with contextlib.suppress(FileNotFoundError):
                    if _ATTACHMENT.fullmatch(f"attachments/{file.name}"):
                        archive.add(file, f"attachments/{file.name}")
        sealing.end()
        target.flush()
        os.fsync(target.fileno())
    part.replace(path)
    return path.stat().st_size


def unpack(path: Path, passphrase: str, folder: Path) -> None:
    """Lay a backup's settings, keys, attachments and database copy into an empty folder, or raise BackupInvalid."""
    if folder.exists() and any(folder.iterdir()):
        raise BackupInvalid(f"{folder} is not empty: a restore never overwrites a node")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        whole = Path(scratch) / "node"
        whole.mkdir(mode=0o700)
        with path.open("rb") as source:
            _extract(_Opening(source, passphrase), whole)
        for secret in ("keys", "attachments"):
            if (whole / secret).exists():
                (whole / secret).chmod(0o700)
        for secret_file in (whole / "keys").iterdir():
            secret_file.chmod(0o600)
        if folder.exists():
            folder.rmdir()
        whole.rename(folder)


def _extract(plain: "_Opening", folder: Path) -> None:
    try:
        with tarfile.open(fileobj=plain, mode="r|") as archive:
            for member in archive:
                known = member.name in {"database", *SECRETS} or _ATTACHMENT.fullmatch(member.name)
                if not (known and member.isfile()):
                    raise BackupInvalid("the archive holds what no backup holds")
                archive.extract(member, folder, filter="data")
    except tarfile.TarError as error:
        raise BackupInvalid(str(error)) from None
    # What follows the archive is proven too: a file cut behind it is a cut file.
    while plain.read(CHUNK):
        pass
    if not (folder / "database").exists():
        raise BackupInvalid("the archive holds no database")


def _key(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=1 << 17, r=8, p=1).derive(passphrase.encode()))


class _Sealing(io.RawIOBase):
    """Takes what a tar writes, and writes it sealed."""

    def __init__(self, target: BinaryIO, passphrase: str) -> None:
        salt = secrets.token_bytes(_SALT)
        self._target, self._cipher = target, _key(passphrase, salt)
        self._plain, self._number = bytearray(), 0
        target.write(MAGIC + salt)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._plain += data
        # One byte more than a chunk: then it is not the last.
        while len(self._plain) > CHUNK:
            self._seal(b"more")
        return len(data)

    def end(self) -> None:
        """What is left is the last chunk."""
        self._seal(b"last")

    def _seal(self, place: bytes) -> None:
        sealed = self._cipher.encrypt(self._number.to_bytes(12, "big"), bytes(self._plain[:CHUNK]), place)
        del self._plain[:CHUNK]
        self._target.write(len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1


class _Opening(io.RawIOBase):
    """Gives what a tar reads, each chunk proven; raises BackupInvalid."""

    def __init__(self, source: BinaryIO, passphrase: str) -> None:
        self._pieces, self._plain = _open(source, passphrase), b""

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        self._plain = self._plain or next(self._pieces, b"")
        given, self._plain = self._plain[: len(into)], self._plain[len(into) :]
        into[: len(given)] = given
        return len(given)


def _open(source: BinaryIO | io.BufferedReader, passphrase: str) -> Iterator[bytes]:
    if source.read(len(MAGIC)) != MAGIC:
        raise BackupInvalid("not a backup of this program")
    salt = source.read(_SALT)
    if len(salt) < _SALT:
        raise BackupInvalid("the file is cut")
    cipher = _key(passphrase, salt)
    number, head = 0, source.read(4)
    while head:
        length = int.from_bytes(head, "big")
        if length > CHUNK + 16:
            raise BackupInvalid("damaged")
        sealed = source.read(length)
        head = source.read(4)
        try:
            yield cipher.decrypt(number.to_bytes(12, "big"), sealed, b"more" if head else b"last")
        except InvalidTag:
            raise BackupInvalid("the passphrase is wrong, or the file is damaged or cut") from None
        number += 1
    if number == 0:
        raise BackupInvalid("the file is cut")
