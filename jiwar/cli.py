"""The one command. Each verb says what it did, and exits with 0 (done), 1 (refused, with the reason) or 2 (usage).

A room adds its verbs in `commands.py`: `add_commands(verbs)` makes parsers with `set_defaults(run=…, needs_node=…)`.
The modules import no framework at their head, so that `ledger verify` runs on a machine without a node.
"""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

from jiwar import __version__
from jiwar.identity.node import NodeSettings, NodeSettingsInvalid

ROOMS_WITH_COMMANDS = (
    *("identity", "audit", "exchange", "watchlist", "documents", "matching", "bridges", "analysis", "operation"),
)


def parser() -> argparse.ArgumentParser:
    """Every verb and option."""
    parser = argparse.ArgumentParser(prog="jiwar", description="A node of the Tripoli Action Plan's network.")
    parser.add_argument("--version", action="version", version=f"jiwar {__version__}")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("JIWAR_DATA", "data")),
        help="the node's data folder (default: $JIWAR_DATA, else ./data)",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    up = verbs.add_parser("up", help="start the node; the first start makes it")
    up.add_argument("--code", help="first start: the state's code (LBY) or the post's (NER-MADAMA)")
    up.add_argument("--name", help="first start: the node's name")
    up.add_argument("--console", default="http://localhost:8000", help="first start: address of the console")
    up.add_argument("--exchange", default="https://127.0.0.1:8443", help="first start: address for neighbours")
    up.add_argument("--language", default="en", choices=("ar", "fr", "en"))
    up.add_argument("--timezone", default="UTC")
    demo = verbs.add_parser("demo", help="start four nodes with made-up data on this machine")
    demo.add_argument("--folder", type=Path, default=Path("demo-data"))
    demo.add_argument("--port", type=int, default=8001, help="first of the eight ports that the demo uses")
    for room in ROOMS_WITH_COMMANDS:
        import_module(f"jiwar.{room}.commands").add_commands(verbs)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run a verb."""
    told = parser().parse_args(arguments)
    try:
        if told.verb == "up":
            return _up(told)
        if told.verb == "demo":
            from jiwar.operation.demo import run

            return run(told.folder.resolve(), told.port)
        if told.needs_node:
            _load(told.data)
        return int(told.run(told) or 0)
    except NodeSettingsInvalid as error:
        print(error, file=sys.stderr)
    except BrokenPipeError:
        return 0
    return 1


def _load(folder: Path) -> None:
    """Make Django ready for the node in a folder; raises NodeSettingsInvalid when there is none."""
    os.environ["JIWAR_DATA"] = str(folder.resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiwar.settings")
    import django

    django.setup()


def _up(told: argparse.Namespace) -> int:
    from jiwar.operation.node_folder import read_settings, write_settings
    from jiwar.operation.processes import Node, command, run_until_told

    folder = told.data.resolve()
    if not (folder / "node.toml").exists():
        write_settings(folder, _ask(told))
    settings = read_settings(folder)
    node = Node(folder, settings)
    node.prepare()
    node.start()
    hello = command(folder, "first-administrator").stdout
    print(f"jiwar {__version__}: {settings.code} ({settings.name}) is up\n  console   {settings.console_url}")
    print(f"  exchange  {settings.exchange_url}\n  data      {folder}\n{hello}", flush=True)
    return run_until_told([node])


def _ask(told: argparse.Namespace) -> NodeSettings:
    """Settings of a new node, from the command line or from the terminal."""
    code = told.code
    if not code:
        if not sys.stdin.isatty():
            raise NodeSettingsInvalid("a new node needs its code: jiwar up --code LBY")
        code = input("Code of the state (ISO 3166: LBY) or of the post (NER-MADAMA): ").strip().upper()
    return NodeSettings(
        code=code,
        role="post" if "-" in code else "national",
        name=told.name or code,
        console_url=told.console,
        exchange_url=told.exchange,
        language=told.language,
        timezone=told.timezone,
    )
