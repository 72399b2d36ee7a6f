"""The editions on this node's disk: one whole file and the changes since, named by their SHA-256.

A file is written beside, synced and renamed, and only then named by a row: a crash leaves what was held before, or what
is held now, and at most a file that nothing names. Files are in the clear, as the database is.
"""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from jiwar.exchange import editions as kept
from jiwar.exchange.editions import Written
from jiwar.watchlist.logic import edition
from jiwar.watchlist.logic.edition import Said
from jiwar.watchlist.models import Edition

MOST_CHANGES, MOST_FILES = 5_000, 60
"""Changes, and files of changes, that stand beside the whole one before they are folded into it."""
_PIECE = 1 << 20
_UNNAMED = dt.timedelta(minutes=10)
"""How long a file stays that no row names any more: whoever reads it reads on."""


def chain() -> list[Edition]:
    """What is in use: the whole file's row and those of the changes since; empty where none is. One query."""
    return list(Edition.objects.filter(state=Edition.State.HELD).order_by("sequence", "pk"))


def is_here(rows: Sequence[Edition]) -> bool:
    """Whether the files of a chain stand on the disk."""
    return bool(rows) and all(_path(row.file).exists() for row in rows)


def subjects(rows: Sequence[Edition]) -> Iterator[tuple[UUID, Said]]:
    """Every subject of a chain, rising by id; raises EditionInvalid, FileNotFoundError."""
    whole = ((uid, said) for uid, said in edition.read(pieces(rows[0])) if said is not None)
    return edition.merged(whole, changes(rows[1:]))


def changes(rows: Iterable[Edition]) -> dict[UUID, Said | None]:
    """What rows of a chain change together."""
    found: dict[UUID, Said | None] = {}
    for row in rows:
        found.update(edition.read(pieces(row)))
    return found


def among(rows: Sequence[Edition], wanted: AbstractSet[UUID]) -> set[UUID]:
    """Which of these subjects a chain has."""
    later = {uid: said for uid, said in changes(rows[1:]).items() if uid in wanted}
    held = edition.among(pieces(rows[0]), wanted) if rows else set()
    return {uid for uid in held if uid not in later} | {uid for uid, said in later.items() if said is not None}


def clusters(rows: Sequence[Edition]) -> set[UUID]:
    """Which clusters a chain has."""
    found = edition.clusters(pieces(rows[0])) if rows else set()
    for uid, said in changes(rows[1:]).items():
        if edition.is_cluster(uid):
            (found.discard if said is None else found.add)(uid)
    return found


def pieces(row: Edition) -> Iterator[bytes]:
    """A row's file; raises FileNotFoundError."""
    with _path(row.file).open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def size(row: Edition) -> int:
    """Bytes of a row's file; 0 for one that is not here."""
    path = _path(row.file)
    return path.stat().st_size if path.exists() else 0


def write(parts: Iterable[bytes], also: Callable[[bytes], None] = lambda _: None) -> Written:
    """As `exchange.editions.write`, among the lists' editions."""
    return kept.write(_folder(), ".edition", parts, also)


def is_long(rows: Sequence[Edition]) -> bool:
    """Whether the changes of a chain are to be folded into the whole file."""
    return len(rows) > 1 and (sum(row.changes for row in rows[1:]) > MOST_CHANGES or len(rows) > MOST_FILES)


def fold(*, always: bool = False, before: Callable[[Edition], None] = lambda _: None) -> bool:
    """Put the changes into the whole file, where they are many; whether that was done. What is held stays the same.

    `before` is given the row as it will be, its file on the disk. The caller is `alone`.
    """
    rows = chain()
    if len(rows) < 2 or not (is_long(rows) or always):
        return False
    written = write(edition.write((), subjects(rows)))
    newest = rows[-1]
    newest.file, newest.whole = written.sha256, True
    before(newest)
    with transaction.atomic():
        older = Edition.objects.filter(pk__in=[row.pk for row in rows[:-1]], state=Edition.State.HELD)
        older.update(state=Edition.State.PASSED, file="", whole=False)
        Edition.objects.filter(pk=newest.pk, state=Edition.State.HELD).update(file=written.sha256, whole=True)
    return True


def sweep(at: dt.datetime) -> int:
    """Delete the files that no edition in use needs, and what a crash left; returns how many."""
    named = {row.file for row in chain()}
    gone = 0
    for path in _folder().iterdir():
        if path.suffix in {".edition", ".new"} and path.stem not in named:
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < (at - _UNNAMED).timestamp():
                    path.unlink()
                    gone += 1
    return gone


def alone(*, wait: bool = True) -> AbstractContextManager[bool]:
    """Of all processes and threads of the node, one makes, puts on, folds or sweeps; False: another does, who was not
    waited for."""
    return kept.alone(_folder(), wait=wait)


def _path(name: str) -> Path:
    return _folder() / f"{name or 'none'}.edition"


def _folder() -> Path:
    folder: Path = settings.DATA / "editions"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
