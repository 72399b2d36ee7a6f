"""Benchmarks of passive authentication: chips checked per second by one core, and how many keys of real lists load.

The peer is what the usual libraries come to: `asn1crypto` for the reading, `cryptography` 41 for the signatures, in
an environment of its own. pymrtd is built of those two; it is in no registry, so it cannot be installed here.
"""

import datetime as dt
import json
import subprocess
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from bench import peers
from jiwar.documents.logic.masterlist import read_master_list
from jiwar.documents.logic.passive import check_passive
from jiwar.documents.logic.pki import read_certificate
from jiwar.documents.logic.report import Result
from jiwar.documents.logic.trust import Anchor, Trust
from tests.documents.chips import Chip, zone_file
from tests.documents.states import AT, Authority

PEER = "asn1crypto 1.5.1, cryptography 41.0.7"
OPENSSL = "cryptography.x509 (as installed here)"
WARM, COLD = 3_000, 400
ROUNDS = 3
LISTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "documents" / "masterlists"
KEYS = {
    "de": ("DE_ML_2026-05-28-08-28-45.ml", "DE_ROOT_CA_CSCA07.cer", 588),
    "nl": ("NL_ML_2026-07-22.ml", "NL_ROOT_CA.cer", 411),
}
FILES = {1: zone_file("NER"), 2: b"\x75\x82\x3a\xe7" + bytes(15_079), 14: b"\x6e\x82\x01\x4a" + bytes(330)}
"""Of the sizes that the reference passport of BSI TR-03105-5 has."""

PEER_PROGRAM = """
import hashlib, json, sys, time
from asn1crypto import cms, core, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
class GroupHash(core.Sequence):
    _fields = [('number', core.Integer), ('value', core.OctetString)]
class GroupHashes(core.SequenceOf):
    _child_spec = GroupHash
class SecurityObject(core.Sequence):
    _fields = [('version', core.Integer), ('algorithm', cms.DigestAlgorithm), ('hashes', GroupHashes)]
HASH = {'sha256': hashes.SHA256(), 'sha384': hashes.SHA384()}
def verify(key, algorithm, signature, data):
    name = algorithm.hash_algo
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(HASH[name]))
    elif algorithm.signature_algo == 'rsassa_pss':
        salt = algorithm['parameters']['salt_length'].native
        key.verify(signature, data, padding.PSS(padding.MGF1(HASH[name]), salt), HASH[name])
    else:
        key.verify(signature, data, padding.PKCS1v15(), HASH[name])
def load(certificate):
    return serialization.load_der_public_key(certificate.public_key.dump())
told = json.load(sys.stdin)
files = {int(number): bytes.fromhex(data) for number, data in told['files'].items()}
anchors = [x509.Certificate.load(bytes.fromhex(der)) for der in told['anchors']]
by_id = {anchor.key_identifier: anchor for anchor in anchors}
sods = [bytes.fromhex(sod) for sod in told['sods']]
def check(sod):
    start = 2 if sod[1] < 128 else 2 + (sod[1] & 127)
    signed = cms.ContentInfo.load(sod[start:])['content']
    content = signed['encap_content_info']['content'].contents
    said = SecurityObject.load(content)
    for one in said['hashes']:
        data = files[one['number'].native]
        assert hashlib.new(said['algorithm']['algorithm'].native, data).digest() == one['value'].native
    signer = signed['signer_infos'][0]
    attributes = signer['signed_attrs']
    values = {one['type'].native: one['values'][0].native for one in attributes}
    assert values['message_digest'] == hashlib.new(signer['digest_algorithm']['algorithm'].native, content).digest()
    name = signer['sid'].chosen
    certificate = next(
        one.chosen for one in signed['certificates']
        if one.chosen.serial_number == name['serial_number'].native and one.chosen.issuer == name['issuer']
    )
    verify(load(certificate), signer['signature_algorithm'], signer['signature'].native, attributes.untag().dump())
    anchor = by_id[certificate.authority_key_identifier]
    signed = certificate['tbs_certificate'].dump()
    verify(load(anchor), certificate['signature_algorithm'], certificate.signature, signed)
best = 0.0
for _ in range(told['rounds']):
    start = time.process_time()
    for sod in sods:
        check(sod)
    best = max(best, len(sods) / (time.process_time() - start))
print(best)
"""


@dataclass(frozen=True)
class Set:
    """Chips of several states and what is trusted of them."""

    sods: list[bytes]
    trust: Trust


def benchmarks() -> Iterator[dict]:
    """Chips whose signer was seen before (warm) and never (cold): list, hashes, signature, chain, time, revocation."""
    chips = _chips()
    yield _row("sod_warm_per_s", _per_second(chips, cold=False), WARM)
    cold = _row("sod_cold_per_s", _per_second(chips, cold=True), COLD)
    try:
        yield cold | {"peer": PEER, "peer_value": round(_peer(chips))}
    except peers.PeerUnavailable as why:
        yield cold | {"note": str(why)}
    for name, (file, root, count) in KEYS.items():
        if not (LISTS / file).exists():
            continue
        ours, theirs = _keys((LISTS / file).read_bytes(), (LISTS / root).read_bytes())
        yield _row(f"keys_{name}", ours, count, "keys") | {"peer": OPENSSL, "peer_value": theirs}


def _row(name: str, value: float, goal: int, unit: str = "1/s") -> dict[str, Any]:
    return {"name": f"documents_pki.{name}", "value": round(value), "unit": unit, "goal": goal, "better": "higher"}


def _chips() -> Set:
    """One authority for each kind of keys that states use: of the two lists, seven in ten are RSA."""
    kinds: tuple[tuple[Any, Any, str], ...] = (
        (rsa.generate_private_key(65537, 4096), rsa.generate_private_key(65537, 2048), ""),
        (rsa.generate_private_key(65537, 4096), rsa.generate_private_key(65537, 2048), "pss"),
        (rsa.generate_private_key(65537, 3072), ec.generate_private_key(ec.SECP256R1()), ""),
        (ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1()), ""),
        (ec.generate_private_key(ec.BrainpoolP384R1()), ec.generate_private_key(ec.BrainpoolP256R1()), ""),
    )
    sods, anchors, crls = [], [], []
    for number, (key, signer_key, scheme) in enumerate(kinds):
        state = Authority("NE", f"CSCA {number}", key=key)
        _, signer = state.signer(key=signer_key)
        sods.append(Chip(signer_key, signer, groups=FILES, scheme=scheme).sod())
        anchors.append(Anchor(state.certificate, "bench"))
        crls.append(state.crl(1, 2, 3))
    return Set(sods, Trust(tuple(anchors), tuple(crls)))


def _per_second(chips: Set, *, cold: bool) -> float:
    """By the processor's time. Cold: each chip meets a store that remembers nothing."""
    best = 0.0
    for _ in range(ROUNDS):
        spent = count = 0
        while spent < 5 * 10**8:
            for sod in chips.sods:
                trust = chips.trust
                if cold:
                    trust = Trust(trust.anchors, trust.crls)
                    trust.crls_of(trust.anchors[0].certificate)
                    trust.issuers_of(trust.anchors[0].certificate)
                start = time.process_time_ns()
                found = check_passive(sod, FILES, trust, AT)
                spent += time.process_time_ns() - start
                assert found.result is Result.SUCCESSFUL, found
                count += 1
        best = max(best, count / (spent / 10**9))
    return best


def _peer(chips: Set) -> float:
    python = peers.python("asn1crypto", [one.replace(" ", "==") for one in PEER.split(", ")])
    told = {
        "sods": [sod.hex() for sod in chips.sods] * 40,
        "files": {number: data.hex() for number, data in FILES.items()},
        "anchors": [anchor.certificate.der.hex() for anchor in chips.trust.anchors],
        "rounds": ROUNDS,
    }
    answer = subprocess.run(
        [python, "-c", PEER_PROGRAM], input=json.dumps(told), capture_output=True, text=True, check=True
    )
    return float(answer.stdout)


def _keys(data: bytes, root: bytes) -> tuple[int, int]:
    """How many keys of the list load here, and how many by the usual library alone."""
    pinned = [read_certificate(root)]
    certificates = read_master_list(data, pinned, dt.datetime(2026, 11, 26, tzinfo=dt.UTC)).certificates
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of serials below one
        return len(certificates), sum(_loads(certificate.der) for certificate in certificates)


def _loads(der: bytes) -> bool:
    try:
        x509.load_der_x509_certificate(der).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True
