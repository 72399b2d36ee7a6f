"""What an analyst may switch off: that a name is found by its sound, and that it is found though it is not whole.

By sound, محمد is Mohamed and Muhammad is Mohammed; else a part must be written as it was typed, but for case, accents,
tashkeel and the forms of one Arabic letter. Inexact, a part may have a slip, and parts may be missing; else each part
that was typed must be there. A name that is listed may always have more parts than were typed.
"""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from jiwar.watchlist.logic.names import Part, fold, likeness, read_name

_WORD = re.compile(r"[^\W_]+")
_LIKE = 0.72
_LONG = 4
"""Letters from which one slip leaves a written part recognisable."""
T = TypeVar("T")


def agrees(asked: str, listed: Iterable[str], *, by_sound: bool, inexact: bool) -> bool:
    """Whether a name that was typed agrees with one of those listed, as far as both are allowed to differ."""
    if by_sound and inexact:
        return True
    if by_sound:
        parts = read_name(asked).parts
        return any(_each(parts, read_name(name).parts, _sounds_alike) for name in listed)
    words = _WORD.findall(fold(asked))
    if inexact:
        return any(_most(words, _WORD.findall(fold(name))) for name in listed)
    return any(_each(words, _WORD.findall(fold(name)), str.__eq__) for name in listed)


def _each(asked: Iterable[T], listed: Iterable[T], same: Callable[[T, T], bool]) -> bool:
    """Whether each of those asked for has a counterpart of its own."""
    left, asked = list(listed), list(asked)
    for one in asked:
        found = next((i for i, other in enumerate(left) if same(one, other)), None)
        if found is None:
            return False
        left.pop(found)
    return bool(asked)


def _most(asked: list[str], listed: list[str]) -> bool:
    """Whether half of those asked for at least stand there, one slip of the pen allowed in each."""
    there = sum(any(_nearly(one, other) for other in listed) for one in asked)
    return there > 0 and len(asked) <= 2 * there


def _sounds_alike(one: Part, other: Part) -> bool:
    return likeness(one, other) >= _LIKE and not set(one.keys).isdisjoint(other.keys)


def _nearly(one: str, other: str) -> bool:
    """Alike but for one letter that is changed, missing, too much or swapped with its neighbour."""
    if one == other:
        return True
    if min(len(one), len(other)) < _LONG or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    swapped = len(a) == len(b) and a[:2] == b[:2][::-1] and a[2:] == b[2:]
    return swapped or a[1:] == b[1:] or a[1:] == b or a == b[1:]
