"""Cancelling, resuming, and undoing one scheduled change: each a page that says what follows, and its one button.

Nothing here costs anything, so nothing is quoted; the pages show when the plan ends or renews and for how much (C2, C4,
C11). A second click finds it done and says so on the Billing tab.
"""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from zetel import clock
from zetel.actions import cancellations
from zetel.actions.reasons import REASON_MAX
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money, prorate
from zetel.rules.periods import Cycle
from zetel.rules.subscriptions import Field, cancel, resume, scheduled, withdraw
from zetel.templatetags.zetel import amount
from zetel.web.billing_change import Held, load_held
from zetel.web.billing_change_words import change_summary, later_words
from zetel.web.billing_manual import sales_url
from zetel.web.billing_plan import plans_of, sizes_of, unit_of
from zetel.web.billing_view import Billing, seats_words
from zetel.web.errors import sentence
from zetel.web.forms import ZetelForm
from zetel.web.words import cycle_word


class ReasonForm(ZetelForm):
    """Why somebody leaves, if they like to say."""

    reason = forms.CharField(
        label=_("Why do you cancel?"), required=False, max_length=REASON_MAX,
        widget=forms.Textarea(attrs={"rows": 3}), help_text=_("You need not answer. It helps us to do better."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def cancel_plan(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """When it ends, what stops, what stays, what else there is; then the button."""
    held = load_held(request, space_id, clock.now())
    if held.billing.is_trial:
        return redirect("billing_trial_cancel", space_id)
    if held.billing.is_manual:
        return redirect(sales_url(held.billing.space, "cancel", held.billing.present))
    ends_now = held.billing.subscription.status == "past_due"
    if held.billing.subscription.ends_on and not ends_now:
        return redirect("billing", space_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        return _done(
            held,
            lambda: cancellations.cancel(
                held.billing.subscription, actor=held.seen.person, now=held.now, reason=reason
            ),
        )
    context: dict[str, Any] = {"form": form, "ends_now": ends_now}
    if not ends_now:
        priced = held.price(cancel(held.settled.terms, on=held.settled.on, ends_on=held.settled.ends_on))
        context |= change_summary(priced, held.billing.catalog)
        context["instead"] = alternatives(held.billing)
    return held.page("billing/cancel.html", 422 if form.errors else 200, **context)


def _done(held: Held, act: Callable[[], object]) -> HttpResponse:
    """Act, and say on the tab what came of it."""
    try:
        act()
    except ZetelError as error:
        if error.code in ("forbidden", "not_found"):
            raise
        messages.error(held.request, sentence(error))
    else:
        messages.success(held.request, gettext("Done. You get a mail that says so."))
    return redirect("billing", held.seen.space.pk)


def alternatives(billing: Billing) -> list[dict[str, str]]:
    """What costs less than now: fewer seats, the next lower plan, paying yearly; each leads to Edit plan."""
    present, found = billing.present, []
    each = gettext("%(price)s a year") if present.cycle is Cycle.YEAR else gettext("%(price)s a month")

    def price(unit: int, seats: int) -> str:
        return each % {"price": amount(Money(prorate(unit, seats, 1, 1), present.currency))}

    smaller = [size for size in sizes_of(billing, present.plan) if size < present.seats]
    if smaller:
        note = f"{seats_words(smaller[0])} · {price(present.unit_amount, smaller[0])}"
        found.append(_instead(billing, gettext("Fewer seats"), note, seats=smaller[0]))
    lower = [plan for plan, closed in plans_of(billing) if not closed and not plan.free]
    ranks = billing.catalog.ranks
    lower = [plan for plan in lower if plan.rank < ranks.get(present.plan, 0)]
    if lower and (unit_below := unit_of(billing, lower[-1].code, present.cycle)) is not None:
        note = f"{lower[-1].name} · {price(unit_below, present.seats)}"
        found.append(_instead(billing, gettext("A lower plan"), note, plan=lower[-1].code))
    yearly = unit_of(billing, present.plan, Cycle.YEAR)
    if present.cycle is Cycle.MONTH and yearly is not None and yearly < present.unit_amount * 12:
        saved = Money(prorate(present.unit_amount * 12 - yearly, present.seats, 1, 1), present.currency)
        note = gettext("%(cycle)s · saves %(amount)s a year") % {
            "cycle": cycle_word("year"), "amount": amount(saved),
        }  # fmt: skip
        found.append(_instead(billing, gettext("Paying yearly"), note, cycle="year"))
    return found


def _instead(billing: Billing, label: str, note: str, **wish: str | int) -> dict[str, str]:
    url = f"{reverse('billing_plan', args=[billing.space.pk])}?{urlencode(wish)}"
    return {"href": url, "icon": "edit", "label": label, "note": note}


@require_http_methods(["GET", "HEAD", "POST"])
def resume_plan(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Take a cancellation back (C11): from when it renews again, and for how much."""
    held = load_held(request, space_id, clock.now())
    if held.billing.is_trial:
        return redirect("billing_trial_resume", space_id)
    if held.billing.is_manual:
        return redirect(sales_url(held.billing.space, "resume", held.billing.present))
    if not held.billing.subscription.ends_on:
        return redirect("billing", space_id)
    if request.method == "POST":
        return _done(
            held,
            lambda: cancellations.resume(held.billing.subscription, actor=held.seen.person, now=held.now),
        )
    priced = held.price(resume(held.settled.terms, on=held.settled.on, ends_on=held.settled.ends_on))
    return held.page("billing/resume.html", **change_summary(priced, held.billing.catalog))


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_change(request: HttpRequest, space_id: uuid.UUID, field: str) -> HttpResponse:
    """Undo what is scheduled for the plan, the cycle or the seats (C4)."""
    held = load_held(request, space_id, clock.now())
    if field not in set(Field):
        raise ZetelError("not_found")
    terms, on = held.settled.terms, held.settled.on
    undone = [
        change for change in scheduled(terms, on=on, ends_on=held.settled.ends_on) if change.field == field
    ]
    if not undone:
        messages.info(request, sentence(ZetelError("no_change")))
        return redirect("billing", space_id)
    if request.method == "POST":
        return _done(
            held,
            lambda: cancellations.withdraw(
                held.billing.subscription, [Field(field)], actor=held.seen.person, now=held.now
            ),
        )
    priced = held.price(withdraw(terms, fields=[Field(field)], on=on, price=held.settled.price))
    words = [later_words(held.billing.catalog, change) for change in undone]
    return held.page("billing/withdraw.html", undone=words, **change_summary(priced, held.billing.catalog))


@require_safe
def policy(request: HttpRequest) -> HttpResponse:
    """In plain words: when a plan ends, that nothing is refunded by itself, that nothing is lost."""
    return render(request, "billing/policy.html")
