"""The state of the links at the JSON API."""

import datetime as dt

from django.http import HttpRequest
from ninja import Router, Schema

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission
from jiwar.exchange.queries import LinkState, links

router = Router()


class LinkOut(Schema):
    """One neighbour or post. `state`: up, down, never; `waiting`: messages on their way; `held`: kept by policy."""

    code: str
    name: str
    role: str
    state: str
    contact_at: dt.datetime | None
    waiting: int
    held: int
    refused: int
    oldest_at: dt.datetime | None
    received: int
    clock_difference: float | None
    failure: str
    next_attempt_at: dt.datetime | None


@router.get("/links", response=list[LinkOut], summary="Links to neighbours and posts")
def show_links(request: HttpRequest) -> list[LinkState]:
    """How each link is."""
    authorise(request, Permission.EXCHANGE_LINK_READ)
    return links()
