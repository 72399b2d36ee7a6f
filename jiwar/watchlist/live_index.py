"""The index that this process searches: mapped from the node's disk, and brought up to date at every use.

Its file is built by a process of its own (`jiwar lists index`), one at a time on the node, while the index before it,
with what was added since, goes on answering.
"""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from uuid import UUID

from django.db import connection

from jiwar.exchange.apart import Broke, run_apart
from jiwar.exchange.where import where
from jiwar.sql import rows
from jiwar.watchlist.kinds import SubjectFacts, to_subject
from jiwar.watchlist.logic.dates import PartialDate
from jiwar.watchlist.logic.evidence import Query, Subject
from jiwar.watchlist.logic.index import Index
from jiwar.watchlist.logic.segment import IndexFileError
from jiwar.watchlist.models import Entry

log = logging.getLogger(__name__)

_ANYBODY = Query(("محمد بن عبد الله",), PartialDate(1970, 1, 2))
_NEWEST = "SELECT series, value FROM watchlist_revision WHERE id = 1"

MOST_CHANGES = 5_000
"""Changes held in memory before the index is built anew, in the background."""
LITTLE = 5_000
"""Subjects of which an index is built in the process that asks: half a second."""
PATIENCE = 3600.0
"""Seconds that the process may take."""
REST = 4.0
"""After building it anew, so many times as long as that took none is built again for the sake of changes alone."""
YOUNG = 600.0
"""Seconds that a file of another series stays."""
AFTER_CRASH = 60.0
"""Seconds until building is tried again that broke off."""


class LiveIndex:
    """One for each process. `current` costs one small query when nothing has changed.

    `little`: up to how many subjects it is built here.
    """

    def __init__(self, folder: Path, most_changes: int = MOST_CHANGES, little: int = LITTLE) -> None:
        self._folder = folder
        self._most_changes = most_changes
        self._little = little
        self._not_before = float("-inf")
        self._lock = threading.RLock()
        self._index: Index | None = None
        self._series = ""
        self._rebuilding: threading.Thread | None = None

    def current(self) -> Index:
        """The index with every change that is committed, this process's or another's."""
        series, newest = self._newest()
        with self._lock:
            if self._index is None or series != self._series or newest < self._index.revision:
                self._index, self._series = self._open_or_build(series, newest, self._most_changes), series
            index = self._index
            if newest - index.revision > self._little and self._behind(index.revision) > self._little:
                index = self._index = self._open_or_build(series, newest, self._most_changes)
            if index.revision < newest:
                self._follow(index, newest)
            due = index.changes > self._most_changes and time.monotonic() > self._not_before
            if due and self._rebuilding is None:
                self._rebuilding = threading.Thread(target=self._rebuild, name="watchlist-index", daemon=True)
                self._rebuilding.start()
            return index

    def wait(self) -> None:
        """Until a rebuild that is under way has ended."""
        if thread := self._rebuilding:
            thread.join()

    def _newest(self) -> tuple[str, int]:
        found = rows(_NEWEST)  # plain SQL: each search asks
        return next(((str(UUID(str(series))), value) for series, value in found), ("", 0))

    def make_file(self, behind: int) -> bool:
        """Build the file anew, unless the one that is there is at most so many changes behind; the work of `jiwar lists
        index`."""
        series, newest = self._newest()
        with self._one_builder():
            if not series or self._opened(series, newest, behind) is not None:
                return False
            self._save(Index.build(self._subjects(), newest), series)
            return True

    def _open_or_build(self, series: str, newest: int, behind: int) -> Index:
        """The index of the file, where that is at most so many changes behind, or a new one."""
        index = self._opened(series, newest, behind)
        if index is None and series and self._count() > self._little:
            try:
                _build_apart(behind)
                index = self._opened(series, self._newest()[1], behind)
            except Broke as broke:
                log.error("watchlist index: %s; building it in the process that needs it", broke)  # noqa: TRY400
        if index is None:
            with self._one_builder():
                index = self._opened(series, newest, behind) or self._build(series, newest)
        index.search(_ANYBODY)  # what a first search loads (of a long list the compiler) waits for no question
        return index

    def _opened(self, series: str, newest: int, behind: int) -> Index | None:
        try:
            index = Index.open(self._path(series))
        except FileNotFoundError:
            return None
        except (IndexFileError, OSError) as error:
            log.warning("watchlist index: %s; building it anew", error)
            return None
        near = index.revision <= newest and self._behind(index.revision) <= behind
        return index if near else None

    def _build(self, series: str, newest: int) -> Index:
        # Entries that change while they are read carry a revision past `newest` and are followed afterwards.
        index = Index.build(self._subjects(), newest)
        if series and not connection.in_atomic_block:
            # Inside a transaction the entries may yet be rolled back: such an index is not kept.
            try:
                self._save(index, series)
            except OSError as error:
                log.warning("watchlist index: not saved, kept in memory: %s", error)
        return index

    def _save(self, index: Index, series: str) -> None:
        """Put the file in place at once, when all of it is on the disk; what is old beside it goes."""
        path = self._path(series)
        beside = path.with_suffix(".made")
        index.save(beside)
        for what in (beside, self._folder):
            _sync(what)
        beside.replace(path)
        _sync(self._folder)
        for old in self._folder.iterdir():
            # What is young may be made for an edition that is about to be used.
            if old not in {path, self._folder / "lock"} and old.stat().st_mtime < time.time() - YOUNG:
                old.unlink(missing_ok=True)

    def _follow(self, index: Index, newest: int) -> None:
        changes = self._changes(index.revision)
        while batch := dict(islice(changes, 2000)):
            if added := [subject for subject in batch.values() if subject is not None]:
                index.add_all(added)
            for key, subject in batch.items():
                if subject is None:
                    index.remove(key)
        # What changed meanwhile is put on again the next time: twice is as once.
        index.revision = max(index.revision, newest)

    def _changes(self, revision: int) -> Iterator[tuple[str, Subject | None]]:
        """Subjects by key as they are now, None where they are gone, that changed after a revision."""
        changed = Entry.objects.filter(revision__gt=revision).order_by("revision")
        for entry in changed.only("uid", "facts", "active", "complete", "revision").iterator(chunk_size=2000):
            usable = entry.active and entry.complete
            yield str(entry.uid), _subject(entry.uid, entry.facts) if usable else None

    def _rebuild(self) -> None:
        began = time.monotonic()
        rest = AFTER_CRASH
        try:
            series = self._newest()[0]
            # Half as far behind as a process may start from: what was added is to be in the file.
            behind = self._most_changes // 2
            if self._count() > self._little:
                _build_apart(behind)  # what broke is not built here instead
            index = self._open_or_build(series, self._newest()[1], behind)
            with self._lock:
                if series == self._series:
                    self._index = index
            rest = REST * (time.monotonic() - began)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is tried again
            log.error("watchlist index: %s; the old one goes on with what was added", _told(error))  # noqa: TRY400
        finally:
            self._not_before = time.monotonic() + rest
            self._rebuilding = None
            connection.close()

    def _count(self) -> int:
        """About how many subjects an index of today has."""
        return Entry.objects.filter(active=True, complete=True).count()

    def _behind(self, revision: int) -> int:
        return Entry.objects.filter(revision__gt=revision).count()

    def _subjects(self) -> Iterator[Subject]:
        rows = Entry.objects.filter(active=True, complete=True).order_by("revision").values_list("uid", "facts")
        for uid, facts in rows.iterator(chunk_size=2000):
            yield _subject(uid, facts)

    def _path(self, series: str) -> Path:
        return self._folder / f"{series}.idx"

    @contextmanager
    def _one_builder(self) -> Iterator[None]:
        """Of all processes of the node, one builds while the others wait for its file."""
        with ExitStack() as stack:
            try:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                file = stack.enter_context((self._folder / "lock").open("w"))
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError as error:
                # A disk that is full or read-only stops no search: each process then builds for itself.
                log.warning("watchlist index: no lock: %s", error)
            yield


def _build_apart(behind: int) -> None:
    run_apart("lists", "index", f"--behind={behind}", patience=PATIENCE)


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, Broke) else where(error)  # no content in the log


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _subject(uid: object, facts: object) -> Subject:
    return to_subject(str(uid), SubjectFacts.model_validate(facts))
