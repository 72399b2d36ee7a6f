"""The lists' editions: made, and put on, in their turn."""

from jiwar.exchange.edition_work import EditionWork
from jiwar.watchlist import edition_arrivals, edition_files, editions

LITTLE = 20_000
"""Subjects that are read in the duty of a minute: half a second."""

WORK = EditionWork(("lists", "editions"), LITTLE, editions, edition_arrivals, edition_files.alone)
