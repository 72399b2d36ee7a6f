"""What can be matched blindly, how hard each is to guess, and how much may be asked in a day.

A blind match hides keys as far as they cannot be tried one by one: whoever asks about every possible key learns the
whole list. What stands against that is the number of questions, so each type has an estimate of how many keys a
stranger would have to try, in bits, and a type below BULK_BITS is asked about in small numbers only ("online").
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

BULK_BITS: Final = 30
"""With 10,000 keys a day for a year not a two-hundredth of so many is tried."""
BULK_MOST: Final = 10_000
ONLINE_MOST: Final = 100
SET_MOST: Final = 100_000
"""Most keys of one type that a responder compares with."""


class KeyType(StrEnum):
    """A sort of key, and the columns in which a list gives it."""

    DOCUMENT = "document"
    IBAN = "iban"
    IMEI = "imei"
    NAME_BIRTH = "name_birth"
    PHONE = "phone"
    PLATE = "plate"
    VIN = "vin"
    WEAPON = "weapon"


class Mode(StrEnum):
    """ONLINE: few keys, a key of the function for each question. BULK: many, a key of the function for a month."""

    ONLINE = "online"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Rule:
    """`bits`: estimate of the keys in real use, as a logarithm; `a_day`: keys that one neighbour may ask, by mode."""

    bits: int
    why: str
    online_a_day: int
    bulk_a_day: int = 0

    @property
    def modes(self) -> tuple[Mode, ...]:
        return (Mode.ONLINE, Mode.BULK) if self.bits >= BULK_BITS else (Mode.ONLINE,)


RULES: Final = {
    KeyType.DOCUMENT: Rule(24, "numbers run on: some 10^7 valid documents of a state, its series known", 500),
    KeyType.IBAN: Rule(33, "some 20 banks of a state, account numbers of 10 to 13 digits", 200, 10_000),
    KeyType.IMEI: Rule(27, "some 100 models in wide use, 10^6 serial numbers of each", 200),
    KeyType.NAME_BIRTH: Rule(31, "60,000 names cover half of a people, each on 25,000 days", 200, 10_000),
    KeyType.PHONE: Rule(25, "a state's mobile ranges have some 3·10^7 numbers", 200),
    KeyType.PLATE: Rule(22, "a state has some 10^6 vehicles, their series known", 200),
    KeyType.VIN: Rule(38, "some 10^5 kinds by maker, model, year and plant, 10^6 numbers of each", 200, 10_000),
    KeyType.WEAPON: Rule(27, "some 100 makes in the region, 10^6 serial numbers of each", 200),
}


def most(mode: Mode) -> int:
    """Most keys of one question."""
    return BULK_MOST if mode is Mode.BULK else ONLINE_MOST


def a_day(key_type: KeyType, mode: Mode) -> int:
    """Keys of a type that a neighbour may ask about in a day, unless this state set another number."""
    rule = RULES[key_type]
    return rule.bulk_a_day if mode is Mode.BULK else rule.online_a_day
