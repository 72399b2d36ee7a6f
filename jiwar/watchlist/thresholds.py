"""Which policy of screening is in force here, and what it says. One small query; its body is read once a process."""

import logging
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from jiwar.records.queries import drafts, held
from jiwar.watchlist import store
from jiwar.watchlist.logic import index
from jiwar.watchlist.logic.thresholds import Thresholds
from jiwar.watchlist.threshold_kinds import SCREENING_POLICY, ScreeningPolicyBody

if TYPE_CHECKING:
    from jiwar.records.models import Draft, Record

log = logging.getLogger(__name__)

BUILT_IN = Thresholds(index.THRESHOLD)
"""What holds where no policy is in force."""


def working(alert_type: str, state: str) -> float:
    """The score from which an entry of this type and issuer is shown now; `alert_type` is "" for a listing."""
    return in_force().of(alert_type, state)


def in_force() -> Thresholds:
    """Every threshold in force at this moment: a change holds from its commit on, in every process."""
    now, own = timezone.now(), (settings.NODE.state, settings.NODE.state, "in_force")
    for said in store.policies(SCREENING_POLICY.name):
        if (said.node, said.origin, said.state) == own and said.valid_until > now and said.review_on >= now.date():
            return _thresholds(said.hash) or BUILT_IN
    return BUILT_IN


def is_unreadable() -> bool:
    """Whether a policy is in force that this program cannot read: its own threshold holds then, and people are told."""
    record = policy_in_force()
    return record is not None and _thresholds(record.hash) is None


def policy_in_force() -> "Record | None":
    """The record that says so; None where the program's own threshold holds."""
    return _standing().first()


def policies() -> "QuerySet[Record]":
    """Every policy of this state that is held, in force or not, newest first."""
    # A state's policy is its national node's: a post of it can only follow.
    return held(SCREENING_POLICY.name).filter(node=settings.NODE.state, origin=settings.NODE.state)


def policy_drafts() -> "QuerySet[Draft]":
    """Open drafts, the last changed first."""
    return drafts(SCREENING_POLICY.name)


def _standing() -> "QuerySet[Record]":
    now = timezone.now()
    return policies().filter(state="in_force", valid_until__gt=now, review_on__gte=now.date())


@lru_cache(maxsize=16)
def _thresholds(digest: str) -> Thresholds | None:
    """None where it cannot be read: no traveller goes unscreened for it."""
    # A record never changes, so its hash stands for what it says.
    try:
        return ScreeningPolicyBody.model_validate(held(SCREENING_POLICY.name).get(hash=digest).body).thresholds
    except (ValueError, KeyError, TypeError):
        log.error("screening: the policy %s cannot be read; the program's own threshold holds", digest)  # noqa: TRY400
        return None
