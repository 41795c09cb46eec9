"""How a past due subscription stands, in words: for who can act and for who can only ask them (rule G4)."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from zetel.actions.dunning_mail import usable_method
from zetel.models import Customer, Subscription
from zetel.rules import dunning
from zetel.rules.periods import local_date
from zetel.templatetags.zetel import longdate


@dataclass(frozen=True)
class PastDue:
    """The next step and the day on which the plan ends when nothing helps; `tries` when there is a method to try."""

    next_on: date
    ends_on: date
    tries: bool
    has_method: bool

    @property
    def words(self) -> str:
        """How the badge of the tab puts it."""
        if not self.tries:
            return gettext("Payment failed")
        return gettext("Payment failed, we try again on %(date)s") % {"date": longdate(self.next_on)}

    @property
    def sentence(self) -> str:
        """What happens next, and what helps."""
        dates = {"next": longdate(self.next_on), "end": longdate(self.ends_on)}
        if self.tries:
            return (
                gettext(
                    "We try again on %(next)s, and at once with another payment method. Everything keeps working; if"
                    " it stays unpaid, the plan ends on %(end)s."
                )
                % dates
            )
        if self.has_method:
            said = gettext(
                "The bank refused this payment method for good, so we do not try it again. Add another one, and we try"
                " at once. Everything keeps working; if it stays unpaid, the plan ends on %(end)s."
            )
        else:
            said = gettext(
                "There is no payment method. Add one, and we try at once. Everything keeps working; if it stays unpaid,"
                " the plan ends on %(end)s."
            )
        return said % dates

    @property
    def for_others(self) -> str:
        """The same for people who have no billing right."""
        return gettext(
            "The payment for this space did not succeed. Everything keeps working; if it stays unpaid, the plan ends on"
            " %(end)s. Only the billing owner can pay."
        ) % {"end": longdate(self.ends_on)}


def past_due_of(subscription: Subscription, customer: Customer) -> PastDue | None:
    """None for what is not past due, without a query."""
    if subscription.status != "past_due" or subscription.dunning_at is None:
        return None
    next_on = local_date(subscription.dunning_at, ZoneInfo(subscription.time_zone or customer.time_zone))
    method = usable_method(customer)
    return PastDue(
        next_on=next_on,
        ends_on=dunning.end_on(subscription.dunning_step, next_on),
        tries=method is not None and subscription.dunning_step < dunning.STEPS,
        has_method=method is not None or customer.methods.filter(status="active").exists(),
    )
