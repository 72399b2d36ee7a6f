"""Sessions end: after thirty idle minutes, after a shift, and with the person's leave to sign in."""

import time

import pytest
from django.conf import settings
from django.test import Client

from jiwar.identity.models import Agency
from jiwar.identity.roles import Clearance, Role
from jiwar.identity.services import add_person, change_person
from jiwar.web.middleware import STARTED

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(settings):
    import dataclasses

    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    agency = Agency.objects.create(code="border", name="Border police")
    return add_person(
        "moussa", "Moussa Ibrahim", "a long walk in the Fezzan", agency=agency, roles=[Role.FIELD_OFFICER]
    )


@pytest.fixture
def signed_in(officer):
    client = Client(HTTP_HOST="localhost")
    client.force_login(officer, backend="django.contrib.auth.backends.ModelBackend")
    return client


def is_open(client) -> bool:
    return client.get("/").status_code == 200


def test_each_click_prolongs_the_session_by_thirty_minutes(signed_in):
    response = signed_in.get("/")
    assert settings.SESSION_COOKIE_AGE == 30 * 60
    assert signed_in.session.get_expiry_age() == 30 * 60
    cookie = response.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["max-age"] == ""  # gone with the browser


def test_a_session_left_idle_is_closed(signed_in):
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    assert is_open(signed_in)
    Session.objects.update(expire_date=timezone.now())
    assert not is_open(signed_in)


@pytest.mark.parametrize(("hours", "still_open"), [(11.9, True), (12.1, False)])
def test_no_session_is_longer_than_a_shift(signed_in, hours, still_open):
    assert is_open(signed_in)
    session = signed_in.session
    session[STARTED] = time.time() - hours * 3600
    session.save()
    assert is_open(signed_in) is still_open


def test_a_person_who_may_no_longer_sign_in_is_out_at_once(signed_in, officer):
    assert is_open(signed_in)
    change_person(officer, roles=[Role.FIELD_OFFICER], clearance=Clearance.STANDARD, is_active=False, by="system")
    assert not is_open(signed_in)


def test_a_page_for_people_is_kept_by_no_cache(signed_in):
    assert signed_in.get("/").headers["Cache-Control"] == "no-store"


def test_the_way_back_after_sign_in_keeps_its_whole_address(officer):
    response = Client(HTTP_HOST="localhost").get("/cases/7?purpose=oversight&page=2")
    assert response.headers["Location"] == "/sign-in/?next=%2Fcases%2F7%3Fpurpose%3Doversight%26page%3D2"
