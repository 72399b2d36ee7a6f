"""Who does the work of blind matches: a thread when there is some, a process of its own when there is much.

A comparison of 10,000 with 100,000 keys takes seconds of computing, and the interpreter is shared with everything else
that its process does.
"""

import fcntl
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from jiwar.exchange.where import where

log = logging.getLogger(__name__)

LITTLE = 2000
"""Evaluations of the function, some 50 µs each, that are made in the process that was asked."""
PATIENCE = 1800
"""Seconds that the process of a large comparison may take."""

_wanted = threading.Event()
_at_it = threading.Lock()


def wake() -> None:
    """See to what is due, soon and not here."""
    _wanted.set()
    threading.Thread(target=_run, name="matching", daemon=True).start()


def _run() -> None:
    from jiwar.matching.services import weigh, work

    # Whoever is at it looks again before it rests, so that what is wanted meanwhile is not forgotten.
    while _wanted.is_set() and _at_it.acquire(blocking=False):
        try:
            _wanted.clear()
            while (weight := weigh()) is not None:
                if weight <= LITTLE:
                    work()
                else:
                    _apart()
        except Exception as error:  # noqa: BLE001 - whatever it was, the next minute tries again
            log.error("matching: %s", where(error))  # noqa: TRY400 - no content in the log
        finally:
            connection.close()
            _at_it.release()


def _apart() -> None:
    command = [sys.executable, "-m", "jiwar", "--data", str(settings.DATA), "matching", "work"]
    subprocess.run(command, check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL, env=os.environ.copy())


@contextmanager
def alone() -> Iterator[None]:
    """Of all processes of the node one does this work, while the others wait."""
    with (settings.DATA / "matching.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
