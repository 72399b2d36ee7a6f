"""Who this node knows, and whose key is to be believed."""

import base64
import re
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey
from django.conf import settings
from django.db.models import QuerySet

from jiwar.identity.keys import cosigning_public, fingerprint, sealing_public, signing_public
from jiwar.identity.models import Agency, Node, NodeKey, Person

_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class KeyRefused(ValueError):
    """A key is not to be believed: `code` is key_unknown, key_of_other_node or key_revoked."""

    def __init__(self, code: str, key: str) -> None:
        super().__init__(f"{code}: {key}")
        self.code, self.key = code, key


def neighbours() -> QuerySet[Node]:
    """Nodes that this node exchanges with: national nodes of other states, own posts, or a post's national node."""
    nodes = Node.objects.exclude(code=settings.NODE.code)
    if settings.NODE.role == "post":
        return nodes.filter(code=settings.NODE.national)
    return nodes.exclude(role="post") | nodes.filter(role="post", state=settings.NODE.state)


def signing_key(node: str, key: str) -> Ed25519PublicKey:
    """Public signing key `key` of `node`; raises KeyRefused when unknown, another node's, or revoked."""
    return signing_public(_public(node, key, "signing"))


def cosigning_key(node: str, key: str) -> MLDSA65PublicKey:
    """Public cosigning key `key` of `node`; raises KeyRefused as `signing_key` does."""
    return cosigning_public(_public(node, key, "cosigning"))


def _public(node: str, key: str, use: str) -> bytes:
    row = NodeKey.objects.filter(id=key, use=use).first()
    if row is None:
        raise KeyRefused("key_unknown", key)
    if row.node_id != node:
        raise KeyRefused("key_of_other_node", key)
    if row.revoked_at is not None:
        raise KeyRefused("key_revoked", key)
    return base64.b64decode(row.public)


def sealing_key(node: str) -> tuple[str, MLKEM768X25519PublicKey]:
    """Id and public sealing key in use of `node`; raises KeyRefused."""
    row = NodeKey.objects.filter(node=node, use="sealing", revoked_at=None).order_by("-added_at").first()
    if row is None:
        raise KeyRefused("key_unknown", node)
    return row.id, sealing_public(base64.b64decode(row.public))


def keys_of(node: str) -> QuerySet[NodeKey]:
    """Every key that was ever entered for a node, newest first."""
    return NodeKey.objects.filter(node=node).order_by("use", "-added_at")


def fingerprint_of(key: NodeKey) -> str:
    """What two people read to each other about a key."""
    return fingerprint(base64.b64decode(key.public))


def contact_of(node: str) -> dict[str, str]:
    """The contact point on a node's card."""
    return dict(Node.objects.values_list("contact", flat=True).get(code=node))


def anyone() -> bool:
    """Whether the node has any person yet."""
    return Person.objects.exists()


def agency(code: str, name: str) -> Agency:
    """The agency with this code, made when it is new."""
    return Agency.objects.get_or_create(code=code, defaults={"name": name})[0]


def is_active_person(id_: str) -> bool:
    """Whether this is the id of a natural person who may act here: no token's, not the node's."""
    return bool(re.fullmatch(_UUID, id_)) and Person.objects.filter(pk=id_, is_active=True).exists()


def person(username: str) -> Person:
    """The person with this sign-in name; raises Person.DoesNotExist."""
    return Person.objects.get(username=username)


def full_names(ids: Iterable[str]) -> dict[str, str]:
    """Names of this node's people by their ids; ids of other nodes' people name nobody here."""
    known = [found for found in ids if re.fullmatch(_UUID, found)]
    return {str(pk): name for pk, name in Person.objects.filter(pk__in=known).values_list("pk", "full_name")}
