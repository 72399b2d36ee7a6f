"""The registry on this node's disk: one file that holds the whole of it, mapped into memory to be asked."""

import contextlib
import datetime as dt
import mmap
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from jiwar.documents.logic.lost import LostEntry
from jiwar.documents.logic.lost_file import LostFile, LostFileInvalid
from jiwar.documents.models import LostEdition
from jiwar.exchange import editions as kept
from jiwar.exchange.editions import Written

_PIECE = 1 << 20
_UNNAMED = dt.timedelta(minutes=10)
"""How long a file stays that no row names any more: whoever asks it asks on."""


def held() -> LostEdition | None:
    """The edition that stands here, in use or over; one query."""
    return LostEdition.objects.filter(state=LostEdition.State.HELD).order_by("-sequence", "-pk").first()


def look_up(issuer: str, number: str, at: dt.datetime) -> tuple[list[LostEntry], str, dt.date | None]:
    """Entries that the edition has of a number, how the edition stands (words group ``lost_registry``), and its day.

    A file that is gone or damaged is no registry: the answer says so, and the next edition mends it.
    """
    row = held()
    if row is None:
        return [], "none", None
    day = timezone.localdate(row.made_at)
    if row.expires_at <= at:
        return [], "expired", day
    try:
        return opened(row.file).find(issuer, number), "in_use", day
    except (FileNotFoundError, LostFileInvalid):
        return [], "damaged", day


@lru_cache(maxsize=4)
def _mapped(path: Path) -> LostFile:
    # A file of a name never changes; a map of one that is deleted stays good.
    with path.open("rb") as file:
        return LostFile(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def opened(name: str) -> LostFile:
    """The registry of this name; raises FileNotFoundError, LostFileInvalid."""
    return _mapped(path(name))


def write(pieces: Iterable[bytes], also: Callable[[bytes], None] = lambda _: None) -> Written:
    """As `exchange.editions.write`, among the editions of the registry."""
    return kept.write(folder(), ".lost", pieces, also)


def pieces(name: str) -> Iterator[bytes]:
    """A file as it is; raises FileNotFoundError."""
    with path(name).open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def alone(*, wait: bool = True) -> AbstractContextManager[bool]:
    """Of all processes and threads of the node, one makes, puts on, reads in or sweeps; False: another does, who was
    not waited for."""
    return kept.alone(folder(), wait=wait)


def sweep(at: dt.datetime) -> int:
    """Delete the files that the edition in use needs not, and what a crash left; returns how many."""
    row = held()
    gone = 0
    for each in folder().iterdir():
        if each.suffix in {".lost", ".new"} and each.stem != (row.file if row else ""):
            with contextlib.suppress(FileNotFoundError):
                if each.stat().st_mtime < (at - _UNNAMED).timestamp():
                    each.unlink()
                    gone += 1
    return gone


def path(name: str) -> Path:
    return folder() / f"{name or 'none'}.lost"


def folder() -> Path:
    found: Path = settings.DATA / "lost"
    found.mkdir(mode=0o700, exist_ok=True)
    return found
