"""What is refused, said to people at the node's own terminal and to programs in JSON."""

import sys
from collections.abc import Callable, Iterable

from django.utils.translation import get_language

from jiwar.access.policy import AccessRefused
from jiwar.identity.terminal import SignInRefused
from jiwar.records.words import fault_text
from jiwar.wire.faults import Fault, Refused

MOST_FAULTS = 100


def say_refusals(act: Callable[[], int]) -> int:
    """Run a verb and give its exit code, 1 where it is refused: then it says why on standard error, field by field."""
    try:
        return act()
    except Refused as refused:
        for fault in refused.faults:
            said = fault_text(fault.code, fault.detail, get_language() or "en")
            print(f"{fault.field}: {said}" if fault.field else said, file=sys.stderr)
    except (AccessRefused, SignInRefused, OSError) as error:
        print(error, file=sys.stderr)
    return 1


def faults_said(faults: Iterable[Fault], message: Callable[[Fault], str] | None = None) -> list[dict[str, str]]:
    """Each fault once, at most MOST_FAULTS, with a sentence in this thread's language: `faults` of the JSON API."""
    say = message or (lambda fault: fault_text(fault.code, fault.detail, get_language() or "en"))
    return [
        fault.as_dict() | {"field": fault.field[:200], "detail": fault.detail[:200], "message": say(fault)}
        for fault in list(dict.fromkeys(faults))[:MOST_FAULTS]
    ]
