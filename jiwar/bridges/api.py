"""Records in foreign formats at the JSON API. Collections stand at /taxii2/."""

from typing import Any, Literal
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Router, Schema

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission
from jiwar.bridges.services import export, recipient_of
from jiwar.records.coded import Coded
from jiwar.wire.faults import Refused
from jiwar.wire.strict_json import parse

router = Router()


class LostOut(Schema):
    """What has no field of its own in the format: in text (`as_text`) or in the signed statement alone."""

    path: str
    why: Coded


class ExportOut(Schema):
    """`content`: a STIX bundle, a MISP event, or a list of FollowTheMoney entities; the signed record is inside."""

    format: str
    media_type: str
    file_name: str
    content: Any
    lost: list[LostOut]


@router.get(
    "/records/{uuid:uid}/exports/{format_}", response=ExportOut, summary="A record as STIX, MISP or FollowTheMoney"
)
def show_export(request: HttpRequest, uid: UUID, format_: Literal["ftm", "misp", "stix"]) -> ExportOut:
    """For the agency of the token, of which an approver said whose it is."""
    by = authorise(request, Permission.BRIDGES_RECORD_EXPORT)
    try:
        made = export(by, [uid], format_, recipient_of(by))
    except Refused as refused:
        if refused.faults[0].code == "record_unknown":
            raise Http404 from None
        raise
    content = [parse(line) for line in made.data.splitlines()] if format_ == "ftm" else parse(made.data)
    lost = [LostOut(path=one.path, why=Coded.of("lost", one.why)) for one in made.lost[uid]]
    return ExportOut(format=format_, media_type=made.media_type, file_name=made.file_name, content=content, lost=lost)
