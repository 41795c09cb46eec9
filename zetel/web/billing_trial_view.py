"""How a trial stands, in words: when it ends, and what its last day brings as things stand now (rule P10)."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, ngettext

from zetel.actions import standing
from zetel.actions.dunning_mail import usable_method
from zetel.actions.trials_first import First, first_of
from zetel.models.spaces import DIVISION, ORGANIZATION
from zetel.rules.money import Money
from zetel.rules.periods import local_date
from zetel.templatetags.zetel import amount, longdate
from zetel.web.billing_change_words import terms_words
from zetel.web.billing_view import Billing


@dataclass(frozen=True)
class Trial:
    """A running trial before its billing owner; `method` is what can be charged on its last day, if anything."""

    billing: Billing
    ends_on: date
    days_left: int
    method: str

    @property
    def is_cancelled(self) -> bool:
        return self.billing.subscription.ends_on is not None

    @cached_property
    def first(self) -> First:
        billing = self.billing
        return first_of(billing.space, billing.customer, billing.terms, counted=billing.counted)

    @property
    def due(self) -> Money:
        return Money(self.first.due, self.first.terms.currency)

    @property
    def terms(self) -> str:
        """What begins: `Premium, monthly, 5 seats`."""
        return terms_words(self.billing.catalog, self.first.terms)

    @property
    def sentence(self) -> str:
        """What happens on the last day."""
        names = {
            "date": longdate(self.ends_on), "plan": self.billing.plan, "amount": amount(self.due),
            "method": self.method, "space": self.billing.space.name,
        }  # fmt: skip
        if self.is_cancelled:
            return gettext("You cancelled: %(space)s is on Basic from %(date)s. Nothing is charged.") % names
        if self.method:
            return (
                gettext("On %(date)s %(plan)s begins: %(amount)s, tax included, is charged to %(method)s.")
                % names
            )
        return (
            gettext(
                "There is no payment method, so %(space)s is on Basic again from %(date)s. Add one, and %(plan)s goes"
                " on for %(amount)s, tax included."
            )
            % names
        )

    def facts(self) -> list[dict[str, object]]:
        """The rows of the status panel."""
        left = ngettext("%(count)d day left", "%(count)d days left", self.days_left) % {
            "count": self.days_left
        }
        rows: list[dict[str, object]] = [
            {"label": gettext("Trial until"), "value": longdate(self.ends_on), "note": left},
        ]
        if self.is_cancelled or not self.method:
            kept = gettext("Everything that was made here is kept.")
            rows.append(
                {"label": gettext("After that"), "value": self.billing.catalog.free.name, "note": kept}
            )
        else:
            charged = gettext("%(amount)s, tax included, as things stand now") % {"amount": amount(self.due)}
            rows.append({"label": gettext("After that"), "value": self.terms, "note": charged})
            if inside := self._inside():
                covered = gettext("They are covered then; what is unused is given back.")
                rows.append(
                    {"label": gettext("Plans inside end"), "value": ", ".join(inside), "note": covered}
                )
        return rows

    def _inside(self) -> list[str]:
        """The paid places that the plan will cover (P9); only organizations and divisions have any."""
        if self.billing.space.kind not in (ORGANIZATION, DIVISION):
            return []
        return [row.space.name for row in standing.around(self.billing.space).inside if row.status != "trial"]


def trial_of(billing: Billing, now: datetime) -> Trial | None:
    """None for what is no trial, without a query."""
    row = billing.subscription
    if not billing.is_trial or row.trial_ends_on is None:
        return None
    method = usable_method(billing.customer) if billing.method else None
    left = (row.trial_ends_on - local_date(now, ZoneInfo(row.time_zone))).days
    return Trial(
        billing, row.trial_ends_on, max(0, left), billing.method.label if billing.method and method else ""
    )
