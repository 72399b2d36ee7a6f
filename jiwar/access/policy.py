"""The one decision: may this actor do this, for this purpose?"""

from dataclasses import dataclass

from jiwar.access.permissions import PERSONAL, ROLES, Permission, Purpose
from jiwar.identity.roles import Clearance, Role


class AccessRefused(Exception):
    """Not allowed: `code` is not_signed_in, permission_missing, purpose_missing, purpose_not_allowed."""

    def __init__(self, code: str, permission: Permission, actor: str = "") -> None:
        super().__init__(f"{code}: {permission}")
        self.code, self.permission, self.actor = code, permission, actor


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person at the console, an agency's token at the API, or the node itself.

    `id` is a person's or a token's id, or "system". `purposes` limits a token; None means any purpose of the enum.
    """

    id: str
    via: str
    permissions: frozenset[Permission]
    clearance: Clearance = Clearance.STANDARD
    purposes: frozenset[Purpose] | None = None
    agency: str = ""

    def may(self, permission: Permission) -> bool:
        """Whether to offer the act at all; `allow` decides."""
        return permission in self.permissions


@dataclass(frozen=True, slots=True)
class Grant:
    """An access that was allowed: what services take and what the ledger leaf carries."""

    actor: Actor
    permission: Permission
    purpose: Purpose | None = None
    case: str = ""

    def check(self, *permissions: Permission) -> None:
        """Raises AccessRefused unless it is for one of these acts, and says for what where the act is about people."""
        if self.permission not in permissions:
            raise AccessRefused("permission_missing", permissions[0], self.actor_id)
        if self.purpose is None and self.permission in PERSONAL:
            raise AccessRefused("purpose_missing", self.permission, self.actor_id)

    def check_purpose(self, purpose: str) -> None:
        """Raises AccessRefused unless it is for this purpose: what is held for one is not read for another."""
        if self.purpose != purpose:
            raise AccessRefused("purpose_not_allowed", self.permission, self.actor_id)

    @property
    def actor_id(self) -> str:
        return self.actor.id

    @property
    def via(self) -> str:
        return self.actor.via


def of_roles(roles: frozenset[Role]) -> frozenset[Permission]:
    """Everything that these roles allow."""
    return frozenset().union(*(ROLES[role] for role in roles))


def allow(actor: Actor | None, permission: Permission, purpose: Purpose | None = None, case: str = "") -> Grant:
    """The grant, or AccessRefused. Personal data needs a purpose (rule R7)."""
    if actor is None:
        raise AccessRefused("not_signed_in", permission)
    if permission not in actor.permissions:
        raise AccessRefused("permission_missing", permission, actor.id)
    if permission in PERSONAL:
        if purpose is None:
            raise AccessRefused("purpose_missing", permission, actor.id)
        if actor.purposes is not None and purpose not in actor.purposes:
            raise AccessRefused("purpose_not_allowed", permission, actor.id)
    return Grant(actor, permission, purpose, case)
