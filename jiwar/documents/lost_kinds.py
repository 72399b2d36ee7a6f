"""Body of a report of lost, stolen or invalid documents. It names documents and no person."""

import datetime as dt
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, StringConstraints

from jiwar.documents.logic.lost import LONGEST, LostStatus, LostType, NumberInvalid, check_series, plain_number
from jiwar.records.content import Body
from jiwar.records.kinds import YEAR, Kind, register
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
