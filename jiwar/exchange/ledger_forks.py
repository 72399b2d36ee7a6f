"""A fork of a ledger goes round: who finds one tells every neighbour, and each judges the evidence by itself."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.audit.services import FOUND, EvidenceInvalid, append, take_evidence
from jiwar.exchange.ledger_kinds import FORK, ForkBody
from jiwar.identity.queries import KeyRefused
from jiwar.records.content import Content
from jiwar.records.services import Record, issue, read_content, terms

if TYPE_CHECKING:
    from jiwar.audit.models import Fork

DAYS = 3650
_BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)


def _tell(fork: "Fork") -> None:
    body = ForkBody(node=fork.node, evidence=fork.evidence)
    plain = terms("oversight", "mutual witnessing of ledgers", DAYS, body, tlp="GREEN")
    issue(_BY, FORK, read_content(FORK, plain, timezone.now()))


def _take(record: Record, content: Content) -> None:
    body = content.body
    assert isinstance(body, ForkBody)
    if record.node == settings.NODE.code:
        return
    try:
        take_evidence(body.evidence.encode(), record.node)
    except (EvidenceInvalid, KeyRefused) as refused:
        append("evidence_rejected", _BY, str(record.uid), {"from": record.node, "node": body.node, "why": refused.code})


FOUND.append(_tell)
FORK.projections.append(_take)
