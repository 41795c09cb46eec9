"""Handing billing over: by its owner, by support, and by itself when the owner is gone (rules R5, R6, P12).

Whatever the cause, billing goes to one active member of the space who is no guest, at once, and all involved are told.
Of a customer with several live subscriptions the one handed over goes to a copy without balance and payment method.
"""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from zetel.actions import _behalf, mail, quotes, settled, standing, subscriptions, vat_numbers
from zetel.actions._change import lock_customer, lock_space, record
from zetel.actions.reasons import written
from zetel.models import Customer, Event, Membership, Person, Space, Subscription
from zetel.models.spaces import MEMBER, MembershipQuerySet
from zetel.models.subscriptions import LIVE
from zetel.rules import subscriptions as rules
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType


def give(subscription: Subscription, *, to: Person, actor: Person, now: datetime) -> Customer:
    """The billing owner gives billing to another active member of the space (rule R5).

    Raises forbidden, no_change, not_member; past_due while one of several plans has an unpaid renewal (G4).
    """
    with transaction.atomic():
        space, customer, row = _locked(subscription)
        old = customer.billing_owner
        if old is None or old.pk != actor.pk:
            raise ZetelError("forbidden")
        return _hand(space, customer, row, to=to, actor=actor, now=now)


def give_for(
    subscription: Subscription, *, to: Person, staff: Person, reason: str, now: datetime
) -> Customer:
    """Support gives billing to a member, with a written reason that the customer can read (rules R6, R9).

    Whether the person may do this for the house is asked by the doors. Raises reason_required, no_change, not_member.
    """
    words = written(reason)
    with transaction.atomic():
        space, customer, row = _locked(subscription)
        return _hand(space, customer, row, to=to, actor=staff, reason=words, now=now, role=staff.staff_role)


def was_given(space: Space, *, to: Person, actor: Person) -> bool:
    """Whether this person gave billing of the space to that one last: what a second click on the button finds."""
    live = Subscription.objects.live().filter(space=space, customer__billing_owner=to).first()
    last = Event.objects.filter(subscription=live, kind=EventType.BILLING_OWNER_CHANGED).order_by("-id")
    told = last.values_list("actor_id", flat=True).first() if live else None
    return told == actor.pk


def pass_on(person: Person, where: Q, *, now: datetime) -> None:
    """What somebody owned in these places, and is no member of any more, goes on without them (rule R6).

    To the longest-standing admin there, else member. With nobody left it is not renewed, and staff are told. The lock
    on the organization or workspace is held, and the stay has ended.
    """
    owned = Subscription.objects.live().filter(where, customer__billing_owner=person)
    for row in owned.select_related("space").order_by("id"):
        members = _members(row.space)
        if members.filter(person=person).exists():
            continue
        space, customer, locked = _locked(row)
        heir = members.select_related("person").order_by("-is_admin", "joined_at", "id").first()
        if heir is None:
            _nobody_left(space, customer, locked, person, now)
        else:
            _hand(space, customer, locked, to=heir.person, actor=None, now=now)


def _members(space: Space) -> MembershipQuerySet:
    rows = Membership.objects.active().of_space(space)
    return rows.filter(standing=MEMBER, person__is_active=True, person__is_machine=False)


def _locked(subscription: Subscription) -> tuple[Space, Customer, Subscription]:
    space = lock_space(subscription.space)
    customer = lock_customer(
        Subscription.objects.values_list("customer_id", flat=True).get(pk=subscription.pk)
    )
    row = Subscription.objects.select_for_update().get(pk=subscription.pk)
    row.space, row.customer = space, customer
    return space, customer, row


def _hand(
    space: Space,
    customer: Customer,
    subscription: Subscription,
    *,
    to: Person,
    actor: Person | None,
    now: datetime,
    reason: str = "",
    role: str = "",
) -> Customer:
    """The hand-over itself. With nobody acting its owner is gone; staff write down a reason."""
    old = customer.billing_owner
    if (old is not None and to.pk == old.pk) or subscription.status not in LIVE:
        raise ZetelError("no_change")
    quotes.check_member(space, to)
    others = Subscription.objects.live().filter(customer=customer).exclude(pk=subscription.pk)
    if others.exists():
        if actor is not None and subscription.status == "past_due":
            raise ZetelError("past_due")  # what is open stays with who was billed: pay it first
        customer = _copy(customer, now)
    customer.billing_owner = to
    customer.version += 1
    Customer.objects.filter(pk=customer.pk).update(billing_owner=to, version=customer.version)
    subscription.version += 1
    Subscription.objects.filter(pk=subscription.pk).update(customer=customer, version=subscription.version)
    record(
        EventType.BILLING_OWNER_CHANGED, now=now, actor=actor, space=space, customer=customer,
        subscription=subscription, reason=reason, before={"owner": old.label} if old else {},
        after={"owner": to.label} | ({"reason": "left"} if actor is None else {}) | ({"staff": role} if role else {}),
    )  # fmt: skip
    by_staff = bool(reason) or _behalf.is_acting()
    how = "left" if actor is None else "support" if by_staff else ""
    _tell_both(space, subscription, customer, old, to, how, now)
    if subscriptions.gives_admin(subscription, space):
        key = f"{subscription.pk}:{subscription.version}"
        facts = {"owner": to.label, "space": space.name}
        subscriptions.make_admin(space, to, key=key, now=now, actor=actor, facts=facts)
    return customer


def _copy(customer: Customer, now: datetime) -> Customer:
    """The same billing information for one subscription alone, without balance and payment method (P12)."""
    copy = Customer.objects.get(pk=customer.pk)
    copy.pk = Customer._meta.pk.get_default()
    copy._state.adding = True
    copy.created_at, copy.version = now, 1
    copy.save(force_insert=True)
    vat_numbers.carry_over(customer, copy)
    return copy


def _tell_both(
    space: Space, subscription: Subscription, customer: Customer, old: Person | None, new: Person, how: str,
    now: datetime,
) -> None:  # fmt: skip
    """`how` says who brought it about: nobody, support, or the old owner."""
    facts: Mapping[str, object] = {
        "space": space.name, "old": old.label if old else "", "new": new.label, "how": how,
        "has_method": customer.methods.filter(status="active").exists(),
    }  # fmt: skip
    for kind, person in (("billing_owner_old", old), ("billing_owner_new", new)):
        if person is not None:
            key = f"{kind}:{subscription.pk}:{subscription.version}"
            mail.queue(kind, once_key=key, now=now, to_person=person, space=space, params=facts)


def _nobody_left(
    space: Space, customer: Customer, subscription: Subscription, old: Person, now: datetime
) -> None:
    """Nobody is left who could own it: it runs to its end and is not renewed; whom it belonged to keeps the invoices.

    What was paid stays paid, so nothing is settled first: no boundary that went by is billed any more (R6).
    """
    others = Subscription.objects.live().filter(customer=customer).exclude(pk=subscription.pk)
    if others.exists():
        customer = _copy(customer, now)
    # With nobody who entered it either, no half-filled purchase can take it for its own.
    Customer.objects.filter(pk=customer.pk).update(
        billing_owner=None, entered_by=None, version=customer.version + 1
    )
    ends_on = subscription.ends_on
    if subscription.status == "trial":
        ends_on = subscription.trial_ends_on
    elif ends_on is None:
        terms = standing.terms_of([subscription.pk])[subscription.pk]
        billed = standing.billed_of([subscription.pk]).get(subscription.pk, ())
        plan = rules.cancel(terms, on=settled.day_of(subscription, terms, billed, now), ends_on=None)
        for row in plan.append:
            subscriptions.append_terms(subscription, row, now=now)
        ends_on = plan.ends_on
    Subscription.objects.filter(pk=subscription.pk).update(
        customer=customer, ends_on=ends_on, last_owner=old, version=subscription.version + 1
    )
    facts = {"space": space.name, "ends_on": ends_on.isoformat() if ends_on else "", "old": old.label}
    record(
        EventType.BILLING_OWNER_GONE, now=now, actor=None, space=space, customer=customer, subscription=subscription,
        before={"owner": old.label}, after=facts,
    )  # fmt: skip
    key = f"{subscription.pk}:{subscription.version}"
    mail.queue(
        "billing_owner_gone",
        once_key=f"billing_owner_gone:{key}",
        now=now,
        to_person=old,
        space=space,
        params=facts,
    )
    mail.queue(
        "staff_alert", once_key=f"staff_alert:owner_gone:{key}", now=now, language="en", space=space,
        to_email=settings.CONFIG.seller.support_email,
        params=facts | {"what": "owner_gone", "reference": subscription.public_id},
    )  # fmt: skip
