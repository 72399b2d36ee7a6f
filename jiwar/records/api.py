"""Signed statements at the JSON API, word for word."""

import datetime as dt
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Router, Schema

from jiwar.access.bearer import actor, authorise
from jiwar.records.coded import Coded
from jiwar.records.models import Record
from jiwar.records.reading import open_record, permission_to_read, statement_of

router = Router()


class RecordOut(Schema):
    """`statement` is the canonical JSON (RFC 8785) as it was signed; `signature` is Ed25519 in base64.

    `statement` is empty once the record's use is over: withdrawn, expired, or not reviewed in time. `cosignature` is
    empty, or the id of an ML-DSA-65 key, a colon, and its signature in base64.
    """

    uid: UUID
    version: int
    kind: str
    kind_version: int
    origin: str
    state: Coded
    state_changed_at: dt.datetime | None
    statement: str
    hash: str
    signing_key: str
    signature: str
    cosignature: str

    @staticmethod
    def resolve_state(record: Record) -> Coded:
        return Coded.of("record_state", record.state)

    @staticmethod
    def resolve_statement(record: Record) -> str:
        return statement_of(record)


@router.get("/records/{uuid:uid}", response=RecordOut, summary="A record as it was signed")
def show_record(request: HttpRequest, uid: UUID) -> Record:
    """The newest version held. Takes the permission of the record's kind."""
    try:
        return open_record(authorise(request, permission_to_read(uid, actor(request))), uid)
    except Record.DoesNotExist:
        raise Http404 from None
