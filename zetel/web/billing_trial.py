"""The Billing tab of a space on trial: what its last day brings, and changing, cancelling and resuming it (rule P10).

Nothing here costs anything, so nothing is quoted. A page that is opened when the trial is over leads to the page of the
plan, and the other way round.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from zetel import clock
from zetel.actions import trials
from zetel.actions.trials_first import first_of
from zetel.rules import trials as rules
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.web.billing_cancel import ReasonForm
from zetel.web.billing_change import Held, load_held
from zetel.web.billing_change_words import terms_words
from zetel.web.billing_plan import FIELDS, Chosen, PlanForm, chosen_of, form_of, sales_url_of, wish_of
from zetel.web.billing_trial_view import trial_of
from zetel.web.errors import sentence
from zetel.web.upgrade_details import RECALCULATE
from zetel.web.upgrade_words import money_rows

METHODS = ["GET", "HEAD", "POST"]


@require_http_methods(METHODS)
def plan(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Plan, cycle and seats; kept at once, since nothing is paid for them yet."""
    held = load_held(request, space_id, clock.now())
    if not held.billing.is_trial:
        return redirect("billing_plan", space_id)
    asked: Mapping[str, str] = request.POST if request.method == "POST" else request.GET
    chosen = chosen_of(held.billing, asked)
    if request.method != "POST":
        return _plan_page(held, chosen, None)
    if asked.get("act") == RECALCULATE:
        return redirect(f"{reverse('billing_trial_plan', args=[space_id])}?{chosen.query()}")
    if chosen.plan == held.billing.catalog.free.code:
        return redirect("billing_trial_cancel", space_id)
    form = form_of(held.billing, chosen, request.POST)
    if form.is_valid():
        wish = wish_of(held.billing, Chosen(chosen.plan, chosen.cycle, form.cleaned_data["seats"]))
        try:
            trials.change(held.billing.subscription, wish, actor=held.seen.person, now=held.now)
        except ZetelError as error:
            form.add_error(FIELDS.get(error.code), sentence(error))
        else:
            messages.success(request, gettext("Done. It counts from now on, and nothing is due."))
            return redirect("billing", space_id)
    return _plan_page(held, chosen, form)


def _plan_page(held: Held, chosen: Chosen, form: PlanForm | None) -> HttpResponse:
    billing = held.billing
    context: dict[str, Any] = {
        "form": form or form_of(billing, chosen), "is_above": chosen.seats is None,
        "is_free": chosen.plan == billing.catalog.free.code, "sales_url": sales_url_of(billing, chosen),
        "present_words": terms_words(billing.catalog, billing.present), "trial": trial_of(billing, held.now),
        **_coming(held, chosen),
    }  # fmt: skip
    return held.page("billing/trial_plan.html", 422 if form and form.errors else 200, **context)


def _coming(held: Held, chosen: Chosen) -> dict[str, Any]:
    """The first invoice of what is chosen, or of what there is while nothing else is."""
    billing = held.billing
    if chosen.seats is None or chosen.plan == billing.catalog.free.code:
        return {}
    try:
        terms = rules.changed(billing.present, wish_of(billing, chosen), held.settled.price)
    except ZetelError as error:
        if error.code != "no_change":
            return {"refusal": sentence(error)}
        terms = billing.present
    first = first_of(billing.space, billing.customer, (terms,), counted=billing.counted)
    rows = money_rows(first, terms.currency, billing.catalog, gettext("Due then"))
    return {
        "rows": rows,
        "due": Money(first.due, terms.currency),
        "chosen_words": terms_words(billing.catalog, terms),
    }


@require_http_methods(METHODS)
def cancel(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """When it ends, what stops, what stays; then the button."""
    held = load_held(request, space_id, clock.now())
    if not held.billing.is_trial:
        return redirect("billing_cancel", space_id)
    if held.billing.subscription.ends_on:
        return redirect("billing", space_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        done = gettext("The trial is cancelled. You get a mail that says so.")
        return _done(held, done, lambda: trials.cancel(
            held.billing.subscription, actor=held.seen.person, now=held.now, reason=reason))  # fmt: skip
    return held.page(
        "billing/trial_cancel.html",
        422 if form.errors else 200,
        form=form,
        trial=trial_of(held.billing, held.now),
    )


@require_http_methods(METHODS)
def resume(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Take the cancellation back: what the last day brings then."""
    held = load_held(request, space_id, clock.now())
    if not held.billing.is_trial:
        return redirect("billing_resume", space_id)
    if not held.billing.subscription.ends_on:
        return redirect("billing", space_id)
    if request.method == "POST":
        act = trials.resume
        done = gettext("The trial goes on.")
        return _done(held, done, lambda: act(held.billing.subscription, actor=held.seen.person, now=held.now))
    return held.page("billing/trial_resume.html", trial=trial_of(held.billing, held.now))


def _done(held: Held, words: str, act: Callable[[], object]) -> HttpResponse:
    """Act, and say on the tab what came of it."""
    try:
        act()
    except ZetelError as error:
        if error.code in ("forbidden", "not_found"):
            raise
        messages.error(held.request, sentence(error))
    else:
        messages.success(held.request, words)
    return redirect("billing", held.seen.space.pk)
