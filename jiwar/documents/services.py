"""The public face of the room: machine readable zones (ICAO Doc 9303), lost and stolen documents."""

from jiwar.documents import lost_work, permits, trust_effects, trust_posts  # noqa: F401 - attached
from jiwar.documents.holder import compare as compare_holder
from jiwar.documents.logic.codes import known_codes, state_of
from jiwar.documents.logic.mrz import Check, Mrz, MrzUnreadable, Problem
from jiwar.documents.logic.mrz import read_mrz as read
from jiwar.documents.logic.mrz_dates import PartialDate
from jiwar.documents.logic.mrz_layout import MrzFormat
from jiwar.documents.logic.mrz_writing import MrzUnwritable
from jiwar.documents.logic.mrz_writing import write_mrz as write
from jiwar.documents.logic.transliteration import arabic_to_mrz
from jiwar.documents.lost import look_up, report_lost, take_back
from jiwar.documents.serial_reader import zone_of_reader

__all__ = [
    "Check",
    "Mrz",
    "MrzFormat",
    "MrzUnreadable",
    "MrzUnwritable",
    "PartialDate",
    "Problem",
    "arabic_to_mrz",
    "compare_holder",
    "known_codes",
    "look_up",
    "read",
    "report_lost",
    "state_of",
    "take_back",
    "write",
    "zone_of_reader",
]
