"""The record by which a node tells its neighbours that another signed two histories of its ledger."""

from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from jiwar.records.content import Body, NodeCode
from jiwar.records.kinds import YEAR, Kind, register


class ForkBody(Body):
    """Evidence that `node` signed two histories (docs/protocol.md, *Ledger*): each recipient judges it by itself."""

    model_config = ConfigDict(title="Evidence of two histories of a ledger")
    node: NodeCode
    evidence: Annotated[str, StringConstraints(min_length=1, max_length=64_000)]


# An instrument: it carries two signed notes and hashes, and an agreement that is suspended must not keep it back.
FORK = register(Kind("ledger.fork", 1, ForkBody, personal=False, instrument=True, longest=10 * YEAR, review=10 * YEAR))
