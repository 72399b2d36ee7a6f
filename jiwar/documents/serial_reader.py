"""A reader of zones at a serial port of this node (RS-232, or USB that behaves so): what the next document says."""

import time
from collections.abc import Callable
from typing import Final

from jiwar.documents.logic.mrz_stream import Framing
from jiwar.wire.faults import Fault, Refused

PATIENCE: Final = 15.0
"""Seconds in which the officer draws the document through the reader."""
QUIET: Final = 0.4
"""Seconds of silence after which a zone is whole; at 9,600 baud a character takes a thousandth."""


def zone_of_reader(device: str, baud: int = 9_600, patience: float = PATIENCE) -> str:
    """The lines of the next document, parted by a line feed, as sent. Nothing that came before is taken.

    Raises Refused at ``mrz``: `extra_missing`, `reader_absent` (no such port, or in use), `reader_silent`.
    """
    try:
        import serial
    except ImportError:
        raise Refused(Fault("extra_missing", "mrz", "serial")) from None
    try:
        with serial.Serial(device, baud, timeout=0.05, exclusive=True) as port:
            port.reset_input_buffer()
            found = _listen(port.read, patience)
    except (OSError, ValueError):  # SerialException is an OSError
        raise Refused(Fault("reader_absent", "mrz", device)) from None
    if not found:
        raise Refused(Fault("reader_silent", "mrz", f"{patience:g} s"))
    return found


def _listen(read: Callable[[int], bytes], patience: float) -> str:
    framing, end, heard = Framing(), time.monotonic() + patience, 0.0
    while time.monotonic() < end:
        if data := read(256):
            heard = time.monotonic()
            if zone := framing.take(data):
                return zone
        elif framing.begun and time.monotonic() - heard > QUIET:
            return framing.rest()
    return framing.rest()
