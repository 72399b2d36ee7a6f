"""The index that this process searches: mapped from the node's disk, and brought up to date at every use."""

import fcntl
import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from uuid import UUID

from django.db import connection

from jiwar.sql import rows
from jiwar.watchlist.kinds import SubjectFacts, to_subject
from jiwar.watchlist.logic.evidence import Subject
from jiwar.watchlist.logic.index import Index
from jiwar.watchlist.logic.segment import IndexFileError
from jiwar.watchlist.models import Entry

log = logging.getLogger(__name__)

_NEWEST = "SELECT series, value FROM watchlist_revision WHERE id = 1"

MOST_CHANGES = 5_000
"""Changes held in memory before the index is built anew, in the background."""


class LiveIndex:
    """One for each process. `current` costs one small query when nothing has changed."""

    def __init__(self, folder: Path, most_changes: int = MOST_CHANGES) -> None:
        self._folder = folder
        self._most_changes = most_changes
        self._lock = threading.RLock()
        self._index: Index | None = None
        self._series = ""
        self._rebuilding: threading.Thread | None = None

    def current(self) -> Index:
        """The index with every change that is committed, this process's or another's."""
        series, newest = self._newest()
        with self._lock:
            if self._index is None or series != self._series or newest < self._index.revision:
                self._index, self._series = self._open_or_build(series, newest), series
            index = self._index
            if index.revision < newest:
                self._follow(index, newest)
            if index.changes > self._most_changes and self._rebuilding is None:
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

    def _open_or_build(self, series: str, newest: int) -> Index:
        with self._one_builder():
            try:
                index = Index.open(self._path(series))
                if index.revision <= newest and self._behind(index.revision) <= self._most_changes:
                    return index
            except FileNotFoundError:
                pass
            except (IndexFileError, OSError) as error:
                log.warning("watchlist index: %s; building it anew", error)
            return self._build(series, newest)

    def _build(self, series: str, newest: int) -> Index:
        # Entries that change while they are read carry a revision past `newest` and are followed afterwards.
        index = Index.build(self._subjects(), newest)
        if series and not connection.in_atomic_block:
            # Inside a transaction the entries may yet be rolled back: such an index is not kept.
            try:
                index.save(self._path(series))
                for old in self._folder.glob("*.idx"):
                    if old != self._path(series):
                        old.unlink(missing_ok=True)
            except OSError as error:
                log.warning("watchlist index: not saved, kept in memory: %s", error)
        return index

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
        try:
            series, newest = self._newest()
            index = self._open_or_build(series, newest)
            with self._lock:
                if series == self._series:
                    self._index = index
        except Exception:
            log.exception("watchlist index: building it anew failed; the old one goes on")
        finally:
            self._rebuilding = None
            connection.close()

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


def _subject(uid: object, facts: object) -> Subject:
    return to_subject(str(uid), SubjectFacts.model_validate(facts))
