"""How often a process looks whether keys have changed: once a lookup, or once for all inside `one_look`."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
_here = threading.local()
"""`seen`: what the look of this thread found, once it has looked; `again`: whether each lookup looks for itself."""


@contextmanager
def one_look() -> Iterator[None]:
    """What is asked about keys inside is judged by one look at the database: a batch costs one question.

    A change that this thread itself makes inside counts at once: from then on each lookup looks again.
    """
    if hasattr(_here, "seen"):
        yield
        return
    _here.seen, _here.again = None, False
    try:
        yield
    finally:
        del _here.seen


def changed() -> None:
    """This thread has changed keys. What it saw may be rolled back yet: nothing more is kept inside this look."""
    _here.again = True


def at(look: Callable[[], T]) -> T:
    """What `look` finds, or what it found before inside the same `one_look`."""
    if not hasattr(_here, "seen") or _here.again:
        return look()
    if _here.seen is None:
        _here.seen = look()
    found: T = _here.seen
    return found
