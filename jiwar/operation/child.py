"""A child of the supervisor: granian, which ends when its supervisor does, however that ended.

Run as `python -m jiwar.operation.child FD GRANIAN-ARGUMENTS`. FD is the reading end of a pipe whose writing end the
supervisor alone holds: the kernel closes it with the supervisor, also after a kill that no handler hears. Without
this, the children would hold the node's ports and nobody would start them again.
"""

import os
import runpy
import signal
import sys
import threading
import time

FIRMLY = 12
"""Seconds after which what has not ended politely is killed."""


def _end_with_supervisor(lifeline: int) -> None:
    while os.read(lifeline, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(FIRMLY)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_end_with_supervisor, args=(int(sys.argv.pop(1)),), daemon=True).start()
    runpy.run_module("granian", run_name="__main__", alter_sys=False)
