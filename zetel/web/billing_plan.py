"""Edit plan: plan, cycle and seats of a live subscription, with what a wish would do beside the form (C1 to C4).

Other choices in the address keep nothing: that is how the estimate follows the form. Only what differs from the present
terms is asked for, so that what is scheduled for the rest stays (C4). Going on takes a binding quote and shows it.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from zetel import clock
from zetel.actions import quotes_change
from zetel.rules.catalog import Offered, Plan, price_on
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money, prorate
from zetel.rules.periods import Cycle
from zetel.rules.seats import SpaceKind, sizes_for
from zetel.rules.subscriptions import Wish, scheduled
from zetel.templatetags.zetel import amount
from zetel.web.billing_change import Held, load_held, waiting_change
from zetel.web.billing_change_words import change_summary, terms_words, waiting
from zetel.web.billing_manual import sales_url
from zetel.web.billing_view import Billing, seats_words
from zetel.web.errors import sentence
from zetel.web.forms import Card, RadioCards, Segments, ZetelForm
from zetel.web.upgrade_details import RECALCULATE, SizeField
from zetel.web.words import cycle_word

CHOICES = ("plan", "cycle", "seats")
_CLOSED = ("past_due", "no_subscription")  # nothing can be chosen at all
FIELDS = {
    "seats_in_use": "seats", "seat_size_unknown": "seats", "sales_only": "seats", "plan_unknown": "plan",
    "not_offered": "plan",
}  # fmt: skip


class PlanForm(ZetelForm):
    """The choices that have a price. Only sizes that fit the people counted are in the list (rule P5)."""

    plan = forms.ChoiceField(label=_("Plan"), widget=RadioCards)
    cycle = forms.ChoiceField(label=_("Billing cycle"), widget=Segments)
    seats = SizeField(label=_("Seats"), coerce=int)


@dataclass(frozen=True)
class Chosen:
    """What the form shows: what was asked where it means something, else what there is now."""

    plan: str
    cycle: Cycle
    seats: int | None

    def query(self) -> str:
        return urlencode({"plan": self.plan, "cycle": str(self.cycle), "seats": self.seats or ""})


@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Look at choices (GET), or take a binding quote for them (POST) and go on to the review."""
    held = load_held(request, space_id, clock.now())
    if held.billing.is_trial:
        return redirect("billing_trial_plan", space_id)
    if held.billing.is_manual:
        return redirect(sales_url(held.billing.space, "change", held.billing.present))
    asked: Mapping[str, str] = request.POST if request.method == "POST" else request.GET
    chosen = chosen_of(held.billing, asked)
    here = reverse("billing_plan", args=[space_id])
    if request.method != "POST":
        return _page(held, chosen, None)
    if asked.get("act") == RECALCULATE:
        return redirect(f"{here}?{chosen.query()}")
    if chosen.plan == held.billing.catalog.free.code:
        return redirect("billing_cancel", space_id)
    form = form_of(held.billing, chosen, request.POST)
    if form.is_valid():
        wish = wish_of(held.billing, Chosen(chosen.plan, chosen.cycle, form.cleaned_data["seats"]))
        try:
            quote = quotes_change.bind_change(
                held.billing.subscription, wish, person=held.seen.person, now=held.now
            )
        except ZetelError as error:
            form.add_error(FIELDS.get(error.code), sentence(error))
        else:
            return redirect("billing_change_review", space_id, quote.pk)
    return _page(held, chosen, form)


def chosen_of(billing: Billing, asked: Mapping[str, str]) -> Chosen:
    """Choices from an address or a form; what cannot be chosen is as it is now, seats at least those that fit."""
    present, open_plans = billing.present, {plan.code for plan, closed in plans_of(billing) if not closed}
    code = asked.get("plan", "")
    code = code if code in open_plans else present.plan
    cycle, seats = asked.get("cycle", ""), asked.get("seats", "")
    sizes = sizes_of(billing, code)
    wanted = int(seats) if seats.isascii() and seats.isdigit() and len(seats) < 6 else present.seats
    fitting = next((size for size in (wanted, present.seats) if size in sizes), sizes[0] if sizes else None)
    return Chosen(code, Cycle(cycle) if cycle in set(Cycle) else present.cycle, fitting)


def wish_of(billing: Billing, chosen: Chosen) -> Wish:
    """What differs from the present terms; the rest is not asked about."""
    present = billing.present
    return Wish(
        plan=chosen.plan if chosen.plan != present.plan else None,
        cycle=chosen.cycle if chosen.cycle != present.cycle else None,
        seats=chosen.seats if chosen.seats != present.seats else None,
    )


def plans_of(billing: Billing) -> list[tuple[Plan, bool]]:
    """The plans to choose from, lowest first, and whether only sales can sell one here (rules P1, P6)."""
    kind, found = SpaceKind(billing.space.kind), []
    for plan in billing.catalog.plans.values():
        offered = plan.offered.get(kind, Offered.NONE)
        if plan.free or plan.code == billing.present.plan or offered is Offered.SELF_SERVE:
            found.append((plan, False))
        elif offered is Offered.SALES:
            found.append((plan, True))
    return found


def sizes_of(billing: Billing, code: str) -> tuple[int, ...]:
    """The sizes of a plan that hold everybody counted; of the present plan's ladder when the plan is free."""
    plans = billing.catalog.plans
    plan = plans.get(code)
    if plan is None or plan.free:
        plan = plans.get(billing.present.plan)
    if plan is None:  # taken out of the catalogue: what is held stays, what is bought is not from it
        return (billing.present.seats,) if billing.present.seats >= billing.counted else ()
    sizes, held = sizes_for(billing.counted, plan.policy.ladder), billing.present.seats
    # A size that was agreed with sales is above the ladder, and can be kept (P6).
    return (*sizes, held) if held >= billing.counted and held > max(plan.policy.ladder) else sizes


def unit_of(billing: Billing, code: str, cycle: Cycle) -> int | None:
    """What a seat costs: the kept price of the present terms, today's for anything else (rule P2)."""
    present = billing.present
    if (code, cycle) == (present.plan, present.cycle):
        return present.unit_amount
    try:
        return price_on(billing.catalog.prices, code, cycle, present.currency, billing.today).unit_amount
    except ZetelError:
        return None


# ------------------------------------------------------------------------------------------------------- the page


def _page(held: Held, chosen: Chosen, form: PlanForm | None) -> HttpResponse:
    billing = held.billing
    known = scheduled(billing.terms, on=held.settled.on, ends_on=billing.subscription.ends_on)
    context: dict[str, Any] = {
        "form": form or form_of(billing, chosen), "chosen": chosen, "waits": waiting_change(held),
        "known": waiting(billing.catalog, known), "sales_url": sales_url_of(billing, chosen),
        "present_words": terms_words(billing.catalog, billing.present), "is_above": chosen.seats is None,
        "is_free": chosen.plan == billing.catalog.free.code,
        **_estimate(held, chosen, known),
    }  # fmt: skip
    return held.page("billing/plan.html", 422 if form and form.errors else 200, **context)


def _estimate(held: Held, chosen: Chosen, known: Any) -> dict[str, Any]:
    """What the wish would do, or why it cannot be had."""
    if held.billing.subscription.status == "past_due":
        return {"refusal": sentence(ZetelError("past_due")), "refused": "past_due", "is_closed": True}
    if chosen.seats is None or chosen.plan == held.billing.catalog.free.code:
        return {}
    try:
        priced = held.estimate(wish_of(held.billing, chosen))
    except ZetelError as error:
        return {"refusal": sentence(error), "refused": error.code, "is_closed": error.code in _CLOSED}
    return change_summary(priced, held.billing.catalog, known)


def form_of(billing: Billing, chosen: Chosen, data: Mapping[str, str] | None = None) -> PlanForm:
    form = PlanForm(data, initial={"plan": chosen.plan, "cycle": str(chosen.cycle), "seats": chosen.seats})
    fields: dict[str, Any] = form.fields
    fields["plan"].choices = [
        (plan.code, _card(billing, plan, chosen.cycle, closed)) for plan, closed in plans_of(billing)
    ]
    months_free = Card(cycle_word("year"), badge=gettext("2 months free"))
    fields["cycle"].choices = [("month", Card(cycle_word("month"))), ("year", months_free)]
    fields["seats"].choices = _size_choices(billing, chosen)
    fields["seats"].help_text = ngettext(
        "%(count)d person is counted. Sizes that fit are in the list.",
        "%(count)d people are counted. Sizes that fit are in the list.",
        billing.counted,
    ) % {"count": billing.counted}
    return form


def _card(billing: Billing, plan: Plan, cycle: Cycle, closed: bool) -> Card:
    if plan.free:
        ends = (
            gettext("The trial runs to its end; everything is kept.")
            if billing.is_trial
            else gettext("Your plan ends with the paid period; everything is kept.")
        )
        return Card(plan.name, ends, gettext("Free"))
    unit = unit_of(billing, plan.code, cycle)
    price = amount(Money(unit, billing.present.currency)) if unit is not None else ""
    per = gettext("per seat a year") if cycle is Cycle.YEAR else gettext("per seat a month")
    return Card(
        plan.name, "" if closed else per, "" if closed else price,
        badge=gettext("Your plan now") if plan.code == billing.present.plan else "",
        closed=gettext("Sold by sales for this kind of space.") if closed else "",
    )  # fmt: skip


def _size_choices(billing: Billing, chosen: Chosen) -> list[tuple[int, str]]:
    """Every size that fits, with its price for a whole period before tax."""
    code = chosen.plan if chosen.plan != billing.catalog.free.code else billing.present.plan
    unit, currency = unit_of(billing, code, chosen.cycle), billing.present.currency
    sizes = sizes_of(billing, chosen.plan)
    if unit is None:
        return [(size, seats_words(size)) for size in sizes]
    each = (
        gettext("%(count)s seats · %(price)s a year")
        if chosen.cycle is Cycle.YEAR
        else gettext("%(count)s seats · %(price)s a month")
    )
    return [
        (size, each % {"count": size, "price": amount(Money(prorate(unit, size, 1, 1), currency))})
        for size in sizes
    ]


def sales_url_of(billing: Billing, chosen: Chosen) -> str:
    asked = {
        "topic": "more_seats",
        "plan": chosen.plan,
        "cycle": str(chosen.cycle),
        "space": billing.space.public_id,
    }
    return f"{reverse('sales_request')}?{urlencode(asked)}"
