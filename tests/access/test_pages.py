"""Administration at the console: who may, what is refused, and that each change is a leaf."""

import dataclasses
import re

import pytest
from django.test import Client

from jiwar.access.permissions import Permission
from jiwar.access.policy import AccessRefused
from jiwar.access.services import actor_of_token
from jiwar.audit.queries import leaves
from jiwar.identity.directory import person_of
from jiwar.identity.models import Agency
from jiwar.identity.roles import Clearance, Role
from jiwar.identity.services import add_person

pytestmark = pytest.mark.django_db

ADDRESSES = ["/people/", "/people/new", "/people/agencies/new", "/tokens/", "/tokens/new"]


@pytest.fixture
def clients(settings):
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    agency = Agency.objects.create(code="contact-point", name="Contact point")
    found = {}
    for role in Role:
        person = add_person(role.value, role.value, "a long walk in the Fezzan", agency=agency, roles=[role])
        found[role] = Client(HTTP_HOST="localhost", headers={"Accept-Language": "en"})
        found[role].force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return found


@pytest.fixture
def administrator(clients):
    return clients[Role.ADMINISTRATOR]


def secret_in(response) -> str:
    return re.search(r'class="secret"><bdi dir="ltr">([^<]+)<', response.content.decode())[1]


def faults_in(response) -> set[str]:
    assert response.status_code == 422
    return set(re.findall(r'href="#f-([a-z_-]+)"', response.content.decode()))


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
@pytest.mark.parametrize("address", ADDRESSES)
def test_only_an_administrator_administers(clients, role, address):
    assert clients[role].get(address).status_code == 403


def test_a_person_is_added_with_a_password_that_signs_in_once(administrator):
    form = {"full_name": "Fatima Zahra", "username": "fatima", "agency": "contact-point", "language": "ar"}
    response = administrator.post("/people/new", form | {"roles": ["analyst"], "clearance": "covert"})
    person = person_of("fatima")
    assert person.check_password(secret_in(response))
    assert person.must_change_password
    assert (person.roles, person.clearance, person.language) == ({Role.ANALYST}, Clearance.COVERT, "ar")
    leaf = leaves(act="person_added").first()
    assert (leaf.actor, leaf.subject) == (str(person_of("administrator").pk), str(person.pk))
    assert secret_in(response) not in "".join(leaves().values_list("content", flat=True))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"full_name": " "}, "full_name"),
        ({"full_name": "ا" * 121}, "full_name"),
        ({"username": ""}, "username"),
        ({"username": "Fatima Zahra"}, "username"),
        ({"username": "ﬁ"}, "username"),
        ({"username": "analyst"}, "username"),
        ({"agency": "of-no-state"}, "agency"),
        ({"roles": []}, "roles"),
        ({"roles": ["king"]}, "roles"),
        ({"roles": ["administrator", "analyst"]}, "roles"),
        ({"roles": ["oversight", "approver"]}, "roles"),
    ],
)
def test_a_person_who_cannot_be_is_not_added(administrator, change, field):
    form = {"full_name": "Fatima", "username": "fatima", "agency": "contact-point", "roles": ["analyst"]} | change
    assert faults_in(administrator.post("/people/new", form)) == {field}
    assert person_of("fatima") is None


def test_the_last_administrator_cannot_lock_everyone_out(administrator):
    person = person_of("administrator")
    for form in ({"roles": ["administrator"]}, {"roles": ["analyst"], "is_active": "on"}):
        assert faults_in(administrator.post(f"/people/{person.pk}", form)) == {"roles"}
    assert person_of("administrator").roles == {Role.ADMINISTRATOR}


def test_a_change_of_rights_takes_effect_and_is_a_leaf(clients, administrator):
    person = person_of("analyst")
    form = {"roles": ["field_officer"], "clearance": "standard", "is_active": "on"}
    assert administrator.post(f"/people/{person.pk}", form).status_code == 302
    assert person_of("analyst").roles == {Role.FIELD_OFFICER}
    assert leaves(act="person_changed").get().subject == str(person.pk)
    administrator.post(f"/people/{person.pk}", {"roles": ["field_officer"]})
    assert clients[Role.ANALYST].get("/").status_code == 302


def test_a_new_password_ends_her_sessions_and_is_in_no_leaf(clients, administrator):
    person = person_of("analyst")
    assert clients[Role.ANALYST].get("/").status_code == 200
    password = secret_in(administrator.post(f"/people/{person.pk}/password"))
    assert clients[Role.ANALYST].get("/").status_code == 302
    assert person_of("analyst").check_password(password)
    assert leaves(act="password_changed").get().subject == str(person.pk)
    assert password not in "".join(leaves().values_list("content", flat=True))


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"code": "contact-point", "name": "Again"}, "code"),
        ({"code": "شرطة", "name": "Police"}, "code"),
        ({"code": "police", "name": ""}, "name"),
    ],
)
def test_an_agency_that_cannot_be_is_not_added(administrator, form, field):
    assert faults_in(administrator.post("/people/agencies/new", form)) == {field}
    assert not leaves(act="agency_added").exists()


TOKEN = {
    "agency": "contact-point",
    "label": "Gate 3",
    "purpose": "border_check",
    "days": "30",
    "permissions": ["watchlist:person:screen"],
}


def test_a_token_is_shown_once_works_and_is_ended(administrator):
    secret = secret_in(administrator.post("/tokens/new", TOKEN))
    assert actor_of_token(secret).permissions == {Permission.WATCHLIST_PERSON_SCREEN}
    listed = administrator.get("/tokens/").content.decode()
    assert secret not in listed
    revoke = re.search(r'action="(/tokens/[^"]+/revoke)"', listed)[1]
    assert administrator.post(revoke).status_code == 302
    with pytest.raises(AccessRefused):
        actor_of_token(secret)
    assert administrator.post(revoke).status_code == 404
    assert [leaf.act for leaf in leaves()[:2]] == ["token_revoked", "token_made"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"agency": ""}, "agency"),
        ({"label": ""}, "label"),
        ({"label": "x" * 101}, "label"),
        ({"purpose": "curiosity"}, "purpose"),
        ({"days": "0"}, "days"),
        ({"days": "367"}, "days"),
        ({"days": "٣٠"}, "days"),
        ({"permissions": []}, "permissions"),
        ({"permissions": ["identity:person:manage"]}, "permissions"),
    ],
)
def test_a_token_that_cannot_be_is_not_made(administrator, change, field):
    assert faults_in(administrator.post("/tokens/new", TOKEN | change)) == {field}
    assert not leaves(act="token_made").exists()
