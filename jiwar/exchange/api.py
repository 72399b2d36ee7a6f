"""The state of the links at the JSON API."""

import datetime as dt

from django.http import HttpRequest
from ninja import Router, Schema

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission
from jiwar.exchange.queries import LinkState, links

router = Router()


class LinkOut(Schema):
    """One neighbour or post.

    `state`: up, down, never; `waiting`: messages on their way, by lane; `held`: kept by policy, by the reason.
    `rate`, `cap`: bytes a second.
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


@router.get("/links", response=list[LinkOut], summary="Links to neighbours and posts")
def show_links(request: HttpRequest) -> list[LinkState]:
    """How each link is."""
    authorise(request, Permission.EXCHANGE_LINK_READ)
    return links()
