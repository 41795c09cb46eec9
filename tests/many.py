"""Many subscriptions that are due at once, written by COPY: what takes minutes by buying takes a second here.

Each has a workspace of its own, its owner, customer, card, terms, and the invoice of the month before, as a purchase
would have left them (but for the payment and the events of that purchase).
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.db import models, transaction

from zetel.actions import _copy, invoices, subscriptions
from zetel.models import (
    Customer,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Membership,
    PaymentMethod,
    Person,
    Space,
    Subscription,
    SubscriptionTerms,
)
from zetel.models.ids import new_id
from zetel.rules.billing import Terms, due_minus_billed
from zetel.rules.periods import Cycle
from zetel.rules.quotes import Document, document
from zetel.rules.seats import LADDER
from zetel.rules.subscriptions import first_terms
from zetel.rules.tax import TaxTreatment

STARTED, DUE = datetime(2026, 5, 12, 10, 0, tzinfo=UTC), datetime(2026, 6, 12, 6, 0, tzinfo=UTC)
BATCH = 5_000
TABLES = (
    Person, Space, Membership, Customer, PaymentMethod, Subscription, SubscriptionTerms, Invoice, InvoiceLine,
    InvoiceTax,
)  # fmt: skip

Rows = dict[type[models.Model], list[dict[str, Any]]]


FIVE = first_terms("premium", Cycle.MONTH, 5, 1349, "EUR", date(2026, 5, 12))
# What a day's renewals of a large installation look like: all plans, common sizes, bought in any month of three years.
MIXED = tuple(
    first_terms(plan, Cycle.MONTH, seats, unit_amount, "EUR", date(year, month, 12))
    for year, month in [(n // 12, n % 12 + 1) for n in range(2023 * 12 + 5, 2026 * 12 + 5)]
    for plan, unit_amount in (("premium", 1349), ("business", 3049), ("enterprise", 4999))
    for seats in LADDER[:16]
)


def subscribe_many(count: int, *, token: str = "tok", mix: Sequence[Terms] = (FIVE,)) -> None:
    """So many subscriptions, billed at STARTED and due at DUE, the terms taken by turns; `token` is every card's."""
    for first in range(0, count, BATCH):
        with transaction.atomic():
            for model, rows in _made(first, min(BATCH, count - first), token, mix).items():
                _copy.copy(model, rows)


def _new(model: type[models.Model], **given: Any) -> dict[str, Any]:
    """A row of a table, with its columns' own defaults."""
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    row = {field.attname: field.get_default() for field in fields}
    return row | {"id": new_id()} | given


def _bought(terms: Terms) -> Document:
    """What the month that ends at DUE was billed at."""
    lines = due_minus_billed((terms,), (), through=STARTED.date(), since=STARTED.date())
    return document(lines, TaxTreatment("S", 2100, "domestic"))


def _made(first: int, count: int, token: str, mix: Sequence[Terms]) -> Rows:
    rows: Rows = {model: [] for model in TABLES}
    documents = [_bought(terms) for terms in mix]
    seller = invoices.seller_of_the_day()
    for n, number in enumerate(invoices.draw("invoice", count, now=STARTED), start=first):
        terms, bought = mix[n % len(mix)], documents[n % len(mix)]
        owner = _new(
            Person, email=f"owner{n}@example.com", name=f"Owner {n}", password="!", created_at=STARTED
        )
        space = _new(Space, kind="workspace", name=f"Workspace {n}", created_at=STARTED)
        customer = _new(
            Customer, name=f"Owner {n}", company=f"Company {n} B.V.", address_line1=f"Straat {n}", city="Utrecht",
            postal_code="3511 AL", country="NL", currency="EUR", language="nl", billing_owner_id=owner["id"],
            created_at=STARTED,
        )  # fmt: skip
        subscription = _new(
            Subscription, space_id=space["id"], customer_id=customer["id"], status="active",
            started_on=terms.starts_on, created_at=STARTED,
            **subscriptions.bill_next(Customer(time_zone="Europe/Amsterdam"), date(2026, 6, 12)),
        )  # fmt: skip
        rows[Person].append(owner)
        rows[Space].append(space)
        rows[Membership].append(
            _new(Membership, space_id=space["id"], person_id=owner["id"], joined_at=STARTED)
        )
        rows[Customer].append(customer)
        rows[PaymentMethod].append(
            _new(
                PaymentMethod, customer_id=customer["id"], gateway="sandbox", kind="card", token=token,
                label="Visa 4242", created_at=STARTED,
            )
        )  # fmt: skip
        rows[Subscription].append(subscription)
        rows[SubscriptionTerms].append(subscriptions.terms_row(subscription["id"], terms, now=STARTED))
        invoice = invoices.invoice_row(
            bought, number, now=STARTED, customer=Customer(id=customer["id"], name="x", language="nl", currency="EUR"),
            subscription_id=subscription["id"], space=Space(id=space["id"]), seller=seller, state="paid",
        )  # fmt: skip
        rows[Invoice].append(invoice)
        rows[InvoiceLine] += invoices.line_rows(bought, invoice["id"], subscription["id"])
        rows[InvoiceTax] += invoices.tax_rows(bought, invoice["id"])
    return rows
