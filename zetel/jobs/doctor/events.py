"""X13: every change of money or rights has its event, written in its transaction.

What the tables can prove is that an event of the same instant speaks of the row. Rights that carry no instant of
their own (who holds billing, who is admin, who is staff) are held against the last event that speaks of them.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery

from zetel.jobs.doctor.finding import Finding, also, iso, rows_of
from zetel.models import (
    BalanceEntry,
    Change,
    Customer,
    Event,
    Invoice,
    Membership,
    Payment,
    PaymentMethod,
    Person,
    Refund,
    Subscription,
    SubscriptionTerms,
)
from zetel.models.row import Row
from zetel.rules.event_types import EventType

ENDS = (EventType.SUBSCRIPTION_ENDED, EventType.SUBSCRIPTION_REPLACED)


def check(now: datetime) -> Iterator[Finding]:
    """X13, noun by noun."""
    for what, rows, event in _with_an_instant():
        silent: QuerySet[Row] = rows.filter(~Exists(event)).order_by("id")
        for row in silent.iterator():
            subject = row.number if isinstance(row, Invoice) else row.public_id
            yield Finding("X13", what, subject, {"table": row._meta.db_table})
    yield from _events_twice()
    yield from _refunds()
    yield from _billing_owners()
    yield from _admins()
    yield from _staff()


def _with_an_instant() -> Iterator[tuple[str, "QuerySet[Row]", "QuerySet[Event]"]]:
    """Rows, and the event that each of them must have."""
    events = Event.objects.order_by()
    of_customer = events.filter(customer=OuterRef("customer"))
    of_money = of_customer.exclude(kind__startswith="method.")
    yield (
        "document_without_event",
        Invoice.objects.all(),
        events.filter(invoice=OuterRef("pk"), at=OuterRef("issued_at")),
    )
    yield (
        "start_without_event",
        Subscription.objects.all(),
        events.filter(subscription=OuterRef("pk"), at=OuterRef("created_at")),
    )
    yield (
        "end_without_event",
        Subscription.objects.filter(status="ended"),
        events.filter(subscription=OuterRef("pk"), kind__in=ENDS),
    )
    yield (
        "terms_without_event",
        SubscriptionTerms.objects.all(),
        events.filter(subscription=OuterRef("subscription"), at=OuterRef("created_at")),
    )
    yield (
        "payment_without_event",
        Payment.objects.exclude(paid_at=None),
        of_money.filter(at=OuterRef("paid_at")),
    )
    yield (
        "method_without_event",
        PaymentMethod.objects.filter(status__in=("active", "replaced")),
        of_customer.filter(at=OuterRef("created_at"), kind=EventType.METHOD_REPLACED),
    )
    yield (
        "balance_without_event",
        BalanceEntry.objects.all(),
        of_money.filter(at=OuterRef("created_at")),
    )
    yield (
        "member_without_event",
        Membership.objects.all(),
        events.filter(space=OuterRef("space"), at=OuterRef("joined_at")),
    )
    yield (
        "change_without_event",
        Change.objects.all(),
        events.filter(space=OuterRef("space"), at=OuterRef("created_at"), kind=EventType.CHANGE_STARTED),
    )


def _events_twice() -> Iterator[Finding]:
    """One change, one event: none of a kind twice about one document at one instant."""
    same = (
        Event.objects.exclude(invoice=None)
        .values("kind", "at", "invoice__number")
        .annotate(count=Count("pk"))
    )
    for row in same.filter(count__gt=1).order_by("invoice__number", "kind").iterator():
        facts = {"kind": row["kind"], "at": iso(row["at"]), "count": row["count"]}
        yield Finding("X13", "event_twice", row["invoice__number"], facts)


def _refunds() -> Iterator[Finding]:
    """A refund keeps no instant of its end, so there are as many events of an amount as refunds that are done."""
    done = Refund.objects.filter(status="done").values_list(
        "attempt__payment__customer", "amount", "currency"
    )
    wanted = Counter({row[:3]: row[3] for row in done.annotate(Count("pk")).iterator()})
    told = Event.objects.filter(kind=EventType.REFUND_DONE).values_list(
        "customer", "after__amount", "after__currency"
    )
    found = Counter({row[:3]: row[3] for row in told.annotate(Count("pk")).iterator()})
    for (customer_id, amount, currency), missing in sorted((wanted - found).items(), key=str):
        facts = {"amount": amount, "currency": currency, "missing": missing}
        yield Finding("X13", "refund_without_event", Customer(pk=customer_id).public_id, facts)


def _billing_owners() -> Iterator[Finding]:
    """Who holds billing was named by the last hand-over; before one, by the purchase (or bought, R1) or the trial."""
    handed = Event.objects.filter(customer=OuterRef("pk"), kind=EventType.BILLING_OWNER_CHANGED).order_by(
        "-id"
    )
    bought = Change.objects.filter(
        quote__customer=OuterRef("pk"), quote__subscription=None, status="done"
    ).order_by("-id")
    tried = Event.objects.filter(customer=OuterRef("pk"), kind=EventType.SUBSCRIPTION_TRIAL_STARTED)
    renamed = Event.objects.filter(actor=OuterRef("billing_owner"), kind=EventType.PERSON_PROFILE_CHANGED)
    rows = Customer.objects.exclude(billing_owner=None).select_related("billing_owner").annotate(
        handed_to=Subquery(handed.values("after__owner")[:1]), was_renamed=Exists(renamed),
        named=Subquery(bought.values("quote__wish__billing_owner")[:1]), buyer=Subquery(bought.values("person")[:1]),
        tried_by=Subquery(tried.order_by("-id").values("after__owner_id")[:1]),
    )  # fmt: skip
    for batch in rows_of(rows.order_by("id")):
        for row in batch:
            owner = row.billing_owner
            assert owner is not None, "the query left out customers without an owner"
            handed_to = also(row, "handed_to")
            if handed_to is not None:
                told = also(row, "was_renamed") or handed_to in (owner.label, owner.public_id)
            else:
                told = str(owner.pk) in (also(row, "named"), str(also(row, "buyer")))
                told = told or owner.public_id == also(row, "tried_by")
            if not told:
                facts = {"owner": owner.public_id, "handed_to": handed_to}
                yield Finding("X13", "owner_without_event", row.public_id, facts)


def _admins() -> Iterator[Finding]:
    """An admin made the space or was named; events name people by id, or by their name of that day."""
    made = Event.objects.filter(
        space=OuterRef("space"), kind=EventType.SPACE_CREATED, actor=OuterRef("person")
    )
    renamed = Event.objects.filter(actor=OuterRef("person"), kind=EventType.PERSON_PROFILE_CHANGED)
    rows = Membership.objects.active().filter(~Exists(made), ~Exists(renamed), is_admin=True)
    for batch in rows_of(rows.select_related("person", "space").order_by("id")):
        named = Event.objects.filter(kind=EventType.ADMIN_NAMED, space__in=[row.space_id for row in batch])
        told = set(named.values_list("space_id", "after__person"))
        for row in batch:
            if not told & {(row.space_id, row.person.label), (row.space_id, row.person.public_id)}:
                facts = {"person": row.person.public_id, "space": row.space.public_id}
                yield Finding("X13", "admin_without_event", row.public_id, facts)


def _staff() -> Iterator[Finding]:
    """Each staff role is the one that the last event about that person gave."""
    for people in rows_of(Person.objects.exclude(staff_role="").order_by("id")):
        names = [person.public_id for person in people]
        given = Event.objects.filter(kind=EventType.STAFF_ROLE_CHANGED, after__person__in=names).order_by(
            "id"
        )
        last = dict(given.values_list("after__person", "after__role"))
        for person in people:
            if last.get(person.public_id) != person.staff_role:
                yield Finding("X13", "staff_without_event", person.public_id, {"role": person.staff_role})
