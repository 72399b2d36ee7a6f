"""What of this room waits for a person on her home page."""

from django.urls import reverse

from jiwar.access.policy import Actor
from jiwar.access.waiting import Waiting
from jiwar.documents.trust_queries import waiting_changes


def waiting(actor: Actor) -> list[Waiting]:
    """Changes of trust that a second person decides; one query."""
    return [Waiting("trust_changes", waiting_changes(actor), reverse("document-trust"))]
