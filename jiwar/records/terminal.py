"""What verbs at the terminal share: a person signs in and names a purpose; codes are said in words."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jiwar.access.permissions import Permission
    from jiwar.access.policy import Grant


def grant(user: str, permission: "Permission", purpose: str, case: str = "") -> "Grant":
    """Ask for the password; raises Refused, AccessRefused or SignInRefused."""
    from jiwar.access.permissions import Purpose
    from jiwar.access.policy import allow
    from jiwar.access.services import actor_of_person
    from jiwar.identity.terminal import sign_in
    from jiwar.wire.faults import Fault, Refused

    if purpose not in set(Purpose):
        raise Refused(Fault("not_in_list", "purpose"))
    return allow(actor_of_person(sign_in(user), "cli"), permission, Purpose(purpose), case)


def spoken(group: str, code: object) -> str:
    """The word for a code in the language of the terminal."""
    from django.utils.translation import get_language

    from jiwar.records.words import word

    return word(group, code, get_language() or "en")
