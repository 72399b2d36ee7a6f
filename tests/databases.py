"""Migrated databases: the program's own migrations run once in a run of the tests, and what they made is copied."""

import fcntl
import os
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.node import NODE_TOML

MIGRATE = """
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
options = settings.DATABASES["default"].get("OPTIONS", {})
if "init_command" in options:  # of SQLite: nobody waits for the disk, some hundred times
    options["init_command"] += "PRAGMA synchronous=OFF;"
call_command("migrate", verbosity=0)
"""


@contextmanager
def template(shared: Path) -> Iterator[Path | str]:
    """A new, migrated database for all processes of the run that share this folder: a file, or a name of PostgreSQL.

    The first to come makes it while the others wait; the last to go drops it.
    """
    folder = shared / "template"
    users = folder / "users"
    with _alone(folder):
        if not users.exists() or not users.read_text():
            _make(folder)
        with users.open("a") as file:
            file.write(".")
        name = (folder / "name").read_text() if server() else folder / "node.sqlite3"
    try:
        yield name
    finally:
        with _alone(folder):
            left = users.read_text()[1:]
            users.write_text(left)
            if isinstance(name, str) and not left:
                _tell(f'DROP DATABASE "{name}"')


def server() -> str:
    """The URL of the PostgreSQL under test, or '' where it is SQLite."""
    return os.environ.get("JIWAR_DATABASE_URL", "")


def begin(alias: str, made: Path | str) -> None:
    """Let Django's test database begin as this one: `made` is copied when it is first connected to."""
    from django.db import connections
    from django.db.backends.signals import connection_created

    connection = connections[alias]
    connection.settings_dict["TEST"]["MIGRATE"] = False  # nothing is left to be done
    if isinstance(made, str):
        connection.settings_dict["TEST"]["TEMPLATE"] = made
        return

    def fill(connection: Any, **_: Any) -> None:
        if connection.alias == alias:
            connection_created.disconnect(fill)
            with closing(sqlite3.connect(made)) as file:
                file.backup(connection.connection)

    connection_created.connect(fill, weak=False)


def _make(folder: Path) -> None:
    (folder / "node.toml").write_text(NODE_TOML, encoding="utf-8")
    env = os.environ | {"JIWAR_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "jiwar.settings"}
    if url := server():
        name = f"template_{uuid.uuid4().hex}"
        _tell(f'CREATE DATABASE "{name}"')
        (folder / "name").write_text(name)
        env["JIWAR_DATABASE_URL"] = f"{url.rpartition('/')[0]}/{name}"
    else:
        (folder / "node.sqlite3").unlink(missing_ok=True)
    subprocess.run([sys.executable, "-c", MIGRATE], env=env, check=True)


def _tell(command: str) -> None:
    import psycopg

    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(command)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
