"""Where SQLite and PostgreSQL differ: a consistent copy of the whole database to a file, and back."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from django.db import connection, connections

DEBIAN = Path("/usr/lib/postgresql")


class CopyFailed(RuntimeError):
    """The database could not be copied; the message says what the engine said."""


def dump(path: Path) -> None:
    """Write a consistent copy while the node runs: an SQLite file, or PostgreSQL's custom archive."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(sqlite3.connect(path)) as target:
            connection.connection.backup(target)
        return
    _postgresql("pg_dump", "--format=custom", "--no-owner", f"--file={path}")


def load(path: Path) -> None:
    """Fill this node's empty database from a copy; raises CopyFailed and leaves a database that is not empty alone."""
    if connection.introspection.table_names():
        raise CopyFailed("the database is not empty")
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(sqlite3.connect(path)) as source:
            source.backup(connection.connection)
        connections.close_all()
        return
    connections.close_all()
    _postgresql("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", f"--dbname={_name()}", str(path))


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _find(program: str) -> str:
    """A client program of PostgreSQL: on the path, else Debian's newest."""
    debian = sorted(DEBIAN.glob(f"[0-9]*/bin/{program}"), key=lambda path: int(path.parts[-3].partition(".")[0]))
    return shutil.which(program) or (str(debian[-1]) if debian else program)


def _postgresql(program: str, *arguments: str) -> None:
    told = connection.settings_dict
    variables = {"PGHOST": told["HOST"], "PGPORT": told["PORT"], "PGUSER": told["USER"], "PGPASSWORD": told["PASSWORD"]}
    environment = os.environ | {name: str(value) for name, value in variables.items() if value}
    if program == "pg_dump":
        arguments = (*arguments, _name())
    try:
        subprocess.run([_find(program), *arguments], env=environment, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise CopyFailed(f"{program} is not installed") from None
    except subprocess.CalledProcessError as error:
        raise CopyFailed(error.stderr.strip()[-500:]) from None
