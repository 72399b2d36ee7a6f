"""The register of record kinds, and the kinds of this room: a withdrawal and its acknowledgement."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import ConfigDict, create_model

from jiwar.records.content import Body, Content, Line, Moment, NodeCode
from jiwar.wire.faults import Fault

if TYPE_CHECKING:
    from jiwar.records.models import Record

YEAR = dt.timedelta(days=365)


def _no_faults(content: Content) -> list[Fault]:
    return []


def nobody(content: object) -> tuple[str, ...]:
    """No other state: what is addressed so stays with this node and its posts."""
    return ()


def _never(record: "Record") -> bool:
    return False


@dataclass(slots=True)
class Kind:
    """A kind of record in one version.

    `four_eyes`: needs an approval by a second person, always or by what it says. `instrument`: passes between
    neighbours without an agreement, for it is what agreements, corrections and receipts are made of, and carries no
    personal data. `cosigned`: carries a second signature, by the node's ML-DSA-65 key, for it must bind for decades.
    `longest`: most time from issue to `valid_until`. `review`: most time to `review_on` (rule R9). `check`: what the
    schema cannot say. `urgent_if`: whether a record goes ahead of all that is routine; an instrument always does.
    `priority`: order among routine records, 0 first. `addressees`: states that a record is for; None: every state to
    which an agreement opens it. `posts`: own posts hold it too, all of them or those for which it is true. `covert`:
    whether only those cleared for it may know that a record is there.
    `projections` run in the transaction that stores the record, `retirements` in the one that ends it.
    """

    name: str
    version: int
    body: type[Body]
    personal: bool = True
    four_eyes: bool | Callable[[Any], bool] = False
    instrument: bool = False
    cosigned: bool = False
    longest: dt.timedelta = 5 * YEAR
    review: dt.timedelta = YEAR
    check: Callable[[Any], list[Fault]] = _no_faults
    addressees: Callable[[Any], Iterable[str]] | None = None
    urgent_if: Callable[["Record"], bool] = _never
    priority: int = 5
    posts: bool | Callable[["Record", str], bool] = False
    covert: Callable[["Record"], bool] = _never
    projections: list[Callable[["Record", Any], None]] = field(default_factory=list)
    retirements: list[Callable[["Record"], None]] = field(default_factory=list)

    def urgent(self, record: "Record") -> bool:
        """What stops a use goes ahead of what starts one, and an agreement ahead of what it opens."""
        return self.instrument or self.urgent_if(record)

    @property
    def passes_between_states(self) -> bool:
        """Whether an agreement can open it: instruments pass without one, and some kinds stay within their state."""
        return not self.instrument and self.addressees is not nobody

    def is_for_post(self, record: "Record", post: str) -> bool:
        """Whether this own post holds the record too."""
        return self.posts(record, post) if callable(self.posts) else self.posts

    def needs_approval(self, content: Content) -> bool:
        """Whether a second person must have approved this content (rule R2)."""
        return self.four_eyes(content) if callable(self.four_eyes) else self.four_eyes

    @property
    def content(self) -> type[Content]:
        """Content model with this kind's body."""
        return _content_of(self.body)


KINDS: dict[tuple[str, int], Kind] = {}
_CONTENTS: dict[type[Body], type[Content]] = {}


def _content_of(body: type[Body]) -> type[Content]:
    if body not in _CONTENTS:
        _CONTENTS[body] = create_model(f"{body.__name__}Content", __base__=Content, body=(body, ...))
    return _CONTENTS[body]


def register(kind: Kind) -> Kind:
    """Enter a kind; a room does so when it is loaded."""
    if (kind.name, kind.version) in KINDS:
        raise ValueError(f"kind {kind.name} version {kind.version} is registered twice")
    KINDS[kind.name, kind.version] = kind
    return kind


def newest(name: str) -> Kind:
    """Newest version of a kind; raises KeyError."""
    return KINDS[max(key for key in KINDS if key[0] == name)]


class Withdrawal(Body):
    """The origin takes a record back: no holder uses it from now on (rule R11)."""

    model_config = ConfigDict(title="Withdrawal of a record")
    target: UUID
    reason: Line


class AcknowledgementBody(Body):
    """A holder says that it applied a withdrawal or a correction."""

    model_config = ConfigDict(title="Acknowledgement of a withdrawal or a correction")
    target: UUID
    holder: NodeCode
    at: Moment


WITHDRAWAL = register(
    Kind(
        "record.withdrawal",
        1,
        Withdrawal,
        personal=False,
        instrument=True,
        posts=True,
        longest=10 * YEAR,
        review=10 * YEAR,
    )
)
ACKNOWLEDGEMENT = register(
    Kind(
        "record.acknowledgement",
        1,
        AcknowledgementBody,
        personal=False,
        instrument=True,
        longest=10 * YEAR,
        review=10 * YEAR,
    )
)
