"""What the demonstration's analyst finds: lawful alerts, by the services that people use, and their links."""

from typing import Any

from jiwar.access.permissions import Permission as P
from jiwar.analysis import services
from jiwar.operation import seed
from jiwar.watchlist.finding import Narrow
from jiwar.watchlist.models import Alert, Entry
from jiwar.watchlist.screening import Identifier, Query
from tests.analysis.test_dossiers import READING, by
from tests.watchlist.alerts.conftest import people  # noqa: F401
from tests.watchlist.conftest import live_index, own_keys  # noqa: F401


def test_the_network_is_found_by_a_plate_and_drawn(people: Any, live_index: Any) -> None:  # noqa: F811
    seed.known()
    seed.known()  # a demonstration that is started again changes nothing
    assert Alert.objects.count() == 4
    assert Entry.objects.filter(category="listing", active=True).count() > 10
    may = READING | {P.WATCHLIST_LIST_READ}
    plate = Query(identifiers=(Identifier("plate", "LBY", "5-123456"),))
    [row] = services.search(by(P.ANALYSIS_SUBJECT_SEARCH, may=may), plate, Narrow()).rows
    assert row.type == "vehicle"
    chart = services.open_chart(by(P.ANALYSIS_SUBJECT_READ, may=may), row.match.record_uid, (), rtl=False)
    assert chart is not None
    assert {"Hamid Ould Khattar", "Katibat al-Sahra"} <= {box.node.label for box in chart.drawing.boxes}
    [hamid] = [uid for key, uid in chart.subjects.items() if "Hamid" in _label(chart, key)]
    further = services.open_chart(by(P.ANALYSIS_SUBJECT_READ, may=may), hamid, (), rtl=False)
    assert further is not None
    assert {
        ("Hamid Ould Khattar", "member of", "Katibat al-Sahra"),
        ("Hamid Ould Khattar", "telephone number", "+218 91 555 0101"),
        ("Yusuf Barka", "telephone number", "+218 91 555 0101"),
    } <= {(row.one.label, row.label, row.other.label) for row in further.rows}
    assert any(row.label == "address" for row in further.rows)


def _label(chart: Any, key: str) -> str:
    return next(box.node.label for box in chart.drawing.boxes if box.node.key == key)
