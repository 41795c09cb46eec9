"""Trials while they run: beginning one, changing what begins after it, cancelling, resuming (P9, P10, R1, R2, R4).

No money moves here. Everything is decided under the lock of the organization or workspace, and what a trial does on its
last day is in `trials_end`.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from zetel.actions import overages, quotes, quotes_change, settled, standing, subscriptions, trials_mail
from zetel.actions._change import lock_customer, lock_space, record
from zetel.actions.quotes import Wish
from zetel.actions.settled import Settled
from zetel.actions.trials_first import First, first_of
from zetel.models import CatalogVersion, Customer, Person, PurchaseDraft, Space, Subscription
from zetel.models.spaces import WORKSPACE
from zetel.rules import subscriptions as changes
from zetel.rules import trials as rules
from zetel.rules.billing import Terms
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.periods import Cycle, first_instant, local_date

REASON_MAX = 500


@dataclass(frozen=True)
class Preview:
    """What a trial would be: its first day, and what begins with its end as it looks now.

    `inside` are the paid places that the plan would cover then, `lower_plans` those of them with a higher plan (P9).
    """

    started_on: date
    first: First
    inside: tuple[str, ...]
    lower_plans: tuple[str, ...]

    @property
    def ends_on(self) -> date:
        return self.first.terms.starts_on


def had(space: Space) -> bool:
    """Whether the space has, or had, its one trial."""
    return Subscription.objects.filter(space=space, trial_ends_on__isnull=False).exists()


def preview(space: Space, wish: Wish, *, customer: Customer | None, now: datetime) -> Preview:
    """Reckon a trial without beginning it. Raises the refusals of P4 to P9, and trial_used."""
    catalog, around = CatalogVersion.objects.current(), standing.around(space)
    today = standing.today_of(space, customer, now)
    own, above = (around.holdings(rows, catalog.ranks, today) for rows in (around.own, around.above))
    rules.check_start(own, above, today, tried=had(space))
    made = quotes.estimate(space, wish, customer=customer, now=now)
    end = rules.ends_on(today)
    terms = replace(made.priced.terms, starts_on=end, anchor_on=end)
    first = first_of(space, customer, (terms,), counted=0)  # a size that fits was asked for
    paid = tuple(row.space.name for row in around.inside if row.status != "trial")
    return Preview(today, first, paid, made.lower_plans)


def start(draft: PurchaseDraft, *, now: datetime, lower_agreed: bool = False) -> Subscription:
    """Begin the trial that a draft asks for. The same again, as by a double click, gives the one that runs.

    Without billing information the customer is no more than its owner's name: whoever adds a payment method is asked
    for the rest. Nobody becomes admin by it (R4). Raises what `preview` raises, not_member, customer_owner_differs,
    change_pending, period_unsettled; and tick_required where people would lose a higher plan when it converts (P9).
    """
    if draft.space is None or draft.seats is None or not draft.plan:
        raise ZetelError("value_required", field="draft")
    if draft.offer_id is not None:
        raise ZetelError("sales_only")  # what sales offered is bought, at the offer's price (P6)
    owner = draft.billing_owner or draft.person
    with transaction.atomic():
        space = lock_space(draft.space)
        payer = lock_customer(draft.customer_id) if draft.customer_id else None
        wish = Wish(draft.plan, Cycle(draft.cycle), draft.seats, payer.currency if payer else draft.currency)
        running = _same(space, owner, wish)
        if running:
            return running
        quotes.check_member(space, draft.person)
        settled.settle_around(space, now=now)
        made = preview(space, wish, customer=payer, now=now)
        if made.lower_plans and not lower_agreed:
            raise ZetelError("tick_required")
        quotes.check_nothing_waits(space)
        customer = payer or _unnamed(space, owner, draft.person, wish.currency, now)
        quotes.check_billing_owner(space, owner, customer)
        return _begin(draft, made, space, customer, owner, now)


def _same(space: Space, owner: Person, wish: Wish) -> Subscription | None:
    row = Subscription.objects.filter(space=space, status="trial", customer__billing_owner=owner).first()
    terms = rules.agreed(standing.terms_of([row.pk])[row.pk]) if row else None
    same = terms and (terms.plan, terms.cycle, terms.seats) == (wish.plan, wish.cycle, wish.seats)
    return row if same else None


def _unnamed(space: Space, owner: Person, person: Person, currency: str, now: datetime) -> Customer:
    """A customer that nobody filled in yet; its address is asked for before it can have a payment method."""
    company = space.organization.name if space.organization else space.name
    return Customer(
        name=owner.label, company="" if space.kind == WORKSPACE else company, country=space.country,
        time_zone=space.time_zone, language=owner.language, currency=currency, entered_by=person,
        created_at=now,
    )  # fmt: skip


def _begin(
    draft: PurchaseDraft, made: Preview, space: Space, customer: Customer, owner: Person, now: datetime
) -> Subscription:
    customer.billing_owner = owner
    if customer._state.adding:
        customer.save(force_insert=True)
    else:
        Customer.objects.filter(pk=customer.pk).update(billing_owner=owner)
    step_on = rules.next_step_on(made.ends_on, made.started_on)
    subscription = Subscription.objects.create(
        space=space, customer=customer, status="trial", started_on=made.started_on, on_exceed=draft.on_exceed,
        created_at=now, trial_ends_on=made.ends_on,
        trial_due_at=first_instant(step_on, standing.zone_of(space, customer)),
        **subscriptions.bill_next(customer, made.ends_on),
    )  # fmt: skip
    subscriptions.append_terms(subscription, made.first.terms, now=now)
    told = trials_mail.facts(space, subscription, made.first.terms) | {"renewal_amount": made.first.due}
    record(
        EventType.SUBSCRIPTION_TRIAL_STARTED, now=now, actor=draft.person, space=space, customer=customer,
        subscription=subscription, after=told | {"owner": owner.label, "owner_id": owner.public_id},
    )  # fmt: skip
    by = draft.person.label if owner.pk != draft.person_id else ""
    method = customer.methods.filter(status="active").first()
    trials_mail.tell(
        "trial_started", space, customer, subscription, now=now,
        told=told | {"buyer": by, "method": method.label if method else ""},
    )  # fmt: skip
    overages.recount(space, now=now)
    return subscription


def change(subscription: Subscription, wish: changes.Wish, *, actor: Person, now: datetime) -> Subscription:
    """Another plan, cycle or size, for the trial and for what begins after it; nothing is due.

    Raises forbidden, trial_over, resume_first, no_change, seats_in_use, seat_size_unknown, sales_only, not_offered.
    """
    with transaction.atomic():
        held = _hold(subscription, actor, now)
        if held.ends_on is not None:
            raise ZetelError("resume_first", ends_on=held.ends_on.isoformat())
        quotes_change.check_wish(held, wish)
        before = held.present
        terms = rules.changed(before, wish, held.price)
        subscriptions.append_terms(held.subscription, terms, now=now)
        told = trials_mail.facts(held.space, held.subscription, terms)
        _keep(held, EventType.SUBSCRIPTION_CHANGED, actor, now, before=before, after=told)
        overages.recount(held.space, now=now)
        return held.subscription


def cancel(subscription: Subscription, *, actor: Person, now: datetime, reason: str = "") -> Subscription:
    """Let the trial run to its end and nothing begin after it; `reason` as typed. Raises trial_over, no_change."""
    reason = reason.strip()
    if len(reason) > REASON_MAX:
        raise ZetelError("value_too_long", field="reason", longest=REASON_MAX)
    with transaction.atomic():
        held = _hold(subscription, actor, now)
        if held.ends_on is not None:
            raise ZetelError("no_change")
        end = held.subscription.trial_ends_on
        told = trials_mail.facts(held.space, held.subscription, held.present) | {"ends_on": str(end)}
        _keep(
            held, EventType.SUBSCRIPTION_CANCELLED, actor, now, before=held.present, after=told, words=reason,
            ends_on=end,
        )  # fmt: skip
        trials_mail.tell(
            "trial_cancelled", held.space, held.customer, held.subscription, now=now, told=told,
            key=str(held.subscription.version),
        )  # fmt: skip
        return held.subscription


def resume(subscription: Subscription, *, actor: Person, now: datetime) -> Subscription:
    """Take the cancellation back, until the trial ends (C11). Raises trial_over, no_change."""
    with transaction.atomic():
        held = _hold(subscription, actor, now)
        if held.ends_on is None:
            raise ZetelError("no_change")
        told = trials_mail.facts(held.space, held.subscription, held.present)
        _keep(held, EventType.SUBSCRIPTION_RESUMED, actor, now, before=held.present, after=told, ends_on=None)
        return held.subscription


def replace_by_purchase(subscription: Subscription, *, buyer: Person, on: date, now: datetime) -> None:
    """The space's own plan was bought: the trial ends that day, and its owner hears who bought. Locks are held."""
    customer, space = subscription.customer, subscription.space
    subscriptions.end(subscription, customer, on=on, reason="trial_bought", now=now, actor=buyer)
    if customer.billing_owner_id != buyer.pk:
        trials_mail.ended(
            space, customer, subscription, on=on, reason="trial_bought", now=now, by=buyer.label
        )


def _hold(subscription: Subscription, actor: Person, now: datetime) -> Settled:
    """Locked and with the right checked; `trial_over` once the end has come, also before that was done."""
    held = settled.hold(subscription.pk, person=actor, now=now)
    row = held.subscription
    if row.status != "trial" or row.trial_ends_on is None:
        raise ZetelError("trial_over")
    if local_date(now, ZoneInfo(row.time_zone)) >= row.trial_ends_on:
        raise ZetelError("trial_over")
    return held


def _keep(
    held: Settled,
    kind: EventType,
    actor: Person,
    now: datetime,
    *,
    before: Terms,
    after: dict[str, object],
    words: str = "",
    **fields: object,
) -> None:
    """One write, one event. `reason` in the event tells the timeline that it is about a trial."""
    row = held.subscription
    fields["version"] = row.version + 1
    Subscription.objects.filter(pk=row.pk).update(**fields)
    for name, value in fields.items():
        setattr(row, name, value)
    record(
        kind, now=now, actor=actor, space=held.space, customer=held.customer, subscription=row, reason=words,
        before={"plan": before.plan, "cycle": str(before.cycle), "seats": before.seats},
        after=after | {"reason": "trial"},
    )  # fmt: skip
