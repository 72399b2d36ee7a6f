"""Benchmarks of seals: read and verified, checked whole, and how much paper a nomad's permit takes.

Times are those of the processor, best of five rounds. Beside ours stands the bare verification by OpenSSL through
pyca/cryptography, with the key loaded and nothing read: no reader of seals can be faster on the same curve. The reader
that a state would pick instead runs on Java, and is not measured.
"""

import datetime as dt
import io
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509.oid import NameOID
from PIL import Image

from jiwar.documents.barcodes import modules, side_mm
from jiwar.documents.jobs.barcode import found_in
from jiwar.documents.logic.pki import read_certificate, verify_raw
from jiwar.documents.logic.seal import SealHeader, read_seal
from jiwar.documents.logic.seal_checking import check_seal
from jiwar.documents.logic.seal_coding import SealValue
from jiwar.documents.logic.seal_writing import seal_bytes
from jiwar.documents.logic.trust import Anchor, Trust
from jiwar.documents.seal_catalogue import profiles
from tests.documents.paper import Shot, photographed, printed

GOAL = 1_400
SEALS = 300
ROUNDS = 5
NOW = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
ZONE = "PUUTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<D231458907UTO7408122F2606277<<<<<<<8"
NOMAD: dict[str, SealValue] = {
    "number": "NE26004411",
    "kind": "nomad",
    "name": "KHATTAR<<SALEM<OULD<AHMEDOU",
    "name_arabic": "سالم ولد أحمدو ختّار",
    "birth": "1974-XX-XX",
    "nationality": "NER",
    "valid_from": "2026-11-20",
    "valid_until": "2027-11-19",
    "zones": ["NE1", "NE7", "LYMQ", "LYGT", "TDBO"],
    "posts": ["TOUMMO", "MADAMA"],
    "seasons": [{"from": "11-15", "until": "03-31"}, {"from": "07-01", "until": "09-15"}],
    "herd": [{"species": "camel", "count": 140}, {"species": "goat", "count": 60}],
    "family": [{"role": "child", "name": f"OULD<KHATTAR<<MOHAMED<{n:X}", "birth": f"201{n}-03-17"} for n in range(8)],
}


def benchmarks() -> Iterator[dict]:
    """Seals per second on brainpoolP256r1, and the size of one permit."""
    key = ec.generate_private_key(ec.BrainpoolP256R1())
    public, trust = key.public_key(), _trust(key)
    certificate = trust.signers[0]
    seals = [_seal(key, "emergency_travel_document", {"mrz": ZONE}) for _ in range(SEALS)]
    permits = [_seal(key, "crossing_permit", NOMAD) for _ in range(SEALS)]

    def verify(raw: bytes) -> None:
        seal = read_seal(raw)
        verify_raw(certificate, "sha256", seal.signature, seal.signed)

    bare = [(_der(raw[-64:]), read_seal(raw).signed) for raw in seals]
    floor = _per_second(lambda pair: public.verify(*pair, ec.ECDSA(hashes.SHA256())), bare)
    peer = {"peer": "bare verification, cryptography", "peer_value": round(floor)}
    row = {"unit": "1/s", "goal": GOAL, "better": "higher"}
    yield {"name": "documents_seals.verify_per_s", "value": round(_per_second(verify, seals))} | row | peer

    def check(raw: bytes) -> None:
        found = check_seal(raw, trust, NOW, profiles(), lambda seal: False)
        missing = [leaf.code for leaf in found.walk() if not leaf.children and leaf.result != "successful"]
        assert missing == ["crl_missing"], found

    del row["goal"], row["better"]
    yield {"name": "documents_seals.check_permit_per_s", "value": round(_per_second(check, permits))} | row
    yield {"name": "documents_seals.family_of_eight", "value": len(permits[0]), "unit": "B", "goal": 696}
    ink = modules(permits[0])
    note = f"{side_mm(permits[0]):.0f} mm with its margin"
    yield {"name": "documents_seals.family_of_eight_side", "value": int(ink.shape[0]), "unit": "modules", "note": note}
    read = _photographs(permits[0])
    row = {"unit": "share", "goal": 1.0, "better": "higher", "note": f"of {len(read)}"}
    yield {"name": "documents_seals.read_from_paper", "value": sum(read) / len(read)} | row


def _per_second(work: Callable[[Any], None], items: Sequence[Any]) -> float:
    best = 0.0
    for _ in range(ROUNDS):
        start = time.process_time()
        for item in items:
            work(item)
        best = max(best, len(items) / (time.process_time() - start))
    return best


def _photographs(raw: bytes) -> list[bool]:
    """Whether the permit, printed at five dots a module, is read from each of 24 photographs in simulation."""
    page = printed(np.where(modules(raw), 0, 255).astype(np.uint8), dots=5)
    shots = [
        Shot(scale, degrees, tilt, blur)
        for scale, degrees, tilt, blur in product((13.6, 20), (0, 33, 200), (0, 0.08), (0.08, 0.15))
    ]
    expected = {"symbology": "data_matrix", "data": raw.hex()}
    return [expected in found_in(Image.open(io.BytesIO(photographed(page, shot)))) for shot in shots]


def _seal(key: ec.EllipticCurvePrivateKey, profile: str, values: dict[str, SealValue]) -> bytes:
    header = SealHeader("NER", "NES1", "1A2F", NOW.date(), NOW.date(), 0, 0)

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return seal_bytes(profiles()[profile], values, header, sign)


def _der(raw: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))


def _trust(key: ec.EllipticCurvePrivateKey) -> Trust:
    """An authority and its signer, with keys on the same curve."""
    root = ec.generate_private_key(ec.BrainpoolP256R1())
    signers = {}
    for common_name, serial, public in (("CSCA", 1, root.public_key()), ("S1", 0x1A2F, key.public_key())):
        name = [x509.NameAttribute(NameOID.COUNTRY_NAME, "NE"), x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(name))
            .issuer_name(x509.Name([name[0], x509.NameAttribute(NameOID.COMMON_NAME, "CSCA")]))
            .public_key(public)
            .serial_number(serial)
            .not_valid_before(NOW - dt.timedelta(days=30))
            .not_valid_after(NOW + dt.timedelta(days=900))
            .add_extension(x509.BasicConstraints(ca=common_name == "CSCA", path_length=None), critical=True)
            .sign(root, hashes.SHA256())
        )
        signers[common_name] = read_certificate(made.public_bytes(serialization.Encoding.DER))
    return Trust((Anchor(signers["CSCA"], "bench"),), (), (signers["S1"],))
