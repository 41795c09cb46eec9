"""A write under an Idempotency-Key is carried out once, whoever repeats it and whatever dies meanwhile.

Whoever takes a write holds a lease on it under a token of their own. The answer is kept in the very transaction of
the change, by that token: a holder that was given up for dead and comes back finds the token gone, and its change is
rolled back. What follows outside the transaction begins with `subject`, which that transaction named.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from zetel.models import KeptAnswer
from zetel.models.keys import DONE, RUNNING
from zetel.rules.errors import ZetelError

LEASE = timedelta(seconds=60)  # longer than any request takes: a payment company is given up after ten
KEPT_FOR = timedelta(hours=48)


@dataclass(frozen=True)
class Taken:
    """A write in our hands; `subject` is what somebody before us had committed of it."""

    pk: int
    token: uuid.UUID
    subject: str = ""


def take(*, caller: str, name: str, request_hash: str, real: datetime) -> Taken | KeptAnswer:
    """Take a write, or the answer that was given to it.

    Raises idempotency_mismatch when the name stood for another request, request_in_flight while somebody is at it.
    """
    token = uuid.uuid4()
    try:
        with transaction.atomic():
            made = KeptAnswer.objects.create(
                caller=caller, name=name, request_hash=request_hash, token=token, lease_until=real + LEASE,
                created_at=real,
            )  # fmt: skip
        return Taken(made.pk, token)
    except IntegrityError:
        found = KeptAnswer.objects.filter(caller=caller, name=name).first()
    if found is None:  # given back between our two looks
        raise ZetelError("request_in_flight", retry_seconds=1)
    if found.request_hash != request_hash:
        raise ZetelError("idempotency_mismatch")
    if found.status == DONE:
        return found
    over = KeptAnswer.objects.filter(pk=found.pk, token=found.token, status=RUNNING, lease_until__lte=real)
    if not over.update(token=token, lease_until=real + LEASE):
        raise ZetelError("request_in_flight", retry_seconds=1)
    return Taken(found.pk, token, KeptAnswer.objects.values_list("subject", flat=True).get(pk=found.pk))


def name_subject(taken: Taken, subject: str) -> None:
    """In the transaction of the change: what follows can be done from here, by whoever comes."""
    _write(taken, subject=subject)


def keep(taken: Taken, *, status: int, body: str) -> None:
    """Keep the answer; in the transaction of the change, where nothing follows it."""
    _write(taken, status=DONE, answer_status=status, answer_body=body)


def give_back(taken: Taken) -> None:
    """Nothing was done and nothing is to be remembered: the same request may be made anew."""
    KeptAnswer.objects.filter(pk=taken.pk, token=taken.token, status=RUNNING, subject="").delete()


def release(taken: Taken, *, real: datetime) -> None:
    """What follows could not be finished; the next one that asks goes on at once."""
    KeptAnswer.objects.filter(pk=taken.pk, token=taken.token, status=RUNNING).update(lease_until=real)


def sweep(real: datetime, limit: int = 5_000) -> int:
    """Forget answers that are older than we promise to keep them."""
    old = KeptAnswer.objects.filter(Q(created_at__lt=real - KEPT_FOR)).values("pk")[:limit]
    gone, _ = KeptAnswer.objects.filter(pk__in=old).delete()
    return gone


def _write(taken: Taken, **values: object) -> None:
    held = KeptAnswer.objects.filter(pk=taken.pk, token=taken.token, status=RUNNING)
    if not held.update(**values):
        raise ZetelError("request_in_flight", retry_seconds=1)
