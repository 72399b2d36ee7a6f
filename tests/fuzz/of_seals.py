"""Seals on paper: their text, their bytes, their JSON, and what their messages say."""

import datetime as dt

from jiwar.documents.logic.c40 import C40Invalid, decode_c40, encode_c40
from jiwar.documents.logic.report import Result
from jiwar.documents.logic.seal import SealUnreadable, read_seal
from jiwar.documents.logic.seal_checking import check_seal
from jiwar.documents.logic.seal_icb import read_icb
from jiwar.documents.logic.seal_nc import read_nc
from jiwar.documents.logic.seal_profiles import read_content, read_value
from jiwar.documents.logic.seal_writing import seal_bytes
from jiwar.documents.seal_catalogue import profiles
from tests.documents.seals import CONVOY, HEADER, NOMAD, niger
from tests.documents.test_seal import CARD, VISA
from tests.documents.test_seal_icb import RESIDENCE, UNSIGNED
from tests.documents.test_seal_nc import EXAMPLE
from tests.fuzz.target import storable, target

NOW = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
FIELDS = [field for profile in profiles().values() for field in profile.fields]


def _permits() -> list[bytes]:
    written = (("crossing_permit", NOMAD), ("convoy_permit", CONVOY))
    return [seal_bytes(profiles()[name], values, HEADER, lambda _: bytes(64)) for name, values in written]


@target("jiwar.documents.logic.c40", corpus=lambda: [encode_c40("VISA01"), encode_c40("XK<CD"), encode_c40("D")])
def c40(data: bytes) -> None:
    try:
        text = decode_c40(data)
    except C40Invalid as invalid:
        assert invalid.code
        return
    storable(text)
    assert encode_c40(text) == data


@target("jiwar.documents.logic.seal", "jiwar.documents.logic.seal_profiles", corpus=lambda: [VISA, CARD, *_permits()])
def seal(data: bytes) -> None:
    try:
        found = read_seal(data)
    except SealUnreadable as unreadable:
        storable(dict(unreadable.detail))
        return
    assert data.startswith(found.signed)
    for profile in profiles().values():
        try:
            storable(dict(read_content(found, profile).values))
        except SealUnreadable as unreadable:
            assert unreadable.code


@target("jiwar.documents.logic.seal_coding",
        corpus=lambda: [bytes([place % 256]) + b"\x01" * 9 for place in range(0, len(FIELDS), 5)])  # fmt: skip
def seal_value(data: bytes) -> None:
    """The first byte says which field the others are the value of."""
    if data:
        try:
            storable(read_value(FIELDS[data[0] % len(FIELDS)], data[1:]))
        except SealUnreadable as unreadable:
            assert unreadable.code == "bad_value"


@target(
    "jiwar.documents.logic.seal_nc", "jiwar.documents.logic.seal_icb", corpus=lambda: [EXAMPLE, RESIDENCE, UNSIGNED]
)
def seal_text(data: bytes) -> None:
    for read in (read_nc, read_icb):
        try:
            read(data)
        except SealUnreadable as unreadable:
            storable(dict(unreadable.detail))


@target("jiwar.documents.logic.seal_checking", "jiwar.documents.logic.seal_zone", "jiwar.documents.logic.seal_parts",
        corpus=lambda: [niger().permit(), VISA, EXAMPLE, RESIDENCE], cost=5)  # fmt: skip
def seal_check(data: bytes) -> None:
    """Only what a state signed is valid; whatever the bytes are, the check ends in a tree."""
    found = check_seal(data, niger().trust(), NOW, profiles(), lambda one: False, printed="PUNER")
    for check in found.walk():
        storable(dict(check.detail))
    if found.result is Result.SUCCESSFUL:
        # What was signed at another start of the program is not of this state: its keys are made anew.
        assert read_seal(data).signed == read_seal(niger().permit()).signed
