"""One seed from its beginning to its end."""

import random

from tests.faults.simulator.keys import stand_ins
from tests.faults.simulator.world import World


def run(seed: int, history: list[str] | None = None) -> World:
    """Run a seed; raises `invariants.Broken`, or whatever a fault of the program raises."""
    with stand_ins(random.Random(f"seals {seed}")):
        world = World(seed, history)
        world.run()
    return world
