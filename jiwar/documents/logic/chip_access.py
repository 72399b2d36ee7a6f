"""The password of a chip: what stands on the document and lets a terminal in (ICAO Doc 9303-11, 4.3.2 and 4.4.4)."""

import hashlib
from dataclasses import dataclass
from typing import Final

from jiwar.documents.logic.mrz import Mrz
from jiwar.documents.logic.mrz_layout import FILLER, LAYOUTS, check_digit

ZONE_PASSWORD, CARD_PASSWORD = 1, 2
"""How MSE names them (9.2.1)."""
_NUMBER_LENGTH: Final = 9


@dataclass(frozen=True, slots=True)
class Password:
    """`reference` is ZONE_PASSWORD or CARD_PASSWORD; `secret` goes into the derivation of keys."""

    reference: int
    secret: bytes

    @property
    def seed(self) -> bytes:
        """Of the keys of basic access control."""
        return self.secret[:16]


def zone_password(zone: Mrz) -> Password:
    """From number, date of birth and date of expiry, with check digits as they ought to be."""
    layout = LAYOUTS[zone.format]
    printed = "".join(zone.lines)
    number, birth, expiry = (printed[layout.fields[field]] for field in ("number", "birth_date", "expiry"))
    # A long number goes on in the optional data; a short one counts with every filler within it.
    long = len(zone.number) > _NUMBER_LENGTH
    return typed_password(zone.number.replace(" ", FILLER) if long else number, birth, expiry)


def typed_password(number: str, birth: str, expiry: str) -> Password:
    """From a document number and two dates YYMMDD. Raises KeyError where a zone cannot hold them."""
    parts = (number.ljust(_NUMBER_LENGTH, FILLER), birth, expiry)
    information = "".join(part + check_digit(part) for part in parts)
    return Password(ZONE_PASSWORD, hashlib.sha1(information.encode("ascii"), usedforsecurity=False).digest())


def card_password(number: str) -> Password:
    """From the six digits of a card access number."""
    return Password(CARD_PASSWORD, number.encode("ascii"))
