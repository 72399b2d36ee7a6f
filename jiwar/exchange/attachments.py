"""The store of attachments: files sealed in `<data>/attachments`, that pass between nodes chunk by chunk.

A record's body holds a `Descriptor`; who can read the record can open the file, and nobody else: the key stands in the
descriptor alone. Each file here begins with the hashes of its chunks, so that every chunk that comes is proven before
it is kept; each chunk is on the disk before `put` returns. A file grows under its name with `.part` and loses that when
it is whole. No step holds more than two chunks in memory.
"""

import base64
import contextlib
import datetime as dt
import errno
import fcntl
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, Self

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from jiwar.exchange.logic import chunks
from jiwar.exchange.logic.chunks import CHUNK, LARGEST, TEXT, ChunkInvalid, clean_name, media_type
from jiwar.records.content import Body
from jiwar.wire.faults import Fault, Refused

__all__ = [
    "CHUNK", "LARGEST", "TEXT", "Descriptor", "Sealer", "chunk", "drop", "held", "idle_since", "media_type", "missing",
    "open_plain", "put", "referred", "size_of", "store",
]  # fmt: skip

RESERVE = 256 << 20
"""Bytes of the disk that attachments leave free: a full disk would stop what matters more than a file."""
_HEAD = 8192
"""Bytes before the first chunk: the format's name and the hashes of the chunks, the rest zero."""

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$")]


class Descriptor(Body):
    """A file that comes with a record. `key` (32 bytes, base64) opens it; `chunks` are SHA-256 of each sealed chunk."""

    model_config = ConfigDict(title="Attachment")
    name: Annotated[str, Field(min_length=1, max_length=chunks.LONGEST_NAME)]
    media_type: Literal[chunks.MEDIA_TYPES]  # type: ignore[valid-type]
    size: Annotated[int, Field(ge=1, le=LARGEST)]
    key: Annotated[Key, Field(repr=False)]
    blob: Hash
    chunks: Annotated[tuple[Hash, ...], Field(min_length=1, max_length=chunks.MOST)]

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        if clean_name(name) != name:
            raise ValueError("file_name_unsafe")
        return name

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.chunks) != chunks.count_of(self.size) or chunks.blob_of(self.chunks) != self.blob:
            raise ValueError("attachment_incoherent")
        return self

    @property
    def secret(self) -> bytes:
        """The key."""
        return base64.b64decode(self.key)


def referred(body: object) -> list[Descriptor]:
    """Every descriptor in a record's body, wherever it stands."""
    if isinstance(body, Descriptor):
        return [body]
    parts: Iterable[object] = ()
    if isinstance(body, BaseModel):
        parts = [getattr(body, name) for name in type(body).model_fields]
    elif isinstance(body, Mapping):
        parts = body.values()
    elif isinstance(body, list | tuple):
        parts = body
    return [found for part in parts for found in referred(part)]


# --- a file of our own ------------------------------------------------------------------------------------------------


class Sealer:
    """Takes a file in pieces of any size and seals it as it comes; nothing of it touches the disk in the clear.

    Raises Refused: `attachment_too_large`, `attachment_empty`, `disk_full`. Whatever it raises, it has left nothing.
    """

    def __init__(self, name: str, said: str = "") -> None:
        """`said` is the media type that the sender states."""
        self._name, self._said = clean_name(name), said
        self._key = secrets.token_bytes(32)
        self._plain, self._start = bytearray(), b""
        self._size, self._hashes = 0, list[str]()
        self._path = _folder() / f"{secrets.token_hex(16)}.new"
        with _room():
            self._file = self._path.open("xb", buffering=0)

    def write(self, piece: bytes) -> None:
        """The next bytes of the file."""
        self._size += len(piece)
        if self._size > LARGEST:
            self.abandon()
            raise Refused(Fault("attachment_too_large", "file", str(LARGEST >> 20)))
        self._plain += piece
        # One byte more than a chunk: then it is not the last.
        while len(self._plain) > chunks.CHUNK:
            self._seal(last=False)

    def finish(self) -> Descriptor:
        """The file is whole, on the disk, and under its own name."""
        if not self._size:
            self.abandon()
            raise Refused(Fault("attachment_empty", "file"))
        self._seal(last=True)
        blob = chunks.blob_of(self._hashes)
        with self._or_nothing():
            _write(self._file.fileno(), _head(self._hashes), 0)
            _settle(self._file.fileno(), self._path, _folder() / blob)
        self._file.close()
        return Descriptor(
            name=self._name,
            media_type=chunks.media_type(self._start, self._said),
            size=self._size,
            key=base64.b64encode(self._key).decode(),
            blob=blob,
            chunks=tuple(self._hashes),
        )

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _seal(self, *, last: bool) -> None:
        plain = bytes(self._plain[: chunks.CHUNK])
        del self._plain[: chunks.CHUNK]
        number = len(self._hashes)
        if number == 0:
            self._start = plain[: chunks.HEAD]
        data = chunks.seal(self._key, number, plain, last=last)
        with self._or_nothing():
            _write(self._file.fileno(), data, _place(number))
        self._hashes.append(chunks.hash_of(data))

    @contextlib.contextmanager
    def _or_nothing(self) -> Iterator[None]:
        try:
            with _room():
                yield
        except BaseException:
            self.abandon()
            raise


def store(name: str, media_type: str, source: BinaryIO) -> Descriptor:
    """Seal a file and keep it; what is said of its type counts only where its first bytes agree. Raises Refused."""
    sealer = Sealer(name, media_type)
    try:
        while piece := source.read(chunks.CHUNK):
            sealer.write(piece)
        return sealer.finish()
    except BaseException:
        sealer.abandon()
        raise


def open_plain(descriptor: Descriptor) -> Iterator[bytes]:
    """The file in the clear, chunk by chunk, each proven before it is given.

    Raises Refused: at once where the file is not whole (`attachment_not_here`), and in the midst where the disk has
    changed it (`attachment_damaged`).
    """
    path = _folder() / descriptor.blob
    if not path.exists():
        raise Refused(Fault("attachment_not_here", "", descriptor.name))
    return _plain(path, descriptor)


def _plain(path: Path, descriptor: Descriptor) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(_HEAD)
        for number in range(len(descriptor.chunks)):
            last = number == len(descriptor.chunks) - 1
            try:
                yield chunks.unseal(descriptor.secret, number, file.read(chunks.SEALED), last=last)
            except ChunkInvalid:
                raise Refused(Fault("attachment_damaged", "", descriptor.name)) from None


# --- chunks between nodes ---------------------------------------------------------------------------------------------


def missing(descriptor: Descriptor) -> int:
    """Number of the first chunk that is not held; `len(descriptor.chunks)` when none is missing.

    A file of which nothing is held is begun, so that `put` can prove what comes. What a power cut tore is cut off.
    """
    whole, part = _paths(descriptor.blob)
    with _alone():
        if whole.exists():
            return len(descriptor.chunks)
        try:
            with part.open("r+b", buffering=0) as file:
                return len(_proven(file.fileno(), descriptor.blob))
        except (FileNotFoundError, _Torn):
            pass
        fresh = part.with_suffix(".new")
        with _room(), fresh.open("wb", buffering=0) as file:
            _write(file.fileno(), _head(descriptor.chunks), 0)
            _settle(file.fileno(), fresh, part)
    return 0


def held(descriptor: Descriptor) -> int:
    """How many chunks are here, by size alone: for people who watch a file arrive."""
    whole, part = _paths(descriptor.blob)
    if whole.exists():
        return len(descriptor.chunks)
    try:
        size = part.stat().st_size
    except FileNotFoundError:
        return 0
    return min(max(0, size - _HEAD) // chunks.SEALED, len(descriptor.chunks))


def size_of(blob: str) -> int:
    """Bytes that a file takes here, whole or in part; 0 for one that is not here."""
    return next((path.stat().st_size for path in _paths(blob) if path.exists()), 0)


def chunk(blob: str, number: int) -> bytes:
    """A sealed chunk of a file that is here whole or in part; raises Refused (`attachment_not_here`, `…_damaged`).

    The caller knows that the asker may have it: a record that refers to it was sealed to that node.
    """
    for path in _paths(blob):
        try:
            with path.open("rb") as file:
                hashes = _hashes(file.read(_HEAD), blob)
                file.seek(_place(number) if 0 <= number < len(hashes) else _place(chunks.MOST))
                data = file.read(chunks.SEALED)
        except (FileNotFoundError, _Torn):
            continue
        if data and chunks.hash_of(data) != hashes[number]:
            raise Refused(Fault("attachment_damaged", "", blob[:16]))
        if data:
            return data
    raise Refused(Fault("attachment_not_here", "", f"{blob[:16]} {number}"))


def put(blob: str, number: int, data: bytes) -> bool:
    """Keep the next chunk of a file that `missing` began; it is on the disk when this returns. Again is as once.
    True: with it the file became whole.

    Raises Refused: `attachment_not_here` (not begun, or dropped), `chunk_gap` (another comes first), `chunk_wrong` (not
    what the record says), `disk_full`.
    """
    whole, part = _paths(blob)
    with _alone():
        if whole.exists():
            return False
        try:
            with part.open("r+b", buffering=0) as file:
                _put(file.fileno(), blob, number, data)
            return whole.exists()
        except (FileNotFoundError, _Torn):
            raise Refused(Fault("attachment_not_here", "", f"{blob[:16]} {number}")) from None


def _put(file: int, blob: str, number: int, data: bytes) -> None:
    hashes = _hashes(os.pread(file, _HEAD, 0), blob)
    if not 0 <= number < len(hashes) or chunks.hash_of(data) != hashes[number]:
        raise Refused(Fault("chunk_wrong", "", f"{blob[:16]} {number}"))
    have = len(_proven(file, blob))
    if number > have:
        raise Refused(Fault("chunk_gap", "", f"{blob[:16]} {have}"))
    if number == have:
        with _room():
            _write(file, data, _place(number))
            os.fsync(file)
        have += 1
    if have == len(hashes):
        whole, part = _paths(blob)
        _settle(file, part, whole)


def drop(blob: str) -> None:
    """Delete a file, whole or in part. Who reads it at this moment reads on."""
    for path in _paths(blob):
        path.unlink(missing_ok=True)


def idle_since(at: dt.datetime) -> Iterator[Path]:
    """Files that have not grown since `at`: whole ones, parts, and what a power cut left of one that was being sealed.

    The name up to the point is the blob, but for the last.
    """
    for path in _folder().iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < at.timestamp():
                yield path


# --- the file underneath ----------------------------------------------------------------------------------------------


class _Torn(Exception):
    """The beginning of a file is not whole: a power cut met it as it was begun."""


def _folder() -> Path:
    folder: Path = settings.DATA / "attachments"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _paths(blob: str) -> tuple[Path, Path]:
    """Where a file stands whole, and where in part. A blob may come from another node: it is a name and no path."""
    if not re.fullmatch("[0-9a-f]{64}", blob):
        raise Refused(Fault("attachment_not_here", "", blob[:16]))
    return _folder() / blob, _folder() / f"{blob}.part"


def _place(number: int) -> int:
    return _HEAD + number * chunks.SEALED


def _head(hashes: Iterable[str]) -> bytes:
    return (chunks.FORMAT + b"".join(map(bytes.fromhex, hashes))).ljust(_HEAD, b"\0")


def _hashes(head: bytes, blob: str) -> list[str]:
    """The hashes of the chunks, proven by the file's name; raises _Torn."""
    listed = head.removeprefix(chunks.FORMAT).rstrip(b"\0")
    # A hash may end in zero bytes of its own.
    listed = listed.ljust(-(-len(listed) // 32) * 32, b"\0")
    found = [listed[i : i + 32].hex() for i in range(0, len(listed), 32)]
    if len(head) != _HEAD or chunks.blob_of(found) != blob:
        raise _Torn
    return found


def _proven(file: int, blob: str) -> list[str]:
    """Hashes of the chunks of a part that are what they should be; whatever follows them is cut off."""
    hashes = _hashes(os.pread(file, _HEAD, 0), blob)
    size = os.fstat(file).st_size
    count = min(-(-max(0, size - _HEAD) // chunks.SEALED), len(hashes))
    # Each chunk was on the disk before the next came: only the end can be torn.
    while count and chunks.hash_of(os.pread(file, chunks.SEALED, _place(count - 1))) != hashes[count - 1]:
        count -= 1
    if count < len(hashes) and size > _place(count):
        os.ftruncate(file, _place(count))
    return hashes[:count]


def _write(file: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, at)
        view, at = view[written:], at + written


def _settle(file: int, path: Path, name: Path) -> None:
    """Have the disk hold a file, then its name."""
    os.fsync(file)
    path.replace(name)
    folder = os.open(name.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """No other thread or process of the node begins or continues a part meanwhile."""
    folder = os.open(_folder(), os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextlib.contextmanager
def _room() -> Iterator[None]:
    """Refuse with `disk_full` where the disk has no room beyond RESERVE, or says so itself."""
    space = os.statvfs(_folder())
    if space.f_bavail * space.f_frsize < RESERVE:
        raise Refused(Fault("disk_full", "file"))
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Refused(Fault("disk_full", "file")) from None
        raise
