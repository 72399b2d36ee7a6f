"""Who may do what: the table itself is held to the rules."""

import datetime as dt
import itertools

import pytest
from django.utils import timezone

from jiwar.access.models import ApiToken
from jiwar.access.permissions import OF_TOKENS, PERSONAL, ROLES, Permission, Purpose
from jiwar.access.policy import AccessRefused, Actor, Grant, allow, of_roles
from jiwar.access.services import actor_of_token, make_token, revoke_token
from jiwar.identity.queries import agency
from jiwar.identity.roles import Role
from jiwar.wire.faults import Fault, Refused

READS = ("read", "export")


def test_permissions_stand_in_alphabetical_order_and_name_room_object_verb() -> None:
    values = [p.value for p in Permission]
    assert values == sorted(values)
    assert all(len(v.split(":")) == 3 for v in values)


def test_an_administrator_touches_no_personal_data() -> None:
    assert not ROLES[Role.ADMINISTRATOR] & PERSONAL


def test_oversight_reads_and_changes_nothing() -> None:
    assert {p.split(":")[2] for p in ROLES[Role.OVERSIGHT]} <= set(READS)
    assert Permission.AUDIT_LEDGER_READ in ROLES[Role.OVERSIGHT]


def test_only_oversight_reads_the_ledger() -> None:
    assert [r for r in Role if Permission.AUDIT_LEDGER_READ in ROLES[r]] == [Role.OVERSIGHT]


def test_no_single_role_both_drafts_and_approves() -> None:
    for role in Role:
        verbs = {tuple(p.split(":")[:2]): set() for p in ROLES[role]}
        for p in ROLES[role]:
            verbs[tuple(p.split(":")[:2])].add(p.split(":")[2])
        assert not any({"draft", "approve"} <= v for v in verbs.values()), role


def test_no_role_holds_what_is_the_nodes_own() -> None:
    assert Permission.EXCHANGE_MESSAGE_PASS not in of_roles(frozenset(Role))


@pytest.mark.parametrize(("role", "permission"), list(itertools.product(Role, Permission)))
def test_a_person_may_what_her_roles_allow_and_nothing_else(role: Role, permission: Permission) -> None:
    actor = Actor("p", "console", of_roles(frozenset({role})))
    if permission in ROLES[role]:
        assert allow(actor, permission, Purpose.BORDER_CHECK).permission == permission
    else:
        with pytest.raises(AccessRefused, match="permission_missing"):
            allow(actor, permission, Purpose.BORDER_CHECK)


@pytest.mark.parametrize("permission", sorted(PERSONAL))
def test_personal_data_need_a_purpose(permission: Permission) -> None:
    actor = Actor("p", "console", frozenset(Permission))
    with pytest.raises(AccessRefused, match="purpose_missing"):
        allow(actor, permission)


def test_nobody_is_nobody() -> None:
    with pytest.raises(AccessRefused, match="not_signed_in"):
        allow(None, Permission.EXCHANGE_LINK_READ)


@pytest.mark.django_db
class TestTokens:
    def make(self) -> tuple[ApiToken, str]:
        by = allow(Actor("admin", "console", frozenset(Permission)), Permission.ACCESS_TOKEN_MANAGE)
        place = agency("fiu", "FIU")
        return make_token(by, place, "screening", [Permission.WATCHLIST_PERSON_SCREEN], Purpose.SANCTIONS)

    def test_a_token_is_bound_to_its_permissions_and_its_purpose(self) -> None:
        token, secret = self.make()
        actor = actor_of_token(secret)
        assert actor.id == f"token:{token.id}"
        assert allow(actor, Permission.WATCHLIST_PERSON_SCREEN, Purpose.SANCTIONS)
        with pytest.raises(AccessRefused, match="purpose_not_allowed"):
            allow(actor, Permission.WATCHLIST_PERSON_SCREEN, Purpose.BORDER_CHECK)
        with pytest.raises(AccessRefused, match="permission_missing"):
            allow(actor, Permission.WATCHLIST_ALERT_READ, Purpose.SANCTIONS)

    @pytest.mark.parametrize("permission", sorted(frozenset(Permission).difference(OF_TOKENS)))
    def test_no_program_is_given_what_people_alone_may_do(self, permission: Permission) -> None:
        by = allow(Actor("admin", "console", frozenset(Permission)), Permission.ACCESS_TOKEN_MANAGE)
        with pytest.raises(Refused) as refused:
            make_token(by, agency("fiu", "FIU"), "x", [*OF_TOKENS, permission], Purpose.SANCTIONS)
        assert refused.value.faults == (Fault("not_in_list", "permissions", permission),)
        assert not ApiToken.objects.exists()
        _, secret = self.make()  # one that an earlier program made
        ApiToken.objects.update(permissions=[permission])
        assert actor_of_token(secret).permissions == frozenset()

    def test_the_secret_is_kept_nowhere(self) -> None:
        token, secret = self.make()
        assert secret not in str(token.__dict__)
        assert token.secret_hash != secret

    def test_an_ended_token_is_nobody(self) -> None:
        by = allow(Actor("admin", "console", frozenset(Permission)), Permission.ACCESS_TOKEN_MANAGE)
        token, secret = self.make()
        ApiToken.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
        with pytest.raises(AccessRefused):
            actor_of_token(secret)
        token, secret = self.make()
        revoke_token(by, token)
        with pytest.raises(AccessRefused):
            actor_of_token(secret)
        with pytest.raises(AccessRefused):
            actor_of_token("jiwar_guess")


SEARCHES = Actor("p", "console", of_roles(frozenset({Role.CONTACT_OFFICER})))


def test_a_grant_is_for_its_own_act_and_not_for_another() -> None:
    grant = allow(SEARCHES, Permission.WATCHLIST_ALERT_DRAFT, Purpose.BORDER_CHECK)
    grant.check(Permission.WATCHLIST_ALERT_DRAFT)
    grant.check(Permission.WATCHLIST_ALERT_APPROVE, Permission.WATCHLIST_ALERT_DRAFT)
    with pytest.raises(AccessRefused, match="permission_missing: watchlist:alert:approve") as refused:
        grant.check(Permission.WATCHLIST_ALERT_APPROVE, Permission.WATCHLIST_ALERT_WITHDRAW)
    assert refused.value.actor == "p"


def test_a_grant_about_people_says_for_what() -> None:
    with pytest.raises(AccessRefused, match="purpose_missing"):
        Grant(SEARCHES, Permission.WATCHLIST_ALERT_DRAFT).check(Permission.WATCHLIST_ALERT_DRAFT)
    Grant(SEARCHES, Permission.EXCHANGE_LINK_RETRY).check(Permission.EXCHANGE_LINK_RETRY)


def test_what_is_held_for_one_purpose_is_not_read_for_another() -> None:
    grant = allow(SEARCHES, Permission.WATCHLIST_ALERT_DRAFT, Purpose.BORDER_CHECK)
    grant.check_purpose("border_check")
    for other in ("sanctions", ""):
        with pytest.raises(AccessRefused, match="purpose_not_allowed"):
            grant.check_purpose(other)
