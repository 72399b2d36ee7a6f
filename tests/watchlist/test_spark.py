"""The example for clusters, on a real Spark of this machine: it needs Java, and an environment of its own for Spark."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import peers
from tests.node import NODE_TOML
from tests.watchlist.test_file_run import PREPARE, WHY, YOUSSEF

ROOT = Path(__file__).resolve().parents[2]
SPARK = "pyspark==4.0.1"
READ_LEDGER = """
import django; django.setup()
from jiwar.audit.models import Leaf
print("[" + ",".join(Leaf.objects.order_by("index").values_list("content", flat=True)) + "]")
"""


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_table_is_screened_by_spark_as_by_the_command(tmp_path: Path, migrated: Callable[[Path], str]) -> None:
    if not shutil.which("java"):
        pytest.skip("no java on this machine")
    try:
        python = peers.python("pyspark", [SPARK])
    except peers.PeerUnavailable as why:
        pytest.skip(str(why))
    node = tmp_path / "node"
    database = migrated(node)
    (node / "node.toml").write_text(f"{NODE_TOML}require_second_factor = false\n", encoding="utf-8")
    environment = os.environ | {
        "JIWAR_DATA": str(node),
        "JIWAR_DATABASE_URL": database,
        "JIWAR_PASSWORD": "a long test secret 1",
        "DJANGO_SETTINGS_MODULE": "jiwar.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_paths()["purelib"]]),
        "PYSPARK_PYTHON": str(python),
    }
    subprocess.run([sys.executable, "-c", PREPARE], env=environment, check=True)
    people = tmp_path / "people.csv"
    rows = [YOUSSEF if number % 100 == 0 else f"Nobody Ofthis{number:04}name,1970" for number in range(1000)]
    people.write_text("\n".join(["name,birth_date", *rows, "*,1970", "Omar,70"]), encoding="utf-8")
    why = ["--user", "amal", "--purpose", "sanctions", "--case", "LBY/7", "--reason", WHY]
    by_spark, by_command = tmp_path / "spark.csv", tmp_path / "command.csv"
    example = [python, ROOT / "examples" / "spark_screen.py", "--data", node, people, by_spark, "--master", "local[2]"]
    done = subprocess.run([*example, *why], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr.endswith("1,002 rows: 10 found someone, 2 refused\n")
    command = [sys.executable, "-m", "jiwar", "screen", people, "--out", by_command, "--processes", "1"]
    subprocess.run([*command, *why], env=environment, check=True, capture_output=True)
    assert by_spark.read_bytes() == by_command.read_bytes()
    found = list(csv.DictReader(io.StringIO(by_spark.read_text(encoding="utf-8"))))
    assert [int(row["row"]) for row in found if row["reference"] == "JWi.001"] == list(range(2, 1002, 100))

    told = subprocess.run([sys.executable, "-c", READ_LEDGER], env=environment, check=True, capture_output=True)
    leaves = [leaf for leaf in json.loads(told.stdout) if leaf["act"] in {"index_lent", "people_screened"}]
    [lent] = [leaf for leaf in leaves if leaf["act"] == "index_lent"]
    assert lent["detail"]["to"] == "local[2]"
    by_run: dict[str, list[object]] = {}
    for leaf in leaves:
        if leaf["act"] == "people_screened":
            told_of = {name: leaf["detail"][name] for name in ("rows", "marks", "found", "refused")}
            by_run.setdefault(leaf["subject"], []).append(told_of)
    spark, alone = by_run.values()
    assert spark == alone
    assert lent["subject"] == next(iter(by_run))
