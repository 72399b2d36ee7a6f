"""The analyst's search, dossiers and links at the JSON API, over the project's own list."""

from collections.abc import Callable
from typing import Any

from django.test import Client

from jiwar.access.permissions import Permission as P
from jiwar.audit.models import Leaf
from jiwar.watchlist.models import Entry
from tests.api.test_endpoints import post

Ask = Callable[..., Client]
MAY = (P.ANALYSIS_SUBJECT_SEARCH, P.ANALYSIS_SUBJECT_READ, P.WATCHLIST_LIST_READ)


def asked(**more: Any) -> dict[str, Any]:
    entry = Entry.objects.filter(facts__type="person").exclude(facts__birth_dates=[]).first()
    assert entry is not None
    names = [entry.facts["names"][0]["text"]]
    return {"names": names, "birth_date": entry.facts["birth_dates"][0]["date"], "case": "LBY/2026/7", **more}


def test_a_program_searches_reads_and_follows_links(listed: None, ask: Ask) -> None:
    client = ask(*MAY)
    said = post(client, "/analysis/searches", asked()).json()
    record = said["screening"]["candidates"][0]["record"]
    assert (said["found"][0]["record"], said["found"][0]["type"]["code"]) == (record, "person")
    [source] = said["found"][0]["sources"]
    assert (source["what"]["code"], source["tlp"]["code"], source["title"]) == (
        "public_list", "CLEAR", "un_security_council",
    )  # fmt: skip
    dossier = client.get(f"/api/v1/analysis/subjects/{record}", {"case": "LBY/2026/7"}).json()
    assert {fact["sources"][0] for fact in dossier["facts"]} == {1}
    assert {"name", "birth_date"} <= {fact["field"]["code"] for fact in dossier["facts"]}
    assert "issued" in {event["what"]["code"] for event in dossier["events"]}
    assert client.get(f"/api/v1/analysis/subjects/{record}/links", {"case": "LBY/2026/7"}).status_code == 200
    assert {leaf.act for leaf in Leaf.objects.filter(case="LBY/2026/7")} == {
        "person_screened", "dossier_read", "links_read",
    }  # fmt: skip


def test_filters_and_rules_hold_for_programs_too(listed: None, ask: Ask) -> None:
    client = ask(*MAY)
    none = post(client, "/analysis/searches", asked(narrow={"source": "own"})).json()
    assert (none["screening"]["candidates"], none["found"]) == ([], [])
    wrong = post(client, "/analysis/searches", asked(narrow={"type": "dragon"}))
    assert (wrong.status_code, wrong.json()["faults"][0]["field"]) == (422, "narrow.type")
    caseless = post(client, "/analysis/searches", asked(case=""))
    assert (caseless.status_code, caseless.json()["faults"][0]["code"]) == (422, "case_missing")
    record = Entry.objects.values_list("uid", flat=True)[0]
    assert client.get(f"/api/v1/analysis/subjects/{record}").json()["faults"][0]["code"] == "case_missing"
    unlisted = ask(P.ANALYSIS_SUBJECT_READ)
    assert unlisted.get(f"/api/v1/analysis/subjects/{record}", {"case": "LBY/2026/7"}).status_code == 404
    assert post(unlisted, "/analysis/searches", asked()).status_code == 403
