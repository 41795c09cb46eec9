"""A boundary is renewed or ended (rules C2, C7, C9, C12, G4, X4): read, decide, write, for a batch in one transaction.

The batch is the primitive; a page passes a list of one. Lines come from due minus billed, numbers are drawn for the
whole batch when it is about to write, and everything new goes in by COPY; a compare-and-set advances each
subscription. Running it again at the same instant changes nothing, and what a killed run had not committed is simply
still due.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, Min, Model, OuterRef, Q, QuerySet

from zetel.actions import dunning, invoices, mail, overages, payments, renewals_due, subscriptions
from zetel.actions._change import Row, defer, event_row, lock_customer, lock_space
from zetel.actions._copy import copy
from zetel.actions.renewals_due import Due
from zetel.models import (
    Attempt,
    BalanceEntry,
    Change,
    Customer,
    Event,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Mail,
    ManualInvoice,
    Payment,
    Space,
    Subscription,
    SubscriptionTerms,
)
from zetel.models.ids import new_id
from zetel.models.subscriptions import WAITING
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.renewals import BETWEEN_BOUNDARIES, Renewal

BATCH_SIZE = 1000


@dataclass
class Batch:
    """What became of a batch: invoices and ends made, what it could not bill and why, and what others have locked."""

    billed: list[uuid.UUID] = field(default_factory=list)
    invoice_ids: list[uuid.UUID] = field(default_factory=list)
    amounts: Counter[str] = field(default_factory=Counter)
    ended: int = 0
    grown: int = 0
    refused: dict[uuid.UUID, Exception] = field(default_factory=dict)
    left: list[uuid.UUID] = field(default_factory=list)

    @property
    def seen(self) -> int:
        return len(self.billed) + self.ended + len(self.refused) + len(self.left)


def horizon(now: datetime) -> datetime | None:
    """Up to where one pass bills, so that it meets no subscription twice; None when nothing is due.

    After an outage the next pass comes when this one's money was asked for: who does not pay is not billed on (C9, G4).
    """
    oldest = _due(now).aggregate(oldest=Min("next_bill_at"))["oldest"]
    return None if oldest is None else min(now, oldest + BETWEEN_BOUNDARIES)


def due_ids(until: datetime, *, limit: int = BATCH_SIZE, skip: Collection[uuid.UUID] = ()) -> list[uuid.UUID]:
    """Active subscriptions whose next period begins at or before `until`, longest due first."""
    rows = _due(until).exclude(pk__in=skip) if skip else _due(until)
    return list(rows.order_by("next_bill_at", "id").values_list("pk", flat=True)[:limit])


def due_count(until: datetime) -> int:
    """How many there are of them."""
    return _due(until).count()


def due_batches(until: datetime) -> Iterator[list[uuid.UUID]]:
    """All of them as they stand, batch by batch, for one who only reads."""
    last: tuple[datetime, uuid.UUID] | None = None
    while True:
        rows = _due(until)
        if last:
            rows = rows.filter(Q(next_bill_at__gt=last[0]) | Q(next_bill_at=last[0], pk__gt=last[1]))
        found = list(rows.order_by("next_bill_at", "id").values_list("next_bill_at", "pk")[:BATCH_SIZE])
        if not found:
            return
        yield [pk for _, pk in found]
        at, pk = found[-1]
        assert at is not None, "what is due has its instant"
        last = (at, pk)


def waiting_ids(until: datetime) -> list[uuid.UUID]:
    """Those of them for which a change waits for its money: it ends with its period, after asking the gateway (C5)."""
    return list(_due(until).filter(_waits()).order_by("next_bill_at", "id").values_list("pk", flat=True))


def settle(subscription_id: uuid.UUID, *, now: datetime) -> None:
    """Bill every boundary that went by, so that a change never reaches back before it (rule C12).

    Raises `period_unsettled` for one that staff have to look at first.
    """
    while due := Subscription.objects.filter(
        pk=subscription_id, status="active", next_bill_at__lte=now
    ).first():
        if due.parked_reason:
            raise ZetelError("period_unsettled")
        renew(subscription_id, now=now)


def renew(subscription_id: uuid.UUID, *, now: datetime) -> Invoice | None:
    """Bill one period of a subscription if it is due, or end it there; None when nothing was billed.

    Raises `period_unsettled` when more periods were missed than are caught up with.
    """
    made = renew_one(subscription_id, now=now).invoice_ids
    return Invoice.objects.get(pk=made[0]) if made else None


def renew_one(subscription_id: uuid.UUID, *, now: datetime) -> Batch:
    """A batch of one, which waits for whoever holds its locks and raises why it cannot be billed."""
    with transaction.atomic():
        found = Subscription.objects.select_related("space").get(pk=subscription_id)
        lock_space(found.space)
        lock_customer(found.customer_id)
        Subscription.objects.select_for_update().get(pk=subscription_id)
        batch = _renew([subscription_id], now)
        for error in batch.refused.values():
            raise error
    return batch


def renew_batch(
    now: datetime, *, until: datetime, skip: Collection[uuid.UUID] = (), limit: int = BATCH_SIZE
) -> Batch:
    """Bill the next batch of those due at or before `until`, one period each.

    It waits for nobody: what somebody else has locked is left, and another worker's batch is passed over.
    """
    with transaction.atomic():
        held, left = _claim(until, skip, limit)
        batch = _renew(held, now) if held else Batch()
        batch.left = left
    return batch


def _due(until: datetime) -> QuerySet[Subscription]:
    return Subscription.objects.filter(status="active", parked_reason="", next_bill_at__lte=until)


def _waits() -> Exists:
    return Exists(Change.objects.filter(subscription=OuterRef("pk"), status__in=WAITING))


def _claim(
    until: datetime, skip: Collection[uuid.UUID], limit: int
) -> tuple[list[uuid.UUID], list[uuid.UUID]]:
    """Lock a batch without waiting for anybody: subscriptions, their organizations or workspaces, their customers."""
    rows = _due(until).filter(~_waits())
    if skip:
        rows = rows.exclude(pk__in=skip)
    locked = rows.select_for_update(of=("self",), skip_locked=True, no_key=True).order_by(
        "next_bill_at", "id"
    )
    found = list(locked.values_list("pk", "space_id", "space__organization_id", "customer_id")[:limit])
    roots = _locked(Space, {organization or space for _, space, organization, _ in found})
    customers = _locked(Customer, {customer for _, _, _, customer in found})
    held = [
        pk
        for pk, space, organization, customer in found
        if (organization or space) in roots and customer in customers
    ]
    return held, list({pk for pk, *_ in found}.difference(held))


def _locked(model: type[Space] | type[Customer], ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    rows = model._default_manager.filter(pk__any=ids).order_by("id")
    return set(rows.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))


def _renew(subscription_ids: Sequence[uuid.UUID], now: datetime) -> Batch:
    """Decide about a batch that is locked, and write what was decided."""
    decided = renewals_due.decide(subscription_ids, now)
    for due in decided.ending:
        subscriptions.end(
            due.subscription, due.customer, on=due.boundary.on, reason="cancelled", now=now, actor=None
        )
    batch = Batch(ended=len(decided.ending), refused=decided.refused)
    if decided.billed:
        _write(decided.billed, batch, now)
    return batch


def _write(billed: Sequence[tuple[Due, Renewal]], batch: Batch, now: datetime) -> None:
    """Everything new, by COPY; what bears a number last, since other batches wait for the series until the commit.

    What names an invoice may be written before it: the database looks for it at the commit.
    """
    ids = [new_id() for _ in billed]
    has_attempts = _write_around(billed, ids, now)
    _advance(billed, now)
    has_mails = _write_numbered(billed, ids, batch, now)
    for (due, made), invoice_id in zip(billed, ids, strict=True):
        _apart(due, made, invoice_id, now)
    if has_attempts:
        defer("collect_due")
    if has_mails:
        defer("outbox")


def _write_around(billed: Sequence[tuple[Due, Renewal]], ids: Sequence[uuid.UUID], now: datetime) -> bool:
    """Terms, lines, taxes, balance, and the money wanted; whether there is anything to collect."""
    rows: dict[type[Model], list[Row]] = defaultdict(list)
    for (due, made), invoice_id in zip(billed, ids, strict=True):
        customer, subscription_id = due.customer, due.subscription.id
        rows[InvoiceLine] += invoices.line_rows(made.document, invoice_id, subscription_id)
        rows[InvoiceTax] += invoices.tax_rows(made.document, invoice_id)
        if made.grown:
            rows[SubscriptionTerms].append(subscriptions.terms_row(subscription_id, made.grown, now=now))
        if made.balance_used:
            rows[BalanceEntry].append(
                subscriptions.balance_row(
                    customer, -made.balance_used, kind="used", invoice_id=invoice_id, now=now
                )
            )
        if made.due and due.method and not due.subscription.is_manual:
            payment = payments.payment_row(
                customer, amount=made.due, currency=customer.currency, invoice_id=invoice_id, now=now
            )
            rows[Payment].append(payment)
            rows[Attempt].append(
                payments.attempt_row(
                    payment["id"], 1, due.method, now=now, language=customer.language,
                    return_path=dunning.RETURN_PATH,
                )
            )  # fmt: skip
    for model, found in rows.items():
        copy(model, found)
    return bool(rows[Attempt])


def _write_numbered(
    billed: Sequence[tuple[Due, Renewal]], ids: Sequence[uuid.UUID], batch: Batch, now: datetime
) -> bool:
    """The invoices with their numbers, an event and the mails of each; whether there is anything to mail."""
    rows: dict[type[Model], list[Row]] = defaultdict(list)
    seller, numbers = invoices.seller_of_the_day(), invoices.draw("invoice", len(billed), now=now)
    for (due, made), invoice_id, number in zip(billed, ids, numbers, strict=True):
        term_days = due.subscription.payment_term_days
        invoice = invoices.invoice_row(
            made.document, number, now=now, customer=due.customer, subscription_id=due.subscription.id,
            space=due.space, seller=seller, renews_on=due.boundary.on, balance_used=made.balance_used,
            state="open" if made.due else "paid", invoice_id=invoice_id, term_days=term_days,
            purchase_order=due.subscription.purchase_order,
        )  # fmt: skip
        rows[Invoice].append(invoice)
        if term_days is not None and made.due:
            rows[ManualInvoice].append(invoices.manual_row(invoice, term_days))
        rows[Event].append(_event(due, made, invoice, now))
        rows[Mail] += invoices.mail_rows(invoice, due.customer, due.space, now, term_days=term_days)
        rows[Mail] += _resized(due, made, now)
        batch.billed.append(due.subscription.id)
        batch.invoice_ids.append(invoice_id)
        batch.amounts[invoice["currency"]] += invoice["total_amount"]
        batch.grown += made.grown is not None
    for model, found in rows.items():
        copy(model, found)
    return bool(rows[Mail])


def _resized(due: Due, made: Renewal, now: datetime) -> Iterator[Row]:
    """The billing owner hears of a size that grew with the people (C7)."""
    owner, subscription_id = due.customer.billing_owner, due.subscription.id
    if made.grown and owner:
        yield mail.mail_row(
            "seats_resized", once_key=f"seats_resized:{subscription_id}:{due.boundary.on}", now=now,
            space=due.space, to_person=owner, owner_of_id=subscription_id,
            params={"space": due.space.name, "seats": made.grown.seats},
        )  # fmt: skip


def _event(due: Due, made: Renewal, invoice: Row, now: datetime) -> Row:
    row = made.row
    return event_row(
        EventType.SUBSCRIPTION_RENEWED, now=now, space=due.space, customer=due.customer,
        subscription_id=due.subscription.id, invoice_id=invoice["id"],
        after={
            "invoice": invoice["number"], "amount": invoice["total_amount"], "currency": invoice["currency"],
            "period_start": due.boundary.on.isoformat(), "period_end": made.period_end.isoformat(),
            "space": due.space.name, "plan": row.plan, "cycle": str(row.cycle), "seats": row.seats,
        },
    )  # fmt: skip


_ADVANCE = """
UPDATE zetel_subscription AS s SET version = s.version + 1, next_bill_at = v.next_bill_at, time_zone = v.time_zone
FROM unnest(%s::uuid[], %s::integer[], %s::timestamptz[], %s::text[]) AS v(id, version, next_bill_at, time_zone)
WHERE s.id = v.id AND s.version = v.version AND s.status = 'active' AND s.next_bill_at <= %s
"""


def _advance(billed: Sequence[tuple[Due, Renewal]], now: datetime) -> None:
    """Each of them is due again when the period that was billed ends: one statement, exactly these rows."""
    following = [subscriptions.bill_next(due.customer, made.period_end) for due, made in billed]
    with connection.cursor() as cursor:
        cursor.execute(
            _ADVANCE,
            [
                "{" + ",".join([due.subscription.id.hex for due, _ in billed]) + "}",  # as in models/lookups
                [due.subscription.version for due, _ in billed],
                [fields["next_bill_at"] for fields in following], [fields["time_zone"] for fields in following], now,
            ],
        )  # fmt: skip
        assert cursor.rowcount == len(billed), "the locks on the subscriptions are held"


def _apart(due: Due, made: Renewal, invoice_id: uuid.UUID, now: datetime) -> None:
    """What few renewals bring: an overage that is over or new, and nothing to collect with (G4)."""
    if due.is_over or due.boundary.counted > made.row.seats:
        overages.recount(due.space, now=now)
    if made.due and due.method is None and not due.subscription.is_manual:
        dunning.lacks_method(Invoice.objects.get(pk=invoice_id), now=now)
