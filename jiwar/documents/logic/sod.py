"""EF.SOD: the list of hashes that a state signed over the data of a chip (Doc 9303-10, 4.6.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from jiwar.documents.logic import cms, pki, tlv
from jiwar.documents.logic.cms import SignedData
from jiwar.documents.logic.tlv import TlvInvalid

MOST_BYTES: Final = 128 << 10
LDS_SECURITY_OBJECT: Final = "2.23.136.1.1.1"
CONTENT_TYPES: Final = frozenset([LDS_SECURITY_OBJECT, "1.3.27.1.1.1", "1.2.528.1.1006.1.20.1", "1.2.840.113549.1.7.1"])
"""What states write in its place: Belgium and France, the Netherlands, China (plain data)."""
GROUPS: Final = range(1, 17)
_SIZES = {"sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}


class SodUnreadable(ValueError):
    """`code`: "sod_form", "sod_too_long", "sod_group_twice", "sod_signers", "sod_hash_unknown"."""

    def __init__(self, code: str, field: str, detail: Mapping[str, str | int]) -> None:
        super().__init__(f"{code} in {field}: {dict(detail)}")
        self.code, self.field, self.detail = code, field, detail


@dataclass(frozen=True, slots=True)
class Sod:
    """`signed` has one signer. `hashes` by number of the data group, in `hash_name`, which may differ from the hash of
    the signature."""

    signed: SignedData
    version: int
    hash_name: str
    hashes: Mapping[int, bytes]


def read_sod(data: bytes) -> Sod:
    """EF.SOD as it is read from the chip, with its tag 77. Nothing is verified. Raises SodUnreadable."""
    if len(data) > MOST_BYTES:
        raise SodUnreadable("sod_too_long", "sod", {"expected": MOST_BYTES, "found": len(data)})
    try:
        return _sod(cms.read_signed_data(tlv.read(bytes(data)).expect(0x77).only()))
    except TlvInvalid as invalid:
        raise SodUnreadable("sod_form", "sod", {"found": invalid.code, "at": invalid.at}) from None


def _sod(signed: SignedData) -> Sod:
    if len(signed.signers) != 1:
        raise SodUnreadable("sod_signers", "sod", {"expected": 1, "found": len(signed.signers)})
    version, algorithm, groups, *_ = tlv.read(signed.content).parts(3, 4)
    hashed = pki.read_algorithm(algorithm).oid
    if not (hash_name := pki.HASHES.get(hashed, "")):
        raise SodUnreadable("sod_hash_unknown", "sod", {"found": hashed})
    return Sod(signed, tlv.integer(version, 2), hash_name, _hashes(groups, _SIZES[hash_name]))


def _hashes(groups: tlv.Tlv, size: int) -> Mapping[int, bytes]:
    found: dict[int, bytes] = {}
    for group in groups.expect(tlv.SEQUENCE).each():
        named, hashed = group.parts(2)
        number, value = tlv.natural(named, 2), tlv.octets(hashed)
        if number not in GROUPS or len(value) != size:
            raise TlvInvalid("tlv_value", group.start, f"group {number}")
        if number in found:
            raise SodUnreadable("sod_group_twice", f"DG{number}", {"found": number})
        found[number] = value
    return found
