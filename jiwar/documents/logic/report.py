"""What a check of a document found: a tree of results (BSI TR-03135-1, 4.2), nothing else.

A report says what was looked at, with what, and what came of it, so that the same inputs, trust store and time give the
same tree again before a judge. Durations are the one thing that may differ: they take no part in equality.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Result(StrEnum):
    """The results of BSI TR-03135-1, 4.2.

    FAILED: the document is not what it claims. UNDETERMINED: it cannot be told here and now (no CSCA, no CRL).
    NOT_SUPPORTED: the document has not what this would check. ABORTED: the check began and could not end.
    """

    SUCCESSFUL = "successful"
    FAILED = "failed"
    UNDETERMINED = "undetermined"
    NOT_SUPPORTED = "not_supported"
    ABORTED = "aborted"


# What a group is, by the gravest of its children. What a document has not does not lower what it has.
_GRAVEST = (Result.FAILED, Result.ABORTED, Result.UNDETERMINED, Result.SUCCESSFUL, Result.NOT_SUPPORTED)


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer.

    `id` names the question (``mrz``, ``mrz.number``, ``chip.sod.signature``). `code` says why the result is what it is
    (words in group ``document_check``); "" where there is nothing to say beside the result. `detail` holds the values
    of that sentence. `evidence` is the SHA-256 in hex of the bytes that were looked at. `duration` is in microseconds.
    """

    id: str
    result: Result
    code: str = ""
    detail: Mapping[str, str | int] = field(default_factory=dict)
    evidence: str = ""
    duration: int = field(default=0, compare=False)
    children: tuple["Check", ...] = ()

    def walk(self) -> Iterator["Check"]:
        """This check and all below it, depth first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def find(self, name: str) -> "Check | None":
        return next((check for check in self.walk() if check.id == name), None)


@dataclass(frozen=True, slots=True)
class Header:
    """With what the check was made: what a replay needs beside the inputs.

    `at` in ISO 8601. `trust_version` names the content of the trust store, `crl_age` counts the days since the oldest
    list of revocations that is held (None: none is). `clock` is as in `checking.Circumstances`.
    """

    at: str
    trust_version: str
    crl_age: int | None
    clock: str
    offline: bool
    policy: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    header: Header
    root: Check

    @property
    def result(self) -> Result:
        return self.root.result


def group(name: str, children: Iterable[Check], code: str = "", detail: Mapping[str, str | int] | None = None) -> Check:
    """The children under one name. One that failed fails the whole (TR-03135-1, 4.2); none at all is not supported."""
    below = tuple(children)
    result = worst(check.result for check in below)
    return Check(name, result, code, detail or {}, duration=sum(check.duration for check in below), children=below)


def worst(results: Iterable[Result]) -> Result:
    found = set(results)
    return next((result for result in _GRAVEST if result in found), Result.NOT_SUPPORTED)


def evidence(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def timed(clock: Callable[[], int], check: Callable[[], Check]) -> Check:
    """The check with its duration; `clock` counts nanoseconds from anywhere (``time.perf_counter_ns``)."""
    began = clock()
    found = check()
    return Check(
        found.id,
        found.result,
        found.code,
        found.detail,
        found.evidence,
        (clock() - began) // 1000,
        found.children,
    )
