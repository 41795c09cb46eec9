"""Step 5: everything on one page with the binding quote, and the button that buys (screens 2.5; rules C5, C6, C13).

The quote is kept when the page is first looked at and shown again until it expires, is stale, or the wish is another.
Then a new one is made and the page says what became different. The button sends the quote's id and nothing else.
"""

import uuid
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from zetel import clock
from zetel.actions import changes, quotes, standing
from zetel.documents.languages import reader_language
from zetel.jobs import collect, vat_checks
from zetel.models import Attempt, CatalogVersion, Change, Quote
from zetel.models.ids import parse_public_id
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.quotes import from_json
from zetel.templatetags.zetel import amount
from zetel.web.currencies import country_name
from zetel.web.errors import sentence
from zetel.web.upgrade import Visit, back_to, page, step
from zetel.web.upgrade_words import amount_rows, summary
from zetel.web.words import cycle_word, kind_word, plan_name

# What a confirmed quote can be refused for that a new quote puts right.
_ASK_AGAIN = frozenset({"quote_expired", "quote_stale", "quote_used"})


@dataclass(frozen=True)
class Bound:
    """The quote that counts now, and what it replaced if that was shown before."""

    quote: Quote
    news: str = ""


@step("plan", "space", "details", "billing")
def review(visit: Visit) -> HttpResponse:
    if visit.request.method == "POST":
        return _confirm(visit)
    if not visit.opened.method_label:
        return visit.to("method")
    customer = visit.draft.customer
    assert customer is not None, "`step` sends visits without a customer back"
    number = vat_checks.look(customer, now=clock.now(), again=visit.request.GET.get("vat") == "again")
    try:
        bound = _bound(visit)
    except ZetelError as error:
        return back_to(visit, error)
    return _review_page(visit, bound, number=number)


def _review_page(
    visit: Visit, bound: Bound, refusal: str = "", number: vat_checks.Known = ""
) -> HttpResponse:
    catalog = CatalogVersion.objects.current()
    quote, draft, priced = bound.quote, visit.draft, from_json(bound.quote.body)
    customer = draft.customer
    assert customer is not None, "`step` sends visits without a customer back"
    due = Money(priced.due, quote.currency)
    return page(
        visit, "upgrade/review.html", "review", 422 if refusal else 200, refusal=refusal,
        lower_plans=", ".join(quote.wish["lower_plans"]), is_agreed=_has_agreed(visit, quote), quote=quote,
        news=bound.news, space=visit.space,
        kind=kind_word(visit.space.kind), plan=plan_name(catalog, priced.terms.plan),
        cycle=cycle_word(str(priced.terms.cycle)), seats=priced.terms.seats, grows=draft.on_exceed == "grow",
        customer=customer, country=country_name(customer.country), owner=visit.opened.owner,
        is_self=draft.billing_owner_id is None, method=visit.opened.method_label,
        method_icon="paypal" if visit.opened.method_kind == "paypal" else "card",
        number=number, untaxed_number=customer.vat_status == "unverified" and priced.document.tax > 0,
        rows=amount_rows(priced, catalog, gettext("Due today")),
        waits=due if 0 < due.amount < visit.opened.minimum_amounts.get(due.currency, 0) else None,
        button=gettext("Upgrade for %(amount)s") % {"amount": amount(due)}, **summary(priced, catalog),
    )  # fmt: skip


def _has_agreed(visit: Visit, quote: Quote) -> bool:
    """A tick that was given for the same places stays, also where the price had to be made anew."""
    lower = quote.wish["lower_plans"]
    given = Quote.objects.filter(draft=visit.draft, wish__lower_plans=lower).exclude(lower_agreed_at=None)
    return bool(lower) and given.exists()


def _bound(visit: Visit) -> Bound:
    """The draft's latest quote while it holds, else a new one and what changed since the one that was shown."""
    now = clock.now()
    old = Quote.objects.filter(pk=visit.opened.latest_quote).first() if visit.opened.latest_quote else None
    if old is None or not _same_wish(visit, old) or Change.objects.filter(quote=old).exists():
        return Bound(quotes.bind(visit.draft, now=now))
    expired = now >= old.expires_at
    if not expired and old.basis == _basis_now(visit, old):
        return Bound(old)
    new = quotes.bind(visit.draft, now=now)
    return Bound(new, news(old, new, expired))


def _same_wish(visit: Visit, quote: Quote) -> bool:
    draft = visit.draft
    wished = (draft.plan, draft.cycle, draft.seats, str(visit.opened.owner.pk), draft.on_exceed)
    kept = tuple(quote.wish[name] for name in ("plan", "cycle", "seats", "billing_owner", "on_exceed"))
    return wished == kept and (quote.space_id, quote.customer_id) == (draft.space_id, draft.customer_id)


def _basis_now(visit: Visit, quote: Quote) -> str:
    customer = visit.draft.customer
    assert customer is not None, "`step` sends visits without a customer back"
    return standing.basis(
        standing.around(visit.space), customer, standing.balance_of(customer, quote.currency)
    )


def news(old: Quote, new: Quote, expired: bool) -> str:
    """What the reader has to look at again."""
    why = (
        gettext("The price you saw was valid for 30 minutes, so we made a new one.")
        if expired
        else gettext("Something changed since you last looked, so we made a new price.")
    )
    if (old.due_amount, old.currency) == (new.due_amount, new.currency):
        return why + " " + gettext("The amount is the same.")
    return why + " " + gettext("It was %(old)s, and is %(new)s now.") % {
        "old": amount(Money(old.due_amount, old.currency)), "new": amount(Money(new.due_amount, new.currency)),
    }  # fmt: skip


def _confirm(visit: Visit) -> HttpResponse:
    """Confirm the quote that was shown, collect at once, and answer with the page of what came of it (C13)."""
    quote_id = parse_public_id("quo", visit.request.POST.get("quote", ""))
    if quote_id is None:
        return visit.to("review")
    shown = Quote.objects.filter(pk=quote_id, draft=visit.draft).first()
    if shown is None:
        return visit.to("review")
    if "lower" in visit.request.POST:
        quotes.agree_to_lower(shown, now=clock.now())
    try:
        change = changes.confirm(
            quote_id=quote_id, person=visit.person, now=clock.now(), language=reader_language(),
            return_path="/upgrade/changes/{change}/",
        )  # fmt: skip
    except ZetelError as error:
        if error.code in _ASK_AGAIN:
            return visit.to("review")
        if error.code == "tick_required" and visit.opened.method_label:
            return _review_page(visit, Bound(shown), sentence(error))
        return back_to(visit, error)
    collect_now(change.pk)
    return redirect("upgrade_change", change.pk)


def collect_now(change_id: uuid.UUID) -> None:
    """Make the first try in this request; whoever comes second finds it claimed."""
    for attempt_id in Attempt.objects.filter(payment__change=change_id, status="created").values_list(
        "pk", flat=True
    ):
        collect.collect(attempt_id, now=clock.now())
