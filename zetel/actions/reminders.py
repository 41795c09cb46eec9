"""Reminding a billing owner of a renewal, once for each, some days before it (rule `reminders.remind_on`).

Two small indexes carry it. `set_due` finds subscriptions whose next renewal is another than the one a reminder was set
for, and sets it; so nobody who moves a renewal has to think of reminders. `due` finds those whose time has come. What
the mail says is reckoned when it is queued, as things stand then.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from zetel.actions import mail, standing
from zetel.models import Customer, PaymentMethod, Space, Subscription
from zetel.rules import reminders as rules
from zetel.rules.billing import Terms, next_boundary, terms_at
from zetel.rules.periods import first_instant, local_date
from zetel.rules.quotes import renewal_total, renewing

PUT_OFF = timedelta(hours=1)


def set_due(limit: int = 500) -> int:
    """Set when to remind of renewals that no reminder was set for yet; how many were looked at."""
    rows = Subscription.objects.filter(status="active", reminder_set=False, next_bill_at__isnull=False)
    found = list(rows.select_related("customer").order_by("next_bill_at")[:limit])
    terms = standing.terms_of([row.pk for row in found])
    for row in found:
        row.remind_at = _remind_at(row, terms[row.pk])
        row.reminder_for = row.next_bill_at
    Subscription.objects.bulk_update(found, ["remind_at", "reminder_for"])
    return len(found)


def set_anew(customer: Customer) -> None:
    """What the customer wants is another thing now: the reminders of all its renewals are set again."""
    Subscription.objects.live().filter(customer=customer).update(reminder_for=None)


def _remind_at(row: Subscription, terms: tuple[Terms, ...]) -> datetime | None:
    """The first instant of the day of the mail, in the zone of the running period."""
    assert row.next_bill_at is not None, "what renews has an instant for it"
    zone = _zone(row)
    renews_on = local_date(row.next_bill_at, zone)
    running = terms_at(terms, renews_on - timedelta(days=1)) or terms[0]
    on = rules.remind_on(running.cycle, renews_on, wants_monthly=row.customer.remind_monthly)
    return first_instant(on, zone) if on else None


def due(now: datetime, limit: int = 100) -> list[uuid.UUID]:
    """Active subscriptions that go on, and whose owner is to be reminded now."""
    rows = Subscription.objects.filter(
        status="active", ends_on=None, parked_reason="", reminder_set=True, remind_at__lte=now
    )
    return list(rows.order_by("remind_at").values_list("pk", flat=True)[:limit])


def remind(subscription_id: uuid.UUID, *, now: datetime) -> bool:
    """Queue the mail for the billing owner of today, unless the renewal was first; False when none was to go."""
    with transaction.atomic():
        row = (
            Subscription.objects.select_for_update(of=("self",))
            .select_related("customer__billing_owner", "space")
            .get(pk=subscription_id)
        )
        is_due = row.status == "active" and row.ends_on is None and row.remind_at and row.remind_at <= now
        if not is_due or not row.next_bill_at:
            return False
        Subscription.objects.filter(pk=row.pk).update(remind_at=None)
        owner = row.customer.billing_owner
        if row.next_bill_at <= now or owner is None:
            return False
        renews_on = local_date(row.next_bill_at, _zone(row))
        return mail.queue(
            "renewal_reminder", once_key=f"renewal_reminder:{row.pk}:{renews_on}", now=now, to_person=owner,
            space=row.space, owner_of=row, params=_facts(row, row.space, row.customer),
        )  # fmt: skip


def put_off(subscription_id: uuid.UUID, *, now: datetime) -> None:
    """One that failed is tried again in an hour."""
    Subscription.objects.filter(pk=subscription_id, remind_at__lte=now).update(remind_at=now + PUT_OFF)


def _facts(row: Subscription, space: Space, customer: Customer) -> dict[str, Any]:
    """The renewal as the Billing tab shows it: with what is scheduled, and a seat for everybody counted."""
    assert row.next_bill_at is not None, "what renews has an instant for it"
    terms = standing.terms_of([row.pk])[row.pk]
    renews_on = local_date(row.next_bill_at, _zone(row))
    before = renews_on - timedelta(days=1)
    assert next_boundary(terms, before) == renews_on, "the terms agree with the instant of the renewal"
    counted = standing.counted_people(space)
    then, now_held = renewing(terms, renews_on, counted), terms_at(terms, before) or terms[0]
    method = PaymentMethod.objects.filter(customer=customer, status="active").first()
    total = renewal_total(terms, renews_on, counted, lambda day: standing.treatment_of(space, customer, day))
    return {
        "space": space.name, "plan": then.plan, "cycle": str(then.cycle), "seats": then.seats,
        "seats_before": now_held.seats, "counted": counted, "is_changed": _bare(then) != _bare(now_held),
        "renews_on": renews_on.isoformat(), "renewal_amount": total, "currency": then.currency,
        "method": method.label if method and not row.is_manual else "", "is_manual": row.is_manual,
    }  # fmt: skip


def _bare(terms: Terms) -> tuple[str, str, int]:
    return terms.plan, str(terms.cycle), terms.seats


def _zone(row: Subscription) -> ZoneInfo:
    return ZoneInfo(row.time_zone or row.customer.time_zone)
