"""Chips to read: files of our own making, and the German reference data set where it is there."""

import datetime as dt
import io
import secrets
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key
from PIL import Image

from jiwar.documents.logic import tlv
from jiwar.documents.logic.chip_access import typed_password, zone_password
from jiwar.documents.logic.chip_groups import CurveGroup, Group, PrimeGroup, standard
from jiwar.documents.logic.lds_security import read_security
from jiwar.documents.logic.mrz import read_mrz
from tests.documents.virtual_card import Chip

LINES = "P<NERAMADOU<<HALIMA<<<<<<<<<<<<<<<<<<<<<<<<<", "L898902C36NER7408122F1204159ZE184226B<<<<<10"
PASSWORD = typed_password("L898902C3", "740812", "120415")
CAN = "123456"
BSI = "0.4.0.127.0.7.2.2."
GENERIC, CAM = BSI + "4.2.{}", BSI + "4.6.{}"
DH_GENERIC = BSI + "4.1.{}"


def pace_info(protocol: str, parameter: int) -> bytes:
    return tlv.write(0x30, tlv.write_oid(protocol), tlv.write_integer(2), tlv.write_integer(parameter))


def chip_info(suite: int, key_id: int | None, kind: str = "2") -> bytes:
    number = b"" if key_id is None else tlv.write_integer(key_id)
    return tlv.write(0x30, tlv.write_oid(f"{BSI}3.{kind}.{suite}"), tlv.write_integer(1), number)


def chip_key(group: Group, public: bytes, key_id: int | None, parameter: int) -> bytes:
    algorithm = tlv.write(0x30, tlv.write_oid("0.4.0.127.0.7.1.2"), tlv.write_integer(parameter))
    if isinstance(group, PrimeGroup):
        public = tlv.write_integer(int.from_bytes(public, "big"))
    info = tlv.write(0x30, algorithm, tlv.write(0x03, b"\0" + public))
    kind = "2" if isinstance(group, CurveGroup) else "1"
    number = b"" if key_id is None else tlv.write_integer(key_id)
    return tlv.write(0x30, tlv.write_oid(f"{BSI}1.{kind}"), info, number)


def active_info(algorithm: str) -> bytes:
    return tlv.write(0x30, tlv.write_oid("2.23.136.1.1.5"), tlv.write_integer(1), tlv.write_oid(algorithm))


def card_access(*infos: bytes) -> bytes:
    return tlv.write_set(*infos)


def security(*infos: bytes) -> bytes:
    return tlv.write(0x6E, tlv.write_set(*infos))


def card_security(*infos: bytes) -> bytes:
    """The content as a signature would carry it, and no signature (RFC 5652, 5.1)."""
    content = tlv.write(
        0x30, tlv.write_oid("0.4.0.127.0.7.3.2.1"), tlv.write(0xA0, tlv.write(0x04, tlv.write_set(*infos)))
    )
    signed = tlv.write(0x30, tlv.write_integer(3), tlv.write_set(), content, tlv.write_set())
    return tlv.write(0x30, tlv.write_oid("1.2.840.113549.1.7.2"), tlv.write(0xA0, signed))


def zone(lines: tuple[str, ...] = LINES) -> bytes:
    return tlv.write(0x61, tlv.write(0x5F1F, "".join(lines).encode()))


def contents(*groups: int) -> bytes:
    tags = {1: 0x61, 2: 0x75, 11: 0x6B, 12: 0x6C, 14: 0x6E, 15: 0x6F}
    parts = tlv.write(0x5F01, b"0107"), tlv.write(0x5F36, b"040000"), tlv.write(0x5C, bytes(tags[g] for g in groups))
    return tlv.write(0x60, *parts)


@cache
def picture(width: int = 35, height: int = 45, kind: str = "JPEG2000") -> bytes:
    into = io.BytesIO()
    Image.effect_noise((width, height), 60).save(into, kind)
    return into.getvalue()


def face(image: bytes, width: int, height: int, kind: int = 1) -> bytes:
    """DG2 with one ISO/IEC 19794-5 record."""
    block = (
        bytes(14) + b"\x01" + bytes((kind,)) + width.to_bytes(2, "big") + height.to_bytes(2, "big") + bytes(6) + image
    )
    record = (len(block) + 6).to_bytes(4, "big") + bytes(2) + block
    record = b"FAC\x00010\x00" + (len(record) + 14).to_bytes(4, "big") + b"\x00\x01" + record
    return biometric(0x75, 0x5F2E, record)


def biometric(tag: int, block_tag: int, *blocks: bytes) -> bytes:
    header = tlv.write(0xA1, tlv.write(0x87, b"\x01\x01"), tlv.write(0x88, b"\x00\x08"))
    templates = [tlv.write(0x7F60, header, tlv.write(block_tag, block)) for block in blocks]
    return tlv.write(tag, tlv.write(0x7F61, tlv.write(0x02, bytes((len(templates),))), *templates))


def active_key(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return tlv.write(0x6F, key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.BrainpoolP256R1())


def plain(**changes: object) -> Chip:
    """A first-generation chip: basic access control and active authentication by RSA."""
    files = {
        "EF.COM": contents(1, 2, 15),
        "EF.SOD": tlv.write(0x77, b"\x30\x00"),
        "EF.DG1": zone(),
        "EF.DG2": face(picture(), 35, 45),
        "EF.DG15": active_key(rsa_key()),
    }
    return Chip(files, {1: PASSWORD.secret}, active=rsa_key(), **changes)  # type: ignore[arg-type]


def modern(
    protocol: str = GENERIC.format(2),
    parameter: int = 13,
    *,
    suite: int = 2,
    key_parameter: int | None = None,
    bac: bool = False,
) -> Chip:
    """PACE by this protocol, chip authentication on the same or another group, active authentication by ECDSA."""
    key_parameter = parameter if key_parameter is None else key_parameter
    group = standard(key_parameter)
    secret = group.secret(secrets.token_bytes)
    pace = pace_info(protocol, parameter)
    kind = "2" if isinstance(group, CurveGroup) else "1"
    key = chip_key(group, group.public(secret), 1, key_parameter)
    infos = [pace, chip_info(suite, 1, kind), key, active_info("0.4.0.127.0.7.1.1.4.1.3")]
    files = {
        "EF.CardAccess": card_access(pace),
        "EF.CardSecurity": card_security(pace, key),
        "EF.COM": contents(1, 2, 14, 15),
        "EF.SOD": tlv.write(0x77, b"\x30\x00"),
        "EF.DG1": zone(),
        "EF.DG2": face(picture(), 35, 45),
        "EF.DG14": security(*infos),
        "EF.DG15": active_key(ec_key()),
    }
    passwords = {1: PASSWORD.secret, 2: CAN.encode()}
    return Chip(files, passwords, bac=bac, keys={1: (group, secret)}, active=ec_key(), trailer=(b"", "sha256"))


def reference(folder: Path) -> Chip:
    """The German reference data set with its private keys: a real SOD, chip authentication on a curve spelled out."""
    named = {"EF.COM": "EF_COM.bin", "EF.SOD": "EF_SOD.bin"}
    named |= {f"EF.DG{number}": f"Datagroup{number}.bin" for number in (1, 2, 3, 4, 14, 15)}
    files = {name: (folder / file).read_bytes() for name, file in named.items()}
    group = read_security(files["EF.DG14"]).keys[0].group
    assert group is not None
    # The key is on a curve spelled out, which the library does not load: PKCS #8, then RFC 5915.
    inner = tlv.read((folder / "DG14_sk.pkcs8").read_bytes()).children()[2]
    secret = int.from_bytes(tlv.read(inner.content).children()[1].content, "big")
    active = load_der_private_key((folder / "DG15_sk.pkcs8").read_bytes(), None)
    assert isinstance(active, rsa.RSAPrivateKey)
    printed = files["EF.DG1"][5:].decode()
    password = zone_password(read_mrz(printed, dt.date(2026, 11, 26)))
    return Chip(files, {1: password.secret}, keys={None: (group, secret)}, active=active)
