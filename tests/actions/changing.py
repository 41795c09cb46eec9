"""Reading what became of a subscription: every line after the purchase, the quote as it was shown, and what stands."""

from datetime import UTC, datetime

from zetel.actions import customers
from zetel.models import (
    BalanceEntry,
    Event,
    Invoice,
    InvoiceLine,
    Mail,
    Payment,
    Person,
    Quote,
    Subscription,
    SubscriptionTerms,
)
from zetel.rules.quotes import PricedChange, change_from_json

MAY_30 = datetime(2026, 5, 30, 10, 0, tzinfo=UTC)


def lines(subscription: Subscription, *, after: int = 1) -> list[tuple[str, str, int, int, str, str, int]]:
    """Every line after the purchase: kind, plan, seats, price, first day, end, amount."""
    rows = InvoiceLine.objects.filter(subscription=subscription).order_by(
        "invoice__issued_at", "invoice_id", "position"
    )
    return [
        (x.kind, x.plan, x.seats, x.unit_amount, x.start.isoformat(), x.end.isoformat(), x.amount)
        for x in rows[after:]
    ]


def priced(quote: Quote) -> PricedChange:
    return change_from_json(quote.body)


def again(subscription: Subscription) -> Subscription:
    return Subscription.objects.get(pk=subscription.pk)


def state() -> list[object]:
    """What may not change when something is refused."""
    return [
        model.objects.count() for model in (SubscriptionTerms, Invoice, BalanceEntry, Event, Mail, Payment)
    ] + list(Subscription.objects.order_by("id").values_list("version", "ends_on", "next_bill_at", "status"))


def move(subscription: Subscription, owner: Person, zone: str, now: datetime) -> None:
    customer = again(subscription).customer
    told = customers.BillingInformation(
        name=customer.name, address_line1=customer.address_line1, postal_code=customer.postal_code,
        city=customer.city, country=customer.country, time_zone=zone,
    )  # fmt: skip
    customers.change_information(customer, told, actor=owner, now=now)
