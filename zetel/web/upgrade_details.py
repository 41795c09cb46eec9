"""Step 3: plan, cycle and seats, with the estimate beside the form (screens 2.3).

The page can be looked at with other choices in its address, which keeps nothing: that is how the estimate follows the
form while somebody chooses. Without JavaScript a button keeps the choices and draws the page again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from zetel import clock
from zetel.actions import drafts, quotes, standing, trials
from zetel.models import CatalogVersion, PurchaseDraft, Space, Subscription
from zetel.rules.catalog import Catalog, Offered, Plan, price_on
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money, prorate
from zetel.rules.periods import Cycle
from zetel.rules.seats import SpaceKind, sizes_for
from zetel.templatetags.zetel import amount
from zetel.web.currencies import country_name
from zetel.web.errors import sentence
from zetel.web.forms import Card, RadioCards, Segments, ZetelForm
from zetel.web.upgrade import Visit, back_to, page, step
from zetel.web.upgrade_words import amount_rows, summary
from zetel.web.words import kind_word

RECALCULATE = "recalculate"
TRY = "trial"


class SizeField(forms.TypedChoiceField):
    """Lets a size through that is not in the list any more, so that the action can say who is in the way."""

    def valid_value(self, value: object) -> bool:
        text = str(value)
        return text.isascii() and text.isdigit() and len(text) < 6


def _cycles() -> list[tuple[str, Card]]:
    return [
        ("month", Card(gettext("Monthly"))),
        ("year", Card(gettext("Annual"), badge=gettext("2 months free"))),
    ]


def _ways_to_grow() -> list[tuple[str, Card]]:
    by_itself = gettext("They can join. After 7 days the plan grows to the next size, and you hear it first.")
    asked = gettext("They can join. You are asked whether to buy seats, and nothing is charged by itself.")
    return [("grow", Card(gettext("Grow by itself"), by_itself)), ("ask", Card(gettext("Ask me"), asked))]


class DetailsForm(ZetelForm):
    """The choices that have a price. Sizes that do not fit the people counted are not in the list (rule P5)."""

    plan = forms.ChoiceField(label=_("Plan"), widget=Segments)
    cycle = forms.ChoiceField(label=_("Billing cycle"), widget=Segments, choices=_cycles)
    seats = SizeField(label=_("Seats"), coerce=int)
    on_exceed = forms.ChoiceField(
        label=_("When more people join than there are seats"), widget=RadioCards, choices=_ways_to_grow
    )


@dataclass(frozen=True)
class Wish:
    """What the page shows: from the draft, or from its address while somebody is choosing."""

    plan: Plan
    cycle: Cycle
    seats: int | None


@dataclass(frozen=True)
class Place:
    """What the sizes depend on, read once."""

    space: Space
    counted: int
    catalog: Catalog
    now: datetime

    def plans(self) -> list[Plan]:
        """The plans that can be bought for this kind of space without sales."""
        kind = SpaceKind(self.space.kind)
        return [p for p in self.catalog.paid_plans() if p.offered.get(kind) is Offered.SELF_SERVE]


@step("plan", "space")
def details(visit: Visit) -> HttpResponse:
    """Look at choices (GET) or keep them (POST); on to billing once they stand and a lower plan was agreed to."""
    request, draft = visit.request, visit.draft
    place = Place(
        visit.space, standing.counted_people(visit.space), CatalogVersion.objects.current(), clock.now()
    )
    wish = _wish(draft, place, request.POST if request.method == "POST" else request.GET)
    if wish is None:
        return visit.to("plan")
    if wish.seats is None:
        return page(
            visit, "upgrade/above.html", "details", counted=place.counted, sales_url=_sales_url(visit, wish)
        )
    try:
        estimate = quotes.estimate(
            visit.space, quotes.Wish(wish.plan.code, wish.cycle, wish.seats, draft.currency),
            customer=draft.customer, now=place.now,
        )  # fmt: skip
    except ZetelError as error:
        if error.code == "already_subscribed" and _is_owner(visit):
            return visit.away(f"{reverse('billing_plan', args=[visit.space.pk])}?{_asked(wish)}")
        return back_to(visit, error)
    may_try = not trials.had(visit.space)
    form = _form(visit, place, wish)
    if request.method == "POST" and form.is_valid():
        onward = _kept(visit, form, place.now, may_try=may_try)
        if onward:
            return visit.to(onward)
    return page(
        visit, "upgrade/details.html", "details", 422 if form.errors else 200, form=form, counted=place.counted,
        may_try=may_try, lower_plans=", ".join(estimate.lower_plans), sales_url=_sales_url(visit, wish),
        card=_space_card(visit.space, place.counted),
        rows=amount_rows(estimate.priced, place.catalog, gettext("Due today")),
        tax_country=country_name(draft.customer.country if draft.customer else visit.space.country),
        knows_address=draft.customer is not None, payer_unknown=draft.customer is None,
        **summary(estimate.priced, place.catalog),
    )  # fmt: skip


def _is_owner(visit: Visit) -> bool:
    """Whether the reader manages the plan that runs there: then it is changed, not bought."""
    owned = Subscription.objects.live().filter(space=visit.space, customer__billing_owner=visit.person)
    return owned.exists()


def _asked(wish: Wish) -> str:
    return urlencode({"plan": wish.plan.code, "cycle": str(wish.cycle), "seats": wish.seats or ""})


def _kept(visit: Visit, form: DetailsForm, now: datetime, *, may_try: bool) -> str:
    """Keep what was chosen and say where to go; empty when it was refused, with the reason at its field."""
    chosen = form.cleaned_data
    try:
        drafts.choose_details(
            visit.draft, plan=chosen["plan"], cycle=chosen["cycle"], seats=chosen["seats"],
            on_exceed=chosen["on_exceed"], now=now,
        )  # fmt: skip
    except ZetelError as error:
        form.add_error(_FIELDS.get(error.code), sentence(error))
        return ""
    if visit.request.POST.get("act") == RECALCULATE:
        return "details"
    return "trial" if may_try and visit.request.POST.get("act") == TRY else "billing"


_FIELDS = {
    "seats_in_use": "seats", "seat_size_unknown": "seats", "sales_only": "seats", "plan_unknown": "plan",
    "cycle_unknown": "cycle", "value_invalid": "on_exceed",
}  # fmt: skip


def _wish(draft: PurchaseDraft, place: Place, asked: Mapping[str, str]) -> Wish | None:
    """What is asked where it means something, else what was kept; None when the plan cannot be bought here."""
    plans = {plan.code: plan for plan in place.plans()}
    plan = plans.get(asked.get("plan", "")) or plans.get(draft.plan)
    if plan is None:
        return None
    cycle = asked.get("cycle", "")
    seats = asked.get("seats", "")
    sizes = sizes_for(place.counted, plan.policy.ladder)
    picked = int(seats) if seats.isascii() and seats.isdigit() and len(seats) < 6 else None
    fitting = picked if picked in sizes else drafts.fit_seats(draft, place.counted, plan.policy.ladder)
    return Wish(plan, Cycle(cycle if cycle in set(Cycle) else draft.cycle), fitting)


def _form(visit: Visit, place: Place, wish: Wish) -> DetailsForm:
    initial = {
        "plan": wish.plan.code, "cycle": str(wish.cycle), "seats": wish.seats,
        "on_exceed": visit.request.GET.get("on_exceed") or visit.draft.on_exceed,
    }  # fmt: skip
    form = DetailsForm(visit.request.POST if visit.request.method == "POST" else None, initial=initial)
    form.fields["plan"].choices = [(plan.code, Card(plan.name)) for plan in place.plans()]  # type: ignore[attr-defined]
    form.fields["seats"].choices = _sizes(place, wish, visit.draft.currency)  # type: ignore[attr-defined]
    form.fields["seats"].help_text = ngettext(
        "%(count)d person is counted. Sizes that fit are in the list.",
        "%(count)d people are counted. Sizes that fit are in the list.",
        place.counted,
    ) % {"count": place.counted}
    return form


def _sizes(place: Place, wish: Wish, currency: str) -> list[tuple[int, str]]:
    """Every size that fits with its price for a whole period, such as `5 seats · € 67,45 a month`."""
    today = standing.today_of(place.space, None, place.now)
    unit = price_on(place.catalog.prices, wish.plan.code, wish.cycle, currency, today).unit_amount
    each = (
        gettext("%(count)s seats · %(price)s a year")
        if wish.cycle is Cycle.YEAR
        else gettext("%(count)s seats · %(price)s a month")
    )
    return [
        (size, each % {"count": size, "price": amount(Money(prorate(unit, size, 1, 1), currency))})
        for size in sizes_for(place.counted, wish.plan.policy.ladder)
    ]


def _space_card(space: Space, counted: int) -> Card:
    kind = kind_word(space.kind)
    if space.organization is not None:
        kind = gettext("Team of %(name)s") % {"name": space.organization.name}
    return Card(
        title=space.name,
        text=gettext("%(kind)s · people counted: %(count)s") % {"kind": kind, "count": counted},
    )


def _sales_url(visit: Visit, wish: Wish) -> str:
    asked = f"?topic=more_seats&plan={wish.plan.code}&cycle={wish.cycle}&space={visit.space.public_id}"
    return reverse("sales_request") + asked
