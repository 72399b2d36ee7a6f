"""A name as a few short strings that its spellings have in common: for comparing names of which only hashes meet."""

from itertools import islice, product
from typing import Final

from .names import Part, read_name

MOST: Final = 8
LEAST_PARTS: Final = 2


def skeletons(name: str) -> tuple[str, ...]:
    """At most MOST strings: the consonants of every part, the parts in alphabetical order; none for a single part.

    Two spellings of one name have one in common. Of a name of more than two parts the first and the last alone count
    too, for a father or a grandfather is often left out; so two names that share one are alike, not the same.
    """
    parts = read_name(name).parts
    if len(parts) < LEAST_PARTS:
        return ()
    shorter = [(parts[0], parts[-1])] if len(parts) > LEAST_PARTS else []
    found: dict[str, None] = {}
    for chosen in [parts, *shorter]:
        found.update(dict.fromkeys(islice(_written(chosen), MOST // 2 if shorter else MOST)))
    return tuple(found)


def _written(parts: tuple[Part, ...]) -> "islice[str]":
    # The likeliest readings come first, so that a bound leaves out the least likely.
    return islice((" ".join(sorted(keys)) for keys in product(*(part.keys for part in parts))), 64)
