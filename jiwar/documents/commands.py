"""The verbs of the room."""

import argparse

from jiwar.documents import signer_commands


def add_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add every verb of the room."""
    signer_commands.add_commands(verbs)
