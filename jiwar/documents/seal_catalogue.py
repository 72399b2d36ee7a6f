"""The profiles of seals that this node reads and writes, from `data/seals.toml`."""

from functools import cache
from pathlib import Path

from jiwar.documents.logic.seal_profiles import Profiles, read_profiles


@cache
def profiles() -> Profiles:
    """By name: standard ones, those of neighbours, and the two permits of the Plan's states."""
    return read_profiles((Path(__file__).parent / "data" / "seals.toml").read_text(encoding="utf-8"))
