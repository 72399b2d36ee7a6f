"""What may be done while a frame is on its way: it begins when the frame has left, and ends before its answer is read.

To begin sooner would hold the frame up: both want the same interpreter. However a visit ends, nothing stays undone.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Self

from jiwar.sql import renew


class Aside:
    """Work of one visit that can wait for the next frame to leave, in the order in which it was put aside."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._work: list[Callable[[], object]] = []
        self._running: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def put(self, act: Callable[[], object]) -> None:
        self._work.append(act)

    def after(self, data: bytes) -> Iterator[bytes]:
        """The bytes of a frame; the work begins in a thread of its own when they are gone."""
        yield data
        if self._work:
            self._running = self._pool.submit(self._beside)

    def finish(self) -> None:
        """Wait for the work, and do what never began; raises what it raised."""
        running, self._running = self._running, None
        if running is not None:
            running.result()
        elif self._work:
            self._do()

    def _beside(self) -> None:
        renew()
        try:
            self._do()
        finally:
            renew()

    def _do(self) -> None:
        work, self._work = self._work, []
        for act in work:
            act()
