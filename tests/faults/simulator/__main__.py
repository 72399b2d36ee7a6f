"""Run one seed and print what happens in it, or many and name those that break something.

python -m tests.faults.simulator SEED
python -m tests.faults.simulator FIRST LAST
"""

import argparse
import time
import traceback

from tests.node import throwaway

_NODE = throwaway()  # before anything reads the settings

import django  # noqa: E402

django.setup()

from tests.faults.simulator.run import run  # noqa: E402


def main() -> int:
    """The exit code is 0 when nothing broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.simulator")
    parser.add_argument("seed", type=int)
    parser.add_argument("last", type=int, nargs="?", help="run all seeds to this one, and print no history")
    options = parser.parse_args()
    if options.last is None:
        return 0 if one(options.seed) else 1
    started = time.process_time()
    broken = sum(not passes(seed) for seed in range(options.seed, options.last + 1))
    count = options.last + 1 - options.seed
    spent = (time.process_time() - started) / count
    print(f"{count} seeds, {broken} broken, {spent * 1000:.0f} ms of processor time each")
    return 1 if broken else 0


def one(seed: int) -> bool:
    """Print the history of a seed, and what breaks at its end."""
    history: list[str] = []
    try:
        run(seed, history)
    except Exception:  # noqa: BLE001 - whatever a seed brings to light
        print("\n".join(history))
        traceback.print_exc()
        return False
    print("\n".join(history))
    return True


def passes(seed: int) -> bool:
    """Whether nothing breaks; else the first line of what does is printed."""
    try:
        run(seed)
    except Exception as error:  # noqa: BLE001
        place = traceback.extract_tb(error.__traceback__)[-1]
        first, *more = str(error).splitlines() or [""]
        print(f"{seed}: {type(error).__name__} {first} (+{len(more)}) at {place.name}:{place.lineno}", flush=True)
        return False
    return True


if __name__ == "__main__":
    raise SystemExit(main())
