"""The one conversation of two nodes: a frame is answered by a frame, the same over every transport.

Nothing here touches a network, a clock or a disk. `answer` is the side that is spoken to; `visit` is the side that
speaks, a generator: frames out, frames in. Both ask a `Node` for what only a node can do, each call whole or not at
all; a call that says so is on the disk when it returns, so that what a frame promises is kept already.

A frame is honest about three things: how far its writer has taken the other's streams (`have`), how far its own have
come (`sent`), and whether it answers (`re`). From these alone both sides find what is missing: messages past `have`,
receipts past `sent`, and whether one of them was restored from an old copy and forgot what it said.
"""

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from jiwar.exchange.logic import frame as frames
from jiwar.exchange.logic.frame import Frame, FrameInvalid
from jiwar.exchange.logic.hello import Hello, Problem, Sent
from jiwar.exchange.logic.restored import forgotten
from jiwar.exchange.logic.streams import Cursor

Have = Mapping[str, Cursor]
Size = Callable[[], int]
"""Bytes that the way carries now in good time."""
REMEMBERED = 16
"""Nonces that a node gave to one peer and still takes back: frames may cross."""
TWO_PASTS = frozenset({"sequence_reused", "chain_broken"})
"""What stops an envelope whose sender took its numbers twice: it is shown what it sealed under them before."""
ROOM = 1_500_000
"""Bytes of envelopes and chunks that a node takes in one frame, where the way is wide."""
QUIET = 3
"""Members of a word on ledgers that says nothing new: its version and two numbers."""


class NotUnderstood(Exception):
    """A frame that is not of this protocol, or not from whom it says; nothing of it was used. `code` says why."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail


@dataclass(slots=True)
class Contact:
    """What a node remembers of a peer between frames, in memory alone: to lose it costs one round.

    `given`: nonces that it gave, with how far it had taken the peer's streams then. `theirs`: the peer's newest nonce.
    `have`, `lack`: the peer's own words in its newest fresh hello; `sent`, `epoch`: in its newest; `have` and `sent`
    are None before the first. `keys`: which key signed the hello of each nonce that we gave; `knows`: the newest of
    these that the peer has shown to believe. `told_at`: when we last told it of ledgers, by the monotonic clock;
    `ledger`: it has said something of them since.
    """

    given: deque[tuple[str, Have]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    theirs: str = ""
    have: Have | None = None
    sent: Mapping[str, Sent] | None = None
    epoch: int = 1
    lack: Mapping[str, int] = field(default_factory=dict)
    room: int = 0
    keys: dict[str, str] = field(default_factory=dict)
    knows: str = ""
    told_at: float = float("-inf")
    ledger: bool = True

    @property
    def reached(self) -> Have:
        """How far the peer has taken our streams, as far as we heard."""
        return self.have or {}

    def when_given(self, nonce: str) -> Have | None:
        """How far we had come when we gave this nonce; None for one that we did not give lately."""
        return next((have for given, have in self.given if given == nonce), None)

    def may_have_forgotten(self, sent: Mapping[str, Sent]) -> bool:
        """Whether the peer says that it never came as far as we last said that we took its streams."""
        if not self.given:
            return True
        have = self.given[-1][1]
        return bool(forgotten({name: cursor.seq for name, cursor in have.items()}, sent, self.epoch))


class Node(Protocol):
    """What the conversation asks of a node. Every method is one transaction or reads only."""

    def believe(self, hello: bytes) -> Hello:
        """The hello of a known neighbour to us, verified; raises NotUnderstood."""

    def greet(self, peer: str, contact: Contact, *, room: int, problem: Problem | None, re: str) -> tuple[bytes, Hello]:
        """Our signed hello to a peer, with a new nonce and our cursors as the disk has them."""

    def heard(self, hello: Hello, known: Have | None) -> Problem | None:
        """Note a contact and what the peer's ledger shows. `known`: how far we had come when we gave the nonce that
        it answers, None when it is not fresh. A Problem ends the conversation with evidence: it was restored, we were,
        or its past was rewritten."""

    def take(self, peer: str, envelopes: Sequence[bytes]) -> Problem | None:
        """Take envelopes in their order; what stopped it, if anything did. Durable."""

    def settle(self, peer: str, receipts: Sequence[bytes]) -> None:
        """Close messages by their receipts; raises NotUnderstood for one that proves nothing. Durable, or put aside
        until the next frame has left: no hello owns to them before they are."""

    def receipts(self, peer: str, sent: Mapping[str, Sent]) -> list[bytes]:
        """Receipts for what we have taken beyond those that the peer holds."""

    def envelopes(self, peer: str, have: Have, room: int) -> list[bytes]:
        """Envelopes past `have`, urgent ones first, as many as there is room for (one at least); those that may leave
        now are sealed for it. Durable before it returns."""

    def own(self, peer: str, sent: Mapping[str, Sent]) -> list[bytes]:
        """The newest envelope that we took of each stream of which the peer says it never came so far."""

    def shown(self, peer: str, envelopes: Sequence[bytes]) -> None:
        """Envelopes of our own that a peer holds: evidence, if genuine, that we run from an old copy."""

    def chunks(self, peer: str, lack: Mapping[str, int], room: int) -> list[bytes]:
        """Chunks of attachments that the peer lacks and may have."""

    def keep(self, peer: str, chunks: Sequence[bytes]) -> None:
        """Keep chunks that we lack; others are passed over."""

    def lost(self, peer: str, have: Have) -> None:
        """The peer may have less than it had: what it acknowledged past `have` is on its way again. Durable."""

    def stuck(self, peer: str, problem: Problem, have: Have) -> bool:
        """The peer cannot take what we sealed: whether giving the streams up past `have` and sealing anew helps."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The frame to say back, to whom; `idle`: it carries nothing, so that its reader may as well wait for it."""

    peer: str
    data: bytes
    idle: bool


def answer(node: Node, contacts: Mapping[str, Contact], data: bytes) -> Answer:
    """What to say to a frame; raises NotUnderstood."""
    frame, hello = _open(node, data)
    contact = contacts[hello.sender]
    known = contact.when_given(hello.re)
    problem = _hear(node, contact, hello, frame, known)
    if hello.problem and known is not None and problem is None:
        node.stuck(hello.sender, hello.problem, hello.have)
    return _write(node, hello.sender, contact, problem, room=hello.room if known is not None else 0)


def later(node: Node, contacts: Mapping[str, Contact], peer: str) -> Answer:
    """What there is to say now to a peer whose frame was heard before and left without an answer."""
    contact = contacts[peer]
    return _write(node, peer, contact, None, room=contact.room)


@dataclass(slots=True)
class Visit:
    """What a visit came to: what ended it early, if anything did."""

    problem: Problem | None = None


def visit(
    node: Node, contact: Contact, peer: str, *, push: Size, room: Size = lambda: ROOM, awake: bool = True
) -> Generator[bytes, bytes, Visit]:
    """Say everything to a peer and hear everything, frame by frame; raises NotUnderstood.

    `push`: bytes of envelopes in the next frame; `room`: bytes that we take in its answer. A peer that is not `awake`
    is greeted first: what is sealed is on its way and no later suspension holds it back.
    """
    done = Visit()
    sending = awake and bool(contact.theirs)
    ours: Problem | None = None
    rolled = lowered = said = False
    while True:
        frame = _begin(node, contact, peer, ours)
        if sending and ours is None:
            frame.envelopes = node.envelopes(peer, contact.reached, push())
            if not frame.envelopes:
                frame.chunks = node.chunks(peer, contact.lack, push())
        if said and ours is None and frame.is_bare:
            return done
        # Only to a fresh hello does the peer say all that it has: the first of all is none.
        said = sending and bool(contact.theirs)
        before = (dict(contact.reached), dict(contact.lack))
        hello, reply = yield from _say(node, contact, peer, frame, ours, room())
        if ours is not None:
            done.problem = ours
            return done
        known = contact.when_given(hello.re)
        ours = _hear(node, contact, hello, reply, known)
        if ours is not None:
            continue  # one more frame, to say so
        if hello.problem is not None:
            gap = hello.problem.code == "sequence_gap" and not lowered
            if not gap and (rolled or not node.stuck(peer, hello.problem, hello.have)):
                done.problem = hello.problem
                return done
            lowered, rolled, sending = lowered or gap, rolled or not gap, True
            continue
        moved = _moved(before[0], contact.reached) or (bool(frame.chunks) and contact.lack != before[1])
        if (frame.envelopes or frame.chunks) and not moved:
            if lowered:
                done.problem = Problem("no_progress")
                return done
            lowered = True
        said = said and not (reply.envelopes or reply.chunks)
        sending = True


def listen(node: Node, contact: Contact, peer: str, *, room: Size = lambda: ROOM) -> Generator[bytes, bytes, Visit]:
    """Ask a peer for what it has, and again with the receipts for it; each answer may be long in coming.

    Ends only with a problem. For a node that the peer cannot reach.
    """
    done = Visit()
    ours: Problem | None = None
    while True:
        frame = _begin(node, contact, peer, ours)
        hello, reply = yield from _say(node, contact, peer, frame, ours, room())
        if ours is not None or hello.problem is not None:
            done.problem = ours or hello.problem
            return done
        ours = _hear(node, contact, hello, reply, contact.when_given(hello.re))


def _begin(node: Node, contact: Contact, peer: str, problem: Problem | None) -> Frame:
    """A frame with what a peer may need whatever else: receipts, and evidence that it runs from an old copy."""
    if contact.sent is None:
        return Frame(b"")
    twice = problem is not None and problem.code in TWO_PASTS
    own = node.own(peer, {} if twice else contact.sent) if twice or contact.may_have_forgotten(contact.sent) else []
    return Frame(b"", node.receipts(peer, contact.sent), own=own)


def _say(
    node: Node, contact: Contact, peer: str, frame: Frame, problem: Problem | None, room: int
) -> Generator[bytes, bytes, tuple[Hello, Frame]]:
    """Say a frame, and open the fresh answer of this peer."""
    reply, hello = _open(node, (yield _finish(node, peer, contact, frame, problem, room, contact.theirs)))
    if hello.sender != peer:
        raise NotUnderstood("hello_of_other", hello.sender)
    if contact.when_given(hello.re) is None:
        raise NotUnderstood("hello_stale")
    return hello, reply


def _moved(before: Have, now: Have) -> bool:
    """Whether the peer came further than it was."""
    return any(cursor.seq > before.get(name, Cursor()).seq for name, cursor in now.items())


def _fell(before: Have | None, now: Have) -> bool:
    """Whether a peer has less of a stream than it had, or may have: we do not remember what it had."""
    return before is None or _moved(now, before)


def _hear(node: Node, contact: Contact, hello: Hello, frame: Frame, known: Have | None) -> Problem | None:
    """Use what a frame brought, in this order: evidence, contact, receipts, messages, chunks."""
    peer = hello.sender
    if frame.own:
        node.shown(peer, frame.own)
    problem = node.heard(hello, known)
    contact.theirs = hello.nonce
    if known is not None:
        if _fell(contact.have, hello.have):
            node.lost(peer, hello.have)
        contact.have, contact.lack, contact.room = hello.have, hello.lack, hello.room
        contact.knows = contact.keys.get(hello.re, contact.knows)
    contact.sent, contact.epoch = hello.sent, hello.epoch
    contact.ledger = contact.ledger or len(hello.ledger) > QUIET
    if problem:
        return problem
    if frame.receipts:
        node.settle(peer, frame.receipts)
    if frame.envelopes:
        problem = node.take(peer, frame.envelopes)
    if frame.chunks:
        node.keep(peer, frame.chunks)
    return problem


def _write(node: Node, peer: str, contact: Contact, problem: Problem | None, *, room: int) -> Answer:
    """What we say back: what was asked for, as far as there is room."""
    frame = _begin(node, contact, peer, problem)
    if room and problem is None:
        frame.envelopes = node.envelopes(peer, contact.reached, min(room, ROOM))
        if not frame.envelopes:
            frame.chunks = node.chunks(peer, contact.lack, min(room, ROOM))
    idle = frame.is_bare and problem is None
    return Answer(peer, _finish(node, peer, contact, frame, problem, ROOM, contact.theirs), idle)


def _finish(
    node: Node, peer: str, contact: Contact, frame: Frame, problem: Problem | None, room: int, re: str
) -> bytes:
    """Put our hello before a frame. It is written last, so that its cursors are not older than what follows it."""
    frame.hello, hello = node.greet(peer, contact, room=room, problem=problem, re=re)
    contact.given.append((hello.nonce, hello.have))
    contact.keys = {nonce: contact.keys[nonce] for nonce, _ in contact.given if nonce in contact.keys}
    return frames.write(frame)


def _open(node: Node, data: bytes) -> tuple[Frame, Hello]:
    try:
        frame = frames.read(data)
    except FrameInvalid as invalid:
        raise NotUnderstood(invalid.code, invalid.detail) from None
    return frame, node.believe(frame.hello)
