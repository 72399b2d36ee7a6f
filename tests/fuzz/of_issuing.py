"""Lists of revoked seals, as a neighbour's record brings them."""

from jiwar.documents.logic.revoked import MOST, SIZE, ListInvalid, pack, unpack
from tests.fuzz.target import target


@target("jiwar.documents.logic.revoked", corpus=lambda: [pack([bytes([n] * SIZE) for n in range(9)]).encode(), b"AAAA"])
def revoked_list(data: bytes) -> None:
    text = data.decode("latin-1")
    try:
        found = unpack(text)
    except ListInvalid:
        return
    assert len(found) <= MOST
    assert pack(found) == text
