"""`python -m jiwar` is the command `jiwar`."""

import sys

from jiwar.cli import main

sys.exit(main())
