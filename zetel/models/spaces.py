"""Spaces and the people in them (rules S1 to S8).

A division's people are the people of its teams; every other space has membership rows of its own. A person's
`standing` in a space (member or guest) is kept on the membership and recounted when a domain or address changes.
"""

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from zetel.models.row import Row, one_of

WORKSPACE, ORGANIZATION, DIVISION, TEAM = "workspace", "organization", "division", "team"
MEMBER, GUEST = "member", "guest"
STAFF_ROLES = ("", "sales", "support", "finance", "operator")


class PersonManager(BaseUserManager["Person"]):
    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email=(username or "").lower())


class Person(AbstractBaseUser, Row):
    """Somebody who can log in; also the account of a machine, which is never counted.

    `external_id` is what the host product calls them, where it feeds the directory (rule S4).
    """

    PREFIX = "per"
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=255, blank=True)
    language = models.CharField(max_length=5, default="en")
    time_zone = models.CharField(max_length=64, default="Europe/Amsterdam")
    staff_role = models.CharField(max_length=16, blank=True, default="")
    is_machine = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    external_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    created_at = models.DateTimeField()

    objects = PersonManager()

    class Meta:
        constraints = [one_of("staff_role", *STAFF_ROLES, name="person_staff_role")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def label(self) -> str:
        """What other people see: the name, or the part of the address before the @ while there is none."""
        return self.name or self.email.partition("@")[0]


class SpaceQuerySet(models.QuerySet["Space"]):
    def joined_by(self, person_id: uuid.UUID) -> "SpaceQuerySet":
        return self.filter(
            memberships__person_id=person_id, memberships__left_at=None, memberships__deactivated_at=None
        )


class Space(Row):
    """A place people join. Teams and divisions stand inside an organization; a team in at most one division."""

    PREFIX = "spc"

    kind = models.CharField(max_length=16)
    name = models.CharField(max_length=255)
    organization = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="inside")
    division = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="division_teams")
    country = models.CharField(max_length=2, default="NL")
    time_zone = models.CharField(max_length=64, default="Europe/Amsterdam")
    external_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    created_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects = SpaceQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("kind", WORKSPACE, ORGANIZATION, DIVISION, TEAM, name="space_kind"),
            models.CheckConstraint(
                name="space_inside",
                condition=Q(kind__in=(WORKSPACE, ORGANIZATION), organization=None, division=None)
                | Q(kind=DIVISION, organization__isnull=False, division=None)
                | Q(kind=TEAM, organization__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def root_id(self) -> uuid.UUID:
        """The organization (or workspace) this space belongs to: what is locked first (house, locks)."""
        return self.organization_id or self.id


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> "MembershipQuerySet":
        return self.filter(left_at=None, deactivated_at=None)

    def of_space(self, space: Space) -> "MembershipQuerySet":
        """Rows of the people of a space; for a division those of its teams (a person may appear twice)."""
        if space.kind == DIVISION:
            return self.filter(space__division=space)
        return self.filter(space=space)

    def counted(self) -> "MembershipQuerySet":
        """Rows that take a seat (rule S3); count distinct `person_id` for a division."""
        return self.active().filter(standing=MEMBER, person__is_machine=False, person__is_active=True)


class Membership(Row):
    """One person's stay in one space. Leaving and deactivation end or pause it; the row stays."""

    PREFIX = "mem"

    space = models.ForeignKey(Space, models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships")
    standing = models.CharField(max_length=8, default=MEMBER)
    is_admin = models.BooleanField(default=False)
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    deactivated_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("standing", MEMBER, GUEST, name="membership_standing"),
            models.UniqueConstraint(
                fields=["space", "person"], condition=Q(left_at=None), name="membership_once"
            ),
            models.CheckConstraint(
                condition=~Q(standing=GUEST, is_admin=True), name="membership_guest_no_admin"
            ),
        ]

    @property
    def is_active(self) -> bool:
        return self.left_at is None and self.deactivated_at is None


class Domain(Row):
    """A company e-mail domain of an organization, proved by a verified address on it (rule S7)."""

    PREFIX = "dom"

    organization = models.ForeignKey(Space, models.CASCADE, related_name="domains")
    name = models.CharField(max_length=253, unique=True)
    proved_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    proved_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(name=Lower(F("name"))), name="domain_lower_case")]


class Invitation(Row):
    """An invitation by mail. The secret in the link is kept as a hash; a pending one takes no seat (C8)."""

    PREFIX = "ivt"

    space = models.ForeignKey(Space, models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["space", "email"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="invitation_once",
            )
        ]

    def is_open(self, now: datetime) -> bool:
        return self.accepted_at is None and self.revoked_at is None and now < self.expires_at
