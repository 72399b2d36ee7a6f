"""Another time of day for whole processes: the wall clock of Python in them, and in those that they start."""

import os
from pathlib import Path

HERE = Path(__file__).parent


def ahead(hours: float) -> dict[str, str]:
    """The environment of a process whose clock is so many hours ahead of the machine's; behind it, if negative."""
    return {"PYTHONPATH": os.pathsep.join([str(HERE / "begin"), str(HERE.parents[1])]), "TESTS_HOURS_AHEAD": str(hours)}
