"""The editions of the registry of lost documents: made, and put on, in their turn."""

from jiwar.documents import lost_arrivals, lost_editions, lost_files
from jiwar.exchange.edition_work import EditionWork

LITTLE = 100_000
"""Rows that are read in the duty of a minute: half a second."""

WORK = EditionWork(("lost", "editions"), LITTLE, lost_editions, lost_arrivals, lost_files.alone)
