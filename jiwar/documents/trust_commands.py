"""Verbs about trust at the terminal: read in, and say how far it reaches. Who reads in signs in."""

import argparse
import sys
from pathlib import Path

from jiwar.records.terminal import spoken


def add_commands(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `trust` to the acts of `jiwar document`."""
    trust = acts.add_parser("trust", help="whose documents are believed").add_subparsers(required=True, metavar="ACT")
    read = trust.add_parser("import", help="read in master lists, LDIF, lists of revocations; submit certificates")
    read.add_argument("file", type=Path, nargs="+")
    read.add_argument("--user", required=True, help="who reads it in; the password is asked for")
    read.add_argument("--reason", required=True, help="where it comes from and why it is read in")
    read.add_argument("--ends-many", action="store_true", help="the publisher took out more than half of its list")
    read.add_argument("--role", default="anchor", choices=("anchor", "publisher", "signer"), help="of a certificate")
    read.add_argument("--handed", default="", help="of a certificate, how it came: in_person, diplomatic, published …")
    read.add_argument("--checked", default="", help="of a certificate, how its fingerprint was compared")
    read.set_defaults(run=_import, needs_node=True)
    export = trust.add_parser("export", help="write every trusted authority to a file, for our own master list")
    export.add_argument("file", type=Path)
    export.add_argument("--user", required=True, help="who writes it out; the password is asked for")
    export.add_argument("--bilateral", action="store_true", help="only those for which two persons here vouch")
    export.set_defaults(run=_export, needs_node=True)
    sign = trust.add_parser("sign-list", help="sign our master list at the authority (offline, no node)")
    sign.add_argument("folder", type=Path, help="folder of the authority")
    sign.add_argument("certificates", type=Path, help="the file that `export` wrote")
    sign.add_argument("--out", type=Path, required=True, help="the master list")
    sign.set_defaults(run=_sign_list, needs_node=False)
    trust.add_parser("list", help="each state, and what is trusted of it").set_defaults(run=_list, needs_node=True)


def _import(told: argparse.Namespace) -> int:
    from jiwar.access.permissions import Permission, Purpose
    from jiwar.documents import trust
    from jiwar.documents.trust_reading import is_one_certificate
    from jiwar.records.refusals import say_refusals
    from jiwar.records.terminal import grant
    from jiwar.records.words import fault_text

    def act() -> int:
        by = grant(told.user, Permission.DOCUMENTS_TRUST_IMPORT, Purpose.BORDER_CHECK)
        for path in told.file:
            data = path.read_bytes()
            if is_one_certificate(data):
                said = {name: getattr(told, name) for name in ("role", "handed", "checked", "reason")}
                draft = trust.submit_change(by, trust.draft_certificate(by, data, **said).pk)
                print(f"{path.name}: waits for a second person at the console, as change {draft.pk}")
                continue
            file = trust.import_file(by, path.name, data, told.reason, ends_many=told.ends_many)
            print(f"{path.name}: {spoken('trust_form', file.form)}: {file.added} new, {file.ended} ended,", end=" ")
            print(f"{file.unchanged} unchanged, {file.crls} lists of revocations, {file.refused} refused")
            for fault in file.faults[:20]:
                print(f"  {fault['field']}: {fault_text(fault['code'], fault['detail'], 'en')}", file=sys.stderr)
        return 0

    return say_refusals(act)


def _list(_told: argparse.Namespace) -> int:
    from django.utils import timezone

    from jiwar.access.permissions import Permission
    from jiwar.access.services import as_node
    from jiwar.documents import trust_queries, trust_store

    for row in trust_queries.coverage(as_node(Permission.DOCUMENTS_TRUST_READ), timezone.now()):
        until = f"{row.until:%Y-%m-%d}" if row.until else "–"
        crl = f"{row.crl_at:%Y-%m-%d}" if row.crl_at else spoken("trust_crl", "none")
        reach = spoken("trust_reach", row.code)
        counted = f"{row.valid:4} of {row.anchors:4}"
        print(f"{row.country}  {counted}  {until:10}  {reach}; CRL {crl}; {' '.join(row.sources)}")
    print(f"version {trust_store.version() or '–'}")
    return 0


def _export(told: argparse.Namespace) -> int:
    from jiwar.access.permissions import Permission, Purpose
    from jiwar.documents.trust_export import bundle
    from jiwar.records.refusals import say_refusals
    from jiwar.records.terminal import grant

    def act() -> int:
        by = grant(told.user, Permission.DOCUMENTS_TRUST_IMPORT, Purpose.BORDER_CHECK)
        data = bundle(by, bilateral=told.bilateral)
        told.file.write_bytes(data)
        print(f"{told.file}: {data.count(b'BEGIN CERTIFICATE')} certificates")
        return 0

    return say_refusals(act)


def _sign_list(told: argparse.Namespace) -> int:
    import datetime as dt
    import secrets

    from cryptography.hazmat.primitives.asymmetric import ec

    from jiwar.documents.logic.list_signer import sign_list
    from jiwar.documents.logic.pem import read_pem
    from jiwar.documents.logic.pki import read_certificate
    from jiwar.documents.signer_commands import open_authority

    try:
        certificates = [read_certificate(der) for der in read_pem(told.certificates.read_bytes())]
        key, authority = open_authority(told.folder)
        at = dt.datetime.now(dt.UTC).replace(microsecond=0)
        own = ec.generate_private_key(ec.SECP256R1())
        made = sign_list(certificates, authority, key, own, secrets.randbits(63) | 1, at)
    except (OSError, TypeError, ValueError) as refused:
        print(refused, file=sys.stderr)
        return 1
    told.out.write_bytes(made)
    print(f"{told.out}: {len(certificates)} certificates, signed under {authority.subject.rfc4514_string()}")
    return 0
