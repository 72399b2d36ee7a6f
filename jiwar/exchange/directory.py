"""Keys travel as records: what comes is heard here, and what others need of us is said from here.

A national node says to its neighbours its own card, its state's revocation lists, its officers' certificates and which
roots it verified; to its posts it introduces itself and its neighbours, so that they can verify what other states
signed. A post says its own card to its national node. `tend` says what has not been said yet; what cannot wait (new
keys, a revocation) is said in the transaction that makes it.
"""

import datetime as dt
import json
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.services import as_node
from jiwar.audit.services import Author, append
from jiwar.exchange.directory_kinds import (
    CERTIFICATE,
    COUNTERSIGNATURE,
    INTRODUCTION,
    NODE_CARD,
    REVOCATIONS,
    CertificateBody,
    CountersignatureBody,
    IntroductionBody,
    NodeCardBody,
    RevocationsBody,
)
from jiwar.exchange.models import Outgoing
from jiwar.exchange.routing import enqueue, row
from jiwar.identity import events, papers, trust
from jiwar.identity.cards import CardInvalid, read_card
from jiwar.identity.queries import KeyRefused, neighbours, own_lists, own_officers, roots_verified_here, said_cards
from jiwar.identity.revoking import renew
from jiwar.identity.services import hear_card, introduce, own_card
from jiwar.records.content import Content
from jiwar.records.kinds import KINDS, Kind
from jiwar.records.queries import held
from jiwar.records.services import Record, issue, read_content, terms

_BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)
_DAYS = 3 * 365
_RENEW = dt.timedelta(days=180)


# --- what others say --------------------------------------------------------------------------------------------------


def _refuse(record: Record, code: str, detail: str) -> None:
    """The record stays, what it says does not count: a leaf says why."""
    append("key_paper_refused", _BY, record.node, {"kind": record.kind, "code": code, "detail": detail[:200]})


def _heard_card(record: Record, content: Content) -> None:
    assert isinstance(content.body, NodeCardBody)
    if record.node == settings.NODE.code:
        return
    text = json.dumps(content.body.card)
    try:
        if read_card(text).code != record.node:
            _refuse(record, "card_of_other", read_card(text).code)
            return
        with transaction.atomic():
            hear_card(text, by=record.node)
    except CardInvalid as invalid:
        _refuse(record, invalid.code, invalid.field)


def _heard_introduction(record: Record, content: Content) -> None:
    assert isinstance(content.body, IntroductionBody)
    if settings.NODE.role != "post" or record.node != settings.NODE.national:
        if record.node != settings.NODE.code:
            _refuse(record, "not_the_origin", "")
        return
    try:
        with transaction.atomic():
            introduce(json.dumps(content.body.card), ends_old=content.body.old_root == "ends", by=record.node)
    except CardInvalid as invalid:
        _refuse(record, invalid.code, invalid.field)


def _heard_certificate(record: Record, content: Content) -> None:
    assert isinstance(content.body, CertificateBody)
    file, certificate = papers.read_bundle(content.body.bundle)
    of = certificate.of
    if not of.is_officer or of.state != record.origin or record.node != record.origin:
        _refuse(record, "not_the_origin", f"{of.state} {of.role}")
        return
    if record.node != settings.NODE.code:
        trust.take_certificate(certificate, trust.follow_root(file, record.node), by=record.node)


def _heard_list(record: Record, content: Content) -> None:
    assert isinstance(content.body, RevocationsBody)
    if record.node == settings.NODE.code:
        return
    if content.body.list["state"] != record.origin:
        _refuse(record, "not_the_origin", str(content.body.list["state"]))
        return
    try:
        with transaction.atomic():
            trust.take_list(content.body.list, by=record.node)
    except (papers.PaperRefused, KeyRefused) as error:
        _refuse(record, error.code, str(error))


def _heard_countersignature(record: Record, content: Content) -> None:
    assert isinstance(content.body, CountersignatureBody)
    file = papers.read_root(content.body.root)
    if file.keys.state != content.body.state or record.node != record.origin:
        _refuse(record, "not_the_origin", content.body.state)
        return
    trust.meet_root(file, record.node, record.uid)


# --- what we say ------------------------------------------------------------------------------------------------------


def tend(by: Author, at: dt.datetime) -> None:
    """Say what the neighbours and the posts have not heard from us yet."""
    with transaction.atomic():
        _say_card(own_card())
        if settings.NODE.role != "national":
            return
        for text in (own_card(), *said_cards()):
            _introduce(text)
        renew(at)
        for data in own_lists():
            _say_list(data)
        for bundle in own_officers(at):
            _say(CERTIFICATE, CertificateBody(bundle=bundle), bundle["certificate"]["serial"])
        for root in roots_verified_here():
            if root.state != settings.NODE.state:
                body = CountersignatureBody(state=root.state, root=root.file, how=root.how, at=root.believed_at)
                _say(COUNTERSIGNATURE, body, root.hash)
        _reach_new_nodes(by)


def _say_card(text: str) -> None:
    _say(NODE_CARD, NodeCardBody(card=json.loads(text)), settings.NODE.code)


def _introduce(text: str) -> None:
    card = read_card(text)
    stolen = card.root is not None and trust.ended_before(card.root.keys.hash)
    body = IntroductionBody(card=json.loads(text), old_root="ends" if stolen else "stays")
    _say(INTRODUCTION, body, card.code)


def _say_list(data: dict[str, Any]) -> None:
    _say(REVOCATIONS, RevocationsBody(list=data), _signer(data))


def _say(kind: Kind, body: Any, subject: str) -> None:
    """Issue a record, unless one that says the same of this subject is in force and will be for a while."""
    before = next((one for one in _standing(kind) if _subject(kind, one.body) == subject), None)
    now = timezone.now()
    if before and _same(kind, before.body, body.model_dump(mode="json")) and before.valid_until > now + _RENEW:
        return
    plain = terms(Purpose.JUDICIAL_COOPERATION.value, "exchange of keys", _DAYS, body, tlp="GREEN")
    plain["review_on"] = plain["valid_until"].date()
    # A card of other keys takes no other's place: each names the key that signed what came after it.
    replaces = before if before and _keys(kind, before.body) == _keys(kind, body.model_dump(mode="json")) else None
    issue(_BY, kind, read_content(kind, plain, now), supersedes=replaces)


def _standing(kind: Kind) -> list[Record]:
    """What this node has said, newest first."""
    return list(held(kind.name).filter(node=settings.NODE.code, state=Record.State.IN_FORCE))


def _subject(kind: Kind, body: dict[str, Any]) -> str:
    if kind in (NODE_CARD, INTRODUCTION):
        return str(body["card"]["code"])
    if kind is CERTIFICATE:
        return str(body["bundle"]["certificate"]["serial"])
    if kind is REVOCATIONS:
        return _signer(body["list"])
    return papers.read_root(body["root"]).keys.hash


def _keys(kind: Kind, body: dict[str, Any]) -> str:
    return str(body["card"]["signing"]) if kind in (NODE_CARD, INTRODUCTION) else ""


def _signer(data: dict[str, Any]) -> str:
    """A newer list of the same signer takes the place of the one before."""
    return "node" if data["supplement"] else "root"


def _same(kind: Kind, before: dict[str, Any], now: dict[str, Any]) -> bool:
    """A card that was only signed again says the same."""
    if kind in (NODE_CARD, INTRODUCTION):
        signed = ("issued_at", "signature", "previous")
        before, now = ({**one, "card": {**one["card"], **dict.fromkeys(signed)}} for one in (before, now))
    return before == now


def _reach_new_nodes(by: Author) -> None:
    """A neighbour or a post that was entered since hears what was said before it came; a post, what others said too."""
    foreign, posts = set[str](), set[str]()
    for node in neighbours():
        (posts if node.state == settings.NODE.state else foreign).add(node.code)
    wanted: dict[Record, set[str]] = {}
    for kind in (NODE_CARD, INTRODUCTION, CERTIFICATE, REVOCATIONS, COUNTERSIGNATURE):
        newest = set[str]()
        for record in held(kind.name).filter(state=Record.State.IN_FORCE):
            own = record.node == settings.NODE.code
            subject = f"{record.node} {_subject(kind, record.body)}"
            if subject in newest:
                continue
            newest.add(subject)
            wanted[record] = (foreign if own and kind is not INTRODUCTION else set()) | (posts if kind.posts else set())
    sent = set(Outgoing.objects.filter(record__in=wanted).values_list("record_id", "node"))
    rows = [
        row(record, KINDS[record.kind, record.kind_version], node, foreign=node in foreign)
        for record, nodes in sorted(wanted.items(), key=lambda pair: pair[0].pk)
        for node in sorted(nodes)
        if (record.pk, node) not in sent
    ]
    enqueue(by, rows)


# --- what cannot wait -------------------------------------------------------------------------------------------------


def _own_keys_changed(sender: object, card: str, **_: Any) -> None:
    """The card leaves before the ring's file turns: the keys that neighbours know sign the record."""
    _say_card(card)
    if settings.NODE.role == "national":
        _introduce(card)


def _list_taken(sender: object, subject: str, **_: Any) -> None:
    if subject == settings.NODE.state and settings.NODE.role == "national":
        for data in own_lists():
            _say_list(data)


def connect() -> None:
    """Called once when the room is loaded."""
    NODE_CARD.projections.append(_heard_card)
    INTRODUCTION.projections.append(_heard_introduction)
    CERTIFICATE.projections.append(_heard_certificate)
    REVOCATIONS.projections.append(_heard_list)
    COUNTERSIGNATURE.projections.append(_heard_countersignature)
    for signal in (events.own_keys_rotated, events.own_certificate_installed):
        signal.connect(_own_keys_changed, dispatch_uid=f"exchange.directory.{id(signal)}")
    events.revocations_taken.connect(_list_taken, dispatch_uid="exchange.directory.list")
