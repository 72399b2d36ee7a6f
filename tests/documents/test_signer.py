"""The national seal signer: certificates by profile, a key in a file or a security module, and what is refused."""

import datetime as dt
import json
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from jiwar import cli
from jiwar.audit.models import Leaf
from jiwar.documents import signer, signer_keys
from jiwar.documents.logic import seal_signers
from jiwar.documents.logic.seal_signers import SignerRefused
from jiwar.documents.signer_keys import KeyUnavailable
from tests.documents.issuing import authority, moment, with_signer
from tests.watchlist.conftest import own_keys  # noqa: F401

SOFTHSM = next(
    (p for p in ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so") if Path(p).exists()), ""
)
AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def certified(
    at: dt.datetime = AT, name: str = "01", country: str = "NE"
) -> tuple[Any, x509.Certificate, x509.Certificate]:
    root, csca = authority(at=at)
    key = ec.generate_private_key(ec.SECP256R1())
    return key, seal_signers.certify(csca, root, seal_signers.make_request(key, country, name), 0xABCDEF, at), csca


def test_certificates_have_the_profile_of_the_standard() -> None:
    key, made, csca = certified()
    made.verify_directly_issued_by(csca)
    csca.verify_directly_issued_by(csca)
    assert csca.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 0)
    usage = csca.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.key_cert_sign, usage.value.crl_sign, usage.value.digital_signature) == (True, True, False)
    usage = made.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.key_cert_sign, usage.value.crl_sign, usage.value.digital_signature) == (False, False, True)
    assert (seal_signers.identifier(made), seal_signers.reference(made)) == ("NE01", "ABCDEF")
    assert seal_signers.document_types(made) == seal_signers.DOCUMENT_TYPES
    # What it seals at the end of its use outlives it by the longest document.
    assert seal_signers.signing_time(made) == (AT, AT + dt.timedelta(days=365))
    assert made.not_valid_after_utc == AT + dt.timedelta(days=365 * 3)
    key_id = csca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert made.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == key_id
    seal_signers.check_signer(made, csca, key.public_key(), AT)


def test_what_an_authority_does_not_certify() -> None:
    root, csca = authority(at=AT)
    good = ec.generate_private_key(ec.SECP256R1())
    for key, country, name, at, code in (
        (good, "LY", "01", AT, "signer_of_another_country"),
        (ec.generate_private_key(ec.SECP384R1()), "NE", "01", AT, "signer_key_wrong"),
        (good, "NE", "01", AT + dt.timedelta(days=4 * 365 + 1), "authority_past_use"),
    ):
        with pytest.raises(SignerRefused) as refused:
            seal_signers.certify(csca, root, seal_signers.make_request(key, country, name), 2, at)
        assert refused.value.code == code
    raw = bytearray(seal_signers.make_request(good, "NE", "01").public_bytes(serialization.Encoding.DER))
    raw[-1] ^= 1
    with pytest.raises(SignerRefused, match="request_signature_wrong"):
        seal_signers.certify(csca, root, x509.load_der_x509_csr(bytes(raw)), 2, AT)
    for name in ("1", "ne", "001", ""):
        with pytest.raises(SignerRefused, match="signer_name_wrong"):
            seal_signers.make_request(good, "NE", name)


def test_a_certificate_for_another_key_authority_or_time_is_not_installed() -> None:
    key, made, csca = certified()
    other, made_for_other, other_csca = certified()
    for certificate, by, public, at, code in (
        (made, other_csca, key, AT, "signer_of_another_authority"),  # the same names, another key
        (made, csca, other, AT, "signer_of_another_key"),
        (made_for_other, csca, key, AT, "signer_of_another_authority"),
        (made, csca, key, AT + dt.timedelta(days=366), "signer_past_use"),
        (made, csca, key, AT - dt.timedelta(days=1), "signer_past_use"),
        (csca, csca, key, AT, "signer_name_wrong"),
    ):
        with pytest.raises(SignerRefused) as refused:
            seal_signers.check_signer(certificate, by, public.public_key(), at)
        assert refused.value.code == code


def test_revoked_signers_stand_in_a_signed_list() -> None:
    root, csca = authority(at=AT)
    crl = seal_signers.make_crl(csca, root, [(0xABCDEF, AT)], 7, AT)
    assert crl.is_signature_valid(csca.public_key())  # type: ignore[arg-type]
    assert crl.next_update_utc == AT + dt.timedelta(days=90)
    assert crl.get_revoked_certificate_by_serial_number(0xABCDEF) is not None
    assert crl.get_revoked_certificate_by_serial_number(0xABCDEE) is None


@pytest.mark.parametrize("types", [(), ("V",), ("CP", "CV", "PU"), ("A", "CP", "V")])
def test_a_list_of_document_types_reads_as_it_was_written(types: tuple[str, ...]) -> None:
    from asn1crypto.core import Integer, PrintableString, Sequence, SetOf

    class Names(SetOf):  # type: ignore[misc]
        _child_spec = PrintableString

    class TypeList(Sequence):  # type: ignore[misc]
        _fields = [("version", Integer), ("types", Names)]

    raw = seal_signers.type_list(types)
    assert raw == TypeList({"version": 0, "types": Names(types)}).dump()
    assert set(TypeList.load(raw)["types"].native) == set(types)


def test_the_signer_signs_raw_and_keeps_its_key_to_itself(tmp_path: Path, settings: Any) -> None:
    settings.KEYS = tmp_path
    with pytest.raises(signer.SignerMissing, match="signer_missing"):
        signer.current()
    with_signer(tmp_path)
    now = signer.current()
    raw = now.sign(b"a seal")
    assert len(raw) == 64
    public = now.certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    public.verify(utils.encode_dss_signature(r, s), b"a seal", ec.ECDSA(hashes.SHA256()))
    assert stat.S_IMODE((tmp_path / signer.FILE).stat().st_mode) == 0o600
    with pytest.raises(signer.SignerMissing, match="signer_past_use"):
        signer.current(moment() + dt.timedelta(days=400))
    # A new key waits beside the one in use, which goes on.
    signer.prepare(tmp_path, signer_keys.make_in_file(), "LY", "02")
    assert signer.current().reference == now.reference


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"v": 2}', b'{"v": 1}', b'{"v": 1, "certificate": "x"}'])
def test_a_damaged_file_is_said_to_be_so(damage: bytes, tmp_path: Path, settings: Any) -> None:
    settings.KEYS = tmp_path
    (tmp_path / signer.FILE).write_bytes(damage)
    with pytest.raises(signer.SignerMissing) as refused:
        signer.current()
    assert refused.value.code in {"signer_damaged", "signer_uncertified"}


def test_the_whole_ceremony_at_the_terminal(
    tmp_path: Path,
    settings: Any,
    own_keys: None,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    monkeypatch.setenv("JIWAR_PASSWORD", "a long pass phrase")
    monkeypatch.setattr(cli, "_load", lambda _folder: None)  # this process is the node
    root, request, made, crl = (str(tmp_path / name) for name in ("root", "request", "made", "crl"))
    run = lambda *words: cli.main(["seal-signer", *words])  # noqa: E731
    assert run("authority", root, "--state", "XXX") == 1
    assert run("authority", root, "--state", settings.NODE.state) == 0
    assert run("authority", root, "--state", settings.NODE.state) == 1  # never overwritten
    assert run("show") == 1
    assert run("request", "--name", "01", "--out", request) == 0
    assert run("certify", root, request, "--out", made) == 0
    assert run("install", made, "--authority", f"{root}/csca.crt") == 0
    assert run("install", made, "--authority", f"{root}/csca.crt") == 1  # no key waits
    now = signer.current()
    leaf = Leaf.objects.get(act="seal_signer_installed")
    assert (leaf.subject, now.identifier) == (now.reference, "LY01")
    assert "ENCRYPTED" in Path(root, "csca.key").read_text()
    for number, words in ((1, [now.reference]), (2, [])):
        assert run("revoke", root, *words, "--out", crl) == 0
        listed = x509.load_der_x509_crl(Path(crl).read_bytes())
        assert listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == number
        assert listed.get_revoked_certificate_by_serial_number(now.certificate.serial_number) is not None
    monkeypatch.setenv("JIWAR_PASSWORD", "another pass phrase")
    capsys.readouterr()
    assert run("certify", root, request, "--out", made) == 1
    assert capsys.readouterr().err


@pytest.mark.skipif(not SOFTHSM or shutil.which("softhsm2-util") is None, reason="no SoftHSM on this machine")
def test_a_key_of_a_security_module_signs_and_never_leaves_it(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(
        f"directories.tokendir = {tmp_path / 'tokens'}\nobjectstore.backend = file\n"
    )
    (tmp_path / "pin").write_text("1234\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    init = ["softhsm2-util", "--init-token", "--free", "--label", "seals", "--so-pin", "12345678", "--pin", "1234"]
    subprocess.run(init, check=True, capture_output=True)
    settings.KEYS = tmp_path / "keys"
    root, csca = authority("LY", "LBY")
    kept = signer_keys.make_in_module(SOFTHSM, "seals", "seal-01", tmp_path / "pin")
    request = signer.prepare(settings.KEYS, kept, "LY", "01")
    signer.install(settings.KEYS, seal_signers.certify(csca, root, request, 0x77, moment()), csca, moment())
    now = signer.current()
    raw = now.sign(b"a seal")
    r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    public = now.certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(utils.encode_dss_signature(r, s), b"a seal", ec.ECDSA(hashes.SHA256()))
    assert "PRIVATE" not in json.dumps(json.loads((settings.KEYS / signer.FILE).read_text()))
    with pytest.raises(KeyUnavailable, match="key_missing"):
        now.key.private_numbers()
    with pytest.raises(KeyUnavailable, match="key_missing"):
        signer_keys.open_key(kept | {"label": "none"})
    with pytest.raises(KeyUnavailable, match="token_missing"):
        signer_keys.open_key(kept | {"token": "none"})
    (tmp_path / "wrong").write_text("4321")
    with pytest.raises(KeyUnavailable, match="module_refused"):
        signer_keys.open_key(kept | {"pin_file": str(tmp_path / "wrong")})
    with pytest.raises(KeyUnavailable, match="module_refused"):
        signer_keys.open_key(kept | {"library": "/nowhere.so"})
