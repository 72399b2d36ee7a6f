"""The record of revoked seals: one for each month in which the documents expire, so that a new one replaces little.

It goes to every neighbour and post without an agreement, as corrections do, and says of nobody anything.
"""

import datetime as dt
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from jiwar.documents.logic.revoked import MOST, SIZE, ListInvalid, unpack
from jiwar.records.content import Body, Content
from jiwar.records.kinds import YEAR, Kind, register
from jiwar.wire.faults import Fault

Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]


class RevokedBody(Body):
    """Seals of documents that expire in `month`; `seals` as `logic.revoked` packs them."""

    model_config = ConfigDict(title="Revoked seals")
    month: Month
    seals: Annotated[str, StringConstraints(max_length=MOST * SIZE * 4 // 3 + 4)]
    count: Annotated[int, Field(ge=0, le=MOST, strict=True)]


def last_moment(month: str) -> dt.datetime:
    """When nothing of the month can be valid any more, in any time zone."""
    year, number = int(month[:4]), int(month[5:])
    first = dt.datetime(year + number // 12, number % 12 + 1, 1, tzinfo=dt.UTC)
    return first + dt.timedelta(days=1)


def _check(content: Content) -> list[Fault]:
    body = content.body
    assert isinstance(body, RevokedBody)
    try:
        found = unpack(body.seals)
    except ListInvalid as invalid:
        return [Fault("wrong_form", "body.seals", str(invalid))]
    return [] if len(found) == body.count else [Fault("wrong_form", "body.count", str(len(found)))]


REVOKED = register(
    Kind(
        "document.revoked",
        1,
        RevokedBody,
        personal=False,
        instrument=True,
        posts=True,
        longest=2 * YEAR,
        review=2 * YEAR,
        check=_check,
        priority=0,
    )
)
