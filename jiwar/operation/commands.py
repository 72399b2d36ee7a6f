"""Verbs about the whole node."""

import argparse
import getpass
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path


def add_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `backup`, `restore`, and the verbs that `up` runs in processes of their own."""
    backup = verbs.add_parser("backup", help="write the whole node to one file sealed with a passphrase")
    backup.add_argument("file", type=Path)
    backup.set_defaults(run=_backup, needs_node=True)
    restore = verbs.add_parser("restore", help="make a node in an empty --data folder from a backup")
    restore.add_argument("file", type=Path)
    restore.add_argument("--database-url", help="empty PostgreSQL database to restore into, when not the backup's own")
    restore.set_defaults(run=_restore, needs_node=False)
    prepare = verbs.add_parser("prepare", help="bring the database up to this program, make missing keys")
    prepare.set_defaults(run=_prepare, needs_node=True)
    first = verbs.add_parser("first-administrator", help="add the first administrator of an empty node")
    first.set_defaults(run=_first, needs_node=True)
    load = verbs.add_parser("restore-database", help="second half of `restore`")
    load.set_defaults(run=_restore_database, needs_node=True)
    seed = verbs.add_parser("demo-seed", help="fill a node of the demonstration")
    seed.add_argument("act", choices=("people", "certified", "neighbours", "propose", "sign", "known", "trust"))
    seed.add_argument("--cards", type=Path)
    seed.set_defaults(run=_seed, needs_node=True)


def _passphrase() -> str:
    return os.environ.get("JIWAR_PASSPHRASE") or getpass.getpass("Passphrase: ")


def _backup(told: argparse.Namespace) -> int:
    from jiwar.operation.backup import BackupInvalid, backup
    from jiwar.operation.database import CopyFailed

    try:
        size = backup(told.file, _passphrase())
    except (BackupInvalid, CopyFailed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"wrote {told.file} ({size} bytes); it holds the node's keys: keep the passphrase apart from it")
    return 0


def _restore(told: argparse.Namespace) -> int:
    from jiwar.operation.archive import BackupInvalid, unpack
    from jiwar.operation.node_folder import read_settings, write_settings

    folder = told.data.resolve()
    try:
        unpack(told.file, _passphrase(), folder)
    except (BackupInvalid, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    if told.database_url is not None:
        settings = replace(read_settings(folder), database_url=told.database_url)
        (folder / "node.toml").unlink()
        write_settings(folder, settings)
    done = subprocess.run([sys.executable, "-m", "jiwar", "--data", str(folder), "restore-database"], check=False)
    if done.returncode != 0:
        # Whole or not at all: the keys do not stay behind without their ledger.
        shutil.rmtree(folder)
    else:
        print(f"restored into {folder}; `jiwar --data {folder} up` starts it. It exchanges nothing before an")
        print(
            "administrator has ended the restore, in the console or by `jiwar restore-end`; then neighbours send what"
        )
        print("came since, and give back what it had said.")
    return done.returncode


def _restore_database(told: argparse.Namespace) -> int:
    from jiwar.operation.backup import restore_database
    from jiwar.operation.database import CopyFailed

    try:
        restore_database()
    except CopyFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _prepare(told: argparse.Namespace) -> int:
    from jiwar.operation.first_start import prepare

    prepare()
    return 0


def _first(told: argparse.Namespace) -> int:
    from jiwar.operation.first_start import FIRST_ADMINISTRATOR, first_administrator

    if password := first_administrator():
        print("First start. Sign in once with this password, add a passkey or a one-time code, and choose your own:")
        print(f"  name      {FIRST_ADMINISTRATOR}\n  password  {password}")
        print("Then, in the console: add your people and their roles (People), hand your card to a neighbour and enter")
        print("his (`jiwar keys card`, `jiwar neighbours add`), and make a backup (`jiwar backup FILE`).")
    return 0


def _seed(told: argparse.Namespace) -> int:
    from django.conf import settings

    from jiwar.operation import seed

    if not settings.NODE.training:
        print("this is no training node: made-up data do not go into it", file=sys.stderr)
        return 1
    if told.act in {"people", "certified", "neighbours", "trust"}:
        getattr(seed, told.act)(told.cards)
    else:
        getattr(seed, told.act)()
    return 0
