"""The start of a process that searches for a run. It imports no framework: that must be told first whose node it is."""

import os
import signal


def set_up(folder: str) -> None:
    """Make this process ready for the node in `folder`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that gave the work ends it
    os.environ["JIWAR_DATA"] = folder
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiwar.settings")
    import django

    django.setup()
