"""How neighbours watch each other's ledgers: what one tells another at a contact, and what it makes of what it is told.

Each node holds the newest checkpoint of each neighbour that it verified: the proof that came with it (RFC 9162 section
2.1.4) continues the one held before. It cosigns it, tells third states of it, and asks the node to prove any other
checkpoint of its that a third state was shown. Two checkpoints that no tree holds are evidence (`forks`).

`tell` and `told` are pure: they read a `Book`, and answer with what is to be said and kept. What is said is numbered
and said again until the other side confirms it, so that nothing hangs on a contact that was cut; when nothing changed,
it is a few bytes.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from jiwar.audit.logic import checkpoint, merkle, notes
from jiwar.audit.logic.book import Begun, Book, Note, Outcome, Talk, Tree, as_json
from jiwar.audit.logic.forks import Evidence
from jiwar.audit.logic.member import MAX_ASKED, MAX_GOSSIP, VERSION, Member, Proof, read_member
from jiwar.audit.logic.merkle import ProofInvalid
from jiwar.audit.logic.notes import CheckpointInvalid
from jiwar.wire.strict_json import canonical

MAX_BYTES = 20_000
"""Of what one node tells another at a time."""
OFFER_EVERY = timedelta(minutes=1)
"""A new checkpoint for witnesses at most so often: its ML-DSA-65 line has 4.5 kB."""
AGE = timedelta(days=7)
"""A cosignature counts for so long."""
RENEW = timedelta(days=1)
"""A witness signs again what has not grown after so long."""
AHEAD = timedelta(days=1)
"""A cosignature from further in the future does not count: a wrong clock must not witness for years."""
_DIGEST_BITS = 20


def quorum(others: int) -> int:
    """How many of the other states must have cosigned: two thirds, rounded up; 6 of 9."""
    return -(-2 * others // 3)


def in_time(at: datetime, now: datetime) -> bool:
    """Whether a cosignature of this instant counts."""
    return -AHEAD <= now - at <= AGE


def witnessed(cosigned: Mapping[str, tuple[int, datetime]], others: Collection[str], now: datetime) -> int | None:
    """The largest size that is witnessed, None where none is: a quorum of `others` cosigned it or a later one in time.

    `cosigned`: the size that each witness cosigned last, and when. Who is silent blocks nothing: what it signed counts
    until it is `AGE` old.
    """
    sizes = sorted(
        (size for witness, (size, at) in cosigned.items() if witness in others and in_time(at, now)), reverse=True
    )
    needed = quorum(len(others))
    return sizes[needed - 1] if 0 < needed <= len(sizes) else None


def tell(book: Book, talk: Talk, node: str, now: datetime) -> tuple[dict[str, Any], Talk]:
    """What to say to a node now, as JSON of at most MAX_BYTES, and the talk to keep."""
    said: dict[str, Any] = {}
    parts: dict[str, Any] = {}

    def part(name: str, about: object, value: object) -> None:
        """Say `value`, unless it knows what it is about."""
        said[name] = about
        if talk.known.get(name) != about:
            parts[name] = value

    if own := book.offered():
        about = as_json([own.tree, talk.holds, talk.asked])
        if talk.holds != own.tree or talk.asked:
            part("checkpoint", about, own.text)
            part("proofs", about, _proofs(book, own, talk))
    if held := book.held(node):
        root = {"root": notes.encode(held.says.root)}
        shown = {"note": held.text} if talk.remind else {}
        part("held", as_json([held.tree, talk.remind]), held.tree._asdict() | root | shown)
        talk = _sign_again(book, talk, held, now)
    if talk.signed:
        epoch, size, at, line = talk.signed
        part("cosignature", [epoch, size, at], {"epoch": epoch, "size": size, "line": line})
    asks = _asks(held, talk)
    if asks or talk.known.get("asks"):
        part("asks", as_json(asks), [tree._asdict() for tree in asks])
    if talk.puzzled:
        part("show", True, True)
    said["gossip"], gossip = _gossip(book, talk, node)
    if gossip:
        parts["gossip"] = gossip
    if len(canonical(parts)) > MAX_BYTES - 100:  # what others were shown can wait for another time
        parts.pop("gossip", None)
        said["gossip"] = talk.known.get("gossip", {})
    if parts and said != talk.said:
        talk = replace(talk, number=_next(talk.number, said), said=said)
    # Who holds no checkpoint of it, whatever it once took, asks for everything.
    return {"v": VERSION, "n": talk.number, "got": talk.took if held else 0} | parts, talk


def ask(talk: Talk) -> dict[str, Any]:
    """What an old copy says, which shows no ledger: it asks for the checkpoint of its own that the node holds."""
    return {"v": VERSION, "n": talk.number, "got": 0, "show": True}


def shown(book: Book, talk: Talk, data: object) -> Outcome:
    """What an old copy makes of what a node says: nothing but the checkpoint of its own that it is shown."""
    member = read_member(data)
    outcome = Outcome(talk)
    _take_held(book, outcome, replace(member, asks=None, show=False))
    return outcome


def told(book: Book, talk: Talk, node: str, data: object, now: datetime, *, fresh: bool = False) -> Outcome:
    """What to make of what a node says. `fresh`: it says so now, and what it shows is the newest that it has.

    Raises CheckpointInvalid, or what `book` raises of keys; then nothing of it is to be kept.
    """
    member = read_member(data)
    outcome = Outcome(_confirmed(talk, member))
    _take_held(book, outcome, member)
    _take_cosignature(book, outcome, node, member)
    _take_checkpoint(book, outcome, node, member, fresh=fresh)
    _take_gossip(book, outcome, node, member)
    return outcome


# --- telling ----------------------------------------------------------------------------------------------------------


def _next(number: int, said: Mapping[str, Any]) -> int:
    """The number of what is said next. Its low bits are of what is said: an old copy that counts from where it was
    has nothing confirmed that it did not say."""
    digest = int.from_bytes(hashlib.sha256(canonical(said)).digest()[:4], "big")
    return (number >> _DIGEST_BITS) + 1 << _DIGEST_BITS | digest >> 32 - _DIGEST_BITS


def _proofs(book: Book, own: Note, talk: Talk) -> dict[str, Any]:
    trees = {talk.holds, *talk.asked} - {None, own.tree}
    sizes = sorted({tree.size for tree in trees if tree and 0 < tree.size <= own.says.shares(tree.epoch)})
    proofs = []
    for size in sizes:
        root, path = book.prove(size, own.says.size)
        proofs.append({"size": size, "root": notes.encode(root), "path": [notes.encode(each) for each in path]})
    return own.tree._asdict() | {"from": proofs}


def _sign_again(book: Book, talk: Talk, held: Note, now: datetime) -> Talk:
    """The talk with a cosignature of what is held, made now where there is none or it is old."""
    signed = talk.signed
    if signed and signed[:2] == held.tree and -AHEAD <= now - datetime.fromisoformat(signed[2]) < RENEW:
        return talk
    return replace(talk, signed=(*held.tree, now.isoformat(), book.cosign(held.text, now)))


def _asks(held: Note | None, talk: Talk) -> list[Tree]:
    """Trees that it has to prove; a larger one than it showed us it may still show."""
    wanted = {Note(text, checkpoint.read_unverified(text)).tree for text in talk.wants}
    return sorted(tree for tree in wanted if held is not None and tree <= held.tree)


def _gossip(book: Book, talk: Talk, node: str) -> tuple[dict[str, Any], list[str]]:
    """What `node` knows of third states after this, and the notes that it does not know yet."""
    known: dict[str, Any] = dict(talk.known.get("gossip", {}))
    news: list[str] = []
    for third, tree in book.others(node):
        if known.get(third) == as_json(tree) or len(news) == MAX_GOSSIP:
            continue
        if note := book.kept(third, tree):
            known[third] = as_json(tree)
            news.append(checkpoint.plain(note.text))
    return known, news


# --- being told -------------------------------------------------------------------------------------------------------


def _confirmed(talk: Talk, member: Member) -> Talk:
    known = talk.said if member.got == talk.number else talk.known
    if member.number < talk.took:  # it was restored from an old copy, or this comes late: say everything again
        known = {}
    holds = talk.holds
    if not member.got:
        known, holds = {}, None
    talk = replace(talk, holds=holds, known=known, took=member.number)
    if member.got <= talk.number:
        return talk
    # We were restored ourselves: go on from there, and ask what it holds of us.
    return replace(talk, said={}, number=member.got, puzzled=True)


def _take_held(book: Book, outcome: Outcome, member: Member) -> None:
    """What it verified of our ledger, and what it wants proven and shown."""
    if member.asks is not None:
        outcome.talk = replace(outcome.talk, asked=tuple(Tree(*each) for each in member.asks))
    if member.show:
        outcome.talk = replace(outcome.talk, remind=True)
    if member.held is None and not outcome.talk.theirs:
        return
    _remember(book, outcome, member)
    theirs = outcome.talk.theirs
    if theirs and book.epoch <= checkpoint.read_unverified(theirs).epoch:
        outcome.restored = theirs


def _remember(book: Book, outcome: Outcome, member: Member) -> None:
    if member.held is None:
        return
    epoch, size, root, note = member.held
    ours = book.epoch > epoch or (book.epoch == epoch and size <= book.size() and book.prove(size, size)[0] == root)
    # Where it holds no tree of ours, show it the one that we have, and ask for the note that it holds.
    holds, before = Tree(epoch, size) if ours else None, outcome.talk.holds
    if holds and before and holds < before:  # it lost what it confirmed
        outcome.talk = replace(outcome.talk, known={})
    outcome.talk = replace(outcome.talk, holds=holds, puzzled=not ours, theirs="")
    said = book.signed(note) if note and not ours else None
    if note is None or said is None:  # perhaps signed by a key that we lost: nothing can be made of it here
        return
    if said.node != book.code or (said.epoch, said.size, said.root) != (epoch, size, root):
        raise CheckpointInvalid("signature")
    outcome.talk = replace(outcome.talk, theirs=note)


def _take_cosignature(book: Book, outcome: Outcome, node: str, member: Member) -> None:
    if member.cosignature is None:
        return
    epoch, size, line = member.cosignature
    note = book.own(Tree(epoch, size))
    at = book.cosigned(note.text, line, node) if note else None
    if note and at:  # what does not hold, or is of a tree that we have no longer, does not count
        outcome.witnessed = (note, line, at)


def _take_checkpoint(book: Book, outcome: Outcome, node: str, member: Member, *, fresh: bool) -> None:
    if member.checkpoint is None and member.to is None:
        return
    newest = held = book.held(node)
    if member.checkpoint is not None:
        shown = Note(member.checkpoint, book.believed(member.checkpoint))
        if shown.says.node != node:
            raise CheckpointInvalid("origin")
        if held is None:
            outcome.keep = newest = shown
        elif held.tree < shown.tree:
            newest = _continue(book, outcome, node, held, shown, member)
        else:
            _look_back(book, outcome, node, held, shown, fresh=fresh)
    if newest is not None and (newest is not held or member.to == newest.tree):
        _settle(outcome, newest, member)


def _continue(book: Book, outcome: Outcome, node: str, held: Note, shown: Note, member: Member) -> Note | None:
    """Keep a checkpoint that continues what is held, and give it back; None where that is not proven."""
    base: Note | None = held
    if shown.says.epoch > held.says.epoch:
        older = (Tree(epoch, shown.says.shares(epoch)) for epoch in range(held.says.epoch, 0, -1))
        base = next((note for tree in older if (note := book.kept_below(node, tree))), None)
    if base is not None:
        answer = _place(base, shown, _proofs_to(shown, member))
        if isinstance(answer, Evidence):
            outcome.forks.append(answer)
            return None
        if not answer:
            outcome.talk = want(outcome.talk, base.text)
            return None
    outcome.keep = shown
    outcome.talk = replace(outcome.talk, remind=False)
    if shown.says.epoch > held.says.epoch:
        shared = shown.says.shares(held.says.epoch)
        outcome.begun = Begun(shown.says.epoch, shared, held.tree, base.says.size if base else None)
    return shown


def _look_back(book: Book, outcome: Outcome, node: str, held: Note, shown: Note, *, fresh: bool) -> None:
    """A checkpoint that is not newer: the same again, an old one that came late, a fork, or the word of an old copy."""
    kept = book.kept(node, shown.tree)
    if kept is not None and kept.says.root != shown.says.root:
        outcome.forks.append(Evidence(kept.text, shown.text, shown.says.root))
    elif shown.tree != held.tree:
        if fresh or shown.says.at > held.says.at:
            outcome.behind = held.text
            outcome.talk = replace(outcome.talk, remind=True)
    elif shown.says.at > held.says.at:  # the same tree, signed again: what is cosigned must be what the node has
        outcome.keep = shown
        outcome.talk = replace(outcome.talk, signed=None)


def _settle(outcome: Outcome, newest: Note, member: Member) -> None:
    """Compare the newest checkpoint with those that others were shown, as far as proofs came."""
    waiting = []
    for text in outcome.talk.wants:
        wanted = Note(text, checkpoint.read_unverified(text))
        answer = wanted.tree <= newest.tree and _place(wanted, newest, _proofs_to(newest, member))
        if isinstance(answer, Evidence):
            outcome.forks.append(answer)
        elif answer is False:
            waiting.append(text)
    outcome.talk = replace(outcome.talk, wants=tuple(waiting))


def _proofs_to(newer: Note, member: Member) -> Mapping[int, Proof]:
    return member.proofs if member.to == newer.tree else {}


def _place(older: Note, newer: Note, proofs: Mapping[int, Proof]) -> Evidence | bool | None:
    """Whether the newer tree continues the older: True, or evidence that it does not; False where the proof is missing.

    None for trees of two epochs that need not continue each other. Raises CheckpointInvalid for a proof of nothing.
    """
    size = older.says.size
    if size > newer.says.shares(older.says.epoch):
        return None
    proof = Proof(newer.says.root, ()) if size == newer.says.size else proofs.get(size)
    if size == 0:
        proof = Proof(merkle.EMPTY_ROOT, ())
    if proof is None:
        return False
    try:
        merkle.verify_consistency(size, newer.says.size, proof.path, proof.root, newer.says.root)
    except ProofInvalid:
        raise CheckpointInvalid("proof") from None
    if proof.root == older.says.root:
        return True
    return Evidence(older.text, newer.text, proof.root, proof.path)


def _take_gossip(book: Book, outcome: Outcome, node: str, member: Member) -> None:
    for text in member.gossip:
        said = book.signed(text)
        if said is None or said.node in {book.code, node}:
            continue
        note = Note(text, said)
        kept = book.kept(said.node, note.tree)
        if kept is None:
            outcome.wants[said.node] = text
        elif kept.says.root != said.root:
            outcome.forks.append(Evidence(kept.text, text, said.root))


def want(talk: Talk, text: str) -> Talk:
    """The talk with one more checkpoint to be proven, the oldest of too many forgotten."""
    plain = checkpoint.plain(text)
    if plain in talk.wants:
        return talk
    return replace(talk, wants=(*talk.wants, plain)[-MAX_ASKED:])
