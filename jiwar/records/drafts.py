"""Drafts: content on its way to become a record, and the second person who approves it (rules R1, R2).

What is written, sent, approved is a natural person's act: a program's token and the node itself are refused with
`not_a_person`.
"""

import base64
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.audit.services import Author, append
from jiwar.identity.keys import key_id
from jiwar.identity.officer_keys import OfficerSigner
from jiwar.identity.queries import is_active_person, signs
from jiwar.records.kinds import Kind, newest
from jiwar.records.models import Decision, Draft, Record
from jiwar.records.services import issue, read_content
from jiwar.records.statement import Approval, content_hash
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.strict_json import JsonRefused


def save_draft(
    by: Author, kind: Kind, content: dict[str, Any], draft: Draft | None = None, supersedes: Record | None = None
) -> Draft:
    """Keep what the author has typed so far, complete or not. Any change voids a submission and its approvals."""
    _check_person(by)
    try:
        digest = content_hash(kind.name, kind.version, content)
    except JsonRefused as refused:
        raise Refused(Fault("wrong_form", "", refused.code)) from None
    with transaction.atomic():
        if draft is None:
            draft = Draft(kind=kind.name, author_id=by.actor_id, supersedes=supersedes)
        else:
            draft = Draft.objects.select_for_update().get(pk=draft.pk)
            if str(draft.author_id) != by.actor_id:
                raise Refused(Fault("not_the_author"))
            if draft.state in {Draft.State.ISSUED, Draft.State.DISCARDED}:
                raise Refused(Fault("draft_is_closed"))
        draft.content, draft.content_hash, draft.state = content, digest, Draft.State.DRAFT
        draft.save()
        append("draft_saved", by, str(draft.pk), {"kind": kind.name, "hash": digest})
    return draft


def submit_draft(by: Author, draft: Draft) -> Draft:
    """Ask a second person for approval. Raises Refused with every rule that the content does not meet yet (R1)."""
    _check_person(by)
    with transaction.atomic():
        draft = Draft.objects.select_for_update().get(pk=draft.pk)
        if str(draft.author_id) != by.actor_id:
            raise Refused(Fault("not_the_author"))
        if draft.state not in {Draft.State.DRAFT, Draft.State.RETURNED}:
            raise Refused(Fault("draft_is_closed"))
        kind = newest(draft.kind)
        content = read_content(kind, draft.content, timezone.now())
        # What is approved is what is issued, byte for byte: the checked form, not the typed one.
        draft.content = content.model_dump(mode="json")
        draft.content_hash = content_hash(kind.name, kind.version, draft.content)
        draft.state = Draft.State.SUBMITTED
        draft.save()
        append("draft_submitted", by, str(draft.pk), {"kind": draft.kind, "hash": draft.content_hash})
    return draft


def issue_draft(by: Author, draft: Draft) -> Record:
    """The author issues what no second person need see; raises Refused with every rule that it does not meet."""
    _check_person(by)
    with transaction.atomic():
        draft = Draft.objects.select_for_update().get(pk=draft.pk)
        if str(draft.author_id) != by.actor_id:
            raise Refused(Fault("not_the_author"))
        if draft.state not in {Draft.State.DRAFT, Draft.State.RETURNED}:
            raise Refused(Fault("draft_is_closed"))
        kind = newest(draft.kind)
        content = read_content(kind, draft.content, timezone.now())
        draft.content = content.model_dump(mode="json")
        draft.content_hash = content_hash(kind.name, kind.version, draft.content)
        draft.record = issue(by, kind, content, supersedes=draft.supersedes)
        draft.state = Draft.State.ISSUED
        draft.save()
        detail = {"kind": draft.kind, "hash": draft.content_hash, "record": str(draft.record.uid)}
        append("draft_issued", by, str(draft.pk), detail)
    return draft.record


def return_draft(by: Author, draft: Draft, reasons: str) -> Draft:
    """Send a submitted draft back to its author, with reasons."""
    _check_person(by)
    if not reasons.strip():
        raise Refused(Fault("missing", "reasons"))
    with transaction.atomic():
        draft = _submitted(by, draft)
        Decision.objects.create(
            draft=draft,
            person_id=by.actor_id,
            content_hash=draft.content_hash,
            approved=False,
            reasons=reasons.strip()[:1000],
        )
        draft.state = Draft.State.RETURNED
        draft.save()
        append("draft_returned", by, str(draft.pk), {"kind": draft.kind, "hash": draft.content_hash})
    return draft


def approve_draft(
    by: Author, draft: Draft, seen_hash: str, reasons: str = "", signer: OfficerSigner | None = None
) -> Record:
    """Approve exactly the content that was seen, and issue it as a record (rule R2); raises Refused.

    `seen_hash` is the content hash of the page that the approver read: an edit in between voids the approval. `signer`
    is the approver's own key, opened (`identity.officer_keys.unlock`): needed of one who has a certified key.
    """
    _check_person(by)
    if signer is None and signs(by.actor_id):
        raise Refused(Fault("officer_password_missing", "officer_password"))
    with transaction.atomic():
        draft = _submitted(by, draft)
        kind = newest(draft.kind)
        content = read_content(kind, draft.content, timezone.now())
        digest = content_hash(kind.name, kind.version, content.model_dump(mode="json"))
        if not seen_hash == digest == draft.content_hash:
            raise Refused(Fault("approval_of_other_content"))
        Decision.objects.create(
            draft=draft, person_id=by.actor_id, content_hash=digest, approved=True, reasons=reasons.strip()[:1000]
        )
        approval = _approval(draft, by, digest, signer)
        draft.record = issue(by, kind, content, approval=approval, supersedes=draft.supersedes)
        draft.state = Draft.State.ISSUED
        draft.save()
        append(
            "draft_approved", by, str(draft.pk), {"kind": draft.kind, "hash": digest, "record": str(draft.record.uid)}
        )
    return draft.record


def _approval(draft: Draft, by: Author, digest: str, signer: OfficerSigner | None) -> Approval:
    approval = Approval(str(draft.author_id), by.actor_id, digest)
    if signer is None:
        return approval
    signature = base64.b64encode(signer.sign(approval.signed(settings.NODE.state))).decode()
    return replace(approval, key=key_id(signer.public), signature=signature)


def discard_draft(by: Author, draft: Draft) -> None:
    """The author gives a draft up; its content is emptied at once."""
    _check_person(by)
    with transaction.atomic():
        draft = Draft.objects.select_for_update().get(pk=draft.pk)
        if str(draft.author_id) != by.actor_id:
            raise Refused(Fault("not_the_author"))
        if draft.state in {Draft.State.ISSUED, Draft.State.DISCARDED}:
            raise Refused(Fault("draft_is_closed"))
        draft.state, draft.content = Draft.State.DISCARDED, {}
        draft.save()
        append("draft_discarded", by, str(draft.pk), {"kind": draft.kind})


def drop_amendments(by: Author, record: Record) -> None:
    """A record has ended: what people were writing in its place says what it said, and can be issued no more."""
    closed = [Draft.State.ISSUED, Draft.State.DISCARDED]
    amending = Draft.objects.select_for_update(of=("self",)).filter(supersedes__uid=record.uid)
    for draft in amending.exclude(state__in=closed):
        draft.state, draft.content = Draft.State.DISCARDED, {}
        draft.save()
        append("draft_discarded", by, str(draft.pk), {"kind": draft.kind})


def _check_person(by: Author) -> None:
    if not is_active_person(by.actor_id):
        raise Refused(Fault("not_a_person"))


def _submitted(by: Author, draft: Draft) -> Draft:
    draft = Draft.objects.select_for_update().get(pk=draft.pk)
    if str(draft.author_id) == by.actor_id:
        raise Refused(Fault("approver_is_author"))
    if draft.state != Draft.State.SUBMITTED:
        raise Refused(Fault("draft_is_not_submitted"))
    return draft
