"""Machine readable zones, and what an officer types."""

import datetime as dt

from jiwar.crossings.demo import PAPERS
from jiwar.crossings.logic.traveller import Traveller, typed
from jiwar.documents.logic.mrz import MrzUnreadable, read_mrz
from jiwar.wire.faults import Refused
from tests.fuzz.target import storable, target

TODAY = dt.date(2026, 11, 25)


@target("jiwar.documents.logic.mrz", "jiwar.documents.logic.mrz_dates", "jiwar.documents.logic.mrz_layout",
        corpus=lambda: [paper.zone(TODAY).encode() for paper in PAPERS])  # fmt: skip
def zone(data: bytes) -> None:
    try:
        found = read_mrz(data.decode("utf-8", "replace"), TODAY)
    except MrzUnreadable as unreadable:
        assert unreadable.code
        return
    storable(found)
    for date in (found.birth_date, found.expiry):
        assert date is None or str(date)


@target("jiwar.crossings.logic.traveller", corpus=lambda: [b"Salem Ould Khattar\n12/8/1974\nLBY\nK045-11.87"])
def traveller(data: bytes) -> None:
    # The console and the API take no NUL.
    fields = [*data.replace(b"\0", b"").decode("utf-8", "replace").split("\n"), "", "", "", ""][:4]
    try:
        found = typed(*fields, codes=frozenset({"LBY", "NER"}), today=TODAY)
    except Refused as refused:
        storable(refused.faults)
        return
    storable(found)
    assert Traveller.of_dict(found.as_dict()) == found
