"""Who works here and whom this node knows: the only writer of people, nodes and keys."""

import base64
import datetime as dt
import secrets
from collections.abc import Iterable

from allauth.mfa.models import Authenticator
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jiwar.identity import events
from jiwar.identity.book import shorten_changes
from jiwar.identity.cards import USES, Card, CardInvalid, read_card, write_card
from jiwar.identity.contact import check_contact, check_line
from jiwar.identity.keys import KeyRing, key_id, make_tls, ring
from jiwar.identity.models import Agency, Node, NodeKey, Person, RoleGrant, Root
from jiwar.identity.queries import believed_signing, is_listed, is_stale, root_of
from jiwar.identity.roles import Clearance, Role
from jiwar.identity.trust import believe_root, follow_root, is_heard, meet_root, take_certificate
from jiwar.wire.faults import Fault, Refused

SYSTEM = "system"


def add_person(
    username: str,
    full_name: str,
    password: str,
    *,
    agency: Agency,
    roles: Iterable[Role],
    clearance: Clearance = Clearance.STANDARD,
    language: str = "",
    must_change_password: bool = False,
    by: str = SYSTEM,
) -> Person:
    """Add a person with her roles; raises django's ValidationError for a weak password or a taken name.

    An administrator runs the machine and cannot read cases, the oversight role sees all and changes nothing: neither
    goes with another role.
    """
    roles = frozenset(roles)
    check_roles(roles)
    person = Person(
        username=username,
        full_name=full_name,
        agency=agency,
        clearance=clearance,
        language=language,
        must_change_password=must_change_password,
    )
    validate_password(password, person)
    person.set_password(password)
    with transaction.atomic():
        person.full_clean()
        person.save()
        RoleGrant.objects.bulk_create(RoleGrant(person=person, role=role) for role in sorted(roles))
        events.person_added.send(
            Person, by=by, subject=str(person.id), detail={"roles": sorted(roles), "clearance": clearance}
        )
    return person


def change_person(person: Person, *, roles: Iterable[Role], clearance: Clearance, is_active: bool, by: str) -> None:
    """Set a person's roles, clearance and whether she may sign in; raises RolesConflict or LastAdministrator."""
    roles = frozenset(roles)
    check_roles(roles)
    with transaction.atomic():
        if (Role.ADMINISTRATOR not in roles or not is_active) and _is_last_administrator(person):
            raise LastAdministrator(person.username)
        RoleGrant.objects.filter(person=person).exclude(role__in=roles).delete()
        RoleGrant.objects.bulk_create(
            (RoleGrant(person=person, role=role) for role in sorted(roles)), ignore_conflicts=True
        )
        person.clearance, person.is_active = clearance, is_active
        person.save(update_fields=["clearance", "is_active"])
        person.__dict__.pop("roles", None)
        detail = {"roles": sorted(roles), "clearance": clearance, "active": is_active}
        events.person_changed.send(Person, by=by, subject=str(person.id), detail=detail)


def choose_language(person: Person, language: str) -> None:
    """Keep the language that a person chose for herself: no act of anyone upon anything, so no leaf."""
    person.language = language
    person.save(update_fields=["language"])


def _is_last_administrator(person: Person) -> bool:
    active = RoleGrant.objects.select_for_update().filter(role=Role.ADMINISTRATOR, person__is_active=True)
    return list(active.values_list("person_id", flat=True)) == [person.id]


def add_agency(code: str, name: str, *, by: str = SYSTEM) -> Agency:
    """Add an agency; raises django's ValidationError for a code that is taken or has an unusual form."""
    agency = Agency(code=code, name=name)
    with transaction.atomic():
        agency.full_clean()
        agency.save(force_insert=True)
        events.agency_added.send(Agency, by=by, subject=code, detail={})
    return agency


# Without the letters and digits that look alike when they are read out or copied by hand.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


def one_time_password() -> str:
    """A password to hand over on paper: four groups of four, 79 bits."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))


def set_one_time_password(person: Person, *, lost_device: bool = False, by: str) -> str:
    """A new password that she must change at her next sign-in; returned once. All her sessions end.

    `lost_device` also forgets her passkeys, authenticator and recovery codes.
    """
    password = one_time_password()
    with transaction.atomic():
        person.set_password(password)
        person.must_change_password = True
        person.save(update_fields=["password", "must_change_password"])
        events.password_changed.send(Person, by=by, subject=str(person.id), detail={"one_time": True})
        if lost_device:
            removed, _ = Authenticator.objects.filter(user=person).delete()
            detail = {"removed": "all", "count": removed}
            events.second_factor_changed.send(Person, by=by, subject=str(person.id), detail=detail)
    return password


def password_chosen(person: Person) -> None:
    """She chose a password of her own: nobody else knows it now."""
    with transaction.atomic():
        person.must_change_password = False
        person.save(update_fields=["must_change_password"])
        events.password_changed.send(Person, by=str(person.id), subject=str(person.id), detail={})


class LastAdministrator(ValueError):
    """Without this person nobody could run the node."""


class RolesConflict(ValueError):
    """A person may not hold these roles together."""


def check_roles(roles: frozenset[Role]) -> None:
    """Administrator and oversight stand alone; raises RolesConflict."""
    for alone in (Role.ADMINISTRATOR, Role.OVERSIGHT):
        if alone in roles and len(roles) > 1:
            raise RolesConflict(f"{alone} goes with no other role")


def make_own_keys(*, by: str = SYSTEM, at: dt.datetime | None = None) -> KeyRing:
    """Make what is missing of the node's key ring and TLS certificate, and enter the node in its own directory.

    Safe to repeat: files are no part of a transaction, so a start that was killed in between is made good by the next.
    """
    at = at or timezone.now()
    if not (settings.KEYS / "keyring.json").exists():
        KeyRing.make().write(settings.KEYS)
    elif not (old := ring(settings.KEYS)).cosigning:
        old.complete().write(settings.KEYS)
    if not all((settings.KEYS / name).exists() for name in ("tls.key", "tls.crt")):
        make_tls(settings.KEYS, settings.NODE.code, settings.NODE.exchange_url, at)
    keys = ring(settings.KEYS)
    shorten_changes()
    card = read_card(own_card(at=at))
    if not _is_entered(card):
        with transaction.atomic():
            _store(card)
            events.own_keys_made.send(KeyRing, by=by, subject=card.code, detail={"signing": keys.signing[0].id})
    return keys


def _is_entered(card: Card) -> bool:
    node = Node.objects.filter(code=card.code, tls_certificate=card.tls_certificate)
    keys = NodeKey.objects.filter(node_id=card.code, id__in=card.key_ids.values())
    return node.exists() and keys.count() == len(USES)


def store_own(card: Card) -> Node:
    """Enter this node's own card in its own directory."""
    return _store(card)


def own_card(contact: dict[str, str] | None = None, at: dt.datetime | None = None) -> str:
    """This node's card, to hand to a neighbour."""
    if contact is None:
        contact = getattr(Node.objects.filter(code=settings.NODE.code).first(), "contact", {})
    certificate = (settings.KEYS / "tls.crt").read_text()
    return write_card(settings.NODE, ring(settings.KEYS), certificate, contact, at or timezone.now())


def set_contact(contact: dict[str, str], *, by: str) -> None:
    """Set the contact point that the node's card names (Plan B5, D3); raises Refused with every fault."""
    contact = check_contact(contact)
    with transaction.atomic():
        Node.objects.filter(code=settings.NODE.code).update(contact=contact)
        events.node_added.send(Node, by=by, subject=settings.NODE.code, detail={"contact": sorted(contact)})


def add_node(text: str, *, heard: str | None = None, by: str = SYSTEM) -> Node:
    """Enter a neighbour's or a post's card by hand; raises CardInvalid.

    `heard` is the fingerprint that the neighbour read out over another line: of its state's root, which is believed
    from then on, or of the node's key when it is not certified. None where the card came from the same hands as this
    node (a post's, a test's). A certified card of a state whose root is known needs no reading.
    """
    card = read_card(text)
    if card.code == settings.NODE.code:
        raise CardInvalid("card_is_own")
    if needs_reading(card) and heard is not None and not is_heard(heard, card.fingerprint):
        raise CardInvalid("card_fingerprint_wrong", card.fingerprint)
    with transaction.atomic():
        if card.root:
            # What differs from the root that is known stays as a claim, though the card is refused.
            root = follow_root(card.root, settings.NODE.code)
            if root_of(card.state) is None:
                believe_root(root, how="hands" if heard is None else "read", by=by)
    return _enter(card, "hand", by=by)


def needs_reading(card: Card) -> bool:
    """Whether two people must read the fingerprint before the card is entered."""
    believed = root_of(card.state)
    return card.root is None or believed is None or believed.hash != card.root.keys.hash


def hear_card(text: str, *, by: str) -> Node:
    """Enter a card that came over the exchange; raises CardInvalid.

    It must be certified by the root that is believed, or signed by a key of that node that is.
    """
    card = read_card(text)
    if card.code == settings.NODE.code:
        raise CardInvalid("card_is_own")
    if card.root and _is_vouched(card, believed_signing(card.code)):
        follow_root(card.root, card.code)
    return _enter(card, "heard", by=by)


def introduce(text: str, *, ends_old: bool, by: str) -> Node:
    """Enter a card at a post by the word of its national node; raises CardInvalid.

    The word is enough for another root of another state too; the root of its own state a post takes from its own people
    or from the root before. `ends_old`: what that state's root before certified counts no longer.
    """
    card = read_card(text)
    if card.code == settings.NODE.code:
        raise CardInvalid("card_is_own")
    with transaction.atomic():
        if card.root:
            root, believed = follow_root(card.root, by), root_of(card.state)
            if believed is None or (believed.hash != root.hash and card.state != settings.NODE.state):
                believe_root(root, how="introduced", by=by, old=Root.Status.ENDED if ends_old else Root.Status.REPLACED)
        return _enter(card, "introduced", by=by)


def _enter(card: Card, how: str, *, by: str) -> Node:
    """Keep a node with its keys and certificate, or raise CardInvalid; nothing is half-written.

    `how`: `hand` (an administrator), `heard` (over the exchange, from itself), `introduced` (by our national node).
    """
    believed = root_of(card.state)
    certified = bool(card.root and believed and believed.hash == card.root.keys.hash)
    if card.root and believed and not certified:
        raise CardInvalid("card_root_differs", card.root.keys.fingerprint)
    if not certified and settings.NODE.require_certificates:
        raise CardInvalid("card_uncertified", card.code)
    with transaction.atomic():
        _check_known(card, how, certified=certified)
        node = _store(card, by_hand=not certified, waits=how == "heard" and is_stale(card.state))
        if card.certificate and card.root:
            take_certificate(card.certificate, meet_root(card.root, card.code), by=by)
        detail = card.key_ids | {"url": card.exchange_url, "certified": certified}
        events.node_added.send(Node, by=by, subject=node.code, detail=detail)
    return node


def _check_known(card: Card, how: str, *, certified: bool) -> None:
    ids = card.key_ids
    keys = {key.id: key for key in NodeKey.objects.filter(Q(node_id=card.code) | Q(id__in=ids.values()))}
    for use, id_ in ids.items():
        if id_ in keys and keys[id_].node_id != card.code:
            raise CardInvalid("card_key_of_other", keys[id_].node_id)
        if (id_ in keys and keys[id_].revoked_at is not None) or is_listed(card.state, card.keys[use]):
            raise CardInvalid("card_key_revoked", id_)
    believed = believed_signing(card.code)
    strange = not certified and not _is_vouched(card, believed)
    if strange and (how == "heard" or (how == "hand" and believed)):
        raise CardInvalid("card_key_changed", card.code)
    held = Node.objects.filter(code=card.code).first()
    if how == "hand" and believed and held is not None and card.issued_at < held.card_issued_at:
        raise CardInvalid("card_older", held.card_issued_at.date().isoformat())


def _is_vouched(card: Card, believed: dict[str, Ed25519PublicKey]) -> bool:
    """Whether a key that is believed signed the card: the newest itself, or the one before it beside it."""
    if card.key_ids["signing"] in believed:
        return True
    if card.previous is None or card.previous[0] not in believed:
        return False
    try:
        believed[card.previous[0]].verify(card.previous[1], card.said)
    except InvalidSignature:
        return False
    return True


def revoke_node_key(key: NodeKey, why: str, *, by: str) -> None:
    """Nothing signed by this key is believed from now on; raises Refused without a reason, or when it is revoked."""
    why = check_line(why, "why")
    if key.revoked_at is not None:
        raise Refused(Fault("key_revoked", "why"))
    with transaction.atomic():
        key.revoked_at, key.revoked_why = timezone.now(), why
        key.save(update_fields=["revoked_at", "revoked_why"])
        events.node_key_revoked.send(NodeKey, by=by, subject=key.node_id, detail={"key": key.id, "why": why})


def _store(card: Card, *, by_hand: bool = True, waits: bool = False) -> Node:
    fields = {
        "state": card.code[:3],
        "role": card.role,
        "name": card.name,
        "exchange_url": card.exchange_url,
        "tls_certificate": card.tls_certificate,
        "contact": card.contact,
        "card": card.text,
        "card_issued_at": card.issued_at,
    }
    node, new = Node.objects.get_or_create(code=card.code, defaults=fields)
    # A card that comes late names keys that signed what is on its way, and nothing else that still holds.
    if not new and node.card_issued_at <= card.issued_at:
        Node.objects.filter(code=card.code).update(**fields)
        node.refresh_from_db()
    for use, raw in card.keys.items():
        fresh = {"node": node, "use": use, "public": _b64(raw), "by_hand": by_hand, "waits": waits}
        fresh["stated_at"] = card.issued_at
        key, new = NodeKey.objects.get_or_create(id=key_id(raw), defaults=fresh)
        if not new and by_hand and not (key.by_hand and not key.waits):
            key.by_hand, key.waits = True, False
            key.save(update_fields=["by_hand", "waits"])
    return node


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
