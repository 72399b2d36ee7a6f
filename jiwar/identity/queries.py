"""Who this node knows, and whose key is to be believed."""

import base64
import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from jiwar.identity.book import COUNTS, Key, book
from jiwar.identity.keys import fingerprint
from jiwar.identity.logic import belief
from jiwar.identity.logic.belief import doubt
from jiwar.identity.logic.bundles import write_bundle
from jiwar.identity.logic.certificates import OFFICER_ROLES
from jiwar.identity.logic.signed import key_hash
from jiwar.identity.looks import one_look
from jiwar.identity.models import Agency, Certificate, Node, NodeKey, OfficerKey, Person, RevocationList, Root

APPROVER = "approver"
"""The role in which an officer's key signs approvals."""
__all__ = ["APPROVER", "PASSING", "KeyRefused", "one_look"]  # for the rooms above

PASSING = frozenset({"key_unknown", *belief.DOUBTS} - {"key_revoked"})
"""Why a key is not believed now, though it may be later: when a card, a certificate or a list has come."""

_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class KeyRefused(ValueError):
    """A key is not to be believed: `code` is key_unknown, key_of_other_node, or what `belief.doubt` says."""

    def __init__(self, code: str, key: str) -> None:
        super().__init__(f"{code}: {key}")
        self.code, self.key = code, key


class ApproverRefused(KeyRefused):
    """An officer's key that signs no approval: `code` is key_of_other_person or key_of_other_role."""


def neighbours() -> QuerySet[Node]:
    """Nodes that this node exchanges with: national nodes of other states, own posts, or a post's national node."""
    nodes = Node.objects.exclude(code=settings.NODE.code).defer("card")
    if settings.NODE.role == "post":
        return nodes.filter(code=settings.NODE.national)
    return nodes.exclude(role="post") | nodes.filter(role="post", state=settings.NODE.state)


def known_neighbours() -> dict[str, Node]:
    """As `neighbours`, by code, from what this process has read: one query, or one for all inside `one_look`."""
    own = settings.NODE
    known = book().known
    if own.role == "post":
        return {code: node for code, node in known.items() if code == own.national}
    return {
        code: node
        for code, node in known.items()
        if code != own.code and (node.role != "post" or node.state == own.state)
    }


def signing_key(node: str, key: str, at: dt.datetime | None = None) -> Ed25519PublicKey:
    """Public signing key `key` of `node`, if it is to be believed for what was signed at `at` (now, unless said).

    Raises KeyRefused. One query, or one for all inside `one_look` (`book` says by which rule).
    """
    return _believed(node, key, "signing", at).signing


def cosigning_key(node: str, key: str, at: dt.datetime | None = None) -> MLDSA65PublicKey:
    """Public cosigning key `key` of `node`; as `signing_key`."""
    return _believed(node, key, "cosigning", at).cosigning


def sealing_key(node: str) -> tuple[str, MLKEM768X25519PublicKey]:
    """Id and public sealing key in use of `node`: the newest that is to be believed now; raises KeyRefused."""
    reason = "key_unknown"
    for id_, key in book().nodes.items():
        if key.owner == node and key.use == "sealing":
            code = _doubt(key, None)
            if not code:
                return id_, key.sealing
            reason = code if reason == "key_unknown" else reason
    raise KeyRefused(reason, node)


def _believed(node: str, id_: str, use: str, at: dt.datetime | None) -> Key:
    key = book().nodes.get(id_)
    if key is None or key.use != use:
        raise KeyRefused("key_unknown", id_)
    if key.owner != node:
        raise KeyRefused("key_of_other_node", id_)
    if code := _doubt(key, at):
        raise KeyRefused(code, id_)
    return key


def _doubt(key: Key, at: dt.datetime | None) -> str:
    return doubt(key.known, at or timezone.now(), require_certificates=settings.NODE.require_certificates)


def root_of(state: str) -> Root | None:
    """The root that is believed to be a state's."""
    return Root.objects.filter(state=state, status=Root.Status.BELIEVED).first()


def claimed_root(hash_: str) -> Root | None:
    """A root that is claimed and not believed."""
    return Root.objects.filter(hash=hash_, status=Root.Status.CLAIMED).first()


def officer_key(state: str, officer: str, key: str, role: str, at: dt.datetime | None = None) -> Ed25519PublicKey:
    """Public key of an officer of a state who was certified in this role at `at`; raises KeyRefused.

    `key_of_other_person`, `key_of_other_role`, or as `signing_key`.
    """
    found = book().officers.get(key)
    if found is None:
        raise KeyRefused("key_unknown", key)
    if (found.state, found.owner) != (state, officer):
        raise ApproverRefused("key_of_other_person", key)
    if found.role != role:
        raise ApproverRefused("key_of_other_role", key)
    if code := _doubt(found, at):
        raise KeyRefused(code, key)
    return found.signing


def officer_key_of(officer: str) -> OfficerKey | None:
    """The newest key that a person of this node made."""
    if not re.fullmatch(_UUID, officer):
        return None
    return OfficerKey.objects.filter(person=officer, dropped_at=None).first()


def officer_until(officer: str) -> dt.datetime | None:
    """Until when an officer's key is certified, None where it is not now."""
    row = officer_key_of(officer)
    found = book().officers.get(row.id) if row else None
    if found is None or found.owner != officer or _doubt(found, None):
        return None
    return max(end for _, end in found.known.windows)


def signs(officer: str) -> bool:
    """Whether a person signs what she approves: she has a key that is certified for it now. Two queries."""
    row = officer_key_of(officer)
    found = book().officers.get(row.id) if row else None
    return found is not None and found.role == APPROVER and found.owner == officer and not _doubt(found, None)


def roots_verified_here() -> QuerySet[Root]:
    """Roots that this node believes by more than another node's word."""
    return Root.objects.filter(status=Root.Status.BELIEVED).exclude(how="introduced")


def said_cards() -> list[str]:
    """The newest cards of other states' nodes that this node exchanges with."""
    foreign = neighbours().exclude(state=settings.NODE.state).exclude(card="")
    return list(foreign.values_list("card", flat=True))


def own_lists() -> list[dict[str, Any]]:
    """The revocation lists of this state that stand, the root's first."""
    rows = RevocationList.objects.filter(state=settings.NODE.state).order_by("number", "supplement")
    return list(rows.values_list("data", flat=True))


def own_officers(at: dt.datetime) -> list[dict[str, Any]]:
    """Certificates of this state's officers that are not over, each with its root's file."""
    rows = Certificate.objects.filter(
        state=settings.NODE.state, role__in=OFFICER_ROLES, not_after__gt=at, root__status__in=COUNTS
    )
    return [write_bundle(row.root.file, row.data) for row in rows.select_related("root")]


def is_stale(state: str) -> bool:
    """Whether the newest revocation list of a state is out of date; a state that never issued one has none to be so."""
    newest = book().lists.get(state)
    return newest is not None and newest.next_update < timezone.now()


def is_listed(state: str, public: bytes) -> bool:
    """Whether a key stands on its state's revocation list."""
    return f"{state} {key_hash(public)}" in book().entries


def believed_signing(node: str) -> dict[str, Ed25519PublicKey]:
    """The signing keys of a node that are to be believed now, by id."""
    found = {id_: key for id_, key in book().nodes.items() if key.owner == node and key.use == "signing"}
    return {id_: key.signing for id_, key in found.items() if not _doubt(key, None)}


def sealing_keys(node: str, most: int = 4) -> list[tuple[str, MLKEM768X25519PublicKey]]:
    """Ids and public sealing keys of `node` that are to be believed now, newest first: two during a rotation.

    Raises KeyRefused where there is none.
    """
    found = [
        (id_, key.sealing)
        for id_, key in book().nodes.items()
        if key.owner == node and key.use == "sealing" and not _doubt(key, None)
    ]
    return found[:most] or [sealing_key(node)]


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


def people_with(*roles: str) -> dict[str, str]:
    """Names of active people who have any of these roles, by their ids. One query."""
    found = Person.objects.filter(is_active=True, grants__role__in=roles).distinct()
    return {str(pk): name for pk, name in found.values_list("pk", "full_name")}
