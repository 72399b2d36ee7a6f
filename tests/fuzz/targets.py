"""Every target, by room."""

from tests.fuzz import (  # noqa: F401 - they enter their targets
    of_agreements,
    of_analysis,
    of_audit,
    of_chips,
    of_documents,
    of_exchange,
    of_identity,
    of_issuing,
    of_lists,
    of_lost,
    of_matching,
    of_pictures,
    of_records,
    of_screening,
    of_seals,
    of_signed,
    of_trust,
    of_watchlist,
    of_wire,
)
from tests.fuzz.target import TARGETS

__all__ = ["TARGETS"]
