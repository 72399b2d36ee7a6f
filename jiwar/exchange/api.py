"""The state of the links at the JSON API."""

import datetime as dt
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission
from jiwar.exchange.queries import LinkState, links

router = Router()


class LinkOut(Schema):
    """One neighbour or post, the most pressing first.

    `state`: up, down, never; `waiting`: messages on their way, by lane; `held`: kept by policy, by the reason.
    `rate`, `cap`: bytes a second. `keys`: how its newest key stands, until when its certificate does. `checkpoint`:
    leaves of its ledger that were proven, and when it signed them; `vouches_at`: when it last signed ours. `advice`:
    what to do, the most pressing first; `trouble`: now, soon, well.
    """

    code: str
    name: str
    role: str
    state: str
    contact_at: dt.datetime | None
    waiting: dict[str, int]
    held: dict[str, int]
    refused: int
    oldest_at: dt.datetime | None
    received: int
    clock_difference: float | None
    failure: str
    failed_at: dt.datetime | None
    rate: float | None
    cap: int | None
    epoch: int
    keys: str
    keys_until: dt.datetime | None
    list_stale: bool
    checkpoint: int | None
    checkpoint_at: dt.datetime | None
    vouches_at: dt.datetime | None
    forked: bool
    pouch_at: dt.datetime | None
    advice: list[str]
    trouble: str


@router.get("/links", response=list[LinkOut], summary="Links to neighbours and posts")
def show_links(request: HttpRequest) -> list[dict[str, Any]]:
    """How each link is."""
    authorise(request, Permission.EXCHANGE_LINK_READ)
    return [_out(link) for link in links()]


def _out(link: LinkState) -> dict[str, Any]:
    plain = {name: getattr(link, name) for name in LinkState.__slots__}
    held = link.checkpoint
    plain |= {"keys": link.keys.code, "keys_until": link.keys.until}
    plain |= {"checkpoint": held.size if held else None, "checkpoint_at": held.at if held else None}
    return plain | {"vouches_at": link.vouches.at if link.vouches else None}
