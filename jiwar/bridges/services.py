"""What the bridges do for their faces; each act stands in the module of its subject."""

from jiwar.bridges.exports import export, preview
from jiwar.bridges.feed import page, things
from jiwar.bridges.holdings import collections, find
from jiwar.bridges.pull import pull
from jiwar.bridges.readers import confirm_reader, end_reader, recipient_of
from jiwar.bridges.readings import discard_reading, leave_out, open_reading, read_file, take_reading
from jiwar.bridges.sources import connect_source, define_source

__all__ = [
    "collections",
    "confirm_reader",
    "connect_source",
    "define_source",
    "discard_reading",
    "end_reader",
    "export",
    "find",
    "leave_out",
    "open_reading",
    "page",
    "preview",
    "pull",
    "read_file",
    "recipient_of",
    "take_reading",
    "things",
]
