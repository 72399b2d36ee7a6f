"""What an edition is made of, whatever it says: numbered and chained, sealed in parts, kept whole on the disk.

An edition is one signed file, or what changed since the one before, for the posts of one state: the lists of the
watchlist, the registry of lost documents.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from django.conf import settings

from jiwar.exchange import attachments
from jiwar.exchange.attachments import LARGEST, Descriptor, Sealer
from jiwar.exchange.logic.edition_chain import EditionRefused, Held, Manifest, Verdict, judge
from jiwar.identity.queries import neighbours
from jiwar.wire.faults import Fault, Refused

__all__ = [
    "EditionRefused",
    "Held",
    "Manifest",
    "Parts",
    "Verdict",
    "Written",
    "alone",
    "is_here",
    "judge",
    "own_posts",
    "plain",
    "seal_whole",
    "write",
]

_NAME = "edition"


class Parts:
    """A file as attachments, one after another, sealed while it is written."""

    def __init__(self) -> None:
        self._done: list[Descriptor] = []
        self._open: Sealer | None = None
        self._room = 0

    def add(self, piece: bytes) -> None:
        while piece:
            if self._open is None:
                self._open, self._room = Sealer(_NAME), LARGEST
            part, piece = piece[: self._room], piece[self._room :]
            self._open.write(part)
            self._room -= len(part)
            if not self._room:
                self._end()

    def finish(self) -> tuple[Descriptor, ...]:
        self._end()
        return tuple(self._done)

    def abandon(self) -> None:
        if self._open is not None:
            self._open.abandon()

    def _end(self) -> None:
        if self._open is not None:
            self._done.append(self._open.finish())
            self._open = None


def seal_whole(pieces: Iterable[bytes]) -> tuple[Descriptor, ...]:
    """A file that stands already, sealed in parts; nothing is left of it where reading fails."""
    parts = Parts()
    try:
        for piece in pieces:
            parts.add(piece)
        return parts.finish()
    except BaseException:
        parts.abandon()
        raise


def plain(files: Iterable[Descriptor]) -> Iterator[bytes]:
    """The plain file that parts carry, in pieces."""
    for descriptor in files:
        yield from attachments.open_plain(descriptor)


def is_here(files: Iterable[Descriptor]) -> bool:
    """Whether every part has come whole."""
    return all(attachments.missing(descriptor) == len(descriptor.chunks) for descriptor in files)


@dataclass(frozen=True, slots=True)
class Written:
    """A file on the disk."""

    sha256: str
    size: int


def write(
    folder: Path, suffix: str, pieces: Iterable[bytes], also: Callable[[bytes], None] = lambda _: None
) -> Written:
    """Put a file on the disk under its SHA-256, piece by piece; `also` is given each. It is written beside, synced and
    renamed: a crash leaves it whole or not at all. Raises Refused (`disk_full`), and leaves nothing then."""
    digest, size = hashlib.sha256(), 0
    beside = folder / f"{uuid4().hex}.new"
    try:
        with beside.open("xb") as file:
            for piece in pieces:
                file.write(piece)
                also(piece)
                digest.update(piece)
                size += len(piece)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(folder / f"{digest.hexdigest()}{suffix}")
        _sync(folder)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Refused(Fault("disk_full", "file")) from None
        raise
    finally:
        beside.unlink(missing_ok=True)
    return Written(digest.hexdigest(), size)


@contextlib.contextmanager
def alone(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Of all processes and threads of the node, one works on the editions of a folder; False: another does, who was not
    waited for."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(lock)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def own_posts() -> list[str]:
    """Codes of the posts of this state, which get its editions; one query."""
    return sorted(neighbours().filter(state=settings.NODE.state, role="post").values_list("code", flat=True))
