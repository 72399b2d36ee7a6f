"""This node as the conversation sees it (`logic.conversation.Node`): each method is one transaction, or reads only."""

import contextlib
import json
import secrets
import struct
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.audit.services import CheckpointInvalid, LedgerForked, tell, told
from jiwar.exchange import arrival, attached, departure, last_words, links, restore, store, turned_away
from jiwar.exchange.aside import Aside
from jiwar.exchange.attached import may_have, wanted
from jiwar.exchange.attachments import chunk
from jiwar.exchange.logic import hello as hellos
from jiwar.exchange.logic.conversation import Contact, Have, NotUnderstood
from jiwar.exchange.logic.hello import Hello, Problem, Sent
from jiwar.exchange.logic.restored import forgot
from jiwar.exchange.logic.signed import Signed, SignedInvalid
from jiwar.exchange.logic.streams import MANY, Cursor
from jiwar.exchange.standing import epoch, restoring
from jiwar.identity.cards import CardInvalid
from jiwar.identity.keys import ring
from jiwar.identity.queries import KeyRefused, known_neighbours, signing_key
from jiwar.identity.services import hear_card, own_card
from jiwar.wire.faults import Refused
from jiwar.wire.strict_json import canonical

CONTACTS: defaultdict[str, Contact] = defaultdict(Contact)
"""What this process remembers of each peer."""
CHUNK_PLACE = struct.Struct(">32sI")
"""Before a chunk's bytes in a frame: the attachment's id, the chunk's number."""
LONG = 32_000
"""Bytes of envelopes in a frame that is long on its way: the next is sealed meanwhile."""
TELL_EACH = 10.0
"""Seconds: a hello says nothing of ledgers sooner after one that did, unless the peer has said something of them."""


class ThisNode:
    """The node whose data folder this is. `reaching`: whether its peer is one that it visits, or one that visits it.

    `live`: what it hears is said now, and keys are judged by our clock; a pouch was written when its writer says.
    `aside`: takes what may be done while the next frame is on its way.
    """

    def __init__(self, *, reaching: bool, live: bool = True, aside: Aside | None = None) -> None:
        self._note = links.reached if reaching else links.heard
        self._live = live
        self._aside = aside

    def believe(self, hello: bytes) -> Hello:
        try:
            said, signed = hellos.read(hello)
        except SignedInvalid as invalid:
            raise NotUnderstood(invalid.code) from None
        try:
            self._verify(said, signed)
        except NotUnderstood as refused:
            # What a pouch holds, the pouch's own leaf speaks of.
            if self._live and said.sender in known_neighbours():
                turned_away.note("hello_refused", said.sender, refused.code, hello)
            raise
        return said

    def _verify(self, said: Hello, signed: Signed) -> None:
        """Raise NotUnderstood unless a known neighbour says this, to us."""
        if said.recipient != settings.NODE.code:
            raise NotUnderstood("hello_of_other", said.recipient)
        try:
            hellos.verify(signed, self._key(said, signed.key))
        except (SignedInvalid, KeyRefused) as refused:
            raise NotUnderstood(refused.code) from None
        if said.sender not in known_neighbours():
            raise NotUnderstood("sender_unknown", said.sender)

    def _key(self, said: Hello, key: str) -> Ed25519PublicKey:
        """The key that is to be believed; one that is new to us, the card in the hello may prove. Raises KeyRefused."""
        at = None if self._live else said.clock
        try:
            return signing_key(said.sender, key, at)
        except KeyRefused:
            if said.card.get("code") != said.sender:
                raise
        with contextlib.suppress(CardInvalid), transaction.atomic():
            hear_card(canonical(said.card).decode(), by=said.sender)
        return signing_key(said.sender, key, at)

    def greet(self, peer: str, contact: Contact, *, room: int, problem: Problem | None, re: str) -> tuple[bytes, Hello]:
        old, now = restoring(), time.monotonic()
        quiet = self._live and now - contact.told_at < TELL_EACH and not contact.ledger
        if not quiet:
            contact.told_at, contact.ledger = now, False
        have, sent, lacks = cursors(peer)
        key, nonce = ring(settings.KEYS).signing[0], secrets.token_hex(16)
        contact.keys[nonce] = key.id
        hello = Hello(
            sender=settings.NODE.code,
            recipient=peer,
            at=timezone.now().isoformat(),
            epoch=epoch(),
            nonce=nonce,
            re=re,
            have=have,
            sent=sent,
            lack=wanted(peer, hellos.MAX_WANTED) if lacks else {},
            room=0 if old else room,
            # An old copy shows no ledger: what it would show is another past.
            ledger={} if quiet else tell(peer, old=bool(old)),
            card={} if contact.knows == key.id else json.loads(own_card()),
            problem=Problem("restoring") if old else problem,
        )
        return hellos.sign(hello, key.id, key.private), hello

    def heard(self, hello: Hello, known: Have | None) -> Problem | None:
        peer = hello.sender
        if restoring():
            self._hear_ledger(hello, old=True)
            # For the ceremony: who ends it sees what each neighbour has.
            last_words.note(hello, fresh=known is not None)
            return Problem("restoring")
        link = links.of(peer)
        fresh = known is not None
        if hello.epoch < link.epoch:
            # It may know of that epoch no more: our answer shows it the checkpoint that it signed there.
            problem = self._hear_ledger(hello, fresh=True) if fresh else None
            return problem or Problem("epoch_old", str(hello.epoch))
        if problem := self._hear_ledger(hello, fresh=fresh):
            return problem
        if known is not None and hello.epoch == link.epoch and forgot(known, hello.sent, link.epoch):
            return Problem("restored")
        if hello.epoch > link.epoch:
            restore.give_back(peer, hello.sent)
            departure.lost(peer, hello.have)
        if self._note(link, hello.clock, hello.epoch):
            last_words.note(hello, fresh=fresh)
        return None

    def _hear_ledger(self, hello: Hello, *, old: bool = False, fresh: bool = False) -> Problem | None:
        try:
            said = told(hello.sender, dict(hello.ledger), old=old, fresh=fresh)
        except LedgerForked:
            return Problem("ledger_forked")
        except (CheckpointInvalid, KeyRefused) as invalid:
            turned_away.note("hello_refused", hello.sender, invalid.code, canonical(dict(hello.ledger)))
            raise NotUnderstood(invalid.code) from None
        if said.restored and not old:
            restore.notice(hello.sender, {"checkpoint": said.restored})
            return Problem("restoring")
        return None

    def take(self, peer: str, envelopes: Sequence[bytes]) -> Problem | None:
        return arrival.take(peer, envelopes).problem

    def settle(self, peer: str, receipts: Sequence[bytes]) -> None:
        if self._aside is None or not departure.is_at_hand(peer):
            self._settle(peer, receipts)
        else:
            # Until they are settled our hello owns to none of them, and the peer says them again.
            self._aside.put(partial(self._settle, peer, receipts))

    def _settle(self, peer: str, receipts: Sequence[bytes]) -> None:
        try:
            departure.settle(peer, receipts)
        except NotUnderstood as refused:
            turned_away.note("receipt_refused", peer, refused.code, b"".join(receipts))
            raise

    def receipts(self, peer: str, sent: Mapping[str, Sent]) -> list[bytes]:
        return arrival.receipts_for(peer, sent)

    def envelopes(self, peer: str, have: Have, room: int) -> list[bytes]:
        found = departure.next_for(peer, have, room)
        if self._aside is not None and sum(map(len, found)) > LONG:
            self._aside.put(partial(departure.seal_ahead, peer, room))
        return found

    def own(self, peer: str, sent: Mapping[str, Sent]) -> list[bytes]:
        found = restore.forgotten(peer, sent, links.of(peer).epoch)
        return [bytes(row.newest) for row in found if row.newest is not None][:4]

    def shown(self, peer: str, envelopes: Sequence[bytes]) -> None:
        restore.shown(peer, envelopes)

    def chunks(self, peer: str, lack: Mapping[str, int], room: int) -> list[bytes]:
        found: list[bytes] = []
        size = 0
        for blob in may_have(peer, lack) if lack else ():
            number = lack[blob]
            while True:
                try:
                    data = chunk(blob, number)
                except Refused:
                    break
                size += len(data)
                if found and size > room:
                    return found
                found.append(CHUNK_PLACE.pack(bytes.fromhex(blob), number) + data)
                number += 1
        return found

    def keep(self, peer: str, chunks: Sequence[bytes]) -> None:
        asked = wanted(peer, hellos.MAX_WANTED)
        for item in chunks:
            if len(item) <= CHUNK_PLACE.size:
                raise NotUnderstood("frame_form", "chunk")
            blob, number = CHUNK_PLACE.unpack_from(item)
            if blob.hex() not in asked:
                continue
            try:
                attached.keep(blob.hex(), number, item[CHUNK_PLACE.size :])
            except Refused as refused:
                if refused.faults[0].code == "chunk_wrong":
                    turned_away.note("chunk_refused", peer, "chunk_wrong", item)
                    raise NotUnderstood("chunk_wrong", blob.hex()[:16]) from None
                return

    def lost(self, peer: str, have: Have) -> None:
        departure.lost(peer, have)

    def stuck(self, peer: str, problem: Problem, have: Have) -> bool:
        return departure.stuck(peer, problem, have)


def cursors(peer: str) -> tuple[dict[str, Cursor], dict[str, Sent], bool]:
    """How far each stream of a peer was taken; how far each stream to it was sealed and receipted; the newest ones.
    And whether files that it told of may not be here whole."""
    have: dict[str, Cursor] = {}
    sent: dict[str, Sent] = {}
    ways, lacks = store.cursors(peer)
    for incoming, name, seq, head, acked in ways:
        if incoming and len(have) < MANY:
            have[name] = Cursor(seq, head)
        elif not incoming and len(sent) < MANY:
            sent[name] = Sent(seq, acked)
    return have, sent, lacks
