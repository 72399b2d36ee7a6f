"""The public face of the room: read and write machine readable zones (ICAO Doc 9303)."""

from jiwar.documents.logic.codes import known_codes
from jiwar.documents.logic.mrz import Check, Mrz, MrzUnreadable, Problem
from jiwar.documents.logic.mrz import read_mrz as read
from jiwar.documents.logic.mrz_dates import PartialDate
from jiwar.documents.logic.mrz_layout import MrzFormat
from jiwar.documents.logic.mrz_writing import MrzUnwritable
from jiwar.documents.logic.mrz_writing import write_mrz as write
from jiwar.documents.logic.transliteration import arabic_to_mrz

__all__ = [
    "Check",
    "Mrz",
    "MrzFormat",
    "MrzUnreadable",
    "MrzUnwritable",
    "PartialDate",
    "Problem",
    "arabic_to_mrz",
    "known_codes",
    "read",
    "write",
]
