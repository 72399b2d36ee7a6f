"""Whose keys signed a note: the nodes' public keys as the directory has them."""

import base64
from typing import TYPE_CHECKING

from jiwar.audit.logic import cosignature, notes
from jiwar.audit.logic.checkpoint import Checkpoint, open_checkpoint, read_unverified
from jiwar.audit.logic.notes import ED25519, MLDSA65, CheckpointInvalid, Line
from jiwar.identity.keys import signing_public
from jiwar.identity.queries import KeyRefused, cosigning_key, keys_of, signing_key

if TYPE_CHECKING:
    from jiwar.identity.models import NodeKey


def open_in_force(note: str) -> Checkpoint:
    """What a note says that was shown now: its node's signing key in force signed it.

    So did its ML-DSA-65 key, where one is known of the node. Raises CheckpointInvalid or KeyRefused.
    """
    says = read_unverified(note)
    _, lines = notes.read(note)
    keys = list(keys_of(says.node))
    if not keys:
        raise KeyRefused("key_unknown", says.node)
    signing = _signer(lines, says.origin, ED25519, [key for key in keys if key.use == "signing"])
    if signing is None:
        raise CheckpointInvalid("unsigned")
    second = None
    if of_use := [key for key in keys if key.use == "cosigning"]:
        cosigning = _signer(lines, says.origin, MLDSA65, of_use)
        if cosigning is None:
            raise CheckpointInvalid("uncosigned")
        second = cosigning_key(says.node, cosigning.id)
    return open_checkpoint(note, signing_key(says.node, signing.id), says.origin, second)


def open_ever(note: str) -> Checkpoint:
    """What a note says that a signing key which its node ever had signed: evidence does not end with a key.

    Raises CheckpointInvalid or KeyRefused.
    """
    says = read_unverified(note)
    _, lines = notes.read(note)
    keys = list(keys_of(says.node).filter(use="signing"))
    if not keys:
        raise KeyRefused("key_unknown", says.node)
    signing = _signer(lines, says.origin, ED25519, keys)
    if signing is None:
        raise CheckpointInvalid("unsigned")
    return open_checkpoint(note, signing_public(_raw(signing)), says.origin)


def witness_key(witness: str, line: str) -> str | None:
    """The id of the key of a node that a witness's line names; nothing verified yet. Raises CheckpointInvalid."""
    named = notes.read_line(line)
    for key in keys_of(witness).filter(use="signing"):
        if cosignature.key_id(witness, signing_public(_raw(key))) == named.key_id:
            return key.id
    return None


def _signer(lines: list[Line], name: str, key_type: bytes, keys: "list[NodeKey]") -> "NodeKey | None":
    """The key whose line the note has."""
    found = {line.key_id for line in lines if line.name == name}
    return next((key for key in keys if notes.key_id(name, key_type, _raw(key)) in found), None)


def _raw(key: "NodeKey") -> bytes:
    return base64.b64decode(key.public)
