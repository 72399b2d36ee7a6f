"""Who makes a room's editions, and puts them on: the duty of each minute where that is little, else a process of its
own."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.audit.services import Author
from jiwar.exchange.apart import Apart, run_apart
from jiwar.exchange.attached import WHOLE
from jiwar.exchange.courier import EACH_MINUTE
from jiwar.exchange.editions import own_posts

PATIENCE = 3600.0
"""Seconds that the process may take."""
_BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)


class Side(Protocol):
    """What a room does with editions, at the national node or at a post. A module is one."""

    def weigh(self, at: dt.datetime) -> int:
        """How much must be read, about, for what is due; 0 for nothing."""

    def tend(self, by: Author, at: dt.datetime) -> None:
        """Do what is due."""


class Takes(Side, Protocol):
    """At a post."""

    def waiting(self) -> bool:
        """Whether an edition waits for its file."""

    def put_on(self, by: Author, at: dt.datetime) -> object:
        """Put on what is whole."""


class EditionWork:
    """The editions of one room. `verb`: the program's words that do what is due; `little`: how much is read here, half
    a second of it; `alone(wait=…)`: nobody else works at these files, or not."""

    def __init__(
        self,
        verb: tuple[str, ...],
        little: int,
        makes: Side,
        takes: Takes,
        alone: Callable[..., AbstractContextManager[bool]],
    ) -> None:
        self.little = little
        self._verb, self._makes, self._takes, self._alone = verb, makes, takes, alone
        self._apart = Apart(" ".join(verb), self._large)
        WHOLE.append(self._arrived)
        EACH_MINUTE.append(self.keep)

    def keep(self, by: Author, at: dt.datetime) -> None:
        """What is due now, here or by the process."""
        if self.weigh(at) > self.little:
            self._apart.wake()
            return
        with self._alone(wait=False) as free:
            if free:
                self._tend(by, at)

    def work(self) -> None:
        """What is due, here; the work of the process."""
        with self._alone(wait=True):
            self._tend(_BY, timezone.now())

    def weigh(self, at: dt.datetime) -> int:
        """How much must be read, about, for what is due at this node."""
        if settings.NODE.role == "post":
            return self._takes.weigh(at)
        return self._makes.weigh(at) if settings.NODE.role == "national" and own_posts() else 0

    def _tend(self, by: Author, at: dt.datetime) -> None:
        if settings.NODE.role == "post":
            self._takes.tend(by, at)
        elif settings.NODE.role == "national":
            self._makes.tend(by, at)

    def _large(self) -> None:
        if self.weigh(timezone.now()) > self.little:  # it may be done since it was wanted
            run_apart(*self._verb, patience=PATIENCE)

    def _arrived(self) -> None:
        """A file of some record is whole: perhaps an edition's."""
        if settings.NODE.role != "post" or not self._takes.waiting():
            return
        now = timezone.now()
        if self._takes.weigh(now) > self.little:
            transaction.on_commit(self._apart.wake)
            return
        with self._alone(wait=False) as free:
            if free:
                self._takes.put_on(_BY, now)
