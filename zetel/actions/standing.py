"""How a space stands before a change: the live subscriptions around it, what was billed, people, balance, tax.

Everything here reads; the numbers of queries do not grow with people or invoices of others. Quoting and confirming
use the same reading, so what a quote was made from can be compared when it is confirmed (rule C6).
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, Sum

from zetel.actions import dues, small_amounts
from zetel.models import (
    BalanceEntry,
    Customer,
    Invoice,
    InvoiceLine,
    Membership,
    Space,
    Subscription,
    SubscriptionTerms,
)
from zetel.models.spaces import Person
from zetel.rules import tax
from zetel.rules.billing import Billed, Terms, terms_at
from zetel.rules.coverage import Holding
from zetel.rules.credits import Books
from zetel.rules.periods import Cycle, local_date
from zetel.rules.quotes import Standing
from zetel.rules.seats import SpaceKind
from zetel.rules.tax_rates import STANDARD_RATES, Rate, read_rates
from zetel.rules.transitions import SubscriptionStatus
from zetel.rules.trials import terms_shown


@dataclass(frozen=True)
class Around:
    """The live subscriptions of a space, of the places that hold it, and of the places inside it; with their terms."""

    own: tuple[Subscription, ...]
    above: tuple[Subscription, ...]
    inside: tuple[Subscription, ...]
    terms: Mapping[uuid.UUID, tuple[Terms, ...]]

    def holdings(
        self, rows: Iterable[Subscription], ranks: Mapping[str, int], on: date
    ) -> tuple[Holding, ...]:
        """Subscriptions as `rules.coverage` sees them, with the plan of their terms on a day."""
        return tuple(holding(row, self.terms.get(row.pk, ()), ranks, on) for row in rows)


def holding(row: Subscription, terms: Sequence[Terms], ranks: Mapping[str, int], on: date) -> Holding:
    """One live subscription as the places see it; a plan that the catalogue dropped ranks lowest of the paid."""
    current = terms_shown(terms, on)
    return Holding(
        str(row.pk), str(row.space_id), SpaceKind(row.space.kind), current.plan, ranks.get(current.plan, 1),
        SubscriptionStatus(row.status), row.started_on, row.ends_on, row.trial_ends_on,
    )  # fmt: skip


def around(space: Space) -> Around:
    """Two queries: everything live that a purchase for this space has to look at (rules P8, P9)."""
    holders = [pk for pk in (space.organization_id, space.division_id) if pk]
    live = Subscription.objects.live().filter(places_around(space))
    found = list(live.select_related("space", "customer").order_by("id"))
    return Around(
        own=tuple(row for row in found if row.space_id == space.pk),
        above=tuple(row for row in found if row.space_id in holders),
        inside=tuple(row for row in found if row.space_id != space.pk and row.space_id not in holders),
        terms=terms_of([row.pk for row in found]),
    )


def places_around(space: Space) -> Q:
    """Subscriptions of the space itself, of what holds it, and of what it holds."""
    holders = [pk for pk in (space.organization_id, space.division_id) if pk]
    return Q(space=space) | Q(space__in=holders) | Q(space__organization=space) | Q(space__division=space)


def terms_of(subscription_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[Terms, ...]]:
    """The dated terms of each subscription, in the order in which they count."""
    from_rows: dict[uuid.UUID, list[Terms]] = {}
    rows = SubscriptionTerms.objects.filter(subscription__any=subscription_ids)
    columns = (
        "subscription_id", "starts_on", "plan", "cycle", "seats", "unit_amount", "currency", "anchor_on",
    )  # fmt: skip
    for subscription_id, starts_on, plan, cycle, *rest in rows.order_by("starts_on", "id").values_list(
        *columns
    ):
        from_rows.setdefault(subscription_id, []).append(Terms(starts_on, plan, Cycle(cycle), *rest))
    return {subscription_id: tuple(terms) for subscription_id, terms in from_rows.items()}


def billed_of(subscription_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[Billed, ...]]:
    """The coverage lines already invoiced for each subscription, oldest first; money credits are none (M11)."""
    found: dict[uuid.UUID, list[Billed]] = {}
    rows = InvoiceLine.objects.filter(subscription__any=subscription_ids, is_coverage=True)
    for row in rows.order_by("invoice__issued_at", "invoice_id", "position"):
        assert row.subscription_id is not None, "the filter asked for lines of a subscription"
        signed = row.seats if row.kind == "charge" else -row.seats
        found.setdefault(row.subscription_id, []).append(
            Billed(
                line_id=str(row.id), plan=row.plan, cycle=Cycle(row.cycle), unit_amount=row.unit_amount,
                seats=signed, start=row.start, end=row.end, period_start=row.period_start,
                period_end=row.period_end, rate_bp=row.rate_bp, tax_category=row.tax_category,
                discount_bp=row.discount_bp, takes_back=tuple(row.takes_back),
            )
        )  # fmt: skip
    return {subscription_id: tuple(lines) for subscription_id, lines in found.items()}


def sources_of(lines: Iterable[InvoiceLine]) -> dict[str, tuple[str, int]]:
    """The lines that others take back, by id: document number and position; one query, none where nothing is."""
    ids = {line_id for line in lines for line_id in line.takes_back}
    if not ids:
        return {}
    rows = InvoiceLine.objects.filter(pk__in=ids).values_list("pk", "invoice__number", "position")
    return {str(pk): (number, position) for pk, number, position in rows}


def inside_standings(around: Around, customer: Customer | None, now: datetime) -> tuple[Standing, ...]:
    """The subscriptions inside, as billing sees them now; `customer` is who would pay for what covers them."""
    ids = [row.pk for row in around.inside]
    if not ids:
        return ()
    billed, books = billed_of(ids), dues.books_of(ids)
    unpaid_since = _unpaid_since(ids)
    return tuple(
        Standing(
            subscription_id=str(row.pk),
            terms=around.terms[row.pk],
            billed=billed.get(row.pk, ()),
            books=books.get(row.pk, Books()),
            same_customer=customer is not None and row.customer_id == customer.pk,
            day=day_of(row, around.terms[row.pk], now),
            unpaid_from=unpaid_since.get(row.pk),
        )
        for row in around.inside
    )


def _unpaid_since(subscription_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, date]:
    """The first day of a period that was renewed and not paid (G4)."""
    rows = Invoice.objects.filter(
        subscription_id__in=subscription_ids, kind="invoice", state="open", manual=None
    )  # what is paid by bank was agreed with sales, which stands for the payment (G5)
    renewals = rows.exclude(renews_on=None).select_related("subscription__customer").order_by("renews_on")
    found: dict[uuid.UUID, date] = {}
    for (
        row
    ) in renewals:  # few: what waits because it is too small to be charged alone was as good as paid (G9)
        customer = row.subscription.customer if row.subscription else row.customer
        if row.subscription_id and row.renews_on and small_amounts.collectable([row], customer):
            found.setdefault(row.subscription_id, row.renews_on)
    return found


def counted_people(space: Space) -> int:
    """How many people take a seat there (rule S3), each once."""
    rows = Membership.objects.of_space(space).counted()
    return rows.values("person_id").distinct().count()


def counted_names(space: Space) -> list[str]:
    """Their names, for the refusal that has to name them (rule P5); at most 50."""
    people = Person.objects.filter(pk__in=Membership.objects.of_space(space).counted().values("person_id"))
    return [person.label for person in people.order_by("name", "email")[:50]]


def balance_of(customer: Customer, currency: str) -> int:
    """What the seller owes this customer in one currency (rule M9)."""
    total = BalanceEntry.objects.filter(customer=customer, currency=currency).aggregate(sum=Sum("amount"))[
        "sum"
    ]
    return int(total or 0)


def balances_of(customer: Customer) -> dict[str, int]:
    """The same in each currency in which there is any (M9, M10)."""
    rows = BalanceEntry.objects.filter(customer=customer).values_list("currency").annotate(sum=Sum("amount"))
    return {currency: int(amount) for currency, amount in rows.order_by("currency") if amount}


def paid_until(billed: Iterable[Billed]) -> date:
    """The end of the last period that was billed: the boundary that comes next."""
    return max(line.period_end for line in billed)


def zone_of(space: Space, customer: Customer | None) -> ZoneInfo:
    """The customer's time zone; until there is one the space's counts (rule M3)."""
    return ZoneInfo(customer.time_zone if customer else space.time_zone)


def day_of(subscription: Subscription, terms: Sequence[Terms], now: datetime) -> date:
    """Today for a live subscription: in the zone of its running period, and never before that began (rule M3).

    A customer that moved west may still write the day before, and one that moved east the day after the end; what was
    paid for began, and ends, at its own instants. Past its end, while it is not billed yet, the days go on.
    """
    zone = ZoneInfo(subscription.time_zone or subscription.customer.time_zone)
    today = local_date(now, zone)
    if subscription.next_bill_at is None or subscription.status == SubscriptionStatus.TRIAL:
        return max(today, subscription.started_on)
    last = local_date(subscription.next_bill_at, zone) - timedelta(days=1)
    running = terms_at(terms, last)
    return max(today, running.period_at(last).start if running else subscription.started_on)


def today_of(space: Space, customer: Customer | None, now: datetime) -> date:
    return local_date(now, zone_of(space, customer))


def treatment_of(space: Space, customer: Customer | None, on: date) -> tax.TaxTreatment:
    """The tax of a charge that begins on a day (T1, T4); until there is an address the space's country counts."""
    seller = settings.CONFIG.seller
    country = customer.country if customer and customer.country else space.country
    verified = customer is not None and customer.vat_status == "verified"
    sold_by, bought_by = tax.Seller(seller.country, seller.oss_registered), tax.Buyer(country, verified)
    return _treatment(sold_by, bought_by, on, settings.CONFIG.tax_rates)


@lru_cache(maxsize=4)
def _rates(file: Path | None) -> tuple[Rate, ...]:
    """The rates that come along, and before them those of the operator's file; read at the start, as all settings."""
    own = read_rates(file.read_text(encoding="utf-8").splitlines()) if file else ()
    return (*own, *STANDARD_RATES)


@lru_cache(maxsize=1024)  # a billing run asks for few different ones, very often
def _treatment(seller: tax.Seller, buyer: tax.Buyer, on: date, file: Path | None) -> tax.TaxTreatment:
    return tax.tax_treatment(seller, buyer, on, _rates(file))


def basis(around: Around, customer: Customer, balance: int) -> str:
    """A hash of what a binding quote was made from: another one at confirmation means `quote_stale` (C6)."""
    facts = [
        [str(customer.pk), customer.version, balance],
        sorted([str(row.pk), row.version] for row in (*around.above, *around.inside)),
        sorted(str(row.pk) for row in around.own),
    ]
    return _hash(facts)


def change_basis(subscription: Subscription, customer: Customer, *, balance: int, beyond: int) -> str:
    """The same for a change of a subscription; `beyond` are the people beyond its seats (C6)."""
    return _hash(
        [[str(customer.pk), customer.version, balance], [str(subscription.pk), subscription.version], beyond]
    )


def _hash(facts: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
