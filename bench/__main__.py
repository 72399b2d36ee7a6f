"""Run the benchmarks: `python -m bench [ROOM...]`; without a room, all of them.

Prints a table and writes bench/results/latest.json, a list of {name, value, unit, peer, peer_value, ratio, goal, met,
machine, commit}: `ratio` is value / peer_value, `met` is whether the goal was reached (null without one). Rows of rooms
that did not run, or failed, are kept. The exit code is 1 when a benchmark failed, 2 when there is no such room.
"""

import importlib
import json
import os
import platform
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LATEST = HERE / "results" / "latest.json"
SHARED = {"holder_report", "model_card", "notes", "peers", "watchlist_people"}
"""Modules of this folder that measure nothing."""
COLUMNS = ("name", "value", "unit", "peer", "peer_value", "ratio", "goal", "met")

Row = dict[str, Any]


def main(rooms: list[str]) -> int:
    """Run the rooms' benchmarks, print the table, keep the results; see the module for the exit code."""
    known = sorted({path.stem for path in HERE.glob("[a-z]*.py")} - SHARED)
    if unknown := set(rooms) - set(known):
        print(f"no benchmark of {', '.join(sorted(unknown))}; there are: {', '.join(known) or 'none yet'}")
        return 2
    machine, commit = describe_machine(), describe_commit()
    print(f"{machine}, commit {commit}")
    fresh: list[Row] = []
    failed = []
    for room in rooms or known:
        try:
            for measured in importlib.import_module(f"bench.{room}").benchmarks():
                row = complete(room, measured)
                print(
                    f"{row['name']}: {_cell(row['value'])} {row['unit']} {measured.get('note', '')}".rstrip(),
                    flush=True,
                )
                fresh.append(row | {"machine": machine, "commit": commit})
        except Exception:  # noqa: BLE001 (one room's failure must not cost the others their figures)
            traceback.print_exc()
            failed.append(room)
    keep(LATEST, fresh)
    print(f"\n{table(fresh)}")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def complete(room: str, measured: Row) -> Row:
    """Check a measured row and add `ratio` and `met`."""
    row = {"peer": None, "peer_value": None, "goal": None, "better": "lower"} | measured
    if not row["name"].startswith(f"{room}."):
        raise ValueError(f"{row['name']!r} does not begin with {room + '.'!r}")
    value, goal, peer_value = row["value"], row["goal"], row["peer_value"]
    row["ratio"] = round(value / peer_value, 4) if peer_value else None
    row["met"] = None if goal is None else bool(value >= goal if row.pop("better") == "higher" else value <= goal)
    return {column: row[column] for column in COLUMNS}


def keep(path: Path, fresh: list[Row]) -> None:
    """Put the fresh rows among the kept ones, by name, and write the whole at once."""
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    rows = {row["name"]: row for row in [*kept, *fresh]}
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps([rows[name] for name in sorted(rows)], indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def table(rows: list[Row]) -> str:
    """Lay rows out in columns, for people."""
    cells = [[column.replace("_", " ") for column in COLUMNS]]
    cells += [[_cell(row[column]) for column in COLUMNS] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return "-" if value is None else str(value)


def describe_machine() -> str:
    """Processor, cores, memory and Python; never the host's name."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def describe_commit() -> str:
    """The short hash of the commit measured, with `+` when the tree has changes of its own."""

    def git(*arguments: str) -> str:
        command = ["git", "-c", "safe.directory=*", *arguments]
        return subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ":!results")
    return (git("rev-parse", "--short=12", "HEAD") or "unknown") + ("+" if changed else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
