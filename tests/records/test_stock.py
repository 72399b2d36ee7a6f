"""What SQLite must know of its tables to ask them well."""

import pytest
from django.db import connection

from jiwar.audit.services import append_as
from jiwar.sql import rows, take_stock


@pytest.mark.django_db
def test_sqlite_knows_how_many_are_alike() -> None:
    for number in range(3):
        append_as("node_started", "system", "cli", f"{number}")
    take_stock()
    if connection.vendor == "sqlite":
        [(counted,)] = rows("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'audit_leaf'")
        assert counted > 0
