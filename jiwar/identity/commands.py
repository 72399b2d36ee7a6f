"""Verbs about people; `key_commands` has those about keys."""

import argparse
import getpass
import os
import sys

from jiwar.identity.key_commands import add_key_commands


def add_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `keys` and `people`."""
    add_key_commands(verbs)
    people = verbs.add_parser("people", help="people of the node").add_subparsers(required=True, metavar="ACT")
    add = people.add_parser("add", help="add a person; the password comes from $JIWAR_PASSWORD or is typed")
    add.add_argument("username")
    add.add_argument("full_name")
    add.add_argument("--agency", required=True, help="code of the agency")
    add.add_argument("--agency-name", help="name of the agency, when it is new")
    add.add_argument("--role", action="append", required=True, dest="roles")
    add.add_argument("--clearance", default="standard", choices=("standard", "covert"))
    add.set_defaults(run=_add_person, needs_node=True)


def _add_person(told: argparse.Namespace) -> int:
    from django.core.exceptions import ValidationError

    from jiwar.identity.queries import agency
    from jiwar.identity.roles import Clearance, Role
    from jiwar.identity.services import RolesConflict, add_person

    password = os.environ.get("JIWAR_PASSWORD") or getpass.getpass("Password: ")
    try:
        person = add_person(
            told.username,
            told.full_name,
            password,
            agency=agency(told.agency, told.agency_name or told.agency),
            roles=[Role(role) for role in told.roles],
            clearance=Clearance(told.clearance),
        )
    except ValidationError as error:
        print("; ".join(error.messages), file=sys.stderr)
        return 1
    except (RolesConflict, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"added {person.username} ({', '.join(sorted(told.roles))})")
    return 0
