"""A disk that can be full, lose what it had not written at a crash, and be restored from an old copy.

Tables of immutable rows, and a journal of what each transaction changed. A crash keeps the journal and loses all else:
the transaction that was being written is whole or, when it is torn, not there. A backup is the journal's length.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Change = tuple[Any, Any, Any]
"""Table, key, row; None for a row that is gone."""


class Crash(Exception):
    """The process of the node with this code ended here, or its power did."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class DiskFull(Exception):
    """Nothing of the transaction was written."""


class Disk:
    """The tables of one node. `crash_in`: how many steps from now it crashes."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.tables: defaultdict[Any, dict[Any, Any]] = defaultdict(dict)
        self.journal: list[tuple[Change, ...]] = []
        self.full = False
        self.crash_in: int | None = None
        self.torn = False
        self._undo: list[Change] | None = None

    def put(self, table: Any, key: Any, row: Any) -> None:
        """Write a row inside a transaction; None takes it away."""
        assert self._undo is not None, "a write belongs into a transaction"
        rows = self.tables[table]
        self._undo.append((table, key, rows.get(key)))
        _set(rows, key, row)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; inside another, a part of it that may be undone alone."""
        if self._undo is not None:
            mark = len(self._undo)
            try:
                yield
            except BaseException:
                self._back_to(mark)
                raise
            return
        self.step()
        self._undo = []
        try:
            yield
            self._check_room()
            self.step()
        except BaseException:
            self._back_to(0)
            self._undo = None
            raise
        changed = {(table, key): None for table, key, _ in self._undo}
        self._undo = None
        if changed:
            self.journal.append(tuple((table, key, self.tables[table].get(key)) for table, key in changed))
            self.torn = True
            self.step()
            self.torn = False
            self.step()

    def _check_room(self) -> None:
        if self.full and self._undo:
            raise DiskFull

    def step(self) -> None:
        """A place where the node may crash."""
        if self.crash_in is not None:
            self.crash_in -= 1
            if self.crash_in < 0:
                self.crash_in = None
                raise Crash(self.code)

    def recover(self, *, whole: bool) -> None:
        """What the disk has after a crash. `whole`: whether what was being written had come to the end."""
        if self.torn and not whole:
            self.journal.pop()
        self.torn, self.full = False, False
        self.restore(len(self.journal))

    def restore(self, length: int) -> None:
        """Go back to when the journal was so long."""
        del self.journal[length:]
        self._undo, self.crash_in = None, None
        self.tables = defaultdict(dict)
        for changes in self.journal:
            for table, key, row in changes:
                _set(self.tables[table], key, row)

    def copy(self) -> "Disk":
        """A disk that holds the same."""
        other = Disk(self.code)
        other.journal = list(self.journal)
        other.restore(len(other.journal))
        return other

    def _back_to(self, mark: int) -> None:
        assert self._undo is not None
        while len(self._undo) > mark:
            table, key, row = self._undo.pop()
            _set(self.tables[table], key, row)


def _set(rows: dict[Any, Any], key: Any, row: Any) -> None:
    if row is None:
        rows.pop(key, None)
    else:
        rows[key] = row
