"""Run the whole suite: `python -m tests [--slow] [pytest's arguments]`.

Everything on SQLite first, then whatever touches a database once more on a PostgreSQL of its own: there one journey,
one fault and no browser, unless --slow. What the machine lacks is installed by apt where this is root on Debian;
elsewhere it is named, and the tests that need it are skipped and counted. Ends with pytest's own lines and one of the
whole: `total: N passed, N failed, N skipped`.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.machine import prepare
from tests.postgres import PostgresUnavailable, server

NO_TESTS = 5  # pytest's exit code
QUICK = "not slow and not browser and not one_engine and (two_engines or not (journey or fault))"
"""What runs on PostgreSQL too without --slow: browsers, most journeys and faults look at what is the same there."""


def main(arguments: list[str]) -> int:
    """Run the suite on both databases; the exit code is 0 when all that ran passed and something ran."""
    parser = argparse.ArgumentParser(prog="python -m tests", allow_abbrev=False)
    parser.add_argument("--slow", action="store_true", help="run the tests marked slow as well")
    options, pytest_arguments = parser.parse_known_args(arguments)
    if options.slow:
        # What the suite covers is counted here alone: it makes the run half as long again.
        pytest_arguments += ["-m", "", "--cov=jiwar", "--cov-report=term:skip-covered"]
    for name in prepare():
        print(f"not here: Debian's {name} (install it, or run this as root on Debian); what needs it is skipped")

    counts: Counter[str] = Counter()
    ok = run("SQLite", {"JIWAR_DATABASE_URL": ""}, pytest_arguments, counts)
    try:
        with server() as url:
            again = ["--database-only", *([] if options.slow else ["-m", QUICK]), *pytest_arguments]
            ok &= run("PostgreSQL", {"JIWAR_DATABASE_URL": url}, again, counts)
    except PostgresUnavailable as reason:
        print(f"\n=== the suite on PostgreSQL: SKIPPED: {reason}")
        counts["skipped"] += 1
    print(f"\ntotal: {counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped", flush=True)
    return 0 if ok and counts["passed"] else 1


def run(database: str, env: dict[str, str], arguments: list[str], counts: Counter[str]) -> bool:
    """Run pytest once, add its counts, and say whether it passed (that nothing touched the database is no failure)."""
    print(f"\n=== the suite on {database}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
        command += ["-rs", f"--junitxml={report}"]
        done = subprocess.run([*command, *arguments], env=_environment() | env, stdin=subprocess.DEVNULL, check=False)
        if report.exists():
            counts += tally(report.read_text(encoding="utf-8"))
    return done.returncode == 0 or (done.returncode == NO_TESTS and database != "SQLite")


def _environment() -> dict[str, str]:
    """Ours, but bytecode is kept: some hundred processes would each compile the program and the tests anew."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def tally(junit: str) -> Counter[str]:
    """Count passed, failed (errors too) and skipped in pytest's JUnit XML."""
    counts: Counter[str] = Counter()
    for suite in ET.fromstring(junit).iter("testsuite"):
        tests, errors, failures, skipped = (int(suite.get(k, 0)) for k in ("tests", "errors", "failures", "skipped"))
        counts["passed"] += tests - errors - failures - skipped
        counts["failed"] += errors + failures
        counts["skipped"] += skipped
    return counts


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the server is stopped then too
    sys.exit(main(sys.argv[1:]))
