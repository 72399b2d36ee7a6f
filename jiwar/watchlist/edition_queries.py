"""Reads about editions: which one stands, and which one each post says that it holds. They name no person."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.identity.queries import neighbours
from jiwar.watchlist.models import Edition, PostHolding


@dataclass(frozen=True, slots=True)
class PostState:
    """What a post said last of the edition that it holds.

    `behind`: how many editions it lacks. `code`: of the words group `edition_state`.
    """

    node: str
    name: str
    sequence: int
    subjects: int
    behind: int
    told_at: dt.datetime | None
    code: str


@dataclass(frozen=True, slots=True)
class Editions:
    """`held`: the one in use here; `code`: how it stands, of the words group `edition_state`. `recent`: the newest that
    were made or came. `posts`: at a national node."""

    held: Edition | None
    code: str
    recent: list[Edition]
    posts: list[PostState]


def editions(by: Grant) -> Editions:
    """How editions stand on this node; four queries."""
    by.check(Permission.WATCHLIST_LIST_READ)
    held = Edition.objects.filter(state=Edition.State.HELD).order_by("-sequence", "-pk").first()
    recent = list(Edition.objects.order_by("-pk")[:10])
    return Editions(held, _code(held, recent), recent, _posts(held) if settings.NODE.role == "national" else [])


def _code(held: Edition | None, recent: list[Edition]) -> str:
    if held is None:
        return next((row.code for row in recent if row.code), "none")
    return "expired" if held.expires_at <= timezone.now() else "in_use"


def _posts(held: Edition | None) -> list[PostState]:
    said = {row.node: row for row in PostHolding.objects.all()}
    own = neighbours().filter(state=settings.NODE.state, role="post").order_by("code")
    return [_post(code, name, said.get(code), held) for code, name in own.values_list("code", "name")]


def _post(code: str, name: str, said: PostHolding | None, held: Edition | None) -> PostState:
    if said is None:
        return PostState(code, name, 0, 0, held.sequence if held else 0, None, "unheard")
    behind = max(0, held.sequence - said.sequence) if held else 0
    return PostState(
        code, name, said.sequence, said.subjects, behind, said.told_at, said.code or ("behind" if behind else "newest")
    )
