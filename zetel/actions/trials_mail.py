"""The mails about a trial: begun, about to end, cancelled, ended; each once, to its billing owner (rule P10)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from zetel.actions import mail
from zetel.models import Customer, Space, Subscription
from zetel.rules.billing import Terms


def facts(space: Space, subscription: Subscription, terms: Terms) -> dict[str, Any]:
    """What events and mails say of a trial."""
    assert subscription.trial_ends_on is not None, "a trial has its end"
    return {
        "space": space.name, "space_id": space.public_id, "plan": terms.plan, "cycle": str(terms.cycle),
        "seats": terms.seats, "currency": terms.currency, "period_end": subscription.trial_ends_on.isoformat(),
    }  # fmt: skip


def tell(
    kind: str,
    space: Space,
    customer: Customer,
    subscription: Subscription,
    *,
    now: datetime,
    key: str = "",
    told: Mapping[str, object],
) -> None:
    """One mail to the billing owner; `key` sets apart those of a kind that may come more than once."""
    owner = customer.billing_owner
    if owner is not None:
        once_key = f"{kind}:{subscription.pk}:{key}" if key else f"{kind}:{subscription.pk}"
        mail.queue(
            kind, once_key=once_key, now=now, to_person=owner, space=space, owner_of=subscription, params=told
        )


def ended(
    space: Space,
    customer: Customer,
    subscription: Subscription,
    *,
    on: date,
    reason: str,
    now: datetime,
    by: str = "",
) -> None:
    """That the trial is over, and why: without a method, covered, or replaced by what somebody (`by`) bought."""
    told = {
        "space": space.name,
        "space_id": space.public_id,
        "ended_on": on.isoformat(),
        "reason": reason,
        "by": by,
    }
    tell("trial_ended", space, customer, subscription, now=now, told=told)
