"""Staff begin and end acting for a customer, with a reason that the customer can read (rule R9).

Nothing of the customer's changes here. While it lasts the acts of the Billing tab work for that customer's plans, as
far as the role goes: never the payment method, never paying, never documents.
"""

from datetime import datetime, timedelta

from django.db import transaction

from zetel.actions._change import lock_customer, record
from zetel.actions.reasons import written
from zetel.models import Acting, Customer, Person
from zetel.models.acting import ROLES
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType

LASTS = timedelta(minutes=30)


def begin(customer: Customer, *, staff: Person, reason: str, now: datetime) -> Acting:
    """Act for this customer from now on, for half an hour at most; whatever the person did before ends.

    Raises reason_required, value_too_long, forbidden; not_found for a customer that nobody owns: there is nobody to
    act for.
    """
    words = written(reason)
    with transaction.atomic():
        customer = lock_customer(customer.pk)
        person = Person.objects.select_for_update().get(pk=staff.pk)
        if person.staff_role not in ROLES:
            raise ZetelError("forbidden")
        if customer.billing_owner is None:
            raise ZetelError("not_found")
        Acting.objects.filter(staff=person, ended_at=None).update(ended_at=now)
        acting = Acting.objects.create(
            staff=person,
            role=person.staff_role,
            customer=customer,
            reason=words,
            started_at=now,
            ends_at=now + LASTS,
        )
        record(
            EventType.ACTING_BEGAN, now=now, actor=person, on_behalf_of=customer.billing_owner, customer=customer,
            reason=words, after={"staff": person.staff_role, "acting": acting.public_id},
        )  # fmt: skip
    return acting


def end(acting: Acting, *, now: datetime) -> None:
    """Stop acting; ending it twice changes nothing."""
    with transaction.atomic():
        if Acting.objects.filter(pk=acting.pk, ended_at=None).update(ended_at=min(now, acting.ends_at)):
            record(
                EventType.ACTING_ENDED, now=now, actor=acting.staff, customer=acting.customer,
                after={"acting": acting.public_id},
            )  # fmt: skip
