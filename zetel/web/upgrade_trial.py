"""Trying a plan for thirty days: one page that says what happens when, and the button that begins it (rule P10).

It comes after the details, in the place of billing and review: nothing is paid, and no payment method is asked for.
"""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from zetel import clock
from zetel.actions import trials
from zetel.actions.quotes import Wish
from zetel.actions.trials import Preview
from zetel.models import CatalogVersion, Subscription
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.periods import Cycle
from zetel.templatetags.zetel import longdate
from zetel.web.errors import sentence
from zetel.web.upgrade import Visit, back_to, draw, step, steps_shown
from zetel.web.upgrade_words import money_rows
from zetel.web.words import cycle_word, kind_word, plan_name


@step("plan", "space", "details")
def trial(visit: Visit) -> HttpResponse:
    """What the trial would be (GET), and its beginning (POST); the same again leads to the one that runs."""
    draft, now, refusal = visit.draft, clock.now(), ""
    if visit.request.method == "POST":
        try:
            begun = trials.start(draft, now=now, lower_agreed="lower" in visit.request.POST)
        except ZetelError as error:
            if error.code != "tick_required":
                return back_to(visit, error)
            refusal = sentence(error)
        else:
            return _begun(visit, begun)
    assert draft.seats is not None, "`step` sends visits without seats back"
    currency = draft.customer.currency if draft.customer else draft.currency
    wish = Wish(draft.plan, Cycle(draft.cycle), draft.seats, currency)
    try:
        made = trials.preview(visit.space, wish, customer=draft.customer, now=now)
    except ZetelError as error:
        return back_to(visit, error)
    return _page(visit, made, refusal)


def _page(visit: Visit, made: Preview, refusal: str) -> HttpResponse:
    catalog, terms = CatalogVersion.objects.current(), made.first.terms
    steps = steps_shown(visit, "billing")[:3]
    steps.append({"label": gettext("Trial"), "state": "current", "href": visit.url("trial")})
    return draw(
        visit.request, "upgrade/trial.html", visit.space, 422 if refusal else 200, refusal=refusal,
        lower_plans=", ".join(made.lower_plans), draft=visit.draft, steps=steps, space=visit.space,
        step_urls={name: visit.url(name) for name in ("space", "details", "owner")}, kind=kind_word(visit.space.kind),
        plan=plan_name(catalog, terms.plan), cycle=cycle_word(str(terms.cycle)), seats=terms.seats,
        owner=visit.opened.owner, is_self=visit.draft.billing_owner_id is None, ends_on=made.ends_on,
        inside=made.inside, method=visit.opened.method_label, due=Money(made.first.due, terms.currency),
        rows=money_rows(made.first, terms.currency, catalog, gettext("Due then")),
    )  # fmt: skip


def _begun(visit: Visit, subscription: Subscription) -> HttpResponse:
    """To the Billing tab of the new trial; a colleague's is theirs to look at."""
    words = gettext("The trial has begun. Everybody in %(space)s can use %(plan)s until %(date)s.") % {
        "space": visit.space.name, "plan": plan_name(CatalogVersion.objects.current(), visit.draft.plan),
        "date": longdate(subscription.trial_ends_on),
    }  # fmt: skip
    messages.success(visit.request, words)
    is_owner = subscription.customer.billing_owner_id == visit.person.pk
    return redirect("billing" if is_owner else "space_home", visit.space.public_id)
