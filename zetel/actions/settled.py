"""A live subscription held for a change: its rows are locked, its past boundaries billed, its billing owner checked.

Everything that changes a subscription after it was bought begins here, so that no change reaches back before a
boundary (rule C12) and rights are checked where they count, at the commit (R3, R5).
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.db import transaction

from zetel.actions import dues, manual_invoices, renewals, sales, standing
from zetel.actions._change import lock_customer, lock_space
from zetel.models import CatalogVersion, Customer, Person, Space, Subscription
from zetel.rules.billing import Billed, Terms, terms_at
from zetel.rules.catalog import Catalog, price_on
from zetel.rules.credits import Books
from zetel.rules.errors import ZetelError
from zetel.rules.periods import Cycle, local_date
from zetel.rules.quotes import PricedChange, Standing, price_change
from zetel.rules.subscriptions import ChangePlan
from zetel.rules.trials import terms_shown


@dataclass(frozen=True)
class Settled:
    """The subscription with what a change is decided from; `on` is its day, in the zone of the running period."""

    space: Space
    customer: Customer
    subscription: Subscription
    terms: tuple[Terms, ...]
    billed: tuple[Billed, ...]
    on: date
    counted: int

    @property
    def ends_on(self) -> date | None:
        return self.subscription.ends_on

    @property
    def present(self) -> Terms:
        """The terms that count on the day; of a trial those that begin with its end."""
        return terms_shown(self.terms, self.on)

    @cached_property
    def catalog(self) -> Catalog:
        return CatalogVersion.objects.current()

    @cached_property
    def balance(self) -> int:
        return standing.balance_of(self.customer, self.present.currency)

    @property
    def price(self) -> Callable[[str, Cycle], int]:
        """The price of the quote's day for another plan or cycle, also when it is scheduled (P2)."""
        return lambda plan, cycle: (
            price_on(self.catalog.prices, plan, cycle, self.present.currency, self.on).unit_amount
        )

    @property
    def basis(self) -> str:
        """What a quote for this subscription is made from, as a hash (C6)."""
        beyond = max(0, self.counted - self.present.seats)
        return standing.change_basis(self.subscription, self.customer, balance=self.balance, beyond=beyond)

    def priced(self, plan: ChangePlan) -> PricedChange:
        """What a decision about this subscription costs and brings about."""
        pk = self.subscription.pk
        stands = Standing(
            str(pk),
            self.terms,
            self.billed,
            books=dues.books_of([pk]).get(pk, Books()),
            same_customer=True,
        )
        return price_change(
            plan, stands, on=self.on, balance=self.balance, counted=self.counted,
            treatment_on=lambda on: standing.treatment_of(self.space, self.customer, on),
        )  # fmt: skip


def hold(subscription_id: uuid.UUID, *, person: Person, now: datetime, by_sales: bool = False) -> Settled:
    """Lock, settle, and check that the person is the billing owner; whatever its status (`check_active`).

    What is on manual invoice is for sales alone, and nothing else is (G5, R9). Raises not_found, forbidden,
    manual_invoice_only, period_unsettled.
    """
    assert transaction.get_connection().in_atomic_block, (
        "what is held is held until the end of the transaction"
    )
    found = Subscription.objects.select_related("space").filter(pk=subscription_id).first()
    if found is None:
        raise ZetelError("not_found")
    space = lock_space(found.space)
    customer = lock_customer(
        Subscription.objects.values_list("customer_id", flat=True).get(pk=subscription_id)
    )
    if customer.billing_owner_id != person.pk and not by_sales:
        raise ZetelError("forbidden")
    if by_sales:
        sales.check(person)
    if by_sales != found.is_manual:
        raise ZetelError("forbidden" if by_sales else "manual_invoice_only")
    for manual_id in manual_invoices.due(now, subscription_id=subscription_id) if by_sales else ():
        manual_invoices.step(manual_id, now=now)  # nothing renews while an invoice is overdue
    renewals.settle(subscription_id, now=now)
    subscription = Subscription.objects.select_for_update().get(pk=subscription_id)
    subscription.space, subscription.customer = space, customer
    terms = standing.terms_of([subscription_id])[subscription_id]
    billed = standing.billed_of([subscription_id]).get(subscription_id, ())
    return Settled(
        space, customer, subscription, terms, billed, day_of(subscription, terms, billed, now),
        standing.counted_people(space),
    )  # fmt: skip


def settle_around(space: Space, *, now: datetime) -> None:
    """Bill or end, up to now, every live subscription that a purchase for the space has to do with (C12).

    Mostly nothing is due, which one query says; else the organization or workspace is locked. Raises period_unsettled.
    """
    due = Subscription.objects.filter(standing.places_around(space), status="active", next_bill_at__lte=now)
    if ids := list(due.order_by("id").values_list("pk", flat=True)):
        lock_space(space)
        for subscription_id in ids:
            renewals.settle(subscription_id, now=now)


def check_active(held: Settled) -> None:
    """Past due allows no change but paying, another method and cancelling (G4); an ended one none."""
    if held.subscription.status == "past_due":
        raise ZetelError("past_due")
    if held.subscription.status != "active":
        raise ZetelError("no_subscription")


def day_of(
    subscription: Subscription, terms: tuple[Terms, ...], billed: tuple[Billed, ...], now: datetime
) -> date:
    """Today in the zone of the running period, and never outside it.

    A customer that moved west may still write the day before the period began: what was billed began already (M3).
    """
    today = local_date(now, ZoneInfo(subscription.time_zone or subscription.customer.time_zone))
    if not billed:
        return today
    last = standing.paid_until(billed) - timedelta(days=1)
    row = terms_at(terms, last)
    assert row is not None, "what was billed has terms"
    return min(max(today, row.period_at(last).start), last)
