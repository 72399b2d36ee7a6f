"""Screen a table on a Spark cluster: the search runs where the rows are sent, the node settles and tells.

    python examples/spark_screen.py --data data people.csv answers.csv --user amal --purpose sanctions \
        --case 2026/114 --reason "pension register, order 33" --master spark://driver:7077

It runs on the node, in the node's environment with `pyspark` added. What leaves the node is the index as one file, sent
once to each executor, and rows of the table; the ledger keeps that and to where. An executor needs Python, NumPy, Numba
and this program's code; no Django, no database, no key. Reading, the ledger, the answers and going on after a stop are
those of `jiwar screen FILE.csv`: what executors find is settled here chunk by chunk (is the question lawful, is the
entry in force, who may see what), entered in the ledger, and only then written. Read docs/spark.md first.
"""

import argparse
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from jiwar.watchlist.logic.bulk import Found, find, opened
from jiwar.watchlist.logic.index import Index
from jiwar.watchlist.logic.table import Row

if TYPE_CHECKING:
    from jiwar.watchlist.file_run import Chunk
    from jiwar.watchlist.file_screening import Run

BLOCK = 200
"""Chunks of one Spark job, 50,000 rows: many enough for hundreds of cores, few enough for the driver's memory."""


# On an executor -------------------------------------------------------------------------------------------------------


def searched(rows: list[Row], name: str, digest: str, limit: int, threshold: float) -> list[Found]:
    """Whom each row of a chunk may mean."""
    from pyspark import SparkFiles

    return list(find(opened(Path(SparkFiles.get(name)), digest), rows, limit, threshold))


# On the node ----------------------------------------------------------------------------------------------------------


class Spark:
    """Searches on a cluster; `jiwar.watchlist.file_run.Searching`."""

    def __init__(self, master: str) -> None:
        self._master = master

    def __enter__(self) -> Self:
        from pyspark.sql import SparkSession

        from jiwar.watchlist.this_index import current_index

        self._folder = tempfile.TemporaryDirectory(prefix="jiwar-spark-")
        path = Path(self._folder.name) / "watchlist.idx"
        Index.build(current_index().subjects()).save(path)  # a copy: the node's own goes on with its changes
        with path.open("rb") as file:
            self.digest = hashlib.file_digest(file, "sha256").hexdigest()
        session = SparkSession.builder.master(self._master).appName("jiwar screen").config("spark.ui.enabled", "false")
        self._spark: Any = session.getOrCreate()
        self._spark.sparkContext.addFile(str(path))
        self._name, self._entries = path.name, len(Index.open(path))
        return self

    def __exit__(self, *_: object) -> None:
        self._spark.stop()
        self._folder.cleanup()

    def through(self, run: "Run", chunks: Iterator[list[Row]]) -> Iterator["Chunk"]:
        """Blocks of chunks, each a job; what is found comes back in the order of the rows."""
        from jiwar.watchlist import thresholds
        from jiwar.watchlist.file_run import Chunk
        from jiwar.watchlist.file_screening import REACH, lend, settle

        lend(run, self.digest, self._entries, self._master)
        while block := list(islice(chunks, BLOCK)):
            limits = thresholds.in_force()
            search = partial(searched, name=self._name, digest=self.digest, limit=REACH.found, threshold=limits.lowest)
            sent = self._spark.sparkContext.parallelize(block, len(block))
            for found in sent.map(search).toLocalIterator(prefetchPartitions=True):
                yield Chunk(settle(run, found, self._entries, limits), self._entries)


def main(arguments: list[str] | None = None) -> int:
    """As `jiwar screen FILE.csv`, with `--master`."""
    parser = argparse.ArgumentParser(description="Screen a table on a Spark cluster.")
    parser.add_argument("file", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="the node's data folder")
    parser.add_argument("--master", default="local[*]")
    parser.add_argument("--column", action="append", default=[], metavar="FIELD=TITLE")
    parser.add_argument("--delimiter", default=",")
    for name in ("user", "purpose", "case", "reason"):
        parser.add_argument(f"--{name}", required=True)
    told = parser.parse_args(arguments)
    os.environ["JIWAR_DATA"] = str(told.data.resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiwar.settings")
    import django

    django.setup()
    from jiwar.access.permissions import Permission
    from jiwar.records.refusals import say_refusals
    from jiwar.records.terminal import grant
    from jiwar.watchlist.file_progress import Bar
    from jiwar.watchlist.file_run import File, screen_file

    def act() -> int:
        by = grant(told.user, Permission.WATCHLIST_FILE_SCREEN, told.purpose, told.case)
        named = dict(column.split("=", 1) for column in told.column)
        bar = Bar(sys.stderr)
        file = File(told.file, told.out, named, told.delimiter)
        bar.end(screen_file(by, file, told.reason, bar.say, Spark(told.master), "en"))
        return 0

    return say_refusals(act)


if __name__ == "__main__":
    sys.exit(main())
