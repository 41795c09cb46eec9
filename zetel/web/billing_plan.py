"""Edit plan: what the subscription is now, and the wish for another plan, cycle or size, sent to support.

A live subscription is not changed by this page yet: a person at support carries the wish out after confirming the
price, and the page says so.
"""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from zetel import clock
from zetel.actions import requests
from zetel.models import Person
from zetel.rules.catalog import price_on
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.periods import Cycle
from zetel.rules.roles import Capability
from zetel.rules.seats import SpaceKind, sizes_for
from zetel.templatetags.zetel import amount
from zetel.web.billing_view import Billing, load_owned, place, seats_words
from zetel.web.errors import sentence
from zetel.web.forms import Card, RadioCards, Segments, ZetelForm
from zetel.web.words import cycle_word, plan_name


class PlanForm(ZetelForm):
    """The wish: another plan, cycle or size, and whatever else support should know."""

    plan = forms.ChoiceField(label=_("Plan"), widget=RadioCards)
    cycle = forms.ChoiceField(label=_("Billing cycle"), widget=Segments)
    seats = forms.TypedChoiceField(label=_("Seats"), coerce=int)
    message = forms.CharField(
        label=_("Anything else"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, billing: Billing, data: Any = None) -> None:
        now = billing.present
        super().__init__(data, initial={"plan": now.plan, "cycle": str(now.cycle), "seats": now.seats})
        self.billing = billing
        fields: dict[str, Any] = self.fields
        fields["plan"].choices = _plans(billing)
        months_free = Card(cycle_word("year"), badge=gettext("2 months free"))
        fields["cycle"].choices = [("month", Card(cycle_word("month"))), ("year", months_free)]
        sizes = sorted({*sizes_for(billing.counted), now.seats})
        fields["seats"].choices = [(size, seats_words(size)) for size in sizes]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        now = self.billing.present
        same = (cleaned.get("plan"), cleaned.get("cycle"), cleaned.get("seats")) == (now.plan, now.cycle, now.seats)
        if not self.errors and same and not cleaned["message"]:
            raise forms.ValidationError(gettext("This is what you have now. Choose what should be different."))
        return cleaned


def _plans(billing: Billing) -> list[tuple[str, Card]]:
    """Every paid plan with its price per seat in the subscription's currency and cycle; the present one is marked."""
    now = billing.present
    cards = []
    for plan in billing.catalog.paid_plans():
        is_present = plan.code == now.plan
        unit = now.unit_amount if is_present else _unit(billing, plan.code, now.cycle)
        per = gettext("per seat a year") if now.cycle == Cycle.YEAR else gettext("per seat a month")
        price = f"{amount(Money(unit, now.currency))} {per}" if unit is not None else ""
        offered = plan.offered.get(SpaceKind(billing.space.kind))
        if is_present or offered in ("self_serve", "sales"):
            cards.append((plan.code, Card(plan.name, price, badge=gettext("Your plan now") if is_present else "")))
    return cards


def _unit(billing: Billing, plan: str, cycle: Cycle) -> int | None:
    try:
        return price_on(billing.catalog.prices, plan, cycle, billing.present.currency, billing.today).unit_amount
    except ZetelError:
        return None


@require_http_methods(["GET", "POST"])
def plan(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Show the plan and take the wish."""
    now = clock.now()
    seen, billing = load_owned(request, space_id, Capability.BILLING_MANAGE, now)
    form = PlanForm(billing, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            _ask(billing, form.cleaned_data, seen.person, now)
        except ZetelError as error:
            form.add_error(None, sentence(error))
        else:
            messages.success(request, gettext("Support has your wish and answers by e-mail. Nothing changed yet."))
            return redirect("billing", space_id)
    context = {**place(seen), "billing": billing, "form": form}
    return render(request, "billing/plan.html", context)


def _ask(billing: Billing, wish: dict[str, Any], person: Person, now: Any) -> None:
    """The request to support, with the present terms and the wished ones beside each other."""
    present = ", ".join((billing.plan, billing.cycle, seats_words(billing.seats)))
    wished = ", ".join(
        (plan_name(billing.catalog, wish["plan"]), cycle_word(wish["cycle"]), seats_words(wish["seats"]))
    )
    lines = [
        gettext("Now: %(terms)s") % {"terms": present},
        gettext("Wished: %(terms)s") % {"terms": wished},
        f"{billing.subscription.public_id}",
        "",
        wish["message"],
    ]
    requests.ask_support(
        person=person, space=billing.space, subject=gettext("Change the plan"), message="\n".join(lines), now=now
    )
