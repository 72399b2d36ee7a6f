"""Whether a post may use an edition that came: its own state's newest, built on what the post holds, and in time.

Editions of one state are numbered, and each names the one before it by its hash. A whole one needs nothing before it;
changes need exactly the edition before them. What came too early waits; what is older than what is held, or tells of
another past, is refused, whoever signed it.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Form = Literal["whole", "changes"]


class Verdict(StrEnum):
    """What becomes of an edition."""

    APPLY = "apply"
    WAIT = "wait"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an edition says of itself. `name`: its hash, or the hash of the edition that it is a whole copy of."""

    origin: str
    sequence: int
    name: str
    previous: str
    form: Form
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Held:
    """The edition that is in use."""

    sequence: int
    name: str


class EditionRefused(Exception):
    """An edition that is never used; `code`: "edition_of_other_state", "edition_expired", "edition_rolled_back",
    "edition_other_past"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def judge(manifest: Manifest, held: Held | None, *, state: str, now: dt.datetime) -> Verdict:
    """What to do with an edition, when `held` is in use; raises EditionRefused."""
    if manifest.origin != state:
        raise EditionRefused("edition_of_other_state")
    if held is not None and manifest.sequence <= held.sequence:
        if (manifest.sequence, manifest.name) == (held.sequence, held.name):
            return Verdict.NOT_NEEDED
        raise EditionRefused("edition_rolled_back")
    if manifest.expires_at <= now:
        raise EditionRefused("edition_expired")
    if manifest.form == "whole":
        return Verdict.APPLY
    if held is None or manifest.sequence > held.sequence + 1:
        return Verdict.WAIT
    if manifest.previous != held.name:
        raise EditionRefused("edition_other_past")
    return Verdict.APPLY
