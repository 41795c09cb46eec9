"""Who may change what, what a quote binds, and where the money goes when it cannot be (C5, C6, G7, I6, R3, X13)."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from tests.actions.changing import MAY_30, again, lines, move, state
from tests.conftest import HandClock
from tests.directory_world import CATALOG, World
from tests.doctor import Visit
from tests.world import DUTCH, change, change_quote, confirm, customer_of, save_method, subscribe
from zetel.actions import cancellations, changes, directory_people, hand_over, quotes_change
from zetel.actions.catalog import apply_catalog
from zetel.jobs import billing_run, collect
from zetel.models import (
    Attempt,
    BalanceEntry,
    Change,
    Event,
    Invoice,
    Mail,
    Payment,
    Person,
    Quote,
    Refund,
    Space,
    SubscriptionTerms,
)
from zetel.rules.errors import ZetelError
from zetel.rules.quotes import change_from_json, to_json
from zetel.rules.subscriptions import Field, Wish
from zetel.sandbox import company

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"seats": 15}, "no_change"), ({"plan": "premium"}, "no_change"), ({"seats": 7}, "seat_size_unknown"),
        ({"seats": 600}, "sales_only"), ({"seats": 2}, "seats_in_use"), ({"plan": "gold"}, "plan_unknown"),
        ({"plan": "basic"}, "not_offered"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_changes_nothing(
    world: World, studio: Space, anna: Person, clock: HandClock, wish: dict[str, object], code: str
) -> None:
    world.join(studio, world.person("Bram"), world.person("Chris"))
    subscription = subscribe(studio, anna, clock.now)
    before = state()
    with pytest.raises(ZetelError) as refused:
        change_quote(subscription, clock.now, **wish)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert state() == before
    assert not Quote.objects.filter(subscription=subscription).exists()


@pytest.mark.story("R3")
def test_only_the_billing_owner_may(world: World, studio: Space, anna: Person, clock: HandClock) -> None:
    bram = world.person("Bram")
    world.join(studio, bram)
    subscription = subscribe(studio, anna, clock.now)
    quote = change_quote(subscription, clock.now, seats=20)
    before = state()
    acts = (
        lambda: change_quote(subscription, clock.now, seats=20, person=bram),
        lambda: quotes_change.estimate_change(subscription, Wish(seats=20), person=bram, now=clock.now),
        lambda: cancellations.cancel(subscription, actor=bram, now=clock.now),
        lambda: cancellations.resume(subscription, actor=bram, now=clock.now),
        lambda: cancellations.withdraw(subscription, [Field.SEATS], actor=bram, now=clock.now),
    )
    for act in acts:
        with pytest.raises(ZetelError, match="forbidden"):
            act()
    assert state() == before
    hand_over.give(subscription, to=bram, actor=anna, now=clock.now)
    with pytest.raises(ZetelError, match="forbidden"):
        confirm(quote, clock.now)


def test_past_due_allows_no_change(studio: Space, anna: Person, clock: HandClock) -> None:
    subscription = subscribe(studio, anna, clock.now)
    company.plan("declined_soft")
    clock.set(datetime(2026, 6, 12, 6, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    subscription.refresh_from_db()
    assert subscription.status == "past_due"
    with pytest.raises(ZetelError, match="past_due"):
        change_quote(subscription, clock.now, seats=20)


@pytest.mark.story("C5")
def test_a_declined_payment_changes_nothing_and_uses_no_number(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now)
    clock.set(MAY_30)
    terms, ends = SubscriptionTerms.objects.count(), again(subscription).version
    company.plan("declined_soft")
    made = change(subscription, clock.now, plan="business")
    assert (made.status, lines(subscription), SubscriptionTerms.objects.count()) == ("declined", [], terms)
    assert again(subscription).version == ends
    assert change(subscription, clock.now, plan="business").status == "done"
    assert Invoice.objects.latest("id").number == "INV-2026-00002"


@pytest.mark.story("C5")
def test_one_change_waits_at_a_time_and_takes_effect_with_the_banks_approval(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now)
    clock.set(MAY_30)
    other = change_quote(subscription, clock.now, seats=50)
    company.plan("approval")
    waiting = change(subscription, clock.now, seats=20)
    assert (waiting.status, lines(subscription)) == ("action", [])
    for act in (lambda: confirm(other, clock.now), lambda: change_quote(subscription, clock.now, seats=30)):
        with pytest.raises(ZetelError, match="change_pending"):
            act()
    attempt = Attempt.objects.get(payment__change=waiting)
    assert Client().post(attempt.action_url, {"act": "approve"}).status_code == 303
    collect.ask(attempt.pk, now=clock.now)
    assert lines(subscription) == [("charge", "premium", 5, 1349, "2026-05-30", "2026-06-12", 2829)]
    with pytest.raises(ZetelError, match="quote_stale"):
        confirm(other, clock.now)


@pytest.mark.story("C5")
def test_a_change_that_waits_ends_with_its_period_after_the_company_was_asked(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=5)
    clock.set(datetime(2026, 6, 11, 20, tzinfo=UTC))
    company.plan("approval")
    waiting = change(subscription, clock.now, seats=10)
    assert waiting.expires_at == datetime(2026, 6, 11, 22, tzinfo=UTC)
    clock.set(datetime(2026, 6, 11, 22, tzinfo=UTC))
    billing_run.run_due(clock.now)
    waiting.refresh_from_db()
    assert waiting.status in ("declined", "expired")
    assert lines(subscription) == [("charge", "premium", 5, 1349, "2026-06-12", "2026-07-12", 6745)]


def test_nothing_is_charged_for_a_change_whose_time_went_by_before_anybody_came(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=5)
    clock.set(datetime(2026, 6, 11, 20, tzinfo=UTC))
    quote = change_quote(subscription, clock.now, seats=10)
    waiting = changes.confirm(quote_id=quote.pk, person=anna, now=clock.now, return_path="/", language="nl")
    clock.set(datetime(2026, 6, 11, 22, tzinfo=UTC))
    billing_run.run_due(clock.now)
    waiting.refresh_from_db()
    attempt = Attempt.objects.get(payment__change=waiting)
    assert (waiting.status, attempt.status, attempt.payment.status) == ("expired", "cancelled", "cancelled")
    assert lines(subscription) == [("charge", "premium", 5, 1349, "2026-06-12", "2026-07-12", 6745)]


@pytest.mark.story("C5")
def test_money_for_a_subscription_that_changed_meanwhile_goes_back_at_once(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now)
    company.plan("approval")
    waiting = change(subscription, clock.now, seats=20)
    cancellations.cancel(subscription, actor=anna, now=clock.now)
    attempt = Attempt.objects.get(payment__change=waiting)
    Client().post(attempt.action_url, {"act": "approve"})
    collect.ask(attempt.pk, now=clock.now)
    collect.refund_due(clock.now)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.reason, Refund.objects.get().status) == (
        "refunded",
        "quote_stale",
        "done",
    )
    assert (lines(subscription), again(subscription).ends_on) == ([], date(2026, 6, 12))


@pytest.mark.story("C6")
def test_a_quote_is_confirmed_once_within_30_minutes(studio: Space, anna: Person, clock: HandClock) -> None:
    subscription = subscribe(studio, anna, clock.now)
    quote = change_quote(subscription, clock.now, seats=20)
    clock.move(minutes=30)
    with pytest.raises(ZetelError, match="quote_expired"):
        confirm(quote, clock.now)
    quote = change_quote(subscription, clock.now, seats=20)
    assert confirm(quote, clock.now) == confirm(quote, clock.now)
    assert len(lines(subscription)) == 1


@pytest.mark.story("C6")
def test_a_quote_never_outlives_its_period(studio: Space, anna: Person, clock: HandClock) -> None:
    subscription = subscribe(studio, anna, clock.now)
    clock.set(datetime(2026, 6, 11, 21, 50, tzinfo=UTC))
    quote = change_quote(subscription, clock.now, seats=20)
    assert quote.expires_at == datetime(2026, 6, 11, 22, tzinfo=UTC)


@pytest.mark.story("C6")
def test_what_the_quote_was_made_from_makes_it_stale(
    world: World, studio: Space, anna: Person, clock: HandClock, stays_healthy: Visit
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=2)
    customer = again(subscription).customer
    people = [world.person(name) for name in ("Bram", "Chris", "Els")]
    stays_healthy.expect("X1", "booking_off")  # the balance below comes from nowhere

    def entry() -> None:
        BalanceEntry.objects.create(
            customer=customer, currency="EUR", amount=500, kind="x", created_at=clock.now
        )

    def joins() -> None:
        world.join(studio, *people)

    meanwhile = (entry, joins, lambda: move(subscription, anna, "Asia/Tokyo", clock.now),
                 lambda: cancellations.cancel(subscription, actor=anna, now=clock.now))  # fmt: skip
    for happens in meanwhile:
        quote = change_quote(subscription, clock.now, plan="business")
        happens()
        with pytest.raises(ZetelError, match="quote_stale"):
            confirm(quote, clock.now)
    assert lines(subscription) == []
    for person in people:
        directory_people.leave(space=studio, person=person, now=clock.now)


def test_balance_pays_first_and_the_quote_is_the_invoice(
    studio: Space, anna: Person, clock: HandClock, stays_healthy: Visit
) -> None:
    stays_healthy.expect("X1", "booking_off")  # the balance below comes from nowhere
    customer = customer_of(anna, clock.now, **DUTCH)
    subscription = subscribe(studio, anna, clock.now, customer=customer)
    BalanceEntry.objects.create(
        customer=customer, currency="EUR", amount=5000, kind="credit_note", created_at=clock.now
    )
    clock.set(MAY_30)
    made = change(subscription, clock.now, plan="business")
    invoice = Invoice.objects.get(quote=made.quote)
    assert (invoice.total_amount, invoice.balance_used_amount, made.quote.due_amount) == (12939, 5000, 7939)
    assert Payment.objects.get(change=made).amount == 7939
    assert sum(BalanceEntry.objects.values_list("amount", flat=True)) == 0


def test_more_taken_back_than_charged_is_a_credit_note_and_becomes_balance(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    """The higher plan became so cheap meanwhile that the rest of the lower one pays for more than it (P2)."""
    subscription = subscribe(studio, anna, clock.now)
    clock.set(MAY_30)
    price = '\n[[prices]]\nplan = "business"\ncycle = "month"\ncurrency = "EUR"\namount = "1.00"\n'
    apply_catalog(CATALOG.read_text() + price + "valid_from = 2026-05-20\n", now=clock.now)
    made = change(subscription, clock.now, plan="business")
    note = Invoice.objects.get(quote=made.quote)
    assert (made.status, note.kind, note.number, note.state) == (
        "done",
        "credit_note",
        "CN-2026-00001",
        "paid",
    )
    assert [line[-1] for line in lines(subscription)] == [-8486, 629]
    assert (note.total_amount, note.credits) == (-7857, Invoice.objects.earliest("id"))
    assert [entry.amount for entry in BalanceEntry.objects.all()] == [7857]
    assert not Payment.objects.filter(change=made).exists()
    clock.set(datetime(2026, 6, 12, 6, tzinfo=UTC))
    billing_run.run_due(clock.now)
    assert lines(subscription, after=3) == [("charge", "business", 15, 100, "2026-06-12", "2026-07-12", 1500)]


def test_each_kind_of_change_writes_one_event_and_one_mail(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now)
    event, letter = Event.objects.latest("id").pk, Mail.objects.latest("id").pk
    change(subscription, clock.now, seats=20)
    change(subscription, clock.now, seats=5)
    change(subscription, clock.now, seats=20)
    cancellations.cancel(subscription, actor=anna, now=clock.now)
    cancellations.resume(subscription, actor=anna, now=clock.now)
    kinds = (
        Event.objects.filter(pk__gt=event)
        .exclude(kind="change.started")
        .order_by("id")
        .values_list("kind", flat=True)
    )
    assert list(kinds) == [
        "subscription.changed", "subscription.change_scheduled", "subscription.change_withdrawn",
        "subscription.cancelled", "subscription.resumed",
    ]  # fmt: skip
    changed = Event.objects.get(kind="subscription.changed")
    assert (changed.actor, changed.before["seats"], changed.after["seats"]) == (anna, 15, 20)
    letters = (
        Mail.objects.filter(pk__gt=letter)
        .exclude(kind="invoice")
        .order_by("id")
        .values_list("kind", "params__what")
    )
    assert list(letters) == [
        ("plan_changed", "changed"), ("plan_changed", "change_scheduled"), ("plan_changed", "change_withdrawn"),
        ("cancelled", "cancelled"), ("plan_changed", "resumed"),
    ]  # fmt: skip


def test_a_quote_comes_back_from_json_as_it_was(studio: Space, anna: Person, clock: HandClock) -> None:
    subscription = subscribe(studio, anna, clock.now, plan="business", seats=10)
    change(subscription, clock.now, seats=5)
    for wish in (Wish(plan="enterprise", seats=5), Wish(cycle=None, seats=20), Wish(plan="premium")):
        made = quotes_change.estimate_change(subscription, wish, person=anna, now=clock.now).priced
        assert change_from_json(to_json(made)) == made
    shown = quotes_change.estimate_cancel(subscription, person=anna, now=clock.now).priced
    assert change_from_json(to_json(shown)) == shown


def test_a_saved_method_is_asked_for_before_an_increase(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now)
    customer = again(subscription).customer
    customer.methods.update(status="removed")
    quote = change_quote(subscription, clock.now, seats=20)
    with pytest.raises(ZetelError, match="method_required"):
        confirm(quote, clock.now)
    assert not Change.objects.filter(quote=quote).exists()
    save_method(customer, anna, clock.now)
    assert confirm(quote, clock.now).status == "done"
    assert (
        changes.confirm(quote_id=quote.pk, person=anna, now=clock.now, return_path="/", language="nl").status
        == "done"
    )
