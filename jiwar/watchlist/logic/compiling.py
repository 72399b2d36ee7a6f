"""The loops of `scoring` and `codes` as numba compiles them; without numba they run as they are."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from types import FunctionType
from typing import Any, Final, NamedTuple

from . import codes, dates, scoring

COMPILED_FROM: Final = 20_000
"""Names of a segment from which it pays to load the compiler."""

# Each after those that it calls.
_LOOPS: Final = (
    dates.stands,
    scoring.other_given,
    scoring.is_reversal,
    scoring.name_bits,
    scoring.sift_names,
    scoring.score_names,
    codes.slip,
    codes.like_reading,
    codes.like_words,
)


class Compiled(NamedTuple):
    """The loops, as numba compiles them."""

    sift_names: Any
    score_names: Any
    like_words: Any


@lru_cache(maxsize=1)
def compiled() -> Compiled | None:
    """None where numba is not installed. The first calls of its functions take seconds."""
    try:
        from numba import njit
    except ImportError:
        return None
    # The same code with the compiled functions in place of those that it calls. numba keeps on disk what it compiled,
    # and notices no change of another file: so their names say what they are made of.
    space, made_of = vars(dates) | vars(scoring) | vars(codes), sha256()
    for function in _LOOPS:
        code = function.__code__
        numbers = [space[name] for name in code.co_names if isinstance(space.get(name), int | float)]
        made_of.update(repr((code.co_code, code.co_consts, numbers)).encode())
    for function in _LOOPS:
        copy = FunctionType(function.__code__, space, function.__name__)
        copy.__module__, copy.__qualname__ = function.__module__, f"{function.__name__}_{made_of.hexdigest()[:12]}"
        space[function.__name__] = njit(cache=True)(copy)
    return Compiled(*(space[name] for name in Compiled._fields))
