import os

import pytest
from django.apps import apps
from django.db import connection

pytestmark = pytest.mark.django_db


def test_the_suite_runs_on_the_database_that_it_says() -> None:
    assert connection.vendor == ("postgresql" if os.environ.get("JIWAR_DATABASE_URL") else "sqlite")


def test_migrations_make_the_table_of_every_model() -> None:
    tables = set(connection.introspection.table_names())
    assert {model._meta.db_table for model in apps.get_models()} <= tables
