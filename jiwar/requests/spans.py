"""Lengths of time in words, in the reader's language."""

import datetime as dt

from django.utils.translation import ngettext


def span(length: dt.timedelta) -> str:
    """Days and hours, hours and minutes, or minutes: as exactly as a deadline needs."""
    minutes = int(length.total_seconds()) // 60
    days, hours, left = minutes // 1440, minutes % 1440 // 60, minutes % 60
    of_days = ngettext("%(num)s day", "%(num)s days", days) % {"num": days}
    of_hours = ngettext("%(num)s hour", "%(num)s hours", hours) % {"num": hours}
    of_minutes = ngettext("%(num)s minute", "%(num)s minutes", left) % {"num": left}
    if days:
        return f"{of_days} {of_hours}" if hours else of_days
    if hours:
        return f"{of_hours} {of_minutes}" if left else of_hours
    return of_minutes
