"""How far a run over a file is, said at the terminal: one line that moves; into a file or a pipe, plain lines."""

import time
from collections.abc import Callable
from typing import TextIO

from jiwar.watchlist.file_run import Progress

WIDTH = 30
EACH = 0.2
"""Seconds between two looks of a moving line."""
EACH_PLAIN = 10.0


class Bar:
    """Says progress on a stream; `say` is what `screen_file` calls."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._moving = stream.isatty()
        self._start = self._said = clock()
        self._first: Progress | None = None

    def say(self, done: Progress) -> None:
        """Chunks come faster than anyone reads."""
        now = self._clock()
        if self._first is None:
            # What an earlier run did, and the first chunk, for which processes had to start, say nothing of the rate.
            self._first, self._start = done, now
        if now - self._said >= (EACH if self._moving else EACH_PLAIN):
            self._said = now
            self._write(self._line(done, now))

    def end(self, done: Progress) -> None:
        """The whole, in one last line."""
        if self._moving:
            self._stream.write("\r\x1b[K")
        self._stream.write(f"{done.rows:,} rows: {done.found:,} found someone, {done.refused:,} refused\n")
        self._stream.flush()

    def _line(self, done: Progress, now: float) -> str:
        part = min(1.0, done.read / done.size) if done.size else 1.0
        said = f"{part:4.0%}  {done.rows:,} rows  {done.found:,} found  {done.refused:,} refused"
        if self._first is not None and now > self._start and done.rows > self._first.rows:
            rate = (done.rows - self._first.rows) / (now - self._start)
            bytes_a_second = (done.read - self._first.read) / (now - self._start)
            left = (done.size - done.read) / bytes_a_second if bytes_a_second > 0 else 0.0
            said += f"  {rate:,.0f}/s  {_duration(left)} left"
        if self._moving:
            full = round(part * WIDTH)
            return f"[{'#' * full}{'.' * (WIDTH - full)}] {said}"
        return said

    def _write(self, line: str) -> None:
        self._stream.write(f"\r\x1b[K{line}" if self._moving else f"{line}\n")
        self._stream.flush()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
