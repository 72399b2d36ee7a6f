"""Roots, certificates and revocation lists as this node comes to believe them: their only writer."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from jiwar.identity import events
from jiwar.identity.book import book
from jiwar.identity.contact import check_line
from jiwar.identity.logic.certificates import Certificate as ReadCertificate
from jiwar.identity.logic.revocations import Revocations, read_revocations
from jiwar.identity.logic.roots import RootFile, RootKeys, read_root
from jiwar.identity.logic.signed import PaperRefused, key_hash
from jiwar.identity.models import Certificate, NodeKey, RevocationList, Root, RootWord
from jiwar.identity.queries import KeyRefused, cosigning_key, is_stale, root_of, signing_key
from jiwar.wire.faults import Fault, Refused


def keys_of_root(root: Root) -> RootKeys:
    """The public keys of a root, whose file was verified when it came."""
    return read_root(root.file).keys


def fingerprint_of_root(state: str) -> str:
    """The fingerprint of the root that is believed to be a state's, "" of none."""
    root = root_of(state)
    return keys_of_root(root).fingerprint if root else ""


def meet_root(file: RootFile, node: str, record: Any = None) -> Root:
    """Keep a node's word that this is the root of its state; nobody believes it for that.

    Another root than the one believed is an alarm: a leaf here, and a line on the page of roots until people settle it.
    """
    with transaction.atomic():
        root, _ = Root.objects.get_or_create(
            hash=file.keys.hash, defaults={"state": file.keys.state, "file": file.data}
        )
        if file.previous and not root.file.get("previous"):
            root.file = file.data
            root.save(update_fields=["file"])
        word, new = RootWord.objects.get_or_create(
            root=root, node=node, defaults={"record": record, "at": timezone.now()}
        )
        if record and word.record != record:
            word.record, word.at = record, timezone.now()
            word.save(update_fields=["record", "at"])
        believed = root_of(root.state)
        if new and believed and believed.hash != root.hash and root.status == Root.Status.CLAIMED:
            detail = {"root": root.hash, "believed": believed.hash, "said_by": node}
            events.root_disputed.send(Root, by="system", subject=root.state, detail=detail)
    return root


def believe_root(
    root: Root, *, how: str, by: str, second_by: str = "", reason: str = "", old: str = Root.Status.REPLACED
) -> Root:
    """From now on a state is known by this root. `old`: what becomes of the one before, and of its certificates."""
    with transaction.atomic():
        now = timezone.now()
        before = Root.objects.select_for_update().filter(state=root.state, status=Root.Status.BELIEVED).first()
        if before is not None and before.hash == root.hash:
            return before
        if before is not None:
            before.status, before.ended_at = old, now
            before.save(update_fields=["status", "ended_at"])
        root.status, root.how, root.by, root.second_by = Root.Status.BELIEVED, how, by[:60], second_by
        root.reason, root.believed_at, root.ended_at = reason, now, None
        root.save()
        detail = {"root": root.hash, "how": how, "before": before.hash if before else "", "reason": reason}
        if before is not None:
            detail["old"] = str(old)
        if second_by:
            detail["second"] = second_by
        events.root_believed.send(Root, by=by, subject=root.state, detail=detail)
    return root


def ended_before(hash_: str) -> bool:
    """Whether a root that was stolen, as two people said, stood before this one."""
    return Root.objects.filter(hash=hash_, ends_old=True, status=Root.Status.BELIEVED).exists()


def follow_root(file: RootFile, node: str) -> Root:
    """The root of a card or of a certificate, believed if the root that is believed names it as its successor."""
    with transaction.atomic():
        root, believed = meet_root(file, node), root_of(file.keys.state)
        if believed is not None and believed.hash != root.hash and file.previous:
            try:
                keys_of_root(believed).verify_successor(file)
            except PaperRefused:
                return root
            return believe_root(root, how="signed", by=node)
    return root


def take_certificate(certificate: ReadCertificate, root: Root, *, by: str) -> Certificate:
    """Keep a certificate that was verified; it counts while its root is believed, or was replaced in good order."""
    of = certificate.of
    with transaction.atomic():
        row, new = Certificate.objects.get_or_create(
            serial=certificate.serial,
            defaults={
                "root": root,
                "state": of.state,
                "subject": of.subject,
                "role": of.role,
                "keys": of.key_ids,
                "not_before": certificate.not_before,
                "not_after": certificate.not_after,
                "data": certificate.data,
            },
        )
        if new:
            detail = {"serial": str(row.serial), "role": of.role, "keys": of.key_ids, "root": root.hash}
            detail["until"] = row.not_after.isoformat()
            events.certificate_taken.send(Certificate, by=by, subject=of.subject, detail=detail)
    return row


def take_list(data: object, *, by: str) -> RevocationList:
    """Verify and keep a revocation list that is newer than the one held; raises PaperRefused or KeyRefused.

    `revocations_older` (a rollback), `revocations_differ` (another list of the same number: somebody signed two),
    `revocations_of_unknown_root`, `revocations_beyond_root` (a supplement about a national node's key, or one that
    would be fresh for longer than the root's own list).
    """
    found = read_revocations(data)
    root = root_of(found.state)
    if root is None:
        raise PaperRefused("revocations_of_unknown_root", found.state)
    with transaction.atomic():
        held = {(row.number, row.supplement): row for row in RevocationList.objects.filter(state=found.state)}
        place = (found.place.number, found.place.supplement)
        if place in held:
            if held[place].data != found.data:
                _verify_list(found, root, held)
                raise PaperRefused("revocations_differ", str(found.place))
            return held[place]
        late_base = found.by_root and held and max(held)[0] == found.place.number
        if held and place < max(held) and not late_base:
            raise PaperRefused("revocations_older", f"{found.place} < {'.'.join(map(str, max(held)))}")
        _verify_list(found, root, held)
        row = RevocationList.objects.create(
            state=found.state,
            number=found.place.number,
            supplement=found.place.supplement,
            issued_at=found.issued_at,
            next_update=found.next_update,
            data=found.data,
        )
        # Nothing is believed for an older list any more: the root's newest and the newest supplement to it stay.
        stay = {(found.place.number, 0), max(place, *held) if held else place}
        for older, gone in held.items():
            if older not in stay:
                gone.delete()
        if not is_stale(found.state):
            NodeKey.objects.filter(node__state=found.state, waits=True).update(waits=False)
        detail = {"list": str(found.place), "keys": len(found.entries), "next": found.next_update.isoformat()}
        events.revocations_taken.send(RevocationList, by=by, subject=found.state, detail=detail)
    return row


def _verify_list(found: Revocations, root: Root, held: dict[tuple[int, int], RevocationList]) -> None:
    if found.by_root:
        found.verify_root(keys_of_root(root))
        return
    signing = signing_key(found.state, found.by["signing"], found.issued_at)
    found.verify_node(signing, cosigning_key(found.state, found.by["cosigning"], found.issued_at))
    national = {id_: key for id_, key in book().nodes.items() if key.owner == found.state}
    if not all(national[found.by[use]].known.windows for use in ("signing", "cosigning")):
        raise KeyRefused("key_uncertified", found.by["signing"])
    base = held.get((found.place.number, 0))
    if base is not None and found.next_update > base.next_update:
        raise PaperRefused("revocations_beyond_root", "next_update")
    if not found.entries.keys().isdisjoint(key_hash(key.raw) for key in national.values()):
        raise PaperRefused("revocations_beyond_root", "entries")


def read_first(root: Root, heard: str, *, by: str) -> Root:
    """Believe the first root of a state, whose fingerprint its people read out; raises Refused."""
    _check_heard(root, heard)
    with transaction.atomic():
        if root.status != Root.Status.CLAIMED or root_of(root.state) is not None:
            raise Refused(Fault("root_is_settled", "heard"))
        return believe_root(root, how="read", by=by)


def read_anew(root: Root, heard: str, reason: str, *, ends_old: bool, by: str) -> None:
    """First of two people who heard the fingerprint of a new root of a state; raises Refused.

    The root before did not name it (it was lost or stolen): two people and a reason stand in its place. `ends_old`: its
    certificates count no longer, for it was stolen.
    """
    reason = check_line(reason, "reason")
    _check_heard(root, heard)
    if root.status != Root.Status.CLAIMED or root_of(root.state) is None:
        raise Refused(Fault("root_is_settled", "heard"))
    with transaction.atomic():
        root.by, root.reason, root.ends_old = by, reason, ends_old
        root.save(update_fields=["by", "reason", "ends_old"])
        detail = {"root": root.hash, "reason": reason, "ends_old": ends_old}
        events.root_read.send(Root, by=by, subject=root.state, detail=detail)


def confirm_root(root: Root, heard: str, *, by: str) -> Root:
    """The second person, who heard it too; raises Refused."""
    _check_heard(root, heard)
    if root.status != Root.Status.CLAIMED or not root.by:
        raise Refused(Fault("root_is_settled", "heard"))
    if root.by == by:
        raise Refused(Fault("same_person", "heard"))
    old = Root.Status.ENDED if root.ends_old else Root.Status.REPLACED
    return believe_root(root, how="read", by=root.by, second_by=by, reason=root.reason, old=old)


def _check_heard(root: Root, heard: str) -> None:
    if not is_heard(heard, keys_of_root(root).fingerprint):
        raise Refused(Fault("card_fingerprint_wrong", "heard"))


def is_heard(heard: str, fingerprint: str) -> bool:
    """Whether what somebody typed is this fingerprint; spaces and case do not matter."""
    return "".join(heard.split()).lower() == fingerprint.replace(" ", "")
