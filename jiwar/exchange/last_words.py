"""What each node said last, on the disk: what a pouch to it must carry is told from that alone."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from jiwar.exchange.logic.hello import Hello, Sent
from jiwar.exchange.logic.last_word import Word, hear
from jiwar.exchange.logic.streams import Cursor
from jiwar.exchange.models import LastWord, Stream

_MANY = 100
"""Streams of which a hello speaks at most (`arrival.cursors`): it may have had no room for others."""


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
        if word is None or (name not in word.have and len(word.have) >= _MANY):
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


def _word(row: LastWord) -> Word:
    return Word(row.epoch, row.have, {name: Sent(*pair) for name, pair in row.sent.items()}, row.lack)
