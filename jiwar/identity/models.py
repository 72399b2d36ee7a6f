"""Agencies, people and the nodes that this node knows."""

import secrets
import uuid
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.signals import post_delete, post_save
from django.utils.functional import cached_property

from jiwar.identity import looks
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


class _Counted(models.QuerySet[Any]):
    """Rows of which processes keep copies: every change through the ORM is told to them (`KeyChange`)."""

    def update(self, **values: Any) -> int:
        _tell_change()
        return super().update(**values)

    def bulk_create(self, *rows: Any, **options: Any) -> list[Any]:
        _tell_change()
        return super().bulk_create(*rows, **options)


def _tell_change(**_: Any) -> None:
    KeyChange.objects.create(number=secrets.randbits(40))
    looks.changed()


class Node(models.Model):
    """A node that this node knows by its card: itself, the nodes of neighbours, the posts of its own state."""

    code = models.CharField(max_length=30, primary_key=True)
    state = models.CharField(max_length=3, db_index=True)
    role = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    exchange_url = models.URLField(max_length=300)
    tls_certificate = models.TextField()
    contact = models.JSONField(default=dict)
    card = models.TextField(blank=True, help_text="the card as it came, to be shown to own posts")
    card_issued_at = models.DateTimeField()
    added_at = models.DateTimeField(auto_now_add=True)

    objects = _Counted.as_manager()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class NodeKey(models.Model):
    """A public key of a node. `id` is the first 16 hexadecimal digits of SHA-256 over the raw key.

    `by_hand`: an administrator heard its fingerprint, or such a key named it: it counts without a certificate.
    `waits`: it came while its state's revocation list was out of date.
    """

    id = models.CharField(max_length=16, primary_key=True)
    node = models.ForeignKey(Node, models.CASCADE, related_name="keys")
    use = models.CharField(max_length=10, choices=[(use, use) for use in ("signing", "sealing", "cosigning")])
    public = models.TextField(help_text="base64 of the raw key")
    added_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_why = models.CharField(max_length=200, blank=True)
    by_hand = models.BooleanField(default=True)
    waits = models.BooleanField(default=False)
    stated_at = models.DateTimeField(null=True, help_text="when the first card that named it was written")

    objects = _Counted.as_manager()

    def __str__(self) -> str:
        return f"{self.node_id} {self.use} {self.id}"


class Root(models.Model):
    """A root that somebody claims to be its state's. `file` is its public file; `hash` names it everywhere.

    `how` it came to be believed: `read` (two people read the fingerprint), `hands` (it came with this node's own
    certificate or card), `signed` (the root before it named it), `introduced` (a post's national node did). A claimed
    root with `by` waits for the second person; `ends_old`: the certificates of the root before end with it.
    """

    class Status(models.TextChoices):
        CLAIMED = "claimed"
        BELIEVED = "believed"
        REPLACED = "replaced"
        ENDED = "ended"

    hash = models.CharField(max_length=64, primary_key=True)
    state = models.CharField(max_length=3, db_index=True)
    file = models.JSONField()
    status = models.CharField(max_length=10, choices=Status, default=Status.CLAIMED)
    how = models.CharField(max_length=12, blank=True)
    by = models.CharField(max_length=60, blank=True)
    second_by = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    ends_old = models.BooleanField(default=False)
    seen_at = models.DateTimeField(auto_now_add=True)
    believed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = _Counted.as_manager()

    class Meta:
        ordering = ["state", "seen_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(status="believed"), name="one_root_is_believed_per_state"
            )
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.hash[:16]} {self.status}"


class RootWord(models.Model):
    """A node's word that a root is its state's: the state's own, on its card, or a neighbour's countersignature."""

    root = models.ForeignKey(Root, models.CASCADE, related_name="words")
    node = models.CharField(max_length=30)
    record = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["node"]
        constraints = [models.UniqueConstraint(fields=["root", "node"], name="one_word_per_root_and_node")]

    def __str__(self) -> str:
        return f"{self.node} on {self.root_id[:16]}"


class Certificate(models.Model):
    """A verified certificate. `keys`: ids of its keys by use; `data` is the certificate itself."""

    serial = models.UUIDField(primary_key=True)
    root = models.ForeignKey(Root, models.PROTECT, related_name="certificates")
    state = models.CharField(max_length=3)
    subject = models.CharField(max_length=40, db_index=True)
    role = models.CharField(max_length=20)
    keys = models.JSONField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    data = models.JSONField()
    added_at = models.DateTimeField(auto_now_add=True)

    objects = _Counted.as_manager()

    class Meta:
        ordering = ["subject", "not_after"]

    def __str__(self) -> str:
        return f"{self.subject} {self.role} until {self.not_after:%Y-%m-%d}"


class RevocationList(models.Model):
    """A verified revocation list of a state; `data` is the list itself."""

    state = models.CharField(max_length=3)
    number = models.PositiveIntegerField()
    supplement = models.PositiveIntegerField()
    issued_at = models.DateTimeField()
    next_update = models.DateTimeField()
    data = models.JSONField()
    added_at = models.DateTimeField(auto_now_add=True)

    objects = _Counted.as_manager()

    class Meta:
        ordering = ["state", "number", "supplement"]
        constraints = [
            models.UniqueConstraint(fields=["state", "number", "supplement"], name="one_list_per_state_and_place")
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.number}.{self.supplement}"


class OfficerKey(models.Model):
    """A person's own key. `wrapped` opens with her password alone; `request` is what a sitting certifies."""

    id = models.CharField(max_length=16, primary_key=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    public = models.CharField(max_length=44, help_text="base64 of the raw key")
    wrapped = models.TextField()
    request = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=models.Q(dropped_at=None), name="one_key_per_person")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.id}"


class KeyChange(models.Model):
    """One row of a random number for each change of nodes, keys, roots, certificates or lists: caches go by them.

    Rows are added, never changed: two writers wait for nobody, and the sum of what is committed names one state.
    """

    number = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.number)


for _model in (Node, NodeKey, Root, Certificate, RevocationList):
    post_save.connect(_tell_change, _model, dispatch_uid=f"identity.saved.{_model.__name__}")
    post_delete.connect(_tell_change, _model, dispatch_uid=f"identity.deleted.{_model.__name__}")
