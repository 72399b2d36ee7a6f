"""What each node said last, on the disk: what a pouch to it must carry is told from that alone."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from jiwar.exchange.logic.hello import Hello, Sent
from jiwar.exchange.logic.last_word import Word, hear
from jiwar.exchange.logic.streams import MANY, Cursor
from jiwar.exchange.models import LastWord, Stream


def note(hello: Hello, *, fresh: bool, lack: Mapping[str, int] | None = None) -> None:
    """Keep what a node's hello says, if that is new; `lack`: all that it lacks, which several hellos said."""
    said = Word(
        epoch=hello.epoch,
        have={name: cursor.seq for name, cursor in hello.have.items()},
        sent=dict(hello.sent),
        lack=dict(hello.lack if lack is None else lack),
    )
    with transaction.atomic():
        row = LastWord.objects.select_for_update().filter(node=hello.sender).first()
        known = _word(row) if row else None
        now = hear(known, said, fresh=fresh)
        if now == known:
            return
        LastWord.objects.update_or_create(
            node=hello.sender,
            defaults={
                "epoch": now.epoch,
                "have": dict(now.have),
                "sent": {name: [sent.sealed, sent.acked] for name, sent in now.sent.items()},
                "lack": dict(now.lack),
                "noted_at": timezone.now(),
            },
        )


def of(node: str) -> Word | None:
    """What a node said last, None where it never said anything."""
    row = LastWord.objects.filter(node=node).first()
    return _word(row) if row else None


def reached(node: str) -> dict[str, Cursor]:
    """How far a node is known to have taken each of our streams: where a pouch to it begins."""
    word = of(node)
    found = {}
    for name, seq, acked in Stream.objects.filter(node=node, incoming=False).values_list("name", "seq", "acked"):
        if word is None or (name not in word.have and len(word.have) >= MANY):
            known = acked
        else:
            # Receipts prove what a node has, as long as it never lost anything.
            known = max(word.have.get(name, 0), acked if word.epoch == 1 else 0)
        found[name] = Cursor(min(known, seq))
    return found


def owed(node: str) -> dict[str, Sent]:
    """Of each stream of a node's: how far it sealed it, and the newest receipt that it is known to hold."""
    word = of(node)
    rows = dict(Stream.objects.filter(node=node, incoming=True).values_list("name", "seq"))
    return dict(word.sent) if word else {name: Sent(seq, 0) for name, seq in rows.items()}


@dataclass(frozen=True, slots=True)
class Beyond:
    """What a node has past what this node knows, by its last word, heard at `heard_at`: so many messages of `ours`, and
    of `theirs`. After a restore they come back. `sent`: how far it had come with its own streams."""

    node: str
    heard_at: dt.datetime
    ours: int
    theirs: int
    sent: Mapping[str, Sent]


def beyond_us() -> list[Beyond]:
    """Of every node that ever said a word; two queries."""
    known: dict[tuple[str, bool], dict[str, int]] = defaultdict(dict)
    for node, incoming, name, seq in Stream.objects.values_list("node", "incoming", "name", "seq"):
        known[node, incoming][name] = seq
    found = []
    for row in LastWord.objects.order_by("node"):
        word, out, in_ = _word(row), known[row.node, False], known[row.node, True]
        ours = sum(max(0, seq - out.get(name, 0)) for name, seq in word.have.items())
        theirs = sum(max(0, sent.sealed - in_.get(name, 0)) for name, sent in word.sent.items())
        found.append(Beyond(row.node, row.noted_at, ours, theirs, word.sent))
    return found


def _word(row: LastWord) -> Word:
    return Word(row.epoch, row.have, {name: Sent(*pair) for name, pair in row.sent.items()}, row.lack)
