"""What waits for whoever watches the node as a whole."""

from django.urls import reverse

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor
from jiwar.access.waiting import Waiting
from jiwar.audit.queries import open_forks


def waiting(actor: Actor) -> list[Waiting]:
    """Forks that nobody has accepted, for oversight and for who may accept them: one query."""
    if not (actor.may(Permission.AUDIT_LEDGER_READ) or actor.may(Permission.AUDIT_FORK_ACCEPT)):
        return []
    page = "ledger" if actor.may(Permission.AUDIT_LEDGER_READ) else "neighbours"
    return [Waiting("ledger_forks", len(open_forks()), reverse(page), urgent=True)]
