"""What the watchlist does for other rooms and for its own pages; each act stands in the module of its subject."""

from jiwar.watchlist import edition_work  # noqa: F401 - takes its turn each minute
from jiwar.watchlist.alerts import (
    alert_on,
    amend_alert,
    approve_alert,
    broken_rules,
    browse_alerts,
    discard_alert,
    draft_alert,
    open_alert,
    open_draft,
    return_alert,
    submit_alert,
    unmet,
    withdraw_alert,
)
from jiwar.watchlist.cases import browse_cases, open_case, record_outcome, take_case
from jiwar.watchlist.doubles import answer_double, doubles
from jiwar.watchlist.foreign_lists import browse_foreign, open_foreign, take_foreign
from jiwar.watchlist.hits import report_hit
from jiwar.watchlist.likely_pairs import look
from jiwar.watchlist.list_readings import read_list
from jiwar.watchlist.list_work import keep_house
from jiwar.watchlist.lists import approve_list, confirm_list, discard_list, import_list, import_un_list
from jiwar.watchlist.protection import browse_protected, end_protection, protect
from jiwar.watchlist.refusals import refuse_alert, take_back_refusal
from jiwar.watchlist.screening import screen
from jiwar.watchlist.sightings import browse_sightings, report_sighting, withdraw_sighting

__all__ = [
    "alert_on",
    "amend_alert",
    "answer_double",
    "approve_alert",
    "approve_list",
    "broken_rules",
    "browse_alerts",
    "browse_cases",
    "browse_foreign",
    "browse_protected",
    "browse_sightings",
    "confirm_list",
    "discard_alert",
    "discard_list",
    "doubles",
    "draft_alert",
    "end_protection",
    "import_list",
    "import_un_list",
    "keep_house",
    "look",
    "open_alert",
    "open_case",
    "open_draft",
    "open_foreign",
    "protect",
    "read_list",
    "record_outcome",
    "refuse_alert",
    "report_hit",
    "report_sighting",
    "return_alert",
    "screen",
    "submit_alert",
    "take_back_refusal",
    "take_case",
    "take_foreign",
    "unmet",
    "withdraw_alert",
    "withdraw_sighting",
]
