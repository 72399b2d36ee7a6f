"""What a node said last of how far it has come: kept for who carries a pouch to it and cannot ask.

A fresh hello says how things are. One that came in a pouch says how they were, nobody knows when: within an epoch of
its writer it can only raise what is known. The first words of a new epoch stand as they are, for the writer lost what
it had and said before; words of an older epoch say nothing any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jiwar.exchange.logic.hello import Sent


@dataclass(frozen=True, slots=True)
class Word:
    """`have`: by stream of the reader, the newest number that the writer took. `sent`: of its own streams. `lack`: the
    attachments that it lacks, by the first chunk that is missing."""

    epoch: int = 1
    have: Mapping[str, int] = field(default_factory=dict)
    sent: Mapping[str, Sent] = field(default_factory=dict)
    lack: Mapping[str, int] = field(default_factory=dict)


def hear(known: Word | None, said: Word, *, fresh: bool) -> Word:
    """What is known after a node's word."""
    if known is None or said.epoch > known.epoch:
        return said
    if said.epoch < known.epoch:
        return known
    if fresh:
        return said
    # Order comes from numbers, not from clocks: what says less than is known was said before it.
    older = any(said.have.get(name, 0) < seq for name, seq in known.have.items()) or any(
        said.sent.get(name, Sent(0, 0)).sealed < sent.sealed for name, sent in known.sent.items()
    )
    return Word(
        epoch=known.epoch,
        have={name: max(known.have.get(name, 0), said.have.get(name, 0)) for name in {**known.have, **said.have}},
        sent={name: _further(known.sent.get(name), said.sent.get(name)) for name in {**known.sent, **said.sent}},
        lack=known.lack if older else said.lack,
    )


def _further(a: Sent | None, b: Sent | None) -> Sent:
    a, b = a or Sent(0, 0), b or Sent(0, 0)
    return Sent(max(a.sealed, b.sealed), max(a.acked, b.acked))
