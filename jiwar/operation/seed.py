"""What the demonstration fills its nodes with, through the same services that people use."""

import json
import time
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant, allow
from jiwar.access.services import actor_of_person
from jiwar.agreements import services as agreements
from jiwar.agreements.demo import demo_agreement
from jiwar.agreements.queries import agreements as held_agreements
from jiwar.analysis.demo import ON, ORDER, alert_content
from jiwar.crossings.demo import mrz_samples
from jiwar.documents import trust as document_trust
from jiwar.documents import trust_store
from jiwar.documents.demo import CERTIFICATE, REVOCATIONS, make_signer
from jiwar.documents.trust_offers import draft_offer
from jiwar.identity import services as identity
from jiwar.identity.cards import read_card
from jiwar.identity.certification import install, request_certificate
from jiwar.identity.papers import read_root
from jiwar.identity.queries import agency, anyone, person
from jiwar.identity.roles import Clearance, Role
from jiwar.operation.demo import COUNTRIES, PASSWORD, PEOPLE
from jiwar.watchlist import services as watchlist
from jiwar.watchlist.alert_kinds import ALERT_ON

AGENCIES = {
    "administrator": ("node", "Node administration"),
    "analyst": ("analysis", "Analysis unit"),
    "approver": ("compliance", "Compliance office"),
    "contact_officer": ("contact-point", "National contact point"),
    "field_officer": ("border-police", "Border police"),
    "oversight": ("oversight", "Data protection authority"),
}
CONTACTS = {
    "LBY": {"name": "Amal Ben Othman", "telephone": "+218 00 000 0001", "hours": "24/7", "languages": "ar, fr, en"},
    "NER": {"name": "Moussa Abdou", "telephone": "+227 00 00 00 02", "hours": "24/7", "languages": "fr, ar, en"},
    "TUN": {"name": "Leïla Trabelsi", "telephone": "+216 00 000 003", "hours": "24/7", "languages": "ar, fr"},
    "NER-MADAMA": {"name": "Zara Oumarou", "telephone": "+227 00 00 00 04", "hours": "06:00-22:00", "languages": "fr"},
}


def people(cards: Path) -> None:
    """Add the node's people and its contact point, and write its request for a certificate into the folder."""
    code = settings.NODE.code
    if not anyone():
        _add_people(code)
    (cards / f"{code}.request").write_text(json.dumps(request_certificate()), encoding="utf-8")


def certified(cards: Path) -> None:
    """Take the certificate that the sitting signed into use, and write the card where the others find it."""
    code = settings.NODE.code
    bundle = json.loads((cards / f"{code}.certificate.json").read_text(encoding="utf-8"))
    install(bundle, heard=read_root(bundle["root"]).keys.fingerprint, by=identity.SYSTEM)
    (cards / f"{code}.card").write_text(identity.own_card(), encoding="utf-8")


def neighbours(cards: Path) -> None:
    """Enter the cards of other states and of own posts; a post knows its national node, which introduces the others."""
    for path in sorted(cards.glob("*.card")):
        text = path.read_text(encoding="utf-8")
        card = read_card(text)
        is_neighbour = card.role != "post" or card.state == settings.NODE.state
        if card.code != settings.NODE.code and (
            card.code == settings.NODE.national if settings.NODE.role == "post" else is_neighbour
        ):
            identity.add_node(text)


def _add_people(code: str) -> None:
    identity.set_contact(CONTACTS[code], by="system")
    for username, full_name, role, clearance in PEOPLE[code]:
        identity.add_person(
            username,
            full_name,
            PASSWORD,
            agency=agency(*AGENCIES[role]),
            roles=[Role(role)],
            clearance=Clearance(clearance),
            language=settings.NODE.language,
        )
    if settings.NODE.role == "post":
        (settings.DATA / "mrz.txt").write_text("\n".join(mrz_samples(timezone.now().date())) + "\n", encoding="utf-8")


def propose() -> None:
    """Libya's two officers make the agreement with Niger, unless there is one."""
    if held_agreements(timezone.now()):
        return
    start = timezone.now().date()
    body = demo_agreement(start, start.replace(year=start.year + 2, day=min(start.day, 28)))
    draft = agreements.draft_agreement(_as("amal", Permission.AGREEMENTS_AGREEMENT_DRAFT), body)
    draft = agreements.submit(_as("amal", Permission.AGREEMENTS_AGREEMENT_DRAFT), draft)
    agreements.approve(_as("salem", Permission.AGREEMENTS_AGREEMENT_APPROVE), draft, draft.content_hash)


def sign(seconds: float = 30) -> None:
    """Niger's two officers put their signature under it as soon as it has arrived; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not (held := held_agreements(timezone.now())):
        if time.monotonic() > deadline:
            raise TimeoutError("the agreement did not arrive")
        time.sleep(0.2)
    if settings.NODE.state in held[0].signed_by:
        return
    draft = agreements.cosign(_as("moussa", Permission.AGREEMENTS_AGREEMENT_DRAFT), held[0].terms.uid)
    agreements.approve(_as("aissata", Permission.AGREEMENTS_AGREEMENT_APPROVE), draft, draft.content_hash)


def known() -> None:
    """Libya's two officers publish alerts on a made-up network, and read the sample list, unless there are alerts."""
    author = _as("amal", Permission.WATCHLIST_ALERT_DRAFT, Purpose.COUNTER_TERRORISM)
    approver = _as("salem", Permission.WATCHLIST_ALERT_APPROVE, Purpose.COUNTER_TERRORISM)
    reader = _as("amal", Permission.WATCHLIST_ALERT_READ, Purpose.COUNTER_TERRORISM)
    if watchlist.browse_alerts(reader):
        return
    made: dict[str, str] = {}
    for name in ORDER:
        content = alert_content(name, made, timezone.now())
        draft = watchlist.draft_alert(author, content, kind=ALERT_ON[ON[name]])
        for double in watchlist.doubles(author, draft):
            reason = "Another person, who uses the same telephone"
            watchlist.answer_double(author, draft, double.alert.uid, same=False, reason=reason)
        draft = watchlist.submit_alert(author, draft.pk)
        made[name] = str(watchlist.approve_alert(approver, draft.pk, draft.content_hash).uid)
    sample = Path(watchlist.__file__).parent / "data" / "un_sample.xml"
    with sample.open("rb") as file:
        importer = _as("amal", Permission.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS)
        watchlist.import_un_list(importer, file, sample.name)


def trust(cards: Path, seconds: float = 30) -> None:
    """Take an own signer of seals into use, show the own authority, vouch for every authority, read in the rest."""
    state = settings.NODE.state
    folder = cards.parent / "ceremony"
    made = make_signer(folder / state / "authority", COUNTRIES[state], PASSWORD)
    _write(cards / f"{state}.seal-signer", made)
    jobs = {role: username for username, _, role, _ in PEOPLE[state]}
    imports = _as(jobs["contact_officer"], Permission.DOCUMENTS_TRUST_IMPORT)
    approves = _as(jobs["approver"], Permission.DOCUMENTS_TRUST_APPROVE)
    held = trust_store.current()
    if not held.anchors:
        own = (folder / state / "authority" / CERTIFICATE).read_bytes()
        drafts = [draft_offer(imports, own, "The demonstration's authority")]
        for other in COUNTRIES:
            data = (folder / other / "authority" / CERTIFICATE).read_bytes()
            said = {"handed": "in_person", "checked": "read aloud at the demonstration", "reason": "Demonstration"}
            drafts.append(document_trust.draft_certificate(imports, data, **said))
        for draft in drafts:
            sent = document_trust.submit_change(imports, draft.pk)
            document_trust.approve_change(approves, sent.pk, sent.content_hash)
    deadline = time.monotonic() + seconds
    for other in COUNTRIES:
        while not (path := cards / f"{other}.seal-signer").exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{other} has made no signer of seals")
            time.sleep(0.1)
        crl = folder / other / "authority" / REVOCATIONS
        document_trust.import_file(imports, path.name, path.read_bytes(), "Demonstration")
        document_trust.import_file(imports, f"{other}-{crl.name}", crl.read_bytes(), "Demonstration")


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: other nodes wait for it."""
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)


def _as(username: str, permission: Permission, purpose: Purpose | None = None) -> Grant:
    return allow(actor_of_person(person(username), "cli"), permission, purpose)
