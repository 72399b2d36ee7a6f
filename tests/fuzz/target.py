"""What is fuzzed: a reader, inputs that the program itself wrote, and the modules that the fuzzer watches."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Run = Callable[[bytes], None]


@dataclass(frozen=True)
class Target:
    """`run` takes any bytes and raises only where something is wrong. `corpus` makes the inputs to begin with.

    `covers`: modules whose readers it reaches. `cost`: how many times slower than most it is; it gets as many fewer
    runs.
    """

    name: str
    run: Run
    corpus: Callable[[], Iterable[bytes]]
    covers: tuple[str, ...]
    cost: int


TARGETS: dict[str, Target] = {}


def target(*covers: str, corpus: Callable[[], Iterable[bytes]], cost: int = 1) -> Callable[[Run], Run]:
    """Enter a function as a target by its own name."""

    def enter(run: Run) -> Run:
        name = run.__name__
        assert name not in TARGETS, name
        TARGETS[name] = Target(name, run, corpus, covers, cost)
        return run

    return enter


def storable(value: Any) -> None:
    """What a reader gave can stand in a database and in an answer: times in UTC, texts in UTF-8, without NUL."""
    if isinstance(value, dt.datetime):
        assert value.utcoffset() is not None, value
        value.astimezone(dt.UTC)
    elif isinstance(value, str):
        value.encode()
        assert "\0" not in value
    elif isinstance(value, dict):
        for name, member in value.items():
            storable(name)
            storable(member)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            storable(item)
    elif hasattr(value, "model_fields"):
        for name in type(value).model_fields:
            storable(getattr(value, name))
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            storable(getattr(value, name))
