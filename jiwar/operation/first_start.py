"""What a node needs before it runs: migrations, keys, its first administrator."""

import secrets

from django.core.management import call_command
from django.db import transaction

from jiwar.exchange.standing import mark
from jiwar.identity import services as identity
from jiwar.identity.certification import finish_rotation
from jiwar.identity.queries import agency, anyone
from jiwar.identity.roles import Role
from jiwar.sql import take_stock

FIRST_ADMINISTRATOR = "admin"


def prepare() -> None:
    """Bring the database up to this program; make the keys of a new node, or what a killed start left undone of it."""
    call_command("migrate", interactive=False, verbosity=0)
    take_stock()
    finish_rotation()
    identity.make_own_keys()
    mark()


def first_administrator() -> str | None:
    """Add the first administrator of an empty node; returns her first password, None when people exist already."""
    if anyone():
        return None
    password = secrets.token_urlsafe(12)
    with transaction.atomic():
        identity.add_person(
            FIRST_ADMINISTRATOR,
            "Administrator",
            password,
            agency=agency("node", "Node administration"),
            roles=[Role.ADMINISTRATOR],
        )
    return password
