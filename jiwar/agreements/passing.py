"""Sending a held record to a state that it was not for when it was made: decided here, carried out by `exchange`."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from jiwar.audit.services import Author

if TYPE_CHECKING:
    from jiwar.records.models import Record

PASSED_ON: list[Callable[[Author, "Record", str, Sequence["Record"]], None]] = []
"""What sends a record to a state, with the consents that must travel with it: `exchange.routing` appends itself."""


def pass_on(by: Author, records: Iterable["Record"], state: str, consents: Sequence["Record"] = ()) -> None:
    """Put records into the outbox for a state's national node, in the caller's transaction."""
    for record in records:
        for hook in PASSED_ON:
            hook(by, record, state, consents)
