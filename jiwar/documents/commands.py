"""The verbs of the room."""

import argparse

from jiwar.documents import check_commands, chip_commands, lost_commands, signer_commands, trust_commands


def add_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add every verb of the room."""
    lost_commands.add_commands(verbs)
    signer_commands.add_commands(verbs)
    acts = verbs.add_parser("document", help="travel documents").add_subparsers(required=True, metavar="ACT")
    check_commands.add_commands(acts)
    chip_commands.add_commands(acts)
    trust_commands.add_commands(acts)
