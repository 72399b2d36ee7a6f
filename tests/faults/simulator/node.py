"""A simulated node: what the conversation asks of a node (`conversation.Node`), answered from a simulated disk.

Each method takes the steps of `jiwar.exchange.this_node` and the services behind it; what they decide, the same pure
functions decide here.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jiwar.agreements.logic.verdicts import Terms
from jiwar.audit.logic.notes import CheckpointInvalid
from jiwar.exchange.logic import hello as hellos
from jiwar.exchange.logic import restored
from jiwar.exchange.logic.conversation import Contact, Have, NotUnderstood
from jiwar.exchange.logic.hello import Hello, Problem, Sent
from jiwar.exchange.logic.signed import SignedInvalid
from jiwar.exchange.logic.streams import Cursor
from jiwar.identity.queries import KeyRefused
from tests.faults.simulator import arrival, departure, ledger, restore
from tests.faults.simulator.disk import Disk
from tests.faults.simulator.keys import Key, PublicKey
from tests.faults.simulator.kinds import Kind
from tests.faults.simulator.rows import Place, Restore, Row, Sealed, Taken, Way

if TYPE_CHECKING:
    from tests.faults.simulator.world import World


@dataclass(frozen=True, slots=True)
class Ring:
    """A node's private keys, newest first."""

    signing: tuple[Key, ...]
    sealing: tuple[Key, ...]
    cosigning: Key


class SimNode:
    """One node. Its disk is all that it has after a crash; `contacts` and what was read of agreements are memory.

    `lawless`: it asks no agreement before it sends.
    """

    def __init__(self, world: "World", code: str, keys: Ring) -> None:
        self.world, self.code, self.keys = world, code, keys
        self.state, self.is_post = code[:3], len(code) > 3
        self.neighbours: list[str] = []
        self.disk = Disk(code)
        self.offset = dt.timedelta()
        self.lawless = False
        self.old = False
        self.forget()

    def forget(self) -> None:
        """What is left of memory after a start: nothing."""
        self.contacts: defaultdict[str, Contact] = defaultdict(Contact)
        self.terms: tuple[object, list[Terms]] = (None, [])

    def now(self) -> dt.datetime:
        """What the node's clock shows."""
        return self.world.now + self.offset

    def knows(self, kind: Kind) -> bool:
        """Whether its program knows a version of a kind."""
        return kind.version == 1 or not self.old

    # --- its disk ----------------------------------------------------------------------------------------------------

    def ways(self, peer: str) -> dict[str, Way]:
        return self.disk.tables["ways", peer]

    def taken(self, peer: str) -> dict[str, Taken]:
        return self.disk.tables["taken", peer]

    def outbox(self, peer: str) -> dict[tuple[str, bool], Row]:
        return self.disk.tables["outbox", peer]

    def sealed(self, peer: str) -> dict[tuple[str, int], Sealed]:
        return self.disk.tables["sealed", peer]

    def places(self, peer: str) -> dict[tuple[str, int], Place]:
        return self.disk.tables["places", peer]

    def append(self, *acts: tuple[str, str, str]) -> None:
        ledger.append(self.disk, acts)

    def epoch(self) -> int:
        return max((r.epoch for r in self.disk.tables["restores"].values() if r.epoch), default=1)

    def epoch_of(self, peer: str) -> int:
        found: int = self.disk.tables["links"].get(peer, 1)
        return found

    def restoring(self) -> Restore | None:
        return next((row for row in self.disk.tables["restores"].values() if not row.epoch), None)

    # --- keys --------------------------------------------------------------------------------------------------------

    def signing_key(self, code: str, key: str, at: dt.datetime | None = None) -> PublicKey:
        found = self.world.keys.get(key)
        if found is None:
            raise KeyRefused("key_unknown", key)
        owner, public = found
        if owner != code:
            raise KeyRefused("key_of_other_node", key)
        return public

    def sealing_keys(self, code: str) -> list[tuple[str, PublicKey]]:
        return [(key.id, key.public_key()) for key in self.world.nodes[code].keys.sealing[:1]]

    # --- the conversation --------------------------------------------------------------------------------------------

    def believe(self, hello: bytes) -> Hello:
        self.world.meanwhile(self)
        try:
            said, signed = hellos.read(hello)
            if said.recipient != self.code:
                raise NotUnderstood("hello_of_other", said.recipient)
            hellos.verify(signed, self.signing_key(said.sender, signed.key))  # type: ignore[arg-type]
        except (SignedInvalid, KeyRefused) as refused:
            raise NotUnderstood(refused.code) from None
        if said.sender not in self.neighbours:
            raise NotUnderstood("sender_unknown", said.sender)
        return said

    def greet(self, peer: str, contact: Contact, *, room: int, problem: Problem | None, re: str) -> tuple[bytes, Hello]:
        self.world.meanwhile(self)
        old = self.restoring()
        key = self.keys.signing[0]
        hello = Hello(
            sender=self.code,
            recipient=peer,
            at=self.now().isoformat(),
            epoch=self.epoch(),
            nonce=self.world.chance.randbytes(16).hex(),
            re=re,
            have={row.name: Cursor(row.seq, row.head) for row in self.taken(peer).values()},
            sent={way.name: Sent(way.seq, way.acked) for way in self.ways(peer).values()},
            lack={},
            room=0 if old else room,
            ledger=ledger.tell(self, peer, old=bool(old)),
            problem=Problem("restoring") if old else problem,
        )
        return hellos.sign(hello, key.id, key), hello  # type: ignore[arg-type]

    def heard(self, hello: Hello, known: Have | None) -> Problem | None:
        self.world.meanwhile(self)
        peer = hello.sender
        if self.restoring():
            self._hear_ledger(hello, old=True)
            return Problem("restoring")
        before = self.epoch_of(peer)
        if hello.epoch < before:
            problem = self._hear_ledger(hello, fresh=True) if known is not None else None
            return problem or Problem("epoch_old", str(hello.epoch))
        if problem := self._hear_ledger(hello, fresh=known is not None):
            return problem
        if known is not None and hello.epoch == before and restored.forgot(known, hello.sent, before):
            return Problem("restored")
        if hello.epoch > before:
            restore.give_back(self, peer, hello.sent)
            departure.lost(self, peer, hello.have)
            with self.disk.transaction():
                self.disk.put("links", peer, hello.epoch)
        return None

    def _hear_ledger(self, hello: Hello, *, old: bool = False, fresh: bool = False) -> Problem | None:
        try:
            restored_from = ledger.told(self, hello.sender, dict(hello.ledger), old=old, fresh=fresh)
        except ledger.LedgerForked:
            return Problem("ledger_forked")
        except CheckpointInvalid as invalid:
            raise NotUnderstood(invalid.code) from None
        if restored_from and not old:
            restore.notice(self, hello.sender, "")
            return Problem("restoring")
        return None

    def take(self, peer: str, envelopes: Sequence[bytes]) -> Problem | None:
        self.world.meanwhile(self)
        return arrival.take(self, peer, envelopes)

    def settle(self, peer: str, receipts: Sequence[bytes]) -> None:
        self.world.meanwhile(self)
        departure.settle(self, peer, receipts)

    def receipts(self, peer: str, sent: Mapping[str, Sent]) -> list[bytes]:
        self.world.meanwhile(self)
        return arrival.receipts_for(self, peer, sent)

    def envelopes(self, peer: str, have: Have, room: int) -> list[bytes]:
        self.world.meanwhile(self)
        departure.seal(self, peer)
        return departure.past(self, peer, have, room)

    def own(self, peer: str, sent: Mapping[str, Sent]) -> list[bytes]:
        return [self.taken(peer)[name].newest for name in restore.forgotten(self, peer, sent, self.epoch_of(peer))][:4]

    def shown(self, peer: str, envelopes: Sequence[bytes]) -> None:
        self.world.meanwhile(self)
        restore.shown(self, peer, envelopes)

    def chunks(self, peer: str, lack: Mapping[str, int], room: int) -> list[bytes]:
        return []

    def keep(self, peer: str, chunks: Sequence[bytes]) -> None:
        return None

    def lost(self, peer: str, have: Have) -> None:
        self.world.meanwhile(self)
        departure.lost(self, peer, have)

    def stuck(self, peer: str, problem: Problem, have: Have) -> bool:
        self.world.meanwhile(self)
        return departure.stuck(self, peer, problem, have)
