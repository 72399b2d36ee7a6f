"""Verbs about bridges. They touch personal data: a person signs in, and names a purpose where the source does not."""

import argparse
import sys
from pathlib import Path
from uuid import UUID

from jiwar.records.terminal import grant, spoken

FORMATS = ("ftm", "misp", "stix")


def add_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `bridge`."""
    acts = verbs.add_parser("bridge", help="foreign formats and TAXII").add_subparsers(required=True, metavar="ACT")
    sources = acts.add_parser("sources", help="who says something in a foreign format, and what waits")
    sources.set_defaults(run=_sources, needs_node=True)

    read = acts.add_parser("import", help="read a file; it waits, unless it is taken in at once")
    read.add_argument("format", choices=FORMATS)
    read.add_argument("file", type=Path)
    read.add_argument("--source", required=True, help="code of the source; the console enters sources")
    read.add_argument("--user", required=True, help="who reads it; the password is asked for")
    read.add_argument("--whole", action="store_true", help="the whole list: what it no longer says is withdrawn")
    read.add_argument("--take", action="store_true", help="take it in at once")
    read.set_defaults(run=_import, needs_node=True)

    pull = acts.add_parser("pull", help="fetch what a TAXII 2.1 collection has added since the last time")
    pull.add_argument("url", nargs="?", default="", help="address of the API root, where it is new or has changed")
    pull.add_argument("--collection", default="", help="identifier of the collection")
    pull.add_argument("--certificate", type=Path, help="the server's certificate, to trust it and no other")
    pull.add_argument("--source", required=True)
    pull.add_argument("--user", required=True)
    pull.set_defaults(run=_pull, needs_node=True)

    export = acts.add_parser("export", help="write records into a file of a foreign format")
    export.add_argument("format", choices=FORMATS)
    export.add_argument("--uid", action="append", required=True, type=UUID, help="of a record; may be given again")
    export.add_argument("--to", default="", help="the recipient's three letters; without it, for our own systems")
    export.add_argument("--user", required=True)
    export.add_argument("--purpose", required=True)
    export.add_argument("--out", type=Path, help="a new file; without it, standard output")
    export.set_defaults(run=_export, needs_node=True)


def _sources(told: argparse.Namespace) -> int:
    from jiwar.bridges.queries import sources

    for source in sources():
        last = source.pulled_at or "never fetched"
        where = f"  {source.url} {last} {source.failure}" if source.url else ""
        print(f"{source.code:20} {source.title}  waiting {source.waiting}{where}")  # type: ignore[attr-defined]
    return 0


def _import(told: argparse.Namespace) -> int:
    from jiwar.access.permissions import Permission
    from jiwar.bridges import services
    from jiwar.bridges.queries import lines
    from jiwar.bridges.sources import source_of
    from jiwar.records.refusals import say_refusals

    def act() -> int:
        by = grant(told.user, Permission.WATCHLIST_LIST_IMPORT, source_of(told.source).purpose)
        with told.file.open("rb") as file:
            name = told.file.name
            reading = services.read_file(by, told.source, told.format, file, name, whole=told.whole, via="cli")
        for line in lines(reading):
            print(f"{line.path}: {spoken('lost', line.why)}: {line.value}")
        print(f"found {reading.found}, not understood {reading.lost}; reading {reading.pk}")
        if told.take and reading.found:
            reading = services.take_reading(by, reading.pk)
            print(f"taken in: {reading.new} new, {reading.changed} changed, {reading.unchanged} unchanged,")
            print(f"{reading.withdrawn} withdrawn")
        return 0

    return say_refusals(act)


def _pull(told: argparse.Namespace) -> int:
    from jiwar.access.permissions import Permission
    from jiwar.bridges import services
    from jiwar.bridges.sources import Address, source_of
    from jiwar.records.refusals import say_refusals

    def act() -> int:
        source = source_of(told.source)
        by = grant(told.user, Permission.WATCHLIST_LIST_IMPORT, source.purpose)
        if told.url:
            pinned = told.certificate.read_text(encoding="utf-8") if told.certificate else ""
            services.connect_source(by, source.code, Address(told.url, told.collection, pinned), source.writer_id or "")
        pulled = services.pull(by, source.code)
        print(f"fetched {pulled.objects} objects in {pulled.pages} pages")
        if pulled.reading:
            print(f"found {pulled.reading.found}, not understood {pulled.reading.lost}; reading {pulled.reading.pk}")
        if pulled.failure:
            code, _, detail = pulled.failure.partition(" ")
            print(f"{spoken('pull_failure', code)} {detail}".rstrip(), file=sys.stderr)
        return 1 if pulled.failure else 0

    return say_refusals(act)


def _export(told: argparse.Namespace) -> int:
    from jiwar.access.permissions import Permission, Purpose
    from jiwar.bridges import services
    from jiwar.bridges.readers import recipient
    from jiwar.records.refusals import say_refusals

    def act() -> int:
        by = grant(told.user, Permission.BRIDGES_RECORD_EXPORT, told.purpose)
        made = services.export(by, told.uid, told.format, recipient(told.to, Purpose(told.purpose)))
        for uid, lost in made.lost.items():
            for one in lost:
                print(f"{uid} {one.path}: {spoken('lost', one.why)}", file=sys.stderr)
        if told.out:
            with told.out.open("xb") as file:
                file.write(made.data)
        else:
            sys.stdout.buffer.write(made.data)
        return 0

    return say_refusals(act)
