"""A neighbour with real keys whose ledger stands in memory: it speaks with this node by the rules of witnessing."""

import datetime as dt

from django.conf import settings
from django.utils import timezone

from jiwar.audit.logic import cosignature
from jiwar.audit.logic.checkpoint import Checkpoint, open_checkpoint, origin, read_unverified, sign_checkpoint
from jiwar.audit.logic.notes import CheckpointInvalid
from jiwar.audit.services import Told, tell, told
from jiwar.identity.keys import KeyRing, ring
from jiwar.identity.services import add_node
from tests.audit.books import Node
from tests.foreign import ForeignNode


class Peer(Node):
    """`meet(peer)` is a contact with this node: it speaks, we answer."""

    def __init__(self, code: str, role: str = "national", foreign: ForeignNode | None = None) -> None:
        super().__init__(code, now=timezone.now())
        self.foreign = foreign or ForeignNode(code, role)
        self.known: dict[str, KeyRing] = {code: self.foreign.ring}
        if foreign is None:
            add_node(self.foreign.card())

    def twin(self) -> "Peer":
        """The same node with a memory of its own: what a copy of its disk is."""
        other = Peer(self.code, foreign=self.foreign)
        other.log, other.epochs, other.now = type(self.log)(self.log.leaves), list(self.epochs), self.now
        other.notes, other.talks, other.known = list(self.notes), dict(self.talks), self.known
        other.kept_of = {code: list(kept) for code, kept in self.kept_of.items()}
        return other

    def keys(self, code: str) -> KeyRing:
        return ring(settings.KEYS) if code == settings.NODE.code else self.known[code]

    def sign(self, size: int, root: bytes, *, cosigned: bool = True) -> str:
        cosigning = self.foreign.ring.cosigning[0].private if cosigned else None
        key = self.foreign.ring.signing[0].private
        name = origin(self.code, self.epoch)
        return sign_checkpoint(name, size, root, self.now, key, epochs=self.epochs, cosigning_key=cosigning)

    def signed(self, note: str) -> Checkpoint | None:
        says = read_unverified(note)
        if says.node != settings.NODE.code and says.node not in self.known:
            return None
        try:
            return open_checkpoint(note, self.keys(says.node).signing[0].private.public_key(), says.origin)
        except CheckpointInvalid:
            return None

    def believed(self, note: str) -> Checkpoint:
        says = read_unverified(note)
        keys = self.keys(says.node)
        cosigning = keys.cosigning[0].private.public_key()
        return open_checkpoint(note, keys.signing[0].private.public_key(), says.origin, cosigning)

    def cosign(self, note: str, at: dt.datetime) -> str:
        return cosignature.cosign(note, self.code, self.foreign.ring.signing[0].private, at)

    def cosigned(self, note: str, line: str, witness: str) -> dt.datetime | None:
        try:
            public = self.keys(witness).signing[0].private.public_key()
            return cosignature.open_cosignature(note, line, witness, public)
        except CheckpointInvalid:
            return None


def meet(peer: Peer) -> Told:
    """A contact: what this node made of it."""
    here = settings.NODE.code
    said = told(peer.code, peer.says_to(here))
    peer.hears(here, tell(peer.code))
    return said
