"""When a node runs from an old copy of itself: what its neighbours see in what it says, and which epoch it begins."""

from collections.abc import Iterable, Mapping

from jiwar.exchange.logic.hello import Sent
from jiwar.exchange.logic.streams import Cursor, parse


def forgot(known: Mapping[str, Cursor], sent: Mapping[str, Sent], epoch: int) -> bool:
    """Whether a peer says less than it had said when we had come so far: its hello is younger than that."""
    return bool(forgotten({name: cursor.seq for name, cursor in known.items()}, sent, epoch))


def forgotten(taken: Mapping[str, int], sent: Mapping[str, Sent], epoch: int = 1) -> list[str]:
    """Of a peer's streams as far as they were taken, those of which it says that it never came so far, or nothing.

    `epoch`: the one that the peer is in. What it forgot in those before, it knows.
    """
    return [
        name
        for name, seq in taken.items()
        if seq > (sent[name].sealed if name in sent else 0) and parse(name).epoch >= epoch
    ]


def is_evidence(stream: str, epoch: int, *, known: bool) -> bool:
    """Whether an envelope of our own that a peer shows proves that we run from an old copy. `epoch`: the one that we
    are in; what we forgot of those before is why it began."""
    shown = parse(stream).epoch
    return shown > epoch or (shown == epoch and not known)


def next_epoch(epoch: int, shown: Iterable[str]) -> int:
    """The epoch that ends a restore. An older one may be forgotten too: streams that neighbours showed name epochs."""
    return max([epoch, *(parse(stream).epoch for stream in shown)]) + 1
