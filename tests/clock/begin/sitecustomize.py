"""Runs before a Python program does: from now on its clock shows another time, and goes on as time does."""

import datetime as dt
import os

import time_machine

time_machine.travel(dt.timedelta(hours=float(os.environ["TESTS_HOURS_AHEAD"])), tick=True).start()
