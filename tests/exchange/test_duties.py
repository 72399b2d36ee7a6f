"""The duties of each minute are done in the process of the exchange, which loads rooms and no page."""

import re
import subprocess
import sys
from pathlib import Path

import jiwar

ROOT = Path(jiwar.__file__).parents[1]
LOADED = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "jiwar.settings"
import django
django.setup()
from jiwar.exchange.courier import EACH_MINUTE
print(*(duty.__module__ for duty in EACH_MINUTE))
"""


def test_every_duty_is_known_to_a_process_that_loads_no_page() -> None:
    said = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in ROOT.glob("jiwar/**/*.py")
        if re.search(r"EACH_MINUTE(\.append\(| \+= )", path.read_text(encoding="utf-8"))
    }
    known = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout.split()
    # A room's `apps` names the module whose duty it is.
    assert {name.removesuffix(".apps") for name in said} <= {*known, *(name.rpartition(".")[0] for name in known)}
