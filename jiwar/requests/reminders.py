"""Reminders by the clock: at half of the time, and when it is over. Each is noted once, here and at the sender."""

import datetime as dt

from django.conf import settings
from django.db import transaction

from jiwar.audit.services import Author, append
from jiwar.requests.logic.clock import Phase, phase
from jiwar.requests.models import Addressee
from jiwar.requests.queries import in_phase
from jiwar.requests.stored import tell

_MOST = 500
_NOTED = {Phase.HALF_GONE: "reminded", Phase.OVERDUE: "overdue"}


def remind(by: Author, at: dt.datetime) -> int:
    """Note letters, own and received, whose time is half gone or over; returns how many.

    Who is to answer tells the sender; the sender's own clock speaks where no word comes. The home page counts them.
    """
    count = 0
    for stage, step in _NOTED.items():
        rows = in_phase(Addressee.objects.all(), stage, at).filter(**{f"{step}_at": None})
        for pk in rows.values_list("pk", flat=True)[:_MOST]:
            with transaction.atomic():
                count += _note(by, pk, stage, at)
    return count


def _note(by: Author, pk: int, stage: Phase, at: dt.datetime) -> bool:
    row = Addressee.objects.select_for_update(of=("self",)).select_related("letter__record").get(pk=pk)
    if phase(at, row.half_at, row.due_at, row.answered_at) is not stage:
        return False
    letter, field = row.letter, f"{_NOTED[stage]}_at"
    append(
        "letter_reminded" if stage is Phase.HALF_GONE else "letter_overdue", by, str(letter.uid), {"state": row.state}
    )
    if row.state == settings.NODE.state:
        tell(letter, "reminded" if stage is Phase.HALF_GONE else "overdue", at)
    else:
        setattr(row, field, at)
        row.save(update_fields=[field])
    return True
