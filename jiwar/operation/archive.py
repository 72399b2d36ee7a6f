"""A whole node in one file sealed with a passphrase: its settings, its keys, a copy of its database.

File: `jiwar-backup/1` and a line feed, 16 bytes of salt, then chunks of [4 bytes length][AES-256-GCM ciphertext] of a
tar stream; key by scrypt (RFC 7914; n = 2^17, r = 8, p = 1); the nonce is the chunk's number, the associated data say
whether it is the last, so that a cut, swapped or altered file is refused before anything is written.
"""

import io
import os
import secrets
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"jiwar-backup/1\n"
CHUNK = 1 << 20
_SALT = 16
SECRETS = ("node.toml", "keys/keyring.json", "keys/tls.key", "keys/tls.crt", "keys/session-secret")
"""What a backup holds beside `database`: paths inside the node's folder."""
SHORTEST_PASSPHRASE = 12


class BackupInvalid(ValueError):
    """The file is no backup, is damaged or cut, or the passphrase is not its own."""


def pack(path: Path, passphrase: str, folder: Path, database: Path) -> int:
    """Write a node's folder and a copy of its database as one file; returns its size in bytes. Whole or not at all."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise BackupInvalid(f"the passphrase needs {SHORTEST_PASSPHRASE} characters")
    part = path.with_name(path.name + ".part")
    tar = database.with_suffix(".tar")
    with tarfile.open(tar, "w") as archive:
        archive.add(database, "database")
        for name in SECRETS:
            if (folder / name).exists():
                archive.add(folder / name, name)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as target, tar.open("rb") as source:
        for piece in _seal(source, passphrase):
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    part.replace(path)
    return path.stat().st_size


def unpack(path: Path, passphrase: str, folder: Path) -> None:
    """Lay a backup's settings, keys and database copy into an empty folder, or raise BackupInvalid."""
    if folder.exists() and any(folder.iterdir()):
        raise BackupInvalid(f"{folder} is not empty: a restore never overwrites a node")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        whole = Path(scratch) / "node"
        whole.mkdir(mode=0o700)
        tar = Path(scratch) / "tar"
        with path.open("rb") as source, tar.open("wb") as target:
            for piece in _open(source, passphrase):
                target.write(piece)
        try:
            with tarfile.open(tar) as archive:
                members = archive.getmembers()
                if not {m.name for m in members} <= {"database", *SECRETS} or not all(m.isfile() for m in members):
                    raise BackupInvalid("the archive holds what no backup holds")
                archive.extractall(whole, filter="data")
        except tarfile.TarError as error:
            raise BackupInvalid(str(error)) from None
        (whole / "keys").chmod(0o700)
        for secret in (whole / "keys").iterdir():
            secret.chmod(0o600)
        if folder.exists():
            folder.rmdir()
        whole.rename(folder)


def _key(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=1 << 17, r=8, p=1).derive(passphrase.encode()))


def _seal(source: BinaryIO, passphrase: str) -> Iterator[bytes]:
    salt = secrets.token_bytes(_SALT)
    cipher = _key(passphrase, salt)
    yield MAGIC + salt
    number, chunk = 0, source.read(CHUNK)
    while True:
        following = source.read(CHUNK)
        sealed = cipher.encrypt(number.to_bytes(12, "big"), chunk, b"more" if following else b"last")
        yield len(sealed).to_bytes(4, "big") + sealed
        if not following:
            return
        number, chunk = number + 1, following


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
