"""What may happen under a seed: some faults in each, so that each also meets the world without the others."""

import random
from dataclasses import dataclass

STATES = ("LBY", "NER", "TCD", "DZA", "TUN", "EGY", "SDN", "MLI", "MRT", "MAR")


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is there, and how likely each fault is. Chances are of each occasion; `pace` is in seconds."""

    codes: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    steps: int
    pace: float
    together: float
    loss: float
    twice: float
    crash: float
    full: float
    clock: float
    restore: float
    part: float
    replay: float
    pouch: float
    fork: float
    lawless: str
    old: tuple[str, ...]
    forger: str


def plan(chance: random.Random) -> Plan:
    """Draw the plan of a seed."""

    def sometimes(value: float, share: float = 0.5) -> float:
        return value * chance.uniform(0.2, 1) if chance.random() < share else 0.0

    posts = chance.choice([1, 1, 2])
    states = chance.sample(STATES, 10 - posts)
    homes = chance.sample(states, posts)
    edges = [(one, chance.choice(states[:n])) for n, one in enumerate(states) if n]
    pairs = [(a, b) for n, a in enumerate(states) for b in states[:n] if (a, b) not in edges]
    edges += chance.sample(pairs, chance.choice([2, 4, 6, 6, 8]))
    edges += [(f"{home}-POST", home) for home in homes]
    return Plan(
        codes=(*states, *(f"{home}-POST" for home in homes)),
        edges=tuple(edges),
        steps=chance.choice([60, 90, 120, 150]),
        pace=chance.choice([5.0, 60.0, 1_800.0, 20_000.0, 100_000.0]),
        together=sometimes(0.15),
        loss=sometimes(0.3),
        twice=sometimes(0.2),
        crash=sometimes(0.08),
        full=sometimes(0.04),
        clock=sometimes(0.05),
        restore=sometimes(0.03),
        part=sometimes(0.05),
        replay=sometimes(0.08),
        pouch=sometimes(0.05),
        lawless=chance.choice(states) if chance.random() < 0.1 else "",
        old=tuple(chance.sample(states, chance.choice([0, 0, 1, 2]))),
        fork=sometimes(0.08, 0.2),
        forger=chance.choice(states),
    )
