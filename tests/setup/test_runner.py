"""The test run itself: its counts, its server, its limits."""

import os
import re
import socket
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import pytest_socket

from tests.__main__ import tally
from tests.postgres import PostgresUnavailable, programs, server


def test_counts_are_read_from_every_suite_of_the_report() -> None:
    report = (
        '<testsuites><testsuite tests="10" failures="1" errors="2" skipped="3"/>'
        '<testsuite tests="2" failures="0" errors="0" skipped="0"/></testsuites>'
    )
    assert tally(report) == {"passed": 6, "failed": 3, "skipped": 3}


def test_a_postgresql_of_our_own_starts_and_ends() -> None:
    try:
        programs()
    except PostgresUnavailable as reason:
        pytest.skip(str(reason))
    with server() as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT current_database(), pg_encoding_to_char(6)").fetchone() == ("jiwar", "UTF8")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_no_test_reaches_beyond_this_machine() -> None:
    blocked = (pytest_socket.SocketConnectBlockedError, UserWarning)  # it warns first, and warnings are errors here
    with socket.socket() as outward, pytest.raises(blocked, match=r"192\.0\.2\.1"):
        outward.connect(("192.0.2.1", 80))


def test_one_more_node_gets_an_empty_database_of_its_own(node_database: Callable[[], str]) -> None:
    url = node_database()
    if not os.environ.get("JIWAR_DATABASE_URL"):
        assert url == ""  # the node makes its own, embedded
        return
    assert node_database() != url
    with psycopg.connect(url) as connection:
        tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        assert connection.execute(tables).fetchone() == (0,)


def test_every_target_of_the_makefile_explains_itself() -> None:
    makefile = (Path(__file__).resolve().parents[2] / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert len(targets) > 10
    for target in targets:
        assert re.search(rf"^{target}:.*## \w", makefile, re.MULTILINE), target
