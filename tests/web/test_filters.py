"""What templates do to values."""

import pytest

from jiwar.web.jinja import day


@pytest.mark.parametrize(
    ("recorded", "shown"),
    [
        ("1971-03-09", "09/03/1971"),
        ("~1971-03-09", "~09/03/1971"),
        ("1971-03", "03/1971"),
        ("Public prosecutor, 12/2026, 2026-10-01, LBY", "Public prosecutor, 12/2026, 01/10/2026, LBY"),
        ("النيابة العامة، 2026-10-01، ليبيا", "النيابة العامة، 01/10/2026، ليبيا"),
        ("from 2026-10-01 to 2026-11-02.", "from 01/10/2026 to 02/11/2026."),
        # Not a day: a year, a span of years, a number that has one in it.
        ("1971", "1971"),
        ("1970/1975", "1970/1975"),
        ("RG-2026-10-01", "RG-2026-10-01"),
        ("2026-10-01/7", "2026-10-01/7"),
        ("2026-10-01-B", "2026-10-01-B"),
        ("1971-034", "1971-034"),
        ("٢٠٢٦-١٠-٠١", "٢٠٢٦-١٠-٠١"),
        ("", ""),
        (None, ""),
    ],
)
def test_days_of_a_text_are_written_as_people_write_them(recorded: object, shown: str) -> None:
    assert day(recorded) == shown
