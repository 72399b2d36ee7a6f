"""Records of agreements as they are stored: whom they are for, and what they do."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.agreements import passing, policy
from jiwar.agreements.kinds import ACCESSION, AGREEMENTS, LIFE, AccessionBody, AgreementBody, AgreementBody1
from jiwar.agreements.models import Agreement
from jiwar.agreements.said import said, text_about
from jiwar.records.content import Content

if TYPE_CHECKING:
    from jiwar.records.models import Record


def _members(content: Content) -> list[str]:
    """The other members of the agreement that a record is about, directly or through what was said about it."""
    target = text_about(content.body.target)  # type: ignore[attr-defined]
    row = Agreement.objects.filter(record=target).select_related("record").first() if target else None
    return sorted(said([row])[0].members - {settings.NODE.state}) if row else []


def _project_agreement(record: "Record", content: Content) -> None:
    body = content.body
    assert isinstance(body, AgreementBody1)
    if record.node != record.origin:
        return  # a post has keys of its own, but binds nobody
    plain = AgreementBody.model_validate(body.model_dump()).model_dump(mode="json")
    fields = ("reference", "title", "parties", "clauses", "open_to", "legal_basis")
    Agreement.objects.create(
        record=record, uid=record.uid, starts=body.starts, ends=body.ends, **{f: plain[f] for f in fields}
    )
    for each in said(Agreement.objects.filter(record=record).select_related("record"))[0].accessions:
        _tell(each.record.origin, record.uid)


def _project_accession(record: "Record", content: Content) -> None:
    assert isinstance(content.body, AccessionBody)
    _tell(record.origin, content.body.target)


def _tell(state: str, agreement: UUID) -> None:
    """A state that joins hears from each party what that party has said about the text before."""
    row = Agreement.objects.filter(uid=agreement).exclude(record__state="superseded").select_related("record").first()
    own = settings.NODE.state
    if row is None or state == own:
        return
    found = said([row])[0]
    if own in found.members and state in found.members:
        words = [record for record in found.everything if record.node == settings.NODE.code]
        passing.pass_on(as_node(Permission.EXCHANGE_MESSAGE_PASS), words, state)


def _changed(record: "Record", content: Content | None = None) -> None:
    """What is in force is read from the records' own state; what was parsed before is no longer it."""
    policy.changed()


for kind in AGREEMENTS:
    kind.projections.append(_project_agreement)
for kind in LIFE:
    kind.addressees = _members
for kind in (*AGREEMENTS, *LIFE):
    kind.projections.append(_changed)
    kind.retirements.append(_changed)
ACCESSION.projections.append(_project_accession)
