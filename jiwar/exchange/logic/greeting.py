"""The signed greeting that opens every contact: who speaks, to whom, when by its clock, and its checkpoint."""

import base64
import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jiwar.wire.strict_json import canonical

VERSION = 1
_LABEL = b"jiwar-greeting/1\n"


class GreetingInvalid(Exception):
    """A greeting that proves nothing; `code`: `greeting_form`, `greeting_version`, `greeting_signature`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Greeting:
    """`sender` speaks to `recipient`; `at` is RFC 3339; `checkpoint` is a signed note (C2SP tlog-checkpoint)."""

    sender: str
    recipient: str
    at: str
    checkpoint: str

    @property
    def clock(self) -> dt.datetime:
        """The sender's clock."""
        return dt.datetime.fromisoformat(self.at)


def sign(greeting: Greeting, key: str, private: Ed25519PrivateKey) -> dict[str, Any]:
    """The greeting as a signed JSON object."""
    data = {"v": VERSION} | asdict(greeting) | {"key": key}
    return data | {"signature": base64.b64encode(private.sign(_LABEL + canonical(data))).decode()}


def read(data: object) -> tuple[Greeting, str]:
    """A greeting and the id of its key; not verified yet. Raises GreetingInvalid."""
    names = {"v", "sender", "recipient", "at", "checkpoint", "key", "signature"}
    if not isinstance(data, dict) or data.keys() != names:
        raise GreetingInvalid("greeting_form")
    if data["v"] != VERSION:
        raise GreetingInvalid("greeting_version")
    if not all(isinstance(data[name], str) for name in names - {"v"}):
        raise GreetingInvalid("greeting_form")
    greeting = Greeting(data["sender"], data["recipient"], data["at"], data["checkpoint"])
    try:
        aware = greeting.clock.utcoffset() is not None
    except ValueError:
        aware = False
    if not aware:
        raise GreetingInvalid("greeting_form")
    return greeting, data["key"]


def verify(data: dict[str, Any], public: Ed25519PublicKey) -> None:
    """Raise GreetingInvalid unless the key signed it."""
    unsigned = {name: value for name, value in data.items() if name != "signature"}
    try:
        public.verify(base64.b64decode(data["signature"], validate=True), _LABEL + canonical(unsigned))
    except (InvalidSignature, ValueError):
        raise GreetingInvalid("greeting_signature") from None
