"""What is refused, said at the node's own terminal."""

import sys
from collections.abc import Callable

from django.utils.translation import get_language

from jiwar.access.policy import AccessRefused
from jiwar.identity.terminal import SignInRefused
from jiwar.records.words import fault_text
from jiwar.wire.faults import Refused


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
