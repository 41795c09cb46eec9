"""The doctor on subscriptions and the people who hold them (X4, X5, X8, X11, X12, X17)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.jobs.doctor_world import Story
from tests.world import buy, customer_of
from zetel.actions._change import record
from zetel.models import Customer, Event, Invoice, InvoiceLine, Membership, Subscription, SubscriptionTerms
from zetel.models.ids import new_id
from zetel.rules.event_types import EventType

pytestmark = pytest.mark.django_db


def change(story: Story, **fields: object) -> str:
    """Write into the subscription below the product; its public id."""
    subscription = story.subscription
    Subscription.objects.filter(pk=subscription.pk).update(**fields)
    return subscription.public_id


def test_a_live_subscription_that_no_run_would_come_to_is_named(story: Story) -> None:
    assert story.found("X4") == []
    change(story, next_bill_at=None)
    assert story.found("X4") == [("boundary_lost", story.subscription.public_id)]


def test_a_boundary_that_was_skipped_is_named(story: Story) -> None:
    name = change(story, next_bill_at=datetime(2026, 8, 11, 22, 0, tzinfo=UTC))
    assert story.found("X4") == [("boundary_wrong", name)]
    assert story.facts("X4")["covered_to"] == "2026-07-12"


def test_an_end_that_was_missed_is_named(story: Story) -> None:
    name = change(story, next_bill_at=None, ends_on=date(2026, 7, 12))
    assert story.found("X4") == []
    story.clock.set(datetime(2026, 7, 14, 6, 0, tzinfo=UTC))
    assert story.found("X4") == [("end_missed", name)]


def test_what_is_billed_renewed_or_charged_after_an_end_is_named(story: Story) -> None:
    name = change(story, status="ended", ended_on=date(2026, 6, 12))
    at = story.clock.now - timedelta(hours=2)
    Event.objects.create(kind=EventType.SUBSCRIPTION_ENDED, at=at, subscription=story.subscription)
    assert story.found("X4") == [
        ("bills_after_end", name),
        ("renewed_after_end", "INV-2026-00002"),
        ("charged_after_end", story.attempt.reference),
    ]


def test_an_end_without_its_day_is_named(story: Story) -> None:
    name = change(story, status="ended", next_bill_at=None)
    assert story.found("X4") == [("end_without_day", name)]


@pytest.mark.parametrize(
    ("changed", "what", "facts"),
    [
        ({"seats": 10}, "gap", ("2026-06-12", "2026-07-12", 15, 10)),
        ({"seats": 20}, "overlap", ("2026-06-12", "2026-07-12", 15, 20)),
        ({"start": date(2026, 6, 20)}, "gap", ("2026-06-12", "2026-06-20", 15, 0)),
        ({"start": date(2026, 6, 10)}, "overlap", ("2026-06-10", "2026-06-12", 15, 30)),
        ({"unit_amount": 1348}, "billed_otherwise", ("2026-06-12", "2026-07-12", 15, 15)),
    ],
)
def test_billed_time_that_is_not_what_the_terms_ask_is_named_with_its_days(
    story: Story, changed: dict[str, object], what: str, facts: tuple[object, ...]
) -> None:
    InvoiceLine.objects.filter(invoice=story.renewal).update(**changed)
    assert story.found("X5") == [(what, story.subscription.public_id)]
    assert tuple(story.facts("X5").values()) == facts


def test_seats_billed_beyond_the_end_are_named(story: Story) -> None:
    name = change(story, status="ended", ended_on=date(2026, 6, 20), next_bill_at=None)
    assert story.found("X5") == [("billed_beyond_end", name)]


def test_a_subscription_that_was_never_billed_and_one_without_terms_are_named(story: Story) -> None:
    name = story.subscription.public_id
    InvoiceLine.objects.update(is_coverage=False)
    assert story.found("X5") == [("never_billed", name)]
    SubscriptionTerms.objects.all().delete()
    assert story.found("X5") == [("without_terms", name)]


def test_first_days_that_were_not_billed_are_a_gap_unless_they_were_a_trial(story: Story) -> None:
    name = change(story, started_on=date(2026, 5, 2))
    assert story.found("X5") == [("gap", name)]
    Event.objects.create(
        kind=EventType.SUBSCRIPTION_TRIAL_STARTED, at=story.clock.now, subscription=story.subscription
    )
    assert story.found("X5") == []


@pytest.mark.parametrize("ended_on", [date(2026, 6, 19), date(2026, 7, 20)])
def test_the_grace_of_a_renewal_that_was_never_paid_is_no_gap(story: Story, ended_on: date) -> None:
    """The later one is the end of a grace that outlived its period, because nothing worked for weeks."""
    change(story, status="ended", ended_on=ended_on, next_bill_at=None)
    line, note = story.renewal.lines.get(), story.renewal
    taken = str(line.pk)
    note.pk, note.sequence, note.number, note.kind = new_id(), 9, "CN-1", "credit_note"
    note.renews_on, note._state.adding = None, True
    note.save(force_insert=True)
    line.pk, line.invoice, line.kind, line.amount = new_id(), note, "credit", -20235
    line.takes_back, line._state.adding = [taken], True
    line.save(force_insert=True)
    assert story.found("X5") == []


def test_a_size_off_the_ladder_is_named(story: Story) -> None:
    SubscriptionTerms.objects.update(seats=7)
    assert story.found("X8") == [("seats_off_ladder", story.subscription.public_id)]


def test_more_people_than_seats_are_named_until_an_overage_says_so(story: Story) -> None:
    people = [story.world.person(f"Mens{n}") for n in range(14)]
    Membership.objects.bulk_create(
        Membership(space=story.studio, person=person, joined_at=story.clock.now) for person in people
    )
    assert story.found("X8") == [("seats_exceeded", story.subscription.public_id)]
    assert (story.facts("X8")["seats"], story.facts("X8")["counted"]) == (15, 16)
    for kind, found in ((EventType.OVERAGE_OPENED, 0), (EventType.OVERAGE_CLOSED, 1)):
        record(kind, now=story.clock.now, actor=None, subscription=story.subscription)
        assert len(story.found("X8")) == found


def test_a_team_paid_for_inside_a_paid_organization_is_named(story: Story) -> None:
    acme = story.world.organization(story.anna)
    team = story.world.team(acme, story.anna)
    covered = buy(
        team, story.anna, story.clock.now, customer=customer_of(story.anna, story.clock.now)
    ).subscription
    Subscription.objects.filter(pk=covered.pk).update(status="trial", trial_ends_on=date(2026, 7, 12))
    above = Subscription.objects.create(
        space=acme, customer=covered.customer, status="active", started_on=date(2026, 6, 12),
        created_at=story.clock.now,
    )  # fmt: skip
    assert story.found("X11") == []  # a trial is not paid for
    Subscription.objects.filter(pk=covered.pk).update(status="active")
    assert story.found("X11") == [("paid_for_twice", covered.public_id)]
    assert story.facts("X11") == {"space": team.public_id, "covered_by": acme.public_id}
    Subscription.objects.filter(pk=above.pk).update(status="ended")
    assert story.found("X11") == []


def test_a_missing_owner_and_one_who_left_are_named(story: Story) -> None:
    name = story.subscription.public_id
    Membership.objects.filter(person=story.anna).update(left_at=story.clock.now)
    assert story.found("X12") == [("owner_not_member", name)]
    Customer.objects.update(billing_owner=None)
    assert story.found("X12") == [("owner_missing", name)]


def test_an_organizations_owner_who_is_no_admin_is_named(story: Story) -> None:
    acme = story.world.organization(story.anna)
    paid = buy(
        acme, story.anna, story.clock.now, customer=customer_of(story.anna, story.clock.now)
    ).subscription
    assert story.found("X12") == []
    Membership.objects.filter(space=acme, person=story.anna).update(is_admin=False)
    assert story.found("X12") == [("owner_not_admin", paid.public_id)]


def test_a_run_that_would_bill_again_is_named_with_the_line(story: Story) -> None:
    row = story.terms
    row.pk, row.starts_on, row.seats, row._state.adding = new_id(), date(2026, 6, 12), 20, True
    row.save(force_insert=True)
    assert story.found("X17") == [("would_bill_again", story.subscription.public_id)]
    assert story.facts("X17") == {
        "kind": "charge", "seats": 5, "from": "2026-06-12", "to": "2026-07-12", "amount": 6745,
    }  # fmt: skip


def test_lines_that_billing_cannot_reckon_with_are_named_and_do_not_stop_it(story: Story) -> None:
    line = story.renewal.lines.get()
    line.pk, line.position, line.kind, line.seats = new_id(), 2, "credit", 40
    line._state.adding = True
    line.save(force_insert=True)
    assert story.found("X17") == [("cannot_be_reckoned", story.subscription.public_id)]


def test_a_customer_that_moved_far_away_is_no_finding(story: Story) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Nowhere/Land"):
        Customer.objects.update(time_zone=zone)
        assert [story.found(rule) for rule in ("X4", "X5", "X8", "X17")] == [[], [], [], []]
    assert Invoice.objects.count() == 2
