"""Jobs that behave badly, for tests of the process that they run in."""

import os
import time
from pathlib import Path
from typing import Any


def work(told: dict[str, Any], parts: list[bytes]) -> dict[str, Any]:
    what = told["do"]
    if what == "hang":
        time.sleep(60)
    if what == "take memory":
        return {"taken": len(bytearray(told["bytes"]))}
    if what == "die":
        os.abort()
    if what == "raise":
        raise RuntimeError("not said to anybody")
    if what == "print":
        print("noise on the standard output")
        os.write(1, b"more of it")
    if what == "write":
        Path(told["path"]).write_bytes(b"x")
    if what == "talk":
        return {"much": "x" * 2_000_000}
    if what == "environment":
        return {"names": sorted(os.environ)}
    return {"lengths": [len(part) for part in parts]}
