"""Who does what takes long: a list of twenty thousand entries is read, and applied, in a process of its own.

What is little is done at once, while the person waits. A node that stopped meanwhile goes on at its next start.
"""

import datetime as dt
import fcntl
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor, Grant
from jiwar.audit.services import Author, append
from jiwar.exchange.apart import Apart, run_apart
from jiwar.exchange.courier import EACH_MINUTE
from jiwar.watchlist import lists
from jiwar.watchlist.list_catalogue import Files, terms_of
from jiwar.watchlist.list_readings import Progress, State, begin, fill, read_list
from jiwar.watchlist.models import ListImport
from jiwar.wire.faults import Fault, Refused

LITTLE = 1_500_000
"""Bytes of a list that are read while the person waits: a second or two."""
FEW = 500
"""Changes that are applied while the person waits."""
PATIENCE = 3600
"""Seconds that the process may take."""
ASIDE, ASIDE_HERE = 3, 20
"""Files that are put aside at once: of one list, and of all, which are two gigabytes at most."""
PAUSE = 0.1
"""Seconds between two transactions: SQLite asks those who wait for its lock no oftener to try again."""


def receive(by: Grant, code: str, files: Files, as_of: dt.date | None, *, sizes: int) -> ListImport:
    """Read a list that a person sent, now or, where it is large, soon. Raises AccessRefused, Refused."""
    if sizes <= LITTLE:
        return read_list(by, code, files, as_of=as_of)
    reading = keep(by, code, files, as_of)
    want(reading)
    return reading


def want(reading: ListImport) -> None:
    """Have what was put aside read, soon and not here."""
    reading.state = State.READING
    reading.save(update_fields=["state"])
    wake()


def keep(by: Grant, code: str, files: Files, as_of: dt.date | None) -> ListImport:
    """Put files aside until somebody wants them read. Raises AccessRefused, Refused; also where many lie there."""
    with transaction.atomic():
        reading = begin(by, code, files, as_of, State.RECEIVED)
        aside = ListImport.objects.filter(state__in=[State.RECEIVED, State.READING])
        for lie_there, most in ((aside.filter(list=code), ASIDE), (aside, ASIDE_HERE)):
            if lie_there.count() > most:
                raise Refused(Fault("list_many_aside", "list", str(most)))
    folder = folder_of(reading)
    try:
        folder.mkdir(parents=True, mode=0o700)
        for name, file in files.items():
            with (folder / _plain(name)).open("xb") as kept:
                shutil.copyfileobj(file, kept, 1024 * 1024)
    except BaseException:
        forget_files(reading)
        reading.delete()
        raise
    return reading


def kept_files(reading: ListImport, stack: ExitStack) -> dict[str, BinaryIO]:
    """What was put aside, opened until the stack ends. Raises Refused where it is gone."""
    folder = folder_of(reading)
    names = sorted(path.name for path in folder.glob("*") if path.name != "progress") if folder.exists() else []
    if not names:
        raise Refused(Fault("list_file_gone", "file"))
    return {name: stack.enter_context((folder / name).open("rb")) for name in names}


def confirm(by: Grant, uid: UUID) -> ListImport:
    """As `lists.confirm_list`; many changes are applied soon and not here."""
    reading = lists.accept(by, uid)
    return _apply(by, reading) if reading.state == State.APPLYING else reading


def approve(by: Grant, uid: UUID) -> ListImport:
    """As `lists.approve_list`; many changes are applied soon and not here."""
    return _apply(by, lists.agree(by, uid))


def _apply(by: Grant, reading: ListImport) -> ListImport:
    if reading.changes <= FEW:
        return lists.apply(by, reading)
    wake()
    return reading


def folder_of(reading: ListImport) -> Path:
    """Where the files of a reading lie, and how far it has come."""
    return Path(settings.DATA) / "lists" / str(reading.pk)


def forget_files(reading: ListImport) -> None:
    """What was put aside for a reading is needed no longer."""
    shutil.rmtree(folder_of(reading), ignore_errors=True)


def progress_of(reading: ListImport) -> tuple[int, int]:
    """How much is done of how much; (0, 0) where nothing says."""
    if reading.state == State.APPLYING:
        return reading.applied, reading.changes
    with suppress(OSError, ValueError):
        done, whole = (folder_of(reading) / "progress").read_text().split()
        return int(done), int(whole)
    return 0, 0


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[-100:].lstrip(".") or "file"


# The work -------------------------------------------------------------------------------------------------------------


def wake() -> None:
    """See to what is due, soon and not here: when the transaction is over that wants it."""
    transaction.on_commit(_apart.wake)


def _all_due() -> None:
    while _due() is not None:
        run_apart("lists", "work", patience=PATIENCE)


_apart = Apart("lists", _all_due)


def work() -> int:
    """Read and apply what is due, here. Returns how many were."""
    count = 0
    with _alone():
        while (reading := _due()) is not None:
            count += 1
            try:
                _do(reading)
            except Refused as refused:
                _fail(reading, refused)
            forget_files(reading)
    return count


def _due() -> ListImport | None:
    wanted = ListImport.objects.filter(state__in=[State.READING, State.APPLYING]).order_by("at")
    # What has no folder is being read while a person waits.
    return next((each for each in wanted if each.state == State.APPLYING or folder_of(each).exists()), None)


def _do(reading: ListImport) -> None:
    tell = _teller(reading)
    if reading.state == State.APPLYING:
        lists.apply(_author(reading), reading, tell)
        return
    # What a process that broke off left behind.
    reading.rows.all().delete()
    reading.unread_lines.all().delete()
    with ExitStack() as stack:
        fill(_author(reading), reading, kept_files(reading, stack), tell)


def _fail(reading: ListImport, refused: Refused) -> None:
    if reading.state != State.READING:
        return  # `lists.apply` has said it
    reading.faults = [[fault.code, fault.field, fault.detail] for fault in refused.faults]
    reading.state, reading.decided_at = State.FAILED, timezone.now()
    with transaction.atomic():
        reading.rows.all().delete()
        lists.forget_names(reading)
        reading.save()
        told = {"list": reading.list, "code": refused.faults[0].code}
        append("list_failed", _author(reading), str(reading.pk), told)


def _author(reading: ListImport) -> Grant:
    """Who asked for it: what she might do was looked at when she did."""
    permission = Permission.WATCHLIST_LIST_IMPORT
    actor = reading.by
    if reading.state == State.APPLYING:
        actor = reading.decided_by or reading.confirmed_by
        permission = Permission.WATCHLIST_LIST_APPROVE if reading.decided_by else permission
    return Grant(Actor(actor, reading.via, frozenset({permission})), permission, terms_of(reading.list).purpose)


def _teller(reading: ListImport) -> Progress:
    folder = folder_of(reading)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def tell(done: int, whole: int) -> None:
        with suppress(OSError):
            (folder / "progress").write_text(f"{done} {whole}")
        time.sleep(PAUSE)

    return tell


@contextmanager
def _alone() -> Iterator[None]:
    """Of all processes of the node one does this work, while the others wait."""
    with (Path(settings.DATA) / "lists.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def keep_house(by: Author, at: dt.datetime) -> None:
    """Go on with what a node that stopped left undone; forget files that nobody will read."""
    if _due() is not None:
        _apart.wake()
    folder = Path(settings.DATA) / "lists"
    if folder.exists():
        here = {path.name for path in folder.iterdir()}
        open_ = ListImport.objects.filter(state__in=[State.RECEIVED, State.READING, State.APPLYING])
        for name in here - {str(pk) for pk in open_.values_list("pk", flat=True)}:
            shutil.rmtree(folder / name, ignore_errors=True)


EACH_MINUTE.append(keep_house)
