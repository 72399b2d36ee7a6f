"""Agencies, people and the nodes that this node knows."""

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.functional import cached_property

from jiwar.identity.roles import Clearance, Role


class Agency(models.Model):
    """An authority of this state whose people use the node: a contact point, a border police, an oversight body."""

    code = models.SlugField(max_length=40, primary_key=True)
    name = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.name


class People(BaseUserManager["Person"]):
    """Finds people by what they type at sign-in."""


class Person(AbstractBaseUser):
    """A natural person with a sign-in of her own. `id` is what records and ledger leaves carry, never the name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=60, unique=True)
    full_name = models.CharField(max_length=120)
    agency = models.ForeignKey(Agency, models.PROTECT, null=True)
    clearance = models.CharField(max_length=20, choices=[(c, c) for c in Clearance], default=Clearance.STANDARD)
    language = models.CharField(max_length=2, blank=True)
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    objects = People()

    def __str__(self) -> str:
        return self.username

    @cached_property
    def roles(self) -> frozenset[Role]:
        """Roles in force, read once per request."""
        return frozenset(Role(role) for role in self.grants.values_list("role", flat=True))


class RoleGrant(models.Model):
    """A role given to a person."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="grants")
    role = models.CharField(max_length=30, choices=[(r, r) for r in Role])
    granted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "role"], name="one_grant_per_role")]

    def __str__(self) -> str:
        return f"{self.person}: {self.role}"


class Node(models.Model):
    """A node that this node knows by its card: itself, the nodes of neighbours, the posts of its own state."""

    code = models.CharField(max_length=30, primary_key=True)
    state = models.CharField(max_length=3, db_index=True)
    role = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    exchange_url = models.URLField(max_length=300)
    tls_certificate = models.TextField()
    contact = models.JSONField(default=dict)
    card_issued_at = models.DateTimeField()
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class NodeKey(models.Model):
    """A public key of a node. `id` is the first 16 hexadecimal digits of SHA-256 over the raw key."""

    id = models.CharField(max_length=16, primary_key=True)
    node = models.ForeignKey(Node, models.CASCADE, related_name="keys")
    use = models.CharField(max_length=10, choices=[(use, use) for use in ("signing", "sealing", "cosigning")])
    public = models.TextField(help_text="base64 of the raw key")
    added_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_why = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.node_id} {self.use} {self.id}"
