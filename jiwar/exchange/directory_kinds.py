"""Bodies of the records by which keys travel: cards, introductions, officers' certificates, lists, words on roots."""

import json
from collections.abc import Callable
from typing import Any, Literal

from pydantic import ConfigDict, field_validator

from jiwar.identity.cards import CardInvalid, read_card
from jiwar.identity.papers import PaperRefused, read_bundle, read_revocations, read_root
from jiwar.records.content import Body, Content, Moment, State
from jiwar.records.kinds import YEAR, Kind, register

Object = dict[str, Any]


def _read(read: Callable[[Any], object]) -> Any:
    """A validator that reads a signed object; its reader's code is the fault's."""

    def check(cls: type, value: Object) -> Object:
        try:
            read(value)
        except (CardInvalid, PaperRefused) as error:
            raise ValueError(error.code) from None
        return value

    return classmethod(check)


class NodeCardBody(Body):
    """A node says who it is: its card, word for word."""

    model_config = ConfigDict(title="Card of a node")
    card: Object

    _card = field_validator("card")(_read(lambda card: read_card(json.dumps(card))))


class IntroductionBody(Body):
    """A national node tells its posts whom they may believe.

    `old_root`: whether what the state's root before certified still counts, should this card bring another root.
    """

    model_config = ConfigDict(title="Introduction of a node to own posts")
    card: Object
    old_root: Literal["stays", "ends"] = "stays"

    _card = field_validator("card")(_read(lambda card: read_card(json.dumps(card))))


class CertificateBody(Body):
    """The certificate of an officer's key, with the public file of the root that signed it."""

    model_config = ConfigDict(title="Certificate of an officer")
    bundle: Object

    _bundle = field_validator("bundle")(_read(read_bundle))


class RevocationsBody(Body):
    """A state's revocation list."""

    model_config = ConfigDict(title="Revocation list")
    list: Object

    _list = field_validator("list")(_read(read_revocations))


class CountersignatureBody(Body):
    """A state says that it verified another state's root, how, and when; `root` is the root's public file."""

    model_config = ConfigDict(title="Countersignature of a root")
    state: State
    root: Object
    how: Literal["read", "hands", "signed"]
    at: Moment

    _root = field_validator("root")(_read(read_root))


def _to_nobody_abroad(content: Content) -> list[str]:
    return []


def _instrument(name: str, body: type[Body], *, posts: bool) -> Kind:
    return register(
        Kind(
            name,
            1,
            body,
            personal=False,
            instrument=True,
            priority=1,
            posts=posts,
            longest=10 * YEAR,
            review=10 * YEAR,
        )
    )


NODE_CARD = _instrument("node.card", NodeCardBody, posts=False)
INTRODUCTION = _instrument("node.introduction", IntroductionBody, posts=True)
INTRODUCTION.addressees = _to_nobody_abroad
CERTIFICATE = _instrument("key.certificate", CertificateBody, posts=True)
REVOCATIONS = _instrument("key.revocations", RevocationsBody, posts=True)
COUNTERSIGNATURE = _instrument("root.countersignature", CountersignatureBody, posts=False)
