"""The node's own certificate and the rotation of its keys: asked for, installed, followed through.

A rotation passes through three steps, each safe to be killed in: the new keys wait in the ring's file; the database
takes them in, and the card that names them leaves, signed by the keys before; the file turns to the new ones. A start
finishes the third (`finish_rotation`).
"""

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.identity import events
from jiwar.identity.cards import read_card, write_card
from jiwar.identity.keys import KeyRing, ring
from jiwar.identity.logic import revocations
from jiwar.identity.logic.bundles import read_bundle
from jiwar.identity.logic.certificates import Certificate, Subject, write_request
from jiwar.identity.logic.roots import RootFile
from jiwar.identity.logic.signed import PaperRefused
from jiwar.identity.models import Certificate as CertificateRow
from jiwar.identity.models import NodeKey, Root
from jiwar.identity.queries import contact_of, root_of
from jiwar.identity.services import store_own
from jiwar.identity.trust import believe_root, follow_root, is_heard, take_certificate, take_list


def request_certificate() -> dict[str, Any]:
    """The node's request: for the keys that wait, or for those in use when none do."""
    keys = ring(settings.KEYS)
    asked = keys.next or keys
    of = Subject(settings.NODE.state, settings.NODE.code, settings.NODE.role, asked.public)
    return write_request(of, timezone.now(), asked.signing[0], asked.cosigning[0])


def rotate(*, by: str) -> bool:
    """Make new keys. A node without a certificate uses them at once; another when their certificate is installed.

    Returns whether they are in use.
    """
    keys = ring(settings.KEYS).with_next()
    keys.write(settings.KEYS)
    if keys.certificate is not None:
        return False
    new = keys.turned()
    _announce(keys, new, None, by=by)
    new.write(settings.KEYS)
    return True


def install(data: object, *, heard: str | None, by: str) -> Certificate:
    """Take the node's certificate into use; raises PaperRefused.

    `heard`: the fingerprint of the state's root, from the page that the ceremony printed; needed once, when the node
    has no root yet. `certificate_of_other_node`, `certificate_of_other_keys`, `certificate_over`, `root_unread`,
    `root_differs`.
    """
    file, certificate = read_bundle(data)
    of, keys = certificate.of, ring(settings.KEYS)
    if (of.subject, of.role) != (settings.NODE.code, settings.NODE.role):
        raise PaperRefused("certificate_of_other_node", f"{of.subject} {of.role}")
    if certificate.not_after <= timezone.now():
        raise PaperRefused("certificate_over", certificate.not_after.date().isoformat())
    if keys.next is not None and of.keys == keys.next.public:
        new = keys.turned()
    elif of.keys == keys.public:
        new = keys
    else:
        raise PaperRefused("certificate_of_other_keys", of.key_ids["signing"])
    with transaction.atomic():
        root = own_root(file, heard, by=by)
        take_certificate(certificate, root, by=by)
        new = replace(new, certificate=certificate.data, root=file.data)
        _announce(keys, new, certificate, by=by)
    new.write(settings.KEYS)
    return certificate


def install_officer(data: object, *, heard: str | None, by: str) -> Certificate:
    """Take the certificate of an officer of this state; raises PaperRefused."""
    file, certificate = read_bundle(data)
    if certificate.of.state != settings.NODE.state:
        raise PaperRefused("certificate_of_other_state", certificate.of.state)
    if certificate.not_after <= timezone.now():
        raise PaperRefused("certificate_over", certificate.not_after.date().isoformat())
    with transaction.atomic():
        take_certificate(certificate, own_root(file, heard, by=by), by=by)
    return certificate


def own_root(file: RootFile, heard: str | None, *, by: str) -> Root:
    """The root of this node's own state; raises PaperRefused unless it is known, or `heard` is its fingerprint."""
    believed = root_of(file.keys.state)
    if believed is None and (heard is None or not is_heard(heard, file.keys.fingerprint)):
        raise PaperRefused("root_unread", file.keys.fingerprint)
    root = follow_root(file, settings.NODE.code)
    if believed is None:
        return believe_root(root, how="hands", by=by)
    if root.status != Root.Status.BELIEVED:
        raise PaperRefused("root_differs", file.keys.fingerprint)
    return root


def finish_rotation() -> None:
    """Turn the ring's file to keys that the database has taken in already: a rotation that was killed is made good."""
    if not (settings.KEYS / "keyring.json").exists():
        return
    keys = ring(settings.KEYS)
    if keys.next is None or not NodeKey.objects.filter(id=keys.next.signing[0].id).exists():
        return
    held = CertificateRow.objects.filter(keys__signing=keys.next.signing[0].id).select_related("root").last()
    new = keys.turned()
    if held is not None:
        new = replace(new, certificate=held.data, root=held.root.file)
    new.write(settings.KEYS)


def _announce(keys: KeyRing, new: KeyRing, certificate: Certificate | None, *, by: str) -> None:
    """Take the new keys into the own directory and let the card leave, signed by the keys that the file still has."""
    code = settings.NODE.code
    tls = (settings.KEYS / "tls.crt").read_text()
    text = write_card(settings.NODE, new, tls, contact_of(code), timezone.now())
    turned = new.signing[0].id != keys.signing[0].id
    detail = {"signing": new.signing[0].id, "before": keys.signing[0].id if turned else ""}
    if certificate is not None:
        detail["until"] = certificate.not_after.isoformat()
    with transaction.atomic():
        store_own(read_card(text))
        signal = events.own_keys_rotated if turned else events.own_certificate_installed
        signal.send(KeyRing, by=by, subject=code, detail=detail, card=text)


def install_paper(data: dict[str, Any], *, heard: str | None, by: str) -> str:
    """Take whatever a sitting signed: the node's certificate, an officer's, a list. What it was, in a few words.

    Raises PaperRefused, KeyRefused or Refused.
    """
    if data.get("format") == revocations.FORMAT:
        row = take_list(data, by=by)
        return f"revocation list {row} is in force, until {row.next_update:%Y-%m-%d}"
    _, certificate = read_bundle(data)
    if certificate.of.is_officer:
        install_officer(data, heard=heard, by=by)
    else:
        install(data, heard=heard, by=by)
    of = certificate.of
    return f"{of.subject} is certified as {of.role.replace('_', ' ')} until {certificate.not_after:%Y-%m-%d}"
