"""The binding quote of a change, and the button that confirms it (rules C5, C6, C13).

The address names the quote, so reload and back show the same price. One that expired, or that something happened to,
leads to a new one for the same wish, and the page says what became different. The button sends the quote's id alone.
"""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from zetel import clock
from zetel.actions import changes, offers, quotes_change
from zetel.documents.languages import reader_language
from zetel.models import Change, Quote
from zetel.models.ids import parse_public_id
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.periods import Cycle
from zetel.rules.quotes import change_from_json
from zetel.rules.subscriptions import Wish, scheduled
from zetel.web.billing_change import Held, load_held
from zetel.web.billing_change_words import button_words, change_summary
from zetel.web.errors import sentence
from zetel.web.upgrade_review import collect_now, news

# What a quote can be refused for that a new quote puts right.
_ASK_AGAIN = frozenset({"quote_expired", "quote_stale"})


@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, space_id: uuid.UUID, quote_id: uuid.UUID) -> HttpResponse:
    held = load_held(request, space_id, clock.now())
    quote = _load(held, quote_id)
    if done := Change.objects.filter(quote=quote).first():
        return redirect("upgrade_change", done.pk)
    if request.method == "POST":
        return _confirm(held, quote)
    try:
        if held.now >= quote.expires_at or quote.basis != held.settled.basis:
            return _anew(held, quote)
    except ZetelError as error:
        return _back(held, quote, error)
    return _page(held, quote)


def _load(held: Held, quote_id: uuid.UUID) -> Quote:
    """The owner's own quote for this very subscription; any other does not exist."""
    quote = Quote.objects.filter(
        pk=quote_id, person=held.seen.person, subscription=held.billing.subscription
    ).first()
    if quote is None:
        raise ZetelError("not_found")
    return quote


def _anew(held: Held, old: Quote) -> HttpResponse:
    """A new quote for the same wish, in place of the one that was shown."""
    subscription, person = held.billing.subscription, held.seen.person
    if old.offer is not None:
        new = offers.bind(old.offer, subscription, person=person, now=held.now)
    else:
        new = quotes_change.bind_change(subscription, wish_of_quote(old), person=person, now=held.now)
    where = reverse("billing_change_review", args=[held.seen.space.pk, new.pk])
    return redirect(f"{where}?{urlencode({'instead': old.public_id})}")


def _back(held: Held, quote: Quote, error: ZetelError) -> HttpResponse:
    """A refusal is said where the wish can be changed, with what was chosen filled in."""
    messages.error(held.request, sentence(error))
    return redirect(plan_url(quote))


def plan_url(quote: Quote) -> str:
    """Edit plan with the choices of a quote; of one that sales offered the offer."""
    if quote.offer_id is not None:
        return reverse("offer", args=[quote.offer_id])
    kept = {name: value for name in ("plan", "cycle", "seats") if (value := quote.wish[name]) is not None}
    return f"{reverse('billing_plan', args=[quote.space_id])}?{urlencode(kept)}"


def wish_of_quote(quote: Quote) -> Wish:
    wish = quote.wish
    return Wish(plan=wish["plan"], cycle=Cycle(wish["cycle"]) if wish["cycle"] else None, seats=wish["seats"])


def _page(held: Held, quote: Quote) -> HttpResponse:
    billing, priced = held.billing, change_from_json(quote.body)
    known = scheduled(billing.terms, on=held.settled.on, ends_on=billing.subscription.ends_on)
    needs_method = priced.due > 0 and billing.method is None
    method_url = reverse("billing_method", args=[billing.space.pk])
    due = Money(quote.due_amount, quote.currency)
    context: dict[str, Any] = {
        "waits": due if billing.method and billing.method.waits(due) else None,
        "quote": quote, "news": _news(held, quote), "button": button_words(priced),
        "needs_method": needs_method, "edit_url": plan_url(quote),
        "method_url": f"{method_url}?{urlencode({'quote': quote.public_id})}",
        **change_summary(priced, billing.catalog, known),
    }  # fmt: skip
    return held.page("billing/change_review.html", **context)


def _news(held: Held, quote: Quote) -> str:
    old_id = parse_public_id("quo", held.request.GET.get("instead", ""))
    if old_id is None:
        return ""
    old = Quote.objects.filter(pk=old_id, person=held.seen.person, subscription=quote.subscription_id).first()
    return news(old, quote, old.expires_at <= quote.priced_at) if old else ""


def _confirm(held: Held, quote: Quote) -> HttpResponse:
    """Confirm the quote that was shown, collect at once, and answer with the page of what came of it (C13)."""
    here = redirect("billing_change_review", held.seen.space.pk, quote.pk)
    if parse_public_id("quo", held.request.POST.get("quote", "")) != quote.pk:
        return here
    try:
        change = changes.confirm(
            quote_id=quote.pk, person=held.seen.person, now=held.now, language=reader_language(),
            return_path="/upgrade/changes/{change}/",
        )  # fmt: skip
    except ZetelError as error:
        if error.code in _ASK_AGAIN:
            return here
        if error.code in ("method_required", "method_too_slow"):
            messages.error(held.request, sentence(error))
            return here
        return _back(held, quote, error)
    collect_now(change.pk)
    return redirect("upgrade_change", change.pk)
