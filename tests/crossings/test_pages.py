"""The desk at a national node, with a purpose and a case and no crossing to record; and a reader at a serial port."""

import dataclasses
import os
import threading
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jiwar.crossings.demo import PAPERS
from jiwar.identity.models import Agency, Person
from jiwar.identity.roles import Role
from jiwar.identity.services import add_person
from tests.post import Alerting


def test_a_contact_officer_screens_for_a_case_and_records_no_crossing(
    alert: Alerting, border_police: Agency, settings: Any, client: Client
) -> None:
    alert()
    settings.NODE = dataclasses.replace(settings.NODE, code="NER", role="national")
    moussa = add_person(
        "moussa", "Moussa Abdou", "a long test secret 4", agency=border_police, roles=[Role.CONTACT_OFFICER]
    )
    client.force_login(moussa, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/screening/").status_code == 403  # asks for the purpose
    asked = {"purpose": "criminal_investigation", "name": "Salem Ould Khattar", "birth_date": "1984"}
    refused = client.post("/screening/", asked)
    assert (refused.status_code, b'name="case"' in refused.content) == (422, True)
    answer = client.post("/screening/", asked | {"case": "NER/2026/7"}, follow=True)
    text = answer.content.decode()
    assert "Salem Ould Khattar" in text
    assert "/record/" not in text
    assert 'value="confirmed"' not in text


def test_a_document_drawn_through_the_serial_reader_is_screened(
    post: None, officer: Person, client: Client, settings: Any
) -> None:
    pytest.importorskip("serial", reason="the extra `serial` is not installed")
    client.force_login(officer, backend="django.contrib.auth.backends.ModelBackend")
    assert b'name="reader"' not in client.get("/screening/").content
    ours, theirs = os.openpty()
    settings.NODE = dataclasses.replace(settings.NODE, zone_reader=os.ttyname(theirs))
    sent = PAPERS[4].zone(timezone.localdate()).replace("\n", "\r").encode() + b"\r"
    drawn = threading.Timer(0.5, os.write, (ours, sent))
    drawn.start()
    answer = client.post("/screening/", {"reader": "1", "mrz": ""}, follow=True)
    drawn.join()
    assert "MARIAMA ABDOU" in answer.content.decode()
    os.close(ours)
    os.close(theirs)
    assert b'name="reader"' in client.get("/screening/").content
    answer = client.post("/screening/", {"reader": "1", "mrz": ""}, headers={"accept-language": "en"})
    assert (answer.status_code, "cannot be opened" in answer.content.decode()) == (422, True)
