"""Another process of the node in `JIWAR_DATA`, which changes what may be told: one line of input, one act."""

import datetime as dt
import sys
from collections.abc import Callable

import django

django.setup()

from django.utils import timezone  # noqa: E402 - Django must be set up first

from jiwar.access.models import ApiToken  # noqa: E402
from jiwar.access.permissions import Permission as P  # noqa: E402
from jiwar.access.permissions import Purpose  # noqa: E402
from jiwar.access.policy import Actor, Grant, allow  # noqa: E402
from jiwar.access.services import SYSTEM, revoke_token  # noqa: E402
from jiwar.identity.models import Agency  # noqa: E402
from jiwar.identity.roles import Role  # noqa: E402
from jiwar.identity.services import add_node, add_person  # noqa: E402
from jiwar.records.arrivals import receive  # noqa: E402
from jiwar.records.kinds import WITHDRAWAL  # noqa: E402
from jiwar.records.models import Record  # noqa: E402
from jiwar.records.services import terms  # noqa: E402
from jiwar.watchlist import resolution  # noqa: E402
from jiwar.watchlist.alert_kinds import ALERT  # noqa: E402
from jiwar.watchlist.models import Entry  # noqa: E402
from jiwar.watchlist.threshold_policy import approve_policy, draft_policy, submit_policy  # noqa: E402
from tests.foreign import ForeignNode  # noqa: E402
from tests.post import alert_body  # noqa: E402

NIGER, NODE = ForeignNode("NER"), Grant(SYSTEM, P.EXCHANGE_LINK_READ)
WHY = "same mother, same passport, asked of both issuers"
PEOPLE: list[str] = []


def by(person: int, permission: P) -> Grant:
    """A grant of the first or the second person."""
    actor = Actor(PEOPLE[person], "console", frozenset(P))
    return allow(actor, permission, Purpose.CRIMINAL_INVESTIGATION, "LBY/2026/7")


def alert() -> None:
    """Niger's alert on the Youssef of the sample list."""
    agency = Agency.objects.get(code="ncb")
    said = "a long walk in the Fezzan"
    people = [add_person(name, name, said, agency=agency, roles=[Role.ANALYST]) for name in ("amal", "salem")]
    PEOPLE.extend(str(person.pk) for person in people)
    add_node(NIGER.card())
    subject = {"names": [{"text": "Youssef El Megaryef"}], "birth_dates": [{"date": "1984-06-17"}]}
    content = terms("criminal_investigation", "art. 21", 200, alert_body(subject=subject))
    receive(NODE, *NIGER.statement(ALERT, ALERT.content.model_validate(content).model_dump(mode="json")), "NER")


def merge() -> None:
    """Two people declare the two to be one subject."""
    uids = [Entry.objects.get(reference="JWi.001").uid, _alert().uid]
    made = resolution.propose(by(0, P.WATCHLIST_RESOLUTION_PROPOSE), "merge", uids, WHY)
    confirm = by(1, P.WATCHLIST_RESOLUTION_CONFIRM)
    resolution.decide(confirm, made.pk, resolution.digest(uids), confirm=True, reason=WHY)


def withdraw() -> None:
    """Niger takes its alert back."""
    body = {"target": str(_alert().uid), "reason": "found"}
    receive(NODE, *NIGER.statement(WITHDRAWAL, terms("criminal_investigation", "art. 21", 200, body)), "NER")


def policy() -> None:
    """Two people raise the threshold to the highest."""
    until = (timezone.now().date() + dt.timedelta(days=300)).isoformat()
    body = {"threshold": 95, "reason": "The officers see two namesakes a day.", "rules": []}
    draft = submit_policy(
        by(0, P.WATCHLIST_POLICY_DRAFT), draft_policy(by(0, P.WATCHLIST_POLICY_DRAFT), body, until).pk
    )
    approve_policy(by(1, P.WATCHLIST_POLICY_APPROVE), draft.pk, draft.content_hash)


def revoke() -> None:
    """The administrator ends every token."""
    for token in ApiToken.objects.all():
        revoke_token(by(0, P.ACCESS_TOKEN_MANAGE), token)


def _alert() -> Record:
    return Record.objects.get(kind=ALERT.name)


ACTS: dict[str, Callable[[], None]] = {act.__name__: act for act in (alert, merge, withdraw, policy, revoke)}

if __name__ == "__main__":
    for line in sys.stdin:
        ACTS[line.strip()]()
        print("done", flush=True)
