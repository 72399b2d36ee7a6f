"""What a state's root signs, read: for the rooms above, which carry it."""

from jiwar.identity.logic.bundles import read_bundle
from jiwar.identity.logic.certificates import Certificate
from jiwar.identity.logic.revocations import Revocations, read_revocations
from jiwar.identity.logic.roots import RootFile, read_root
from jiwar.identity.logic.signed import PaperRefused, load

__all__ = [
    "Certificate", "PaperRefused", "Revocations", "RootFile", "load", "read_bundle", "read_revocations", "read_root",
]  # fmt: skip
