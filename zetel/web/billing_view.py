"""What the Billing tab shows of a subscription, read with a number of queries that nothing on the page makes grow.

`billing_of` reads the live subscription of a space with everything that belongs to it; the other functions turn rows
into the words and amounts of the page. Nothing here decides or writes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, JSONObject
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext

from zetel.access import Seen, load_space, readable_invoices
from zetel.actions import standing
from zetel.jobs.files import kinds_of
from zetel.models import (
    BalanceEntry,
    CatalogVersion,
    Customer,
    Invoice,
    Membership,
    Person,
    Space,
    Subscription,
    SubscriptionTerms,
)
from zetel.models.spaces import DIVISION
from zetel.rules.billing import Terms, next_boundary
from zetel.rules.catalog import Catalog
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.payments import collects_now
from zetel.rules.periods import Cycle
from zetel.rules.quotes import renewal_total
from zetel.rules.roles import Capability
from zetel.rules.seats import Fullness, fullness
from zetel.rules.trials import terms_shown
from zetel.templatetags.zetel import longdate
from zetel.web.billing_manual import due_on_of
from zetel.web.billing_past_due import PastDue, past_due_of
from zetel.web.billing_tab import billing_url
from zetel.web.words import cycle_word, kind_word, plan_name

SEATS_TONES = {
    Fullness.ROOM: "", Fullness.NEARLY_FULL: "warn", Fullness.FULL: "warn", Fullness.EXCEEDED: "bad",
}  # fmt: skip


@dataclass(frozen=True)
class Method:
    """The active payment method as people know it."""

    kind: str
    label: str
    expires_on: date | None
    minimum_amounts: Mapping[str, int] = field(default_factory=dict)

    def waits(self, money: Money) -> bool:
        """Whether an amount is too small to be charged alone with it (G9)."""
        return money.amount > 0 and not collects_now(
            money.amount, self.minimum_amounts.get(money.currency, 0)
        )


@dataclass(frozen=True)
class State:
    """How a subscription or document stands: its words and the tone of its badge."""

    label: str
    tone: str = ""


@dataclass(frozen=True)
class Billing:
    """A live subscription on a day of its customer's time zone."""

    space: Space
    subscription: Subscription
    customer: Customer
    terms: tuple[Terms, ...]
    counted: int
    method: Method | None
    catalog: Catalog
    today: date
    balances: tuple[Money, ...] = ()

    @property
    def owner(self) -> Person:
        assert self.customer.billing_owner is not None, (
            "with nobody left to own it there are no pages of acts (R6)"
        )
        return self.customer.billing_owner

    @cached_property
    def present(self) -> Terms:
        """The terms that count today; of a trial those that begin with its end."""
        return terms_shown(self.terms, self.today)

    @property
    def plan(self) -> str:
        return plan_name(self.catalog, self.present.plan)

    @property
    def cycle(self) -> str:
        return cycle_word(self.present.cycle)

    @property
    def seats(self) -> int:
        return self.present.seats

    @property
    def seats_left(self) -> int:
        return self.seats - self.counted

    @property
    def seats_shown(self) -> int:
        """For a bar, which cannot be more than full."""
        return min(self.counted, self.seats)

    @property
    def seats_tone(self) -> str:
        return SEATS_TONES[fullness(self.counted, self.seats)]

    @property
    def is_trial(self) -> bool:
        return self.subscription.status == "trial"

    @property
    def is_manual(self) -> bool:
        """Paid by bank, and changed by sales alone (G5)."""
        return self.subscription.is_manual

    @property
    def state(self) -> State:
        status, ends_on = self.subscription.status, self.subscription.ends_on
        if self.is_manual and status == "past_due":
            return State(gettext("On invoice, overdue"), "bad")
        if self.is_manual and not ends_on:
            return State(gettext("On invoice"), "good")
        if self.past_due:
            return State(self.past_due.words, "bad")
        if status == "trial":
            until = gettext("Trial until %(date)s") % {"date": longdate(self.subscription.trial_ends_on)}
            return State(until, "warn" if ends_on else "info")
        if ends_on:
            return State(gettext("Ends on %(date)s") % {"date": longdate(ends_on)}, "warn")
        return State(gettext("Active"), "good")

    @cached_property
    def past_due(self) -> PastDue | None:
        """How dunning stands; reads the method only when there is any."""
        return past_due_of(self.subscription, self.customer)

    @cached_property
    def next_on(self) -> date | None:
        """The day on which the next period begins; None when the subscription ends before."""
        return next_boundary(self.terms, self.today, self.subscription.ends_on)

    @cached_property
    def renewal(self) -> Money | None:
        """What the next period will cost with tax, as things stand now; seats grow with the people counted (C7)."""
        if self.next_on is None:
            return None
        total = renewal_total(
            self.terms, self.next_on, self.counted,
            lambda day: standing.treatment_of(self.space, self.customer, day),
        )  # fmt: skip
        return Money(total, self.present.currency)


def seats_words(count: int) -> str:
    return ngettext("%(count)d seat", "%(count)d seats", count) % {"count": count}


def billing_of(space: Space, now: datetime) -> Billing | None:
    """The live subscription of a space, with customer, owner, terms, method and people counted: two queries."""
    terms = SubscriptionTerms.objects.filter(subscription=OuterRef("pk")).order_by("starts_on", "id")
    active = Q(customer__methods__status="active")
    row = (
        Subscription.objects.live()
        .filter(space=space)
        .select_related("customer__billing_owner")
        .annotate(
            terms_kept=ArraySubquery(
                terms.values(
                    json=JSONObject(
                        starts_on="starts_on", plan="plan", cycle="cycle", seats="seats", unit_amount="unit_amount",
                        currency="currency", anchor_on="anchor_on",
                    )
                )
            ),
            method=FilteredRelation("customer__methods", condition=active),
            method_kind=F("method__kind"),
            method_label=F("method__label"),
            method_expires_on=F("method__expires_on"),
            method_minimum_amounts=F("method__minimum_amounts"),
            balances=ArraySubquery(_balances()),
            counted=Coalesce(Subquery(_counted(space)), 0),
        )
        .first()
    )  # fmt: skip
    if row is None:
        return None
    kept: Any = row
    dated = tuple(_terms(facts) for facts in kept.terms_kept)
    return Billing(
        space=space,
        subscription=row,
        customer=row.customer,
        terms=dated,
        counted=kept.counted,
        method=Method(
            kept.method_kind, kept.method_label, kept.method_expires_on, kept.method_minimum_amounts
        )
        if kept.method_kind
        else None,
        balances=tuple(Money(row["amount"], row["currency"]) for row in kept.balances if row["amount"] > 0),
        catalog=CatalogVersion.objects.current(),
        today=standing.day_of(row, dated, now),
    )


def _balances() -> Any:
    """What the customer has to spend in each currency (M9), as a subquery."""
    entries = BalanceEntry.objects.filter(customer=OuterRef("customer")).order_by().values("currency")
    return entries.annotate(sum=Sum("amount")).values(json=JSONObject(currency="currency", amount="sum"))


def _counted(space: Space) -> Any:
    """How many people take a seat, each once, as a subquery (rule S3)."""
    place = "space__division_id" if space.kind == DIVISION else "space_id"
    rows = Membership.objects.of_space(space).counted().order_by().values(place)
    return rows.annotate(people=Count("person_id", distinct=True)).values("people")


def _terms(facts: dict[str, Any]) -> Terms:
    return Terms(
        starts_on=date.fromisoformat(facts["starts_on"]), plan=facts["plan"], cycle=Cycle(facts["cycle"]),
        seats=facts["seats"], unit_amount=facts["unit_amount"], currency=facts["currency"],
        anchor_on=date.fromisoformat(facts["anchor_on"]),
    )  # fmt: skip


def load_for_billing(request: HttpRequest, space_id: Any) -> Seen:
    """Who may look at a space's billing at all: its owner, a former one, or members, who learn who the owner is."""
    try:
        return load_space(request, space_id, Capability.INVOICES_SEE)
    except ZetelError as error:
        if error.code != "forbidden":
            raise
    return load_space(request, space_id, Capability.BILLING_SEE_OWNER)


def load_owned(
    request: HttpRequest, space_id: Any, capability: Capability, now: datetime
) -> tuple[Seen, Billing]:
    """A space and its live subscription for an act of the billing owner; raises no_subscription after an end."""
    seen = load_space(request, space_id, capability)
    billing = billing_of(seen.space, now)
    if billing is None:
        raise ZetelError("no_subscription")
    return seen, as_seen(seen, billing)


def as_seen(seen: Seen, billing: Billing) -> Billing:
    """Staff who act for the owner see that there is a payment method, not which one (R9)."""
    if seen.acting is None or billing.method is None:
        return billing
    return replace(billing, method=replace(billing.method, label=gettext("the saved payment method")))


@dataclass(frozen=True)
class InvoiceShown:
    """An issued document in a list."""

    invoice: Invoice
    state: State

    @property
    def public_id(self) -> str:
        return self.invoice.public_id

    @property
    def number(self) -> str:
        return self.invoice.number

    @property
    def issued_on(self) -> date:
        return self.invoice.issued_on

    @property
    def total(self) -> Money:
        return Money(self.invoice.total_amount, self.invoice.currency)

    @property
    def einvoice(self) -> str:
        """The kind of the e-invoice that stands beside the page; empty where there is none."""
        return (*kinds_of(self.invoice)[1:2], "")[0]

    @property
    def is_note(self) -> bool:
        return self.invoice.kind == "credit_note"

    @property
    def is_payable(self) -> bool:
        """Whether paying it by hand makes sense; the page of paying says what else there is."""
        return (
            self.invoice.kind == "invoice"
            and self.invoice.state == "open"
            and self.invoice.space_id is not None
            and not self.is_by_bank
        )

    @property
    def is_by_bank(self) -> bool:
        """Whether it is asked for by bank; of a row that was read with that."""
        return self.invoice._state.fields_cache.get("manual") is not None


def shown(invoices: Iterable[Invoice], today: date) -> list[InvoiceShown]:
    return [InvoiceShown(invoice, invoice_state(invoice, today)) for invoice in invoices]


def invoice_state(invoice: Invoice, today: date) -> State:
    """Paid, open, late, credited or written off; a credit note is what it says."""
    if invoice.kind == "credit_note":
        return State(gettext("Credit note"))
    if invoice.state == "open":
        return State(gettext("Late"), "bad") if due_on_of(invoice) < today else State(gettext("Open"), "info")
    return {
        "paid": State(gettext("Paid"), "good"),
        "credited": State(gettext("Credited")),
        "written_off": State(gettext("Written off")),
    }[invoice.state]


def invoices_of(space: Space, person: Person) -> QuerySet[Invoice]:
    """The documents of a space that this person may read, newest first."""
    rows = Invoice.objects.filter(readable_invoices(person), space=space).select_related("manual")
    return rows.order_by("-issued_on", "-id")


def place(seen: Seen, *, has_tab: bool = True) -> dict[str, Any]:
    """What every page of the tab needs of its space: names, and the tabs it stands between."""
    space = seen.space
    return {
        "seen": seen, "space": space, "kind_label": kind_word(space.kind), "tab": "billing",
        "billing_tab": (gettext("Billing"), billing_url(space)) if has_tab else None,
        "hide_people": space.kind == DIVISION,
    }  # fmt: skip
