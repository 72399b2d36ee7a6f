"""The node's own program in a process of its own: for work that would take the interpreter from everyone who asks."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable

from django.conf import settings
from django.db import connection

from jiwar.exchange.where import where

log = logging.getLogger(__name__)

NICE = 10
"""How far such work stands back behind what people wait for."""


class Broke(Exception):
    """The process ended otherwise than by having done its work; the message says how."""


def run_apart(*verb: str, patience: float) -> None:
    """`jiwar VERB` for this node, and wait for its end, at most `patience` seconds. Raises Broke.

    What it has to say of an error it says on this process's own standard error.
    """
    command = [sys.executable, "-m", "jiwar", "--data", str(settings.DATA), *verb]
    try:
        done = subprocess.run(command, timeout=patience, stdout=subprocess.DEVNULL, env=os.environ.copy(), check=False)
    except subprocess.TimeoutExpired:
        raise Broke(f"jiwar {' '.join(verb)}: not done in {patience:.0f} s") from None
    except OSError as error:
        raise Broke(f"jiwar {' '.join(verb)}: {error.strerror}") from None
    if done.returncode:
        raise Broke(f"jiwar {' '.join(verb)}: ended with {done.returncode}")


def stand_back() -> None:
    """Let every other process go first; called by the process that was started for it."""
    os.nice(NICE)


class Apart:
    """Work that is seen to soon and not here, by one thread of this process at a time."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self._name, self._work = name, work
        self._wanted, self._at_it = threading.Event(), threading.Lock()

    def wake(self) -> None:
        """See to what is due."""
        self._wanted.set()
        threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        # Whoever is at it looks again before it rests, so that what is wanted meanwhile is not forgotten.
        while self._wanted.is_set() and self._at_it.acquire(blocking=False):
            try:
                self._wanted.clear()
                self._work()
            except Broke as broke:
                log.error("%s: %s; the next minute tries again", self._name, broke)  # noqa: TRY400 - it says all
            except Exception as error:  # noqa: BLE001 - whatever it was, the next minute tries again
                log.error("%s: %s", self._name, where(error))  # noqa: TRY400 - no content in the log
            finally:
                connection.close()
                self._at_it.release()
