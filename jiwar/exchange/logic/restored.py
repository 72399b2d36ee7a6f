"""When a node runs from an old copy of itself: what its neighbours see in what it says, and which epoch it begins."""

from collections.abc import Iterable, Mapping

from jiwar.exchange.logic.hello import Sent
from jiwar.exchange.logic.streams import Cursor, parse


def forgot(known: Mapping[str, Cursor], sent: Mapping[str, Sent]) -> bool:
    """Whether a peer says less than it had said when we had come so far: its hello is younger than that."""
    return any(cursor.seq > sent[name].sealed if name in sent else cursor.seq > 0 for name, cursor in known.items())


def forgotten(taken: Mapping[str, int], sent: Mapping[str, Sent]) -> list[str]:
    """Of a peer's streams as far as they were taken, those of which it says that it never came so far."""
    return [name for name, seq in taken.items() if name in sent and seq > sent[name].sealed]


def next_epoch(epoch: int, shown: Iterable[str]) -> int:
    """The epoch that ends a restore. An older one may be forgotten too: streams that neighbours showed name epochs."""
    return max([epoch, *(parse(stream).epoch for stream in shown)]) + 1
