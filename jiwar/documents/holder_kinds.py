"""What an agreement names where it opens the comparison of a document's holder with the document."""

from typing import Literal

from pydantic import ConfigDict

from jiwar.records.content import Body, State
from jiwar.records.kinds import YEAR, Kind, register


class HolderComparisonBody(Body):
    """That a holder was compared: no picture, no template, no score. This version of the program makes no such record;
    a clause that names the kind opens the comparison itself.
    """

    model_config = ConfigDict(title="Comparison of a document's holder with the document")
    method: Literal["face", "finger"]
    issuer: State


HOLDER_COMPARISON = register(
    Kind("holder.comparison", 1, HolderComparisonBody, personal=False, longest=YEAR, review=YEAR, priority=9)
)
