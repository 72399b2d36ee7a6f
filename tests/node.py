"""A throw-away node for the tests: a data folder of its own, gone when the process ends."""

import os
import tempfile
from pathlib import Path

NODE_TOML = """\
code = "LBY"
role = "national"
name = "Libya (test)"
"""


def throwaway() -> tempfile.TemporaryDirectory[str]:
    """Make a data folder and point Django at it. Call before anything imports the settings; keep the result alive.

    An inherited `JIWAR_DATA` is overridden: no test touches the data of a node in use.
    """
    folder = tempfile.TemporaryDirectory(prefix="jiwar-node-", ignore_cleanup_errors=True)
    Path(folder.name, "node.toml").write_text(NODE_TOML, encoding="utf-8")
    os.environ["JIWAR_DATA"] = folder.name
    os.environ["DJANGO_SETTINGS_MODULE"] = "jiwar.settings"
    return folder
