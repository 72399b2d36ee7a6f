"""The desk at a national node: a purpose and a case, candidates to read, and no crossing to record."""

import dataclasses
from typing import Any

from django.test import Client

from jiwar.identity.models import Agency
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
