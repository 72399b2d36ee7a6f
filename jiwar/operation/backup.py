"""Backup and restore of this node."""

import tempfile
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from jiwar.audit.queries import leaves
from jiwar.audit.services import append_as
from jiwar.exchange.restore import notice
from jiwar.operation import database
from jiwar.operation.archive import BackupInvalid, pack

__all__ = ["BackupInvalid", "backup", "restore_database"]


def backup(path: Path, passphrase: str) -> int:
    """Write a backup of this node while it runs; returns its size in bytes. The backup is in the ledger."""
    with transaction.atomic():
        append_as("node_backed_up", "system", "cli", settings.NODE.code)
    with tempfile.TemporaryDirectory(dir=settings.DATA) as folder:
        copy = Path(folder) / "database"
        database.dump(copy)
        return pack(path, passphrase, settings.DATA, copy)


def restore_database() -> None:
    """Second half of a restore, in the restored node's own process: fill its empty database; a ledger leaf says so.

    Nobody need notice that it is an old copy: it knows, and exchanges nothing before an administrator has ended that.
    """
    copy = settings.DATA / "database"
    database.load(copy)
    copy.unlink()
    call_command("migrate", interactive=False, verbosity=0)  # the backup may be of an older program
    newest = leaves().values_list("at", flat=True).first()
    with transaction.atomic():
        append_as("node_restored", "system", "cli", settings.NODE.code)
        notice("restore", {"copy": newest.isoformat() if newest else ""})
