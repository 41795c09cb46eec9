"""What the pages that change a live subscription have in common: reading it, trying a wish on it, and their frame.

Looking costs no lock: the page is reckoned from a reading. Only a boundary that went by has to be settled first, and
that is done by the action that settles. What binds is always reckoned anew, under the locks, by the actions.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from zetel.access import Seen
from zetel.actions import quotes_change, settled, standing
from zetel.actions.settled import Settled
from zetel.models import Change
from zetel.models.subscriptions import WAITING
from zetel.rules.errors import ZetelError
from zetel.rules.quotes import PricedChange
from zetel.rules.roles import Capability
from zetel.rules.subscriptions import ChangePlan, Wish
from zetel.web.billing_tab import billing_url
from zetel.web.billing_view import Billing, as_seen, billing_of, load_owned, place
from zetel.web.upgrade import light_frame


@dataclass(frozen=True)
class Held:
    """A billing owner before a live subscription: what the page shows, and what a wish is tried on."""

    request: HttpRequest
    seen: Seen
    billing: Billing
    settled: Settled
    now: datetime

    def price(self, plan: ChangePlan) -> PricedChange:
        """What a decision costs and brings about; past_due or no_subscription when nothing can be changed."""
        settled.check_active(self.settled)
        return self.settled.priced(plan)

    def estimate(self, wish: Wish) -> PricedChange:
        """The same for a wish. Raises what `quotes_change.estimate_change` raises."""
        settled.check_active(self.settled)
        return self.settled.priced(quotes_change.decide(self.settled, wish))

    def page(self, template: str, status: int = 200, **context: Any) -> HttpResponse:
        return draw_billing(self.request, self.seen, self.billing, template, status, **context)


def draw_billing(
    request: HttpRequest, seen: Seen, billing: Billing, template: str, status: int = 200, **context: Any
) -> HttpResponse:
    """Draw a page without menus, as the upgrade flow is; leaving leads back to the Billing tab."""
    frame = light_frame(request, seen.space)
    frame.plan_label = billing.plan
    request.frame = frame  # type: ignore[attr-defined]  # instead of the one that the context processor makes
    around = {**place(seen), "billing": billing, "leave_url": billing_url(seen.space)}
    return render(request, template, {**around, **context}, status=status)


def load_held(request: HttpRequest, space_id: uuid.UUID, now: datetime) -> Held:
    """For the billing owner; others get 403 or 404. Raises no_subscription, period_unsettled."""
    seen, billing = load_owned(request, space_id, Capability.BILLING_MANAGE, now)
    due_at = billing.subscription.next_bill_at
    if billing.is_manual:  # its pages lead to sales (G5)
        return Held(request, seen, billing, _reading(billing, now), now)
    if billing.subscription.status == "active" and due_at is not None and due_at <= now:
        with transaction.atomic():
            settled.hold(billing.subscription.pk, person=seen.person, now=now)
        settled_now = billing_of(seen.space, now)
        if settled_now is None:
            raise ZetelError("no_subscription")  # it ended on that boundary
        billing = as_seen(seen, settled_now)
    return Held(request, seen, billing, _reading(billing, now), now)


def _reading(billing: Billing, now: datetime) -> Settled:
    subscription = billing.subscription
    billed = standing.billed_of([subscription.pk]).get(subscription.pk, ())
    return Settled(
        billing.space, billing.customer, subscription, billing.terms, billed,
        settled.day_of(subscription, billing.terms, billed, now), billing.counted,
    )  # fmt: skip


def waiting_change(held: Held) -> Change | None:
    """The change of this space that waits for its money, if its owner made it (C5)."""
    return Change.objects.filter(space=held.seen.space, person=held.seen.person, status__in=WAITING).first()
