"""Keys of programs, and the answers that were given to their writes.

Of a key's secret only a hash is kept. A person's key acts as that person; one without a person is the host product's
own. An answer is kept under the caller and the name that the caller gave it, so that a repeated write is recognised.
"""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q

from zetel.models.row import Row, one_of
from zetel.models.spaces import Person

RUNNING, DONE = "running", "done"


class ApiKey(Row):
    """A key. After a rotation the secret before works on until `previous_until`."""

    PREFIX = "key"

    name = models.CharField(max_length=255)
    person = models.ForeignKey(Person, models.CASCADE, null=True, blank=True, related_name="keys")
    scopes = models.JSONField(default=list)
    shown = models.CharField(max_length=16)
    secret_hash = models.CharField(max_length=64, unique=True)
    previous_hash = models.CharField(max_length=64, null=True, unique=True)
    previous_until = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["person", "-id"], name="key_of_person")]

    @property
    def is_of_installation(self) -> bool:
        return self.person_id is None

    def works(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class KeptAnswer(models.Model):
    """One write of one caller under the name of its Idempotency-Key, and the answer once there is one.

    While it is carried out, whoever holds `token` does it until `lease_until`; after that the next one that asks goes
    on. `subject` names what was committed already when what follows it is done outside that transaction. Times here are
    the machine's: programs repeat requests in real time, wherever a sandbox's clock stands.
    """

    caller = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.CharField(max_length=8, default=RUNNING)
    token = models.UUIDField(default=uuid.uuid4)
    lease_until = models.DateTimeField()
    subject = models.CharField(max_length=64, blank=True)
    answer_status = models.PositiveSmallIntegerField(default=0)
    answer_body = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            one_of("status", RUNNING, DONE, name="kept_answer_status"),
            models.UniqueConstraint(fields=["caller", "name"], name="kept_answer_once"),
            models.CheckConstraint(
                condition=~Q(status=DONE) | Q(answer_status__gt=0), name="kept_answer_has_answer"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="kept_answer_by_age")]
