"""The pouch: what waits for a node as one file, for a memory stick or a diplomatic bag (`logic.pouch` is the format).

A person packs it and a person opens it. Nothing hangs on it: what a lost stick carried leaves again with the next.
"""

from jiwar.exchange.opening import open_pouch
from jiwar.exchange.packing import LEAST, MOST, USUAL, pack
from jiwar.exchange.pouch_folder import folder, sweep

__all__ = ["LEAST", "MOST", "USUAL", "folder", "open_pouch", "pack", "sweep"]
