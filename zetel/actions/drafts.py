"""What a buyer has filled in so far: one row per purchase, changed step by step until it is quoted (rules R2, P7, P12).

Nothing of money or rights changes here, so no event is written. Every step checks the person again: guests and people
who left are refused, and a customer can only be the draft's own or one that the buyer already holds.
"""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery

from zetel.actions import customers, quotes, standing
from zetel.actions._change import lock_customer
from zetel.models import (
    CatalogVersion,
    Change,
    Customer,
    Membership,
    PaymentMethod,
    Person,
    PurchaseDraft,
    Quote,
    Space,
)
from zetel.models.spaces import DIVISION, MEMBER
from zetel.models.subscriptions import WAITING
from zetel.rules.errors import ZetelError
from zetel.rules.periods import Cycle
from zetel.rules.seats import sizes_for

DRAFT_LIFE = timedelta(days=30)
ON_EXCEED = ("grow", "ask")


@dataclass(frozen=True)
class Opened:
    """A draft with what its pages need: the saved method, the latest quote, and the change that it led to."""

    draft: PurchaseDraft
    method_label: str
    method_kind: str
    latest_quote: uuid.UUID | None
    under_way: uuid.UUID | None
    minimum_amounts: Mapping[str, int]

    @property
    def owner(self) -> Person:
        """Who will hold billing: the named colleague, else the buyer (rule R1)."""
        return self.draft.billing_owner or self.draft.person


def open_draft(draft_id: uuid.UUID, *, person: Person, now: datetime) -> Opened:
    """One query. `not_found` for a draft that is somebody else's or too old.

    A space that the person is no member of any more is left out, so that nothing of it is shown; so is a customer
    whose billing was handed to somebody else (rule R5).
    """
    changes = Change.objects.filter(quote__draft=OuterRef("pk"), status__in=(*WAITING, "done")).order_by(
        "-id"
    )
    methods = PaymentMethod.objects.filter(customer=OuterRef("customer"), status="active")
    here = Q(space=OuterRef("space")) | Q(space__division=OuterRef("space"))
    stays = Membership.objects.active().filter(here, person=person, standing=MEMBER)
    row = (
        PurchaseDraft.objects.filter(pk=draft_id, person=person, updated_at__gt=now - DRAFT_LIFE)
        .select_related(
            "person", "space__organization", "space__division", "customer", "billing_owner", "offer"
        )
        .annotate(
            under_way=Subquery(changes.values("pk")[:1]),
            latest_quote=Subquery(
                Quote.objects.filter(draft=OuterRef("pk")).order_by("-id").values("pk")[:1]
            ),
            method_label=Subquery(methods.values("label")[:1]),
            method_kind=Subquery(methods.values("kind")[:1]),
            minimum_amounts=Subquery(methods.values("minimum_amounts")[:1]),
            is_member=Exists(stays),
        )
        .first()
    )
    if row is None:
        raise ZetelError("not_found")
    if not row.is_member:
        row.space = None
    if row.customer is not None and not _may_pay_with(row.customer, person):
        row.customer, row.method_label, row.method_kind, row.minimum_amounts = None, None, None, None
    return Opened(
        row, row.method_label or "", row.method_kind or "", row.latest_quote, row.under_way,
        row.minimum_amounts or {},
    )  # fmt: skip


def _may_pay_with(customer: Customer, person: Person) -> bool:
    """One that the person owns, or is still entering; one that nobody is left to own is neither (R6)."""
    if customer.billing_owner_id is None:
        return customer.entered_by_id == person.pk
    return customer.billing_owner_id == person.pk


def start(
    *,
    person: Person,
    currency: str,
    now: datetime,
    plan: str = "",
    cycle: str = "year",
    space: Space | None = None,
) -> PurchaseDraft:
    """A new draft. Words that the catalogue does not know are left out rather than refused: they come from a link."""
    catalog = CatalogVersion.objects.current()
    known = plan in catalog.plans and not catalog.plans[plan].free
    if space is not None:
        quotes.check_member(space, person)
    return PurchaseDraft.objects.create(
        person=person,
        space=space,
        plan=plan if known else "",
        cycle=cycle if cycle in set(Cycle) else "year",
        currency=currency if currency in catalog.currencies else catalog.default_currency,
        created_at=now,
        updated_at=now,
    )


def choose_plan(draft: PurchaseDraft, *, plan: str, cycle: str, currency: str, now: datetime) -> None:
    """Step 1. The currency is fixed when the customer is (rule M10). Raises plan_unknown, cycle_unknown, …"""
    assert draft.offer_id is None, "what sales offered is not chosen anew"
    catalog = CatalogVersion.objects.current()
    if catalog.plan(plan).free:
        raise ZetelError("not_offered", plan=plan, kind="")
    if currency not in catalog.currencies:
        raise ZetelError("currency_unknown", currency=currency[:3])
    if draft.customer is not None and draft.customer.billing_owner_id is not None:
        currency = draft.customer.currency
    _write(draft, now, plan=plan, cycle=_cycle(cycle), currency=currency)


def choose_space(draft: PurchaseDraft, *, space: Space, now: datetime) -> None:
    """Step 2: a workspace, organization or team that the person is a member of and that has no plan yet (P7 to P9).

    Raises not_member, already_subscribed, already_covered, sales_only.
    """
    assert draft.offer_id is None, "what sales offered is not chosen anew"
    quotes.check_member(space, draft.person)
    if space.kind == DIVISION:
        raise ZetelError("sales_only", kind=space.kind)
    today = standing.today_of(space, None, now)
    quotes.check_place(standing.around(space), CatalogVersion.objects.current(), today)
    if draft.space_id == space.pk:
        return
    owner = draft.billing_owner
    if owner is not None:
        try:
            quotes.check_member(space, owner)
        except ZetelError:
            owner = None
    _write(draft, now, space=space, seats=None, billing_owner=owner)


def choose_details(
    draft: PurchaseDraft, *, plan: str, cycle: str, seats: int, on_exceed: str, now: datetime
) -> None:
    """Step 3. Raises plan_unknown, cycle_unknown, value_invalid, sales_only, seat_size_unknown, seats_in_use."""
    assert draft.space is not None, "the space comes before the details"
    assert draft.offer_id is None, "what sales offered is not chosen anew"
    if on_exceed not in ON_EXCEED:
        raise ZetelError("value_invalid", field="on_exceed")
    cycle = _cycle(cycle)
    wish = quotes.Wish(plan, Cycle(cycle), seats, draft.currency)
    quotes.estimate(draft.space, wish, customer=draft.customer, now=now)
    _write(draft, now, plan=plan, cycle=cycle, seats=seats, on_exceed=on_exceed)


def fit_seats(draft: PurchaseDraft, counted: int, ladder: tuple[int, ...]) -> int | None:
    """The size to begin with: what was chosen while it still fits, else the smallest that does; None above all."""
    sizes = sizes_for(counted, ladder)
    return draft.seats if draft.seats in sizes else next(iter(sizes), None)


def choose_owner(draft: PurchaseDraft, *, owner: Person, now: datetime) -> None:
    """Who will hold billing: the buyer or a colleague in that space, no guest (rule R1). Raises not_member.

    A customer that the buyer holds already stays the buyer's, so for a colleague a new one is entered (rule P12).
    """
    assert draft.space is not None, "the space comes before its people"
    quotes.check_member(draft.space, owner)
    customer = draft.customer
    if customer is not None and customer.billing_owner_id not in (None, owner.pk):
        customer = None
    _write(draft, now, billing_owner=None if owner.pk == draft.person_id else owner, customer=customer)


def held_customers(person: Person, limit: int = 20) -> list[Customer]:
    """The customers that a person holds billing of and may pay with again (rule P12), newest first.

    Not those of a trial that were never filled in: an invoice needs an address.
    """
    rows = Customer.objects.filter(billing_owner=person).exclude(address_line1="")
    return list(rows.order_by("-id")[:limit])


def choose_customer(draft: PurchaseDraft, *, customer_id: uuid.UUID, now: datetime) -> Customer:
    """Pay with a customer that the buyer holds already; its currency counts then (rules P12, M10).

    Only for oneself: nobody lets a colleague pay with what that colleague has saved.
    """
    held = Customer.objects.filter(billing_owner=draft.person).exclude(address_line1="")
    customer = held.filter(pk=customer_id).first()
    if customer is None:
        raise ZetelError("not_found")
    if draft.billing_owner_id not in (None, draft.person_id):
        raise ZetelError("customer_owner_differs")
    _write(draft, now, customer=customer, currency=customer.currency)
    return customer


def use_customer(draft: PurchaseDraft, customer: Customer, *, now: datetime) -> None:
    """Pay with a customer that the person holds already or entered for this (P12); its currency counts then (M10)."""
    if customer.billing_owner_id is not None:
        choose_customer(draft, customer_id=customer.pk, now=now)
        return
    if customer.entered_by_id != draft.person_id:
        raise ZetelError("not_found")
    _write(draft, now, customer=customer, currency=customer.currency)


def enter_customer(
    draft: PurchaseDraft, information: customers.BillingInformation, *, now: datetime
) -> Customer:
    """Step 4: the draft's own customer, nobody's until it is paid. The same information again changes nothing."""
    tidy = customers.checked(information)
    with transaction.atomic():
        own: Customer | None = None
        if draft.customer_id is not None:
            locked = lock_customer(draft.customer_id)
            own = locked if _is_own(draft, locked) else None
        if own is not None:
            if Change.objects.filter(quote__customer=own, status__in=WAITING).exists():
                raise ZetelError("change_pending")
            same = all(getattr(own, name) == value for name, value in asdict(tidy).items())
            if same and own.currency == draft.currency:
                return own
        customer = customers.enter(tidy, person=draft.person, currency=draft.currency, now=now, customer=own)
        _write(draft, now, customer=customer)
    return customer


def _is_own(draft: PurchaseDraft, customer: Customer) -> bool:
    return customer.billing_owner_id is None and customer.entered_by_id == draft.person_id


def _cycle(text: str) -> str:
    if text not in set(Cycle):
        raise ZetelError("cycle_unknown", cycle=text[:16])
    return text


def _write(draft: PurchaseDraft, now: datetime, **values: object) -> None:
    """Write these fields alone: another tab may be changing others."""
    PurchaseDraft.objects.filter(pk=draft.pk).update(updated_at=now, **values)
    draft.updated_at = now
    for name, value in values.items():
        setattr(draft, name, value)


def sweep(now: datetime, limit: int = 500) -> int:
    """Remove drafts that nobody can open any more and quotes that were never confirmed; what was sold stays."""
    last = now - DRAFT_LIFE
    old_quotes = Quote.objects.filter(expires_at__lt=last, change=None, invoice=None).values("pk")[:limit]
    old_drafts = PurchaseDraft.objects.filter(updated_at__lt=last).values("pk")[:limit]
    quotes_gone, _ = Quote.objects.filter(pk__in=old_quotes).delete()
    drafts_gone, _ = PurchaseDraft.objects.filter(pk__in=old_drafts).delete()
    return quotes_gone + drafts_gone
