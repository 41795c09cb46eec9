"""Quotes: what a purchase or a change will cost, binding for 30 minutes (rule C6).

A quote holds its lines, tax and amounts as they will be invoiced. Confirming it carries its id alone.
"""

from datetime import date, datetime
from typing import Literal

from ninja import Router
from pydantic import Field

from zetel import clock
from zetel.access import load_space
from zetel.actions import changes, drafts, quotes, quotes_change
from zetel.api import customers, subscriptions
from zetel.api.callers import ApiRequest
from zetel.api.changes import ChangeShown, answer_of
from zetel.api.lines import LineShown, TaxShown, line_of_rules
from zetel.api.loading import colleague
from zetel.api.operations import operation
from zetel.api.repeats import Begun, Outcome
from zetel.api.subscriptions import ScheduledShown, happens
from zetel.api.values import (
    Count,
    CustomerId,
    Cycle,
    Money,
    PersonId,
    Plan,
    QuoteId,
    Sent,
    Shown,
    SpaceId,
    SubscriptionId,
    Yes,
    money,
    parse_id,
    the_one,
)
from zetel.documents.languages import reader_language
from zetel.jobs import collect
from zetel.models import Attempt, CatalogVersion, PurchaseDraft, Quote
from zetel.models.ids import public_id
from zetel.rules import periods
from zetel.rules.quotes import change_from_json, from_json
from zetel.rules.roles import Capability
from zetel.rules.subscriptions import Wish

router = Router()
PLACE = ("already_subscribed", "already_covered", "not_member", "sales_only", "period_unsettled")
WISH = ("plan_unknown", "not_offered", "seat_size_unknown", "seats_in_use", "price_unknown", "rate_unknown")
CHANGE = ("no_subscription", "past_due", "no_change", "resume_first", "change_pending", "manual_invoice_only")
CONFIRM = ("quote_expired", "quote_stale", "quote_used", "tick_required", "method_required", "method_too_slow",
           "payment_declined", "gateway_unavailable", "offer_expired", "offer_withdrawn", "offer_used",
           "trial_over")  # fmt: skip


class Wanted(Sent):
    """A plan for a space."""

    space: SpaceId
    plan: Plan
    cycle: Cycle
    seats: Count
    billing_owner: PersonId | None = Field(default=None, description="A colleague who will hold billing.")
    on_exceed: Literal["grow", "ask"] = "grow"


class PurchaseWanted(Wanted):
    """A plan for a space; the customer was entered before, with a payment method."""

    customer: CustomerId


class ChangeWanted(Sent):
    """What is left out stays as it is."""

    plan: Plan | None = None
    cycle: Cycle | None = None
    seats: Count | None = None


class ConfirmWanted(Sent):
    agree_to_lower: Yes = Field(
        default=False, description="That the places in `lower_plans` may lose a higher plan (P9)."
    )


class QuoteShown(Shown):
    id: QuoteId
    space: SpaceId
    customer: CustomerId
    subscription: SubscriptionId | None = Field(description="The one that is changed; null for a purchase.")
    plan: str = Field(examples=["premium"])
    cycle: Cycle
    seats: int
    lines: list[LineShown]
    taxes: list[TaxShown]
    net: Money
    tax: Money
    total: Money
    balance_used: Money
    due: Money = Field(description="What is charged at once.")
    renews_on: date | None
    renewal: Money | None = Field(description="What the next period will cost, with tax.")
    scheduled: list[ScheduledShown] = Field(description="What will wait for its day afterwards.")
    dropped: list[ScheduledShown] = Field(description="What was scheduled and no longer is.")
    lower_plans: list[str] = Field(description="Places whose people would lose a higher plan.")
    priced_at: datetime
    expires_at: datetime


def shown(quote: Quote) -> QuoteShown:
    priced = change_from_json(quote.body) if quote.subscription_id else from_json(quote.body)
    currency, document = quote.currency, priced.document
    if quote.subscription_id:
        change = change_from_json(quote.body)
        terms, renews_on = change.now or change.before, change.renews_on
        scheduled, dropped = change.scheduled, change.dropped
    else:
        bought = from_json(quote.body)
        terms, renews_on, scheduled, dropped = bought.terms, bought.period_end, (), ()
    return QuoteShown(
        id=quote.public_id, space=public_id("spc", quote.space_id), customer=public_id("cus", quote.customer_id),
        subscription=public_id("sub", quote.subscription_id) if quote.subscription_id else None, plan=terms.plan,
        cycle=str(terms.cycle), seats=terms.seats,
        lines=[line_of_rules(line, currency) for line in document.lines],
        taxes=[TaxShown(category=row.category, rate_bp=row.rate_bp, base=money(row.net, currency),
                        tax=money(row.tax, currency)) for row in document.taxes],
        net=money(document.net, currency), tax=money(document.tax, currency), total=money(document.total, currency),
        balance_used=money(priced.balance_used, currency), due=money(quote.due_amount, currency),
        renews_on=renews_on, renewal=money(priced.renewal_total, currency) if renews_on else None,
        scheduled=[happens(one) for one in scheduled], dropped=[happens(one) for one in dropped],
        lower_plans=list(quote.wish.get("lower_plans") or []), priced_at=quote.priced_at,
        expires_at=quote.expires_at,
    )  # fmt: skip


@operation(
    router, "POST", "/quotes", answer=QuoteShown, status=201,
    codes=(*PLACE, *WISH, "customer_owner_differs", "currency_mismatch", "cycle_unknown"),
)  # fmt: skip
def create_quote(request: ApiRequest, body: PurchaseWanted) -> QuoteShown:
    """A binding quote for buying a plan for a space."""
    return shown(quotes.bind(draft_of(request, body, body.customer), now=clock.now()))


def draft_of(request: ApiRequest, body: Wanted, customer_id: str | None) -> PurchaseDraft:
    """What is wanted as a draft, checked step by step as the pages do."""
    person, now = request.caller.somebody, clock.now()
    space = load_space(request, parse_id("spc", body.space), Capability.SUBSCRIPTION_BUY).space
    customer = customers.load(request, customer_id) if customer_id else None
    currency = customer.currency if customer else CatalogVersion.objects.current().default_currency
    draft = drafts.start(person=person, currency=currency, now=now)
    drafts.choose_space(draft, space=space, now=now)
    if body.billing_owner is not None:
        drafts.choose_owner(draft, owner=colleague(space, body.billing_owner), now=now)
    if customer is not None:
        drafts.use_customer(draft, customer, now=now)
    drafts.choose_plan(draft, plan=body.plan, cycle=body.cycle, currency=currency, now=now)
    drafts.choose_details(
        draft, plan=body.plan, cycle=body.cycle, seats=body.seats, on_exceed=body.on_exceed, now=now
    )
    return PurchaseDraft.objects.get(pk=draft.pk)


@operation(
    router, "POST", "/subscriptions/{subscription_id}/quotes", answer=QuoteShown, status=201,
    codes=(*WISH, *CHANGE, "sales_only", "period_unsettled"),
)  # fmt: skip
def create_change_quote(
    request: ApiRequest, subscription_id: SubscriptionId, body: ChangeWanted
) -> QuoteShown:
    """A binding quote for more or fewer seats, another plan, or another cycle."""
    row, owner = subscriptions.load(request, subscription_id, Capability.BILLING_MANAGE)
    wish = Wish(plan=body.plan, cycle=periods.Cycle(body.cycle) if body.cycle else None, seats=body.seats)
    return shown(quotes_change.bind_change(row, wish, person=owner, now=clock.now()))


@operation(router, "GET", "/quotes/{quote_id}", answer=QuoteShown, codes=("person_required",))
def get_quote(request: ApiRequest, quote_id: QuoteId) -> QuoteShown:
    """One of the person's own quotes."""
    return shown(_load(request, quote_id))


def _collect(request: ApiRequest, subject: str) -> Outcome:
    change = parse_id("chg", subject)
    for attempt in Attempt.objects.filter(payment__change=change, status="created").values_list(
        "pk", flat=True
    ):
        collect.collect(attempt, now=clock.now())
    return answer_of(request, subject)


@operation(
    router, "POST", "/quotes/{quote_id}/confirm", answer=ChangeShown, also={202: ChangeShown}, then=_collect,
    codes=(*PLACE, *WISH, *CHANGE, *CONFIRM),
)  # fmt: skip
def confirm_quote(request: ApiRequest, quote_id: QuoteId, body: ConfirmWanted) -> Begun:
    """Confirm a quote and pay it. 200: done. 202: it waits for the bank; send the browser to `action_url`, and ask
    the change again. 402: declined, nothing changed."""
    quote = _load(request, quote_id)
    if body.agree_to_lower:
        quotes.agree_to_lower(quote, now=clock.now())
    change = changes.confirm(
        quote_id=quote.pk, person=request.caller.buyer, now=clock.now(),
        return_path="/upgrade/changes/{change}/", language=reader_language(),
    )  # fmt: skip
    return Begun(change.public_id)


def _load(request: ApiRequest, quote_id: str) -> Quote:
    rows = Quote.objects.select_related("space", "customer", "subscription")
    return the_one(rows.filter(person=request.caller.buyer), quote_id)
