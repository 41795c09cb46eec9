"""Trials: 30 days of a plan, once per space, without a payment method (rule P10).

A trial is a subscription: cancelling and resuming it are those of subscriptions.
"""

from ninja import Router
from pydantic import Field

from zetel import clock
from zetel.actions import trials
from zetel.api import subscriptions
from zetel.api.callers import ApiRequest
from zetel.api.operations import operation
from zetel.api.quotes import PLACE, WISH, Wanted, draft_of
from zetel.api.subscriptions import SubscriptionShown
from zetel.api.values import CustomerId, Yes

router = Router()


class TrialWanted(Wanted):
    """The plan that begins when the trial ends, with the size it then has."""

    customer: CustomerId | None = Field(default=None, description="Who will pay; may be entered later.")
    agree_to_lower: Yes = Field(default=False, description="That places inside may lose a higher plan (P9).")


@operation(
    router, "POST", "/trials", answer=SubscriptionShown, status=201,
    codes=(*PLACE, *WISH, "trial_used", "tick_required", "change_pending", "customer_owner_differs"),
)  # fmt: skip
def start_trial(request: ApiRequest, body: TrialWanted) -> SubscriptionShown:
    """Begin a trial today."""
    draft = draft_of(request, body, body.customer)
    return subscriptions.shown(trials.start(draft, now=clock.now(), lower_agreed=body.agree_to_lower))
