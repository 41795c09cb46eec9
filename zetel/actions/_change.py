"""What every action needs: change a status, record the event, defer the job, take the locks in order.

`transition` is the only function that changes a status: a compare-and-set against the tables of
`rules.transitions`. Locks are taken organization or workspace first, then customer, subscription, series.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from zetel.actions import _behalf, _key
from zetel.models import Customer, Event, Invoice, Person, Space, Subscription
from zetel.models.ids import new_id
from zetel.rules import transitions
from zetel.rules.event_types import EventType

# A worker gives procrastinate's own app a connection beside Django's, where a job would be seen before the change
# that it is about has been committed. This one always defers on Django's connection, thus in its transaction.
_through_django = App(connector=DjangoConnector())


Row = dict[str, Any]  # the columns of one new row, by name


def transition(
    row: models.Model, table: transitions.Table, new: str, *, field: str = "status", **fields: Any
) -> bool:
    """Move a row to `new` if the table allows it from where the database says it is; say whether it moved.

    False means that somebody else was first, or that the move is not legal from there: nothing was written.
    """
    moved = (
        type(row)
        ._default_manager.filter(pk=row.pk, **{f"{field}__in": transitions.before(table, new)})
        .update(**{field: new}, **fields)
    )
    if moved:
        for name, value in {field: new, **fields}.items():
            setattr(row, name, value)
    return bool(moved)


def record(
    kind: EventType,
    *,
    now: datetime,
    actor: Person | None,
    on_behalf_of: Person | None = None,
    reason: str = "",
    space: Space | None = None,
    customer: Customer | None = None,
    subscription: Subscription | None = None,
    invoice: Invoice | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> Event:
    """Write the one event of an action, in the action's transaction (rule X13).

    Of what staff do for a customer it names them, on behalf of the owner, with the reason (R9).
    """
    assert transaction.get_connection().in_atomic_block, "an event belongs to the transaction of its change"
    if behalf := _behalf.of(actor, now):
        told = {"staff": behalf.acting.role} | ({"words": reason} if reason else {})
        actor, on_behalf_of, reason = behalf.staff, behalf.owner, behalf.acting.reason
        after = dict(after or {}) | told
    return Event.objects.create(
        **event_row(
            kind, now=now, actor=actor, on_behalf_of=on_behalf_of, reason=reason, space=space, customer=customer,
            subscription_id=subscription.pk if subscription else None, invoice_id=invoice.pk if invoice else None,
            before=before, after=after,
        )
    )  # fmt: skip


def event_row(
    kind: EventType,
    *,
    now: datetime,
    actor: Person | None = None,
    on_behalf_of: Person | None = None,
    reason: str = "",
    space: Space | None = None,
    customer: Customer | None = None,
    subscription_id: uuid.UUID | None = None,
    invoice_id: uuid.UUID | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> Row:
    """The columns of one event, to be written alone or with a batch."""
    return {
        "id": new_id(), "kind": kind, "at": now, "actor_id": actor.id if actor else None,
        "on_behalf_of_id": on_behalf_of.id if on_behalf_of else None, "reason": reason,
        "api_key_id": _key.current(),
        "space_id": space.id if space else None, "customer_id": customer.id if customer else None,
        "subscription_id": subscription_id, "invoice_id": invoice_id, "before": dict(before or {}),
        "after": dict(after or {}),
    }  # fmt: skip


def defer(task: str, **arguments: str) -> None:
    """Defer a job by name in this transaction: it exists if and only if the change commits."""
    name = f"zetel.{task}"
    known = app.tasks.get(name)
    _through_django.configure_task(name, queueing_lock=known.queueing_lock if known else None).defer(
        **arguments
    )


def lock_space(space: Space) -> Space:
    """Lock the organization or workspace that a space belongs to, then read the space again."""
    Space.objects.select_for_update().get(pk=space.root_id)
    return Space.objects.select_related("organization", "division").get(pk=space.pk)


def lock_customer(customer_id: uuid.UUID) -> Customer:
    """Lock and read a customer; after the space, before its subscriptions."""
    return (
        Customer.objects.select_for_update(of=("self",)).select_related("billing_owner").get(pk=customer_id)
    )


def hold_invoice(invoice: Invoice) -> tuple[Invoice, Customer]:
    """Lock in the order of the house what an invoice belongs to and itself, and read it again."""
    if invoice.space:
        lock_space(invoice.space)
    customer = lock_customer(invoice.customer_id)
    rows = Invoice.objects.select_for_update(of=("self",)).select_related("space", "subscription", "customer")
    return rows.get(pk=invoice.pk), customer
