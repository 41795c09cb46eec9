"""Buying in tests, by the product's own actions and the pretend company: what a person would do in the browser.

`buy` fills in a draft, saves a card or PayPal at the company's page, takes the binding quote, confirms and collects.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.test import Client

from tests.directory_world import World
from tests.gateways import pages
from zetel.actions import changes, customers, offers, quotes, quotes_change, trials
from zetel.jobs import collect, methods
from zetel.models import (
    Attempt,
    Change,
    Customer,
    MethodSetup,
    Offer,
    Person,
    PurchaseDraft,
    Quote,
    Space,
    Subscription,
)
from zetel.rules.periods import Cycle
from zetel.rules.subscriptions import Wish

__all__ = [
    "Purchase", "World", "accept", "buy", "change", "change_quote", "confirm", "customer_of", "offer_for", "quote_for",
    "save_method", "subscribe", "try_out",
]  # fmt: skip

DUTCH = {"address_line1": "Herengracht 1", "postal_code": "1015 BA", "city": "Amsterdam", "country": "NL"}
OUTSIDE = {"address_line1": "1 Main Street", "postal_code": "94105", "city": "San Francisco", "country": "US"}


@dataclass
class Purchase:
    """What came of a purchase."""

    quote: Quote
    change: Change

    @property
    def subscription(self) -> Subscription:
        assert self.change.subscription is not None, (
            f"the change is {self.change.status}: {self.change.reason}"
        )
        return self.change.subscription


def customer_of(person: Person, now: datetime, *, currency: str = "EUR", **information: str) -> Customer:
    """Billing information as a buyer enters it; outside the EU unless told, so that no tax blurs the figures."""
    told = customers.BillingInformation(**{"name": person.label, **OUTSIDE, **information})
    return customers.enter(told, person=person, currency=currency, now=now)


def save_method(
    customer: Customer, person: Person, now: datetime, *, kind: str = "card", behaviour: str = "paid"
) -> None:
    """Save a card or PayPal at the company's own page, behaving as named in its documentation."""
    assert kind in ("card", "paypal")
    url = methods.begin(
        customer, person=person, kind="card" if kind == "card" else "paypal", next_path="/", now=now,
        return_path="/upgrade/x/method/{setup}",
    )  # fmt: skip
    if kind == "card":
        pages.save_card(Client(), url, pages.number_of(behaviour))
    else:
        pages.save_paypal(Client(), url, pages.email_of(behaviour))
    methods.finish(MethodSetup.objects.filter(customer=customer).latest("id"), now=now)


def quote_for(
    space: Space, person: Person, now: datetime, *, plan: str = "premium", cycle: str = "month", seats: int = 15,
    customer: Customer | None = None, owner: Person | None = None, on_exceed: str = "grow",
) -> Quote:  # fmt: skip
    """A binding quote for a purchase."""
    payer = customer or customer_of(person, now)
    draft = PurchaseDraft.objects.create(
        person=person, space=space, plan=plan, cycle=cycle, seats=seats, currency=payer.currency, customer=payer,
        billing_owner=owner, on_exceed=on_exceed, created_at=now, updated_at=now,
    )  # fmt: skip
    return quotes.bind(draft, now=now)


def confirm(quote: Quote, now: datetime) -> Change:
    """Tick what has to be ticked and press the button: the intent is committed, then the company is asked."""
    quotes.agree_to_lower(quote, now=now)
    change = changes.confirm(
        quote_id=quote.pk,
        person=quote.person,
        now=now,
        return_path="/upgrade/changes/{change}/",
        language="nl",
    )
    for attempt_id in Attempt.objects.filter(payment__change=change).values_list("pk", flat=True):
        collect.collect(attempt_id, now=now)
    change.refresh_from_db()
    return change


def buy(
    space: Space, person: Person, now: datetime, *, plan: str = "premium", cycle: str = "month", seats: int = 15,
    customer: Customer | None = None, owner: Person | None = None, kind: str = "card", behaviour: str = "paid",
) -> Purchase:  # fmt: skip
    """The whole way; `behaviour` is the company's documented one of the card or account."""
    payer = customer or customer_of(person, now)
    if not payer.methods.filter(status="active").exists():
        save_method(payer, person, now, kind=kind, behaviour=behaviour)
    quote = quote_for(space, person, now, plan=plan, cycle=cycle, seats=seats, customer=payer, owner=owner)
    return Purchase(quote, confirm(quote, now))


def subscribe(space: Space, person: Person, now: datetime, **wish: object) -> Subscription:
    """A paid subscription."""
    return buy(space, person, now, **wish).subscription  # type: ignore[arg-type]


def offer_for(
    space: Space, person: Person, now: datetime, *, plan: str = "premium", cycle: str = "month", seats: int = 5,
    unit_amount: int | None = None, days: int = 30,
) -> Offer:  # fmt: skip
    """What sales offer a person for a space; the first day counts as a day."""
    email = "sam@zetel.example"
    staff = Person.objects.filter(email=email).first() or World(now).person("Sam", email)
    terms = offers.Terms(plan, cycle, seats, "EUR", now.date() + timedelta(days=days - 1), unit_amount)
    return offers.make(space, to=person, terms=terms, staff=staff, now=now)


def accept(offer: Offer, now: datetime, customer: Customer, *, behaviour: str = "paid") -> Purchase:
    """The whole way of accepting it."""
    if not customer.methods.filter(status="active").exists():
        save_method(customer, offer.person, now, behaviour=behaviour)
    draft = offers.begin(offer, person=offer.person, now=now)
    PurchaseDraft.objects.filter(pk=draft.pk).update(customer=customer)
    quote = quotes.bind(PurchaseDraft.objects.get(pk=draft.pk), now=now)
    return Purchase(quote, confirm(quote, now))


def change_quote(
    subscription: Subscription, now: datetime, *, plan: str | None = None, cycle: str | None = None,
    seats: int | None = None, person: Person | None = None,
) -> Quote:  # fmt: skip
    """A binding quote for a change, taken by the billing owner unless told."""
    owner = person or Subscription.objects.get(pk=subscription.pk).customer.billing_owner
    assert owner is not None
    wish = Wish(plan=plan, cycle=Cycle(cycle) if cycle else None, seats=seats)
    return quotes_change.bind_change(subscription, wish, person=owner, now=now)


def change(
    subscription: Subscription, now: datetime, *, plan: str | None = None, cycle: str | None = None,
    seats: int | None = None,
) -> Change:  # fmt: skip
    """The whole way of a change: quote, confirm, collect."""
    return confirm(change_quote(subscription, now, plan=plan, cycle=cycle, seats=seats), now)


def try_out(
    space: Space, person: Person, now: datetime, *, plan: str = "premium", cycle: str = "month", seats: int = 15,
    customer: Customer | None = None, owner: Person | None = None, on_exceed: str = "grow",
) -> Subscription:  # fmt: skip
    """Begin a trial, without billing information unless a customer is given."""
    draft = PurchaseDraft.objects.create(
        person=person, space=space, plan=plan, cycle=cycle, seats=seats, currency="EUR", customer=customer,
        billing_owner=owner, on_exceed=on_exceed, created_at=now, updated_at=now,
    )  # fmt: skip
    return trials.start(draft, now=now)
