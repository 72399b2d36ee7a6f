"""Who reads by a bridge: an approver says of an agency whether its programs are ours or a recipient's outside.

Nothing leaves to an agency of which nobody said it. An administrator makes tokens and cannot say it; an approver says
it and can make none: two people open a bridge.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import AccessRefused, Grant
from jiwar.access.queries import live_tokens
from jiwar.access.services import TOKEN_RULES
from jiwar.audit.services import append
from jiwar.bridges.models import Reader
from jiwar.identity.directory import agencies
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from jiwar.identity.models import Agency

P = Permission
OF_RECIPIENTS = frozenset({P.BRIDGES_COLLECTION_READ, P.BRIDGES_COLLECTION_WRITE, P.BRIDGES_RECORD_EXPORT})
"""All that a token of a recipient outside may be given: the JSON API asks no agreement."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets something: `code` is a recipient's outside, "" for ourselves; `reader` its row, None for a person."""

    code: str
    purpose: Purpose
    reader: int | None = None

    @property
    def ours(self) -> bool:
        return not self.code


def recipient_of(by: Grant) -> Recipient:
    """Whom a token's agency is; raises AccessRefused where nobody has said it."""
    row = Reader.objects.filter(agency=by.actor.agency, ended_at=None).first()
    if row is None or by.purpose is None or (row.recipient and settings.NODE.role != "national"):
        raise AccessRefused("reader_unknown", by.permission, by.actor_id)
    return Recipient(row.recipient, by.purpose, row.pk)


def recipient(code: str, purpose: Purpose) -> Recipient:
    """Whom an officer names: "" for our own systems. Raises Refused."""
    return Recipient(_code(code), purpose)


def confirm_reader(by: Grant, agency: str, recipient: str) -> Reader:
    """Say whose an agency's programs are. Raises Refused: no such agency or code, tokens that no recipient may have."""
    by.check(P.BRIDGES_READER_CONFIRM)
    row = agencies().filter(code=agency).first()
    if row is None:
        raise Refused(Fault("not_in_list", "agency"))
    recipient = _code(recipient)
    wide = [token for token in live_tokens(agency) if not OF_RECIPIENTS.issuperset(token.permissions)]
    if recipient and wide:
        raise Refused(Fault("tokens_too_wide", "agency", ", ".join(token.label for token in wide)))
    with transaction.atomic():
        told = {"recipient": recipient, "confirmed_by_id": by.actor_id, "confirmed_at": timezone.now()}
        reader, _ = Reader.objects.update_or_create(agency=row, defaults=told | {"ended_at": None})
        append("reader_confirmed", by, agency, {"recipient": recipient})
    return reader


def end_reader(by: Grant, agency: str) -> None:
    """From now on nothing leaves to an agency's programs by a bridge."""
    by.check(P.BRIDGES_READER_CONFIRM)
    with transaction.atomic():
        if not Reader.objects.filter(agency=agency, ended_at=None).update(ended_at=timezone.now()):
            raise Refused(Fault("not_in_list", "agency"))
        append("reader_ended", by, agency)


def _code(text: str) -> str:
    code = text.strip().upper()
    if code and (not re.fullmatch("[A-Z]{3}", code) or code == settings.NODE.state):
        raise Refused(Fault("wrong_form", "recipient"))
    return code


def _no_wide_token(agency: "Agency", permissions: frozenset[Permission]) -> list[Fault]:
    outside = Reader.objects.filter(agency=agency, ended_at=None).exclude(recipient="").exists()
    return [Fault("recipient_outside", "permissions")] if outside and not permissions <= OF_RECIPIENTS else []


TOKEN_RULES.append(_no_wide_token)
