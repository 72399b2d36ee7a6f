"""The courier's bell: a named pipe in the data folder, which any process of the node rings when there is work.

What rings is not kept: who sleeps through it looks by himself a second later. It makes a message leave at once.
"""

import contextlib
import errno
import os
import select
from pathlib import Path

from django.conf import settings
from django.db import transaction


def _path() -> Path:
    return settings.DATA / "courier.bell"


def wake_courier() -> None:
    """Ring when the transaction is on the disk."""
    transaction.on_commit(ring)


def ring() -> None:
    """Ring now. Nobody may be there to hear it."""
    try:
        pipe = os.open(_path(), os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in {errno.ENXIO, errno.ENOENT}:
            return
        raise
    with contextlib.suppress(BlockingIOError):  # it rings already
        os.write(pipe, b"!")
    os.close(pipe)


class Bell:
    """Hears the bell. One process of the node, the courier's, holds it."""

    def __init__(self) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkfifo(_path(), 0o600)
        # Held open for writing too, so that it does not end when a ringer closes it.
        self._pipe = os.open(_path(), os.O_RDWR | os.O_NONBLOCK)

    def wait(self, seconds: float) -> bool:
        """Return when it rings, or after so many seconds; whether it rang."""
        ready, _, _ = select.select([self._pipe], [], [], max(0.0, seconds))
        if ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._pipe, 4096)
        return bool(ready)

    def close(self) -> None:
        os.close(self._pipe)
