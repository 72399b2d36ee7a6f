"""Signed lists between us and a program that is not ours: what OpenSSL writes is read, what we write it verifies."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from jiwar.documents.logic import tlv
from jiwar.documents.logic.passive import check_passive
from jiwar.documents.logic.pki import Certificate
from jiwar.documents.logic.report import Result
from jiwar.documents.logic.sod import read_sod
from jiwar.documents.logic.trust import Anchor, Trust
from tests.documents.chips import GROUPS, Chip
from tests.documents.states import AT, Authority
from tests.documents.test_masterlist import OWN, own

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
STATE = Authority("NE")
TRUST = Trust((Anchor(STATE.certificate, "test"),), (STATE.crl(),))


def openssl(*told: object, data: bytes = b"") -> bytes:
    done = subprocess.run(["openssl", *map(str, told)], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def pem(folder: Path, name: str, certificate: Certificate) -> Path:
    path = folder / name
    path.write_bytes(openssl("x509", "-inform", "DER", data=certificate.der))
    return path


@pytest.mark.parametrize(
    ("key", "told", "deviations"),
    [
        (ec.SECP256R1, (), set()),
        (ec.BrainpoolP384R1, ("-md", "sha384", "-keyid"), set()),
        (ec.SECP521R1, ("-md", "sha512", "-noattr"), set()),
        (2048, ("-md", "sha256"), set()),
        (3072, ("-md", "sha384", "-keyopt", "rsa_padding_mode:pss"), set()),
        (ec.SECP256R1, ("-indef",), {"defect_indefinite_length"}),
        (ec.SECP384R1, ("-md", "sha1", "-nosmimecap"), {"defect_hash_weak"}),
    ],
)
def test_a_chip_whose_list_openssl_signed(
    tmp_path: Path, key: Any, told: tuple[str, ...], deviations: set[str]
) -> None:
    private = rsa.generate_private_key(65537, key) if isinstance(key, int) else ec.generate_private_key(key())
    _, signer = STATE.signer(key=private)
    secret = tmp_path / "key.pem"
    secret.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    sod = tlv.write(0x77, openssl(
        "cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-econtent_type", "2.23.136.1.1.1",
        "-signer", pem(tmp_path, "signer.pem", signer), "-inkey", secret, *told,
        data=Chip(private, signer).content(),
    ))  # fmt: skip
    found = check_passive(sod, GROUPS, TRUST, AT)
    assert found.result is Result.SUCCESSFUL, [one for one in found.walk() if one.code]
    assert {one.code for one in found.walk() if one.code} == deviations
    signature = read_sod(sod).signed.signers[0].signature
    turned = sod.replace(signature, signature[:-1] + bytes([signature[-1] ^ 1]))
    assert check_passive(turned, GROUPS, TRUST, AT).result is Result.FAILED


def test_openssl_verifies_our_master_list(tmp_path: Path) -> None:
    (tmp_path / "list.ml").write_bytes(own())
    root = pem(tmp_path, "root.pem", OWN[0])
    verified = openssl(
        "cms", "-verify", "-inform", "DER", "-in", tmp_path / "list.ml", "-CAfile", root, "-purpose", "any",
        "-attime", int(AT.timestamp()), "-binary",
    )  # fmt: skip
    assert len(tlv.read(verified).children()[1].children()) == len(OWN)
