"""Reads of letters: the inbox by its clock, what was sent, threads, drafts, what waits for whom."""

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db.models import Case, Count, F, Q, QuerySet, When
from django.urls import reverse
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor, of_roles
from jiwar.access.waiting import Waiting
from jiwar.identity.directory import people
from jiwar.identity.queries import neighbours
from jiwar.records.queries import drafts
from jiwar.requests.kinds import LETTER
from jiwar.requests.logic.clock import Phase
from jiwar.requests.models import Addressee, Letter

if TYPE_CHECKING:
    from jiwar.identity.models import Person
    from jiwar.records.models import Draft

_LONGEST_THREAD = 200
_IN_FORCE = Q(letter__record__state="in_force")


def received() -> QuerySet[Addressee]:
    """Letters to this state, one row each."""
    return _rows().filter(state=settings.NODE.state).exclude(letter__origin=settings.NODE.state)


def sent() -> QuerySet[Addressee]:
    """Letters of this state, one row for each addressee."""
    return _rows().filter(letter__origin=settings.NODE.state)


def _rows() -> QuerySet[Addressee]:
    """What waits for an answer first, the most overdue before all, then the newest."""
    clock = Case(When(_IN_FORCE, answered_at=None, then="due_at"))
    rows = Addressee.objects.select_related("letter__record", "letter__assigned_to").annotate(clock=clock)
    # A statement with ten files has 150 kB, and no list shows it.
    return rows.defer("letter__record__statement").order_by(
        F("clock").asc(nulls_last=True), "-letter__issued_at", "state"
    )


def in_phase(rows: QuerySet[Addressee], phase: Phase, at: dt.datetime) -> QuerySet[Addressee]:
    """Those that stand so at a moment; a letter that is no longer in force waits for nothing."""
    if phase is Phase.ANSWERED:
        return rows.exclude(answered_at=None)
    rows = rows.filter(_IN_FORCE, answered_at=None)
    match phase:
        case Phase.OVERDUE:
            return rows.filter(due_at__lte=at)
        case Phase.HALF_GONE:
            return rows.filter(half_at__lte=at, due_at__gt=at)
        case Phase.RUNNING:
            return rows.filter(half_at__gt=at)
    return rows.filter(due_at=None)


def letter(uid: UUID) -> Letter | None:
    """A letter, own or received."""
    return Letter.objects.select_related("record", "assigned_to").filter(uid=uid).first()


def thread(of: Letter) -> list[Letter]:
    """The letters that belong together, oldest first: what this one answers, and every answer to any of them."""
    found = {of.uid: of}
    edge = {of.uid}
    while edge and len(found) < _LONGEST_THREAD:
        before = {row.target for row in found.values() if row.target}
        rows = Letter.objects.select_related("record").defer("record__statement")
        more = rows.filter(Q(target__in=edge) | Q(uid__in=before))
        edge = set()
        for row in more.exclude(uid__in=found)[:_LONGEST_THREAD]:
            found[row.uid] = row
            edge.add(row.uid)
    return sorted(found.values(), key=lambda row: row.issued_at)


def addressable() -> list[tuple[str, str]]:
    """States that a letter can be for: code and name of each neighbour's node."""
    nodes = neighbours().exclude(role="post").exclude(state=settings.NODE.state)
    return list(nodes.order_by("code").values_list("state", "name"))


def writers() -> "list[Person]":
    """People who may be given a letter to answer; two queries."""
    able = Permission.REQUESTS_LETTER_WRITE
    return [person for person in people() if person.is_active and able in of_roles(person.roles)]


def open_drafts(actor: Actor) -> "list[Draft]":
    """Drafts that an actor may open: her own, and for an approver those that others submitted."""
    rows = drafts(LETTER.name)
    mine = Q(author_id=actor.id) if actor.may(Permission.REQUESTS_LETTER_WRITE) else Q(pk=None)
    others = Q(state="submitted") & ~Q(author_id=actor.id)
    return list(rows.filter(mine | others if actor.may(Permission.REQUESTS_LETTER_APPROVE) else mine))


def _letters(rows: QuerySet[Addressee]) -> int:
    """Letters, however many their addressees."""
    return rows.order_by().values("letter").distinct().count()


def waiting(actor: Actor) -> list[Waiting]:
    """What waits for this person, counted, for the home page; who approves hears of what is overdue too."""
    if not actor.may(Permission.REQUESTS_LETTER_READ):
        return []
    now, address = timezone.now(), reverse("letters")
    waits = Q(_IN_FORCE, answered_at=None)
    late, half = waits & Q(due_at__lte=now), waits & Q(half_at__lte=now, due_at__gt=now)
    mine = waits & Q(letter__assigned_to=actor.id) if actor.may(Permission.REQUESTS_LETTER_WRITE) else Q(pk=None)
    here = (
        received()
        .order_by()
        .aggregate(
            late=Count("pk", late),
            half=Count("pk", half),
            new=Count("pk", _IN_FORCE & Q(read_at=None)),
            mine=Count("pk", mine),
        )
    )
    found = [
        Waiting("letters_overdue", here["late"], f"{address}?phase=overdue", urgent=True),
        Waiting("letters_half_gone", here["half"], f"{address}?phase=half_gone"),
        Waiting("letters_unread", here["new"], f"{address}?unread=yes"),
        Waiting("letters_assigned", here["mine"], f"{address}?mine=yes"),
        Waiting(
            "letters_unanswered", _letters(sent().filter(late)), f"{address}?whose=sent&phase=overdue", urgent=True
        ),
    ]
    if actor.may(Permission.REQUESTS_LETTER_APPROVE):
        submitted = drafts(LETTER.name).filter(state="submitted").exclude(author_id=actor.id).count()
        found.append(Waiting("letters_to_approve", submitted, address))
    if actor.may(Permission.REQUESTS_LETTER_WRITE):
        returned = drafts(LETTER.name).filter(state="returned", author_id=actor.id).count()
        found.append(Waiting("letters_returned", returned, address))
    return [item for item in found if item.count]
