"""A document's holder compared with the document, one to one: where an agreement opens it, and kept nowhere.

Off unless an agreement in force with the state that issued the document opens `holder.comparison` for the
purpose of the search. The ledger says that it was done, by what clause, and on which side of the threshold the score
was; neither picture, nor template, nor what was computed of them outlives the process that compared.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.agreements.queries import may_receive
from jiwar.audit.services import append
from jiwar.documents.confined import Job, JobFailed, run
from jiwar.documents.holder_kinds import HOLDER_COMPARISON
from jiwar.documents.jobs import COMPARING
from jiwar.documents.logic.codes import known_codes, state_of
from jiwar.documents.logic.finger_template import TemplateUnreadable, read_template
from jiwar.documents.logic.holder import Comparison, Method
from jiwar.documents.logic.image_head import ImageUnreadable, read_image_head
from jiwar.documents.logic.lds_files import TAGS, LdsUnreadable
from jiwar.documents.logic.lds_images import FACES, read_faces
from jiwar.wire.faults import Fault, Refused

_FIELDS = {"live", "reference"}


def compare(by: Grant, method: Method, issuer: str, live: bytes, reference: bytes) -> Comparison:
    """The score of a live picture against what the document of `issuer` (three letters) holds, for a person to weigh.

    `live`: a picture. `reference`: of a face, a picture or the whole of DG2; of a finger, a template of ISO/IEC
    19794-2. Raises Refused: `holder_closed` at ``issuer`` where no agreement opens it; faults at ``live`` and
    ``reference``. One query for the agreements, and the leaf.
    """
    by.check(Permission.DOCUMENTS_HOLDER_COMPARE)
    state = state_of(issuer)
    if state not in known_codes():
        raise Refused(Fault("not_in_list" if state else "missing", "issuer", state[:3]))
    opened = may_receive(HOLDER_COMPARISON.name, str(by.purpose), state, timezone.now())
    if not opened.open:
        raise Refused(Fault("holder_closed", "issuer", state))
    said = _compared(COMPARING[method], live, _checked(method, live, reference))
    score = said["distance"] if method is Method.FACE else said["score"]
    found = Comparison(method, score, said.get("quality"), opened.agreement, opened.clause)
    detail = {
        "method": str(method),
        "issuer": state,
        "near": found.near,
        "agreement": f"{found.agreement} {found.clause}",
    }
    with transaction.atomic():
        append("holder_compared", by, "", detail)
    return found


def _checked(method: Method, live: bytes, reference: bytes) -> bytes:
    """What of the reference is compared, both looked at by their heads. Raises Refused."""
    faults = []
    try:
        read_image_head(live)
    except ImageUnreadable as error:
        faults.append(Fault(error.code, "live", error.detail))
    try:
        if method is Method.FINGER:
            read_template(reference)
        else:
            if reference[:1] == TAGS[FACES].to_bytes():
                reference = read_faces(reference).faces[0].picture
            read_image_head(reference)
    except (ImageUnreadable, TemplateUnreadable) as error:
        faults.append(Fault(error.code, "reference", error.detail))
    except LdsUnreadable:
        faults.append(Fault("holder_dg2_unreadable", "reference"))
    if faults:
        raise Refused(*faults)
    return reference


def _compared(job: Job, live: bytes, reference: bytes) -> dict[str, Any]:
    try:
        return run(job, {}, [live, reference])
    except JobFailed as failed:
        if failed.detail in _FIELDS:
            raise Refused(Fault(failed.code, failed.detail)) from None
        raise Refused(Fault(failed.code, "live", failed.detail)) from None
