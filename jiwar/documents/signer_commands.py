"""The verbs of the seal signer: on the node for its own key, without a node for the authority's folder (offline)."""

import argparse
import datetime as dt
import getpass
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec


def add_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `seal-signer` with its acts."""
    acts = verbs.add_parser(
        "seal-signer", help="the key that signs this state's seals, and its authority"
    ).add_subparsers(required=True, metavar="ACT")
    authority = acts.add_parser("authority", help="make the state's authority (CSCA) in a folder (offline, no node)")
    authority.add_argument("folder", type=Path)
    authority.add_argument("--state", required=True, help="three letters: NER")
    authority.set_defaults(run=_said(_authority), needs_node=False)
    certify = acts.add_parser("certify", help="certify a seal signer's request (offline, no node)")
    certify.add_argument("folder", type=Path, help="folder of the authority")
    certify.add_argument("request", type=Path)
    certify.add_argument("--out", type=Path, required=True, help="certificate to carry back")
    certify.set_defaults(run=_said(_certify), needs_node=False)
    revoke = acts.add_parser("revoke", help="write the authority's list of revoked signers (offline, no node)")
    revoke.add_argument("folder", type=Path, help="folder of the authority")
    revoke.add_argument("serials", nargs="*", help="serial numbers to add, in hexadecimal")
    revoke.add_argument("--out", type=Path, required=True, help="list of revocations to carry to the node")
    revoke.set_defaults(run=_said(_revoke), needs_node=False)
    request = acts.add_parser("request", help="make this node's key and write the request for its certificate")
    request.add_argument("--name", required=True, help="the signer's two characters: 01")
    request.add_argument("--out", type=Path, required=True)
    request.add_argument(
        "--module", help="PKCS #11 library of a security module; without it a file of the node keeps the key"
    )
    request.add_argument("--token", help="label of the module's token")
    request.add_argument("--pin-file", type=Path, help="file with the token's PIN, readable by the node's user alone")
    request.set_defaults(run=_said(_request), needs_node=True)
    install = acts.add_parser("install", help="take the certified key into use")
    install.add_argument("certificate", type=Path)
    install.add_argument("--authority", type=Path, required=True, help="certificate of the authority")
    install.set_defaults(run=_said(_install), needs_node=True)
    show = acts.add_parser("show", help="who signs here, until when")
    show.set_defaults(run=_said(_show), needs_node=True)


def _said(run: Callable[[argparse.Namespace], None]) -> Callable[[argparse.Namespace], int]:
    def told(arguments: argparse.Namespace) -> int:
        from jiwar.documents.logic.seal_signers import SignerRefused
        from jiwar.documents.signer_keys import KeyUnavailable

        refusals: tuple[type[Exception], ...] = (SignerRefused, KeyUnavailable, OSError, TypeError, ValueError)
        if arguments.needs_node:
            from jiwar.documents.signer import SignerMissing

            refusals += (SignerMissing,)
        try:
            run(arguments)
        except refusals as refused:
            print(refused, file=sys.stderr)
            return 1
        return 0

    return told


def _authority(told: argparse.Namespace) -> None:
    import pycountry
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    from jiwar.documents.logic import seal_signers
    from jiwar.identity.keys import write_secret

    country = pycountry.countries.get(alpha_3=told.state)
    if country is None:
        raise ValueError(f"--state {told.state}: no such state")
    if (told.folder / "csca.key").exists():
        raise ValueError(f"{told.folder}: an authority is there already")
    key = ec.generate_private_key(ec.SECP256R1())
    password = _password(twice=True)
    made = seal_signers.make_authority(key, country.alpha_2, told.state, _serial(), _now())
    told.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_secret(
        told.folder / "csca.key",
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password),
        ),
    )
    (told.folder / "csca.crt").write_bytes(seal_signers.der(made))
    print(f"{told.folder}: authority {made.subject.rfc4514_string()}")
    print(f"  fingerprint  {_fingerprint(made)}")
    print(f"  signs until  {seal_signers.signing_time(made)[1]:%Y-%m-%d}")


def _certify(told: argparse.Namespace) -> None:
    from cryptography import x509

    from jiwar.documents.logic import seal_signers

    key, authority = open_authority(told.folder)
    request = x509.load_der_x509_csr(told.request.read_bytes())
    made = seal_signers.certify(authority, key, request, _serial(), _now())
    told.out.write_bytes(seal_signers.der(made))
    print(f"{told.out}: {seal_signers.identifier(made)} {seal_signers.reference(made)}")
    print(
        f"  signs until  {seal_signers.signing_time(made)[1]:%Y-%m-%d}, valid until {made.not_valid_after_utc:%Y-%m-%d}"
    )


def _revoke(told: argparse.Namespace) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    from jiwar.documents.logic import seal_signers

    key, authority = open_authority(told.folder)
    last, at = told.folder / "csca.crl", _now()
    revoked, number = {}, 1
    if last.exists():
        before = x509.load_der_x509_crl(last.read_bytes())
        revoked = {each.serial_number: each.revocation_date_utc for each in before}
        number = before.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number + 1
    for text in told.serials:
        revoked.setdefault(int(text, 16), at)
    made = seal_signers.make_crl(authority, key, sorted(revoked.items()), number, at)
    raw = made.public_bytes(serialization.Encoding.DER)
    last.write_bytes(raw)
    told.out.write_bytes(raw)
    print(f"{told.out}: list {number}, {len(revoked)} revoked, the next by {made.next_update_utc:%Y-%m-%d}")


def _request(told: argparse.Namespace) -> None:
    from cryptography.hazmat.primitives import serialization
    from django.conf import settings

    from jiwar.documents import signer, signer_keys

    country = signer.country_of(settings.NODE.state)
    if settings.NODE.role != "national":
        raise ValueError("a state's seals are signed at its national node")
    if told.module:
        if not told.token or not told.pin_file:
            raise ValueError("--module needs --token and --pin-file")
        label = f"jiwar-seal-{told.name}-{_now():%Y%m%d%H%M%S}"
        key = signer_keys.make_in_module(told.module, told.token, label, told.pin_file.resolve())
    else:
        key = signer_keys.make_in_file()
    request = signer.prepare(settings.KEYS, key, country, told.name)
    told.out.write_bytes(request.public_bytes(serialization.Encoding.DER))
    print(f"{told.out}: request of {country}{told.name}, for `jiwar seal-signer certify` at the authority")


def _install(told: argparse.Namespace) -> None:
    from cryptography import x509
    from django.conf import settings
    from django.db import transaction

    from jiwar.access.permissions import Permission
    from jiwar.access.services import as_node
    from jiwar.audit.services import append
    from jiwar.documents import signer

    certificate = x509.load_der_x509_certificate(told.certificate.read_bytes())
    authority = x509.load_der_x509_certificate(told.authority.read_bytes())
    with transaction.atomic():
        signer.install(settings.KEYS, certificate, authority, _now())
        now = signer.current()
        detail = {"signer": now.identifier, "reference": now.reference, "sha256": _fingerprint(certificate)}
        append("seal_signer_installed", as_node(Permission.IDENTITY_NODE_MANAGE), now.reference, detail)
    _show(told)


def _show(_told: argparse.Namespace) -> None:
    from jiwar.documents import signer

    now = signer.current()
    print(f"{now.identifier} {now.reference}, signs until {now.until:%Y-%m-%d}")
    print(f"  for          {', '.join(now.document_types)}")
    print(f"  certificate  {_fingerprint(now.certificate)}")
    print(f"  authority    {_fingerprint(now.authority)}")


def open_authority(folder: Path) -> "tuple[ec.EllipticCurvePrivateKey, x509.Certificate]":
    """Key and certificate of an authority's folder; asks for its password. Raises ValueError, OSError, TypeError."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = serialization.load_pem_private_key((folder / "csca.key").read_bytes(), _password(twice=False))
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{folder / 'csca.key'}: not a key of ECDSA")
    return key, x509.load_der_x509_certificate((folder / "csca.crt").read_bytes())


def _password(*, twice: bool) -> bytes:
    password = os.environ.get("JIWAR_PASSWORD") or getpass.getpass("Password of the authority's key: ")
    if len(password) < 12:
        raise ValueError("the password has fewer than 12 characters")
    if twice and "JIWAR_PASSWORD" not in os.environ and getpass.getpass("Once more: ") != password:
        raise ValueError("the two passwords differ")
    return password.encode()


def _serial() -> int:
    import secrets

    from jiwar.documents.logic.seal_signers import SERIAL_BITS

    return secrets.randbits(SERIAL_BITS - 1) | 1 << SERIAL_BITS - 2


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def _fingerprint(certificate: "x509.Certificate") -> str:
    from cryptography.hazmat.primitives import hashes

    return certificate.fingerprint(hashes.SHA256()).hex()
