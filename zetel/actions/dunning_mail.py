"""What is still to be paid, what may be tried, and the mails that say so (rules G4, I7). Each mail goes once."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from zetel.actions import dues, mail
from zetel.models import Customer, Invoice, PaymentMethod, Space, Subscription
from zetel.rules import dunning as rules
from zetel.rules.dunning import Word
from zetel.rules.periods import local_date


def usable_method(customer: Customer) -> PaymentMethod | None:
    """The active method, unless its bank said never again (a hard decline)."""
    method = PaymentMethod.objects.filter(customer=customer, status="active").first()
    return None if method and method.attempts.filter(is_hard=True).exists() else method


def facts(invoice: Invoice) -> dict[str, Any]:
    """What events and mails say about an unpaid invoice."""
    return {"number": invoice.number, "amount": dues.due_of(invoice), "currency": invoice.currency}


def failed(
    space: Space,
    customer: Customer,
    subscription: Subscription,
    invoice: Invoice,
    *,
    zone: ZoneInfo,
    key: str,
    why: str,
    now: datetime,
) -> None:
    """One mail for each step that came to nothing (`key` names it); the last warning once, before the last step."""
    owner, done = customer.billing_owner, subscription.dunning_step
    if owner is None:
        return
    assert subscription.dunning_at is not None, "a past due subscription has its next step"
    next_on = local_date(subscription.dunning_at, zone)
    method = PaymentMethod.objects.filter(customer=customer, status="active").first()
    tries_again = done < rules.STEPS and usable_method(customer) is not None
    told = facts(invoice) | {
        "space": space.name, "space_id": space.public_id, "reason": why, "method": method.label if method else "",
        "next_on": next_on.isoformat() if tries_again else "",
        "ends_on": rules.end_on(done, next_on).isoformat(),
    }  # fmt: skip
    if rules.word(done) is Word.LAST_WARNING and mail.queue(
        "payment_last_warning", once_key=f"payment_last_warning:{invoice.pk}", now=now, to_person=owner,
        space=space, owner_of=subscription, params=told,
    ):  # fmt: skip
        return
    mail.queue(
        "payment_failed", once_key=f"payment_failed:{invoice.pk}:{key}", now=now, to_person=owner, space=space,
        owner_of=subscription, params=told,
    )  # fmt: skip


def recovered(
    space: Space, customer: Customer, subscription: Subscription, invoice: Invoice, *, now: datetime
) -> None:
    """Thanks, once for each time that it was past due."""
    if customer.billing_owner:
        mail.queue(
            "payment_recovered", once_key=f"payment_recovered:{invoice.pk}:{subscription.version}", now=now,
            to_person=customer.billing_owner, space=space, owner_of=subscription,
            params=facts(invoice) | {"space": space.name, "space_id": space.public_id},
        )  # fmt: skip
