"""What of this room waits for a person on her home page."""

from django.conf import settings
from django.urls import reverse

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor
from jiwar.access.waiting import Waiting
from jiwar.documents.models import BlankHandover
from jiwar.documents.permit_kinds import PERMIT
from jiwar.documents.trust_queries import ending_soon, offers, waiting_changes
from jiwar.records.queries import drafts


def waiting(actor: Actor) -> list[Waiting]:
    """What a second person decides, blanks to be signed for; for who vouches, what neighbours show and what ends soon.

    Six queries at most.
    """
    trust = reverse("document-trust")
    vouches = settings.NODE.role == "national" and actor.may(Permission.DOCUMENTS_TRUST_IMPORT)
    return [
        Waiting("trust_changes", waiting_changes(actor), trust),
        Waiting("trust_shown", len(offers()) if vouches else 0, trust),
        Waiting("trust_ends", ending_soon() if vouches else 0, trust),
        Waiting("permits", waiting_permits(actor), reverse("permits")),
        Waiting("blanks", waiting_blanks(actor), reverse("stock")),
    ]


def waiting_permits(actor: Actor) -> int:
    """Permits that others submitted and that this person may approve."""
    if not actor.may(Permission.DOCUMENTS_PERMIT_APPROVE):
        return 0
    return drafts(PERMIT.name).filter(state="submitted").exclude(author_id=actor.id).count()


def waiting_blanks(actor: Actor) -> int:
    """Handovers that wait for this person's signature."""
    if not actor.may(Permission.DOCUMENTS_STOCK_MANAGE):
        return 0
    return BlankHandover.objects.filter(taker=actor.id, state=BlankHandover.State.OFFERED).count()
