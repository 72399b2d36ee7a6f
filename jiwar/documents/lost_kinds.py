"""Bodies of a report of lost, stolen or invalid documents, which names no person, and of editions of their registry."""

import datetime as dt
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints

from jiwar.documents.logic.lost import LONGEST, LostStatus, LostType, NumberInvalid, check_series, plain_number
from jiwar.exchange.attachments import Descriptor, Hash
from jiwar.records.content import Body, Moment, NodeCode
from jiwar.records.kinds import YEAR, Kind, nobody, register
from jiwar.wire.faults import Fault

KEPT: Final = 10 * YEAR
"""How long a document stays registered unless its state takes the report back: as long as a passport can run."""
MOST: Final = 500
"""Documents in one report."""
Number = Annotated[str, StringConstraints(pattern=rf"^[A-Z0-9]{{1,{LONGEST}}}$")]
_SERIES = {LostStatus.STOLEN_BLANK, LostStatus.INVALID}


class LostFact(Body):
    """One document of the state that reports, or a series of them from `number` to `last`, both included."""

    type: LostType
    number: Number
    last: Annotated[str, StringConstraints(pattern=rf"^([A-Z0-9]{{1,{LONGEST}}})?$")] = ""
    status: LostStatus
    since: dt.date


class LostReportBody(Body):
    """Documents of the state that signs: it speaks for no other. `reference` is its own, of a file or a police report.

    A document that turns up again is left out of the report's next version, or the report is withdrawn.
    """

    model_config = ConfigDict(title="Report of lost, stolen or invalid documents")
    documents: Annotated[tuple[LostFact, ...], Field(min_length=1, max_length=MOST)]
    reference: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""


def faults_of(facts: tuple[LostFact, ...]) -> list[Fault]:
    """What the schema cannot say."""
    found = []
    seen: set[tuple[str, str, str]] = set()
    for place, fact in enumerate(facts):
        at = f"body.documents.{place}"
        try:
            plain_number(fact.number)
            if fact.last:
                check_series(fact.number, fact.last)
        except NumberInvalid as invalid:
            found.append(Fault(invalid.code, f"{at}.{invalid.field}"))
        if fact.last and fact.status not in _SERIES:
            found.append(Fault("series_not_allowed", f"{at}.last"))
        if (key := (fact.type, fact.number, fact.last)) in seen:
            found.append(Fault("twice", f"{at}.number"))
        seen.add(key)
    return found


def _check(content: Any) -> list[Fault]:
    return faults_of(content.body.documents)


# To other states under agreements, to own posts in editions of the whole registry (`lost_editions`).
LOST = register(
    Kind("document.lost", 1, LostReportBody, personal=True, longest=KEPT, review=KEPT, check=_check, priority=4)
)


HashOrNone = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
Count = Annotated[int, Field(ge=0, le=25_000_000)]
Sequence = Annotated[int, Field(ge=0, lt=2**53)]


class LostEditionBody(Body):
    """The manifest of an edition of the registry (`logic.lost_file`, `exchange.editions`).

    `previous`: hash of the record of the edition before it, empty for the first. `same_as`: this is the whole of an
    edition that was told of before, by that record's hash, for the one `post`. `rows`: how many there are when it is
    put on; `changes`: how many its file has. `sha256`, `size`: of the plain file, which `files` carry.
    """

    model_config = ConfigDict(title="Edition of the registry of lost documents")
    sequence: Annotated[Sequence, Field(ge=1)]
    previous: HashOrNone
    form: Literal["whole", "changes"]
    same_as: HashOrNone = ""
    post: NodeCode | None = None
    rows: Count
    changes: Count
    made_at: Moment
    sha256: Hash
    size: Annotated[int, Field(ge=1, le=800_000_000)]
    files: Annotated[tuple[Descriptor, ...], Field(min_length=1, max_length=16)]


class LostHoldingBody(Body):
    """A post says which edition of the registry it holds; `sequence` 0: none. `code`: why it holds no newer one."""

    model_config = ConfigDict(title="Registry of lost documents that a post holds")
    sequence: Sequence
    edition: HashOrNone
    rows: Count
    code: Annotated[str, StringConstraints(pattern=r"^[a-z_]{0,40}$")] = ""


LOST_EDITION = register(
    Kind(
        "document.lost_edition",
        1,
        LostEditionBody,
        personal=False,
        posts=True,
        addressees=nobody,
        longest=YEAR,
        priority=3,
    )
)
LOST_HOLDING = register(
    Kind("document.lost_holding", 1, LostHoldingBody, personal=False, addressees=nobody, longest=YEAR, priority=7)
)
