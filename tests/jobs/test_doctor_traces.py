"""The doctor on traces: events, messages, texts and work that waits (X13 to X16)."""

from datetime import timedelta

import pytest

from tests.jobs.doctor_world import Story
from tests.world import buy, customer_of
from zetel.jobs.doctor.leaks import card_numbers
from zetel.models import (
    Attempt,
    BalanceEntry,
    Change,
    Customer,
    Event,
    InboundEvent,
    Mail,
    Membership,
    Payment,
    PaymentMethod,
    Person,
    Refund,
    Subscription,
    SubscriptionTerms,
    SupportRequest,
)
from zetel.rules.event_types import EventType

pytestmark = pytest.mark.django_db


def test_whatever_was_done_without_its_event_is_named(story: Story) -> None:
    subscription, change = story.subscription, Change.objects.get()
    first = Payment.objects.get(invoice=story.first)
    Event.objects.filter(kind=EventType.SUBSCRIPTION_BOUGHT).delete()
    assert story.found("X13") == [
        ("document_without_event", "INV-2026-00001"),
        ("start_without_event", subscription.public_id),
        ("terms_without_event", story.terms.public_id),
        ("payment_without_event", first.public_id),
    ]
    Event.objects.filter(kind=EventType.CHANGE_STARTED).delete()
    method = PaymentMethod.objects.get()
    Event.objects.filter(kind=EventType.METHOD_REPLACED).delete()
    assert story.found("X13")[4:] == [
        ("method_without_event", method.public_id),
        ("change_without_event", change.public_id),
    ]


def test_an_end_and_a_balance_without_their_events_are_named(story: Story) -> None:
    Subscription.objects.update(status="ended")
    entry = BalanceEntry.objects.create(
        customer=story.customer, currency="EUR", amount=500, kind="credit_note", invoice=story.renewal,
        created_at=story.clock.now + timedelta(minutes=1),
    )  # fmt: skip
    assert story.found("X13") == [
        ("end_without_event", story.subscription.public_id),
        ("balance_without_event", entry.public_id),
    ]


def test_terms_added_by_hand_are_named(story: Story) -> None:
    SubscriptionTerms.objects.update(created_at=story.clock.now + timedelta(minutes=1))
    assert story.found("X13") == [("terms_without_event", story.terms.public_id)]


def test_an_event_written_twice_is_named(story: Story) -> None:
    event = Event.objects.get(kind=EventType.SUBSCRIPTION_RENEWED)
    event.pk, event._state.adding = Event().pk, True
    event.save(force_insert=True)
    assert story.found("X13") == [("event_twice", "INV-2026-00002")]


def test_a_refund_that_nobody_recorded_is_named(story: Story) -> None:
    Refund.objects.create(
        attempt=story.attempt, amount=500, currency="EUR", reference="r", reason="test", status="done",
        created_at=story.clock.now,
    )  # fmt: skip
    assert story.found("X13") == [("refund_without_event", story.customer.public_id)]
    assert story.facts("X13") == {"amount": 500, "currency": "EUR", "missing": 1}


def test_billing_given_to_somebody_by_hand_is_named(story: Story) -> None:
    Customer.objects.filter(pk=story.customer.pk).update(billing_owner=story.bram)
    assert story.found("X13") == [("owner_without_event", story.customer.public_id)]
    assert story.facts("X13")["owner"] == story.bram.public_id


def test_admin_and_staff_rights_given_by_hand_and_people_who_slipped_in_are_named(story: Story) -> None:
    stay = story.world.stay(story.studio, story.bram)
    Membership.objects.filter(pk=stay.pk).update(is_admin=True)
    Person.objects.filter(pk=story.anna.pk).update(staff_role="operator")
    chris = story.world.person("Chris")
    slipped = Membership.objects.create(
        space=story.studio, person=chris, joined_at=story.clock.now + timedelta(minutes=1)
    )
    assert story.found("X13") == [
        ("member_without_event", slipped.public_id),
        ("admin_without_event", stay.public_id),
        ("staff_without_event", story.anna.public_id),
    ]


def charge_event(story: Story) -> InboundEvent:
    return InboundEvent.objects.get(body__contains=story.attempt.reference)


def test_an_event_without_the_effect_it_told_of_is_named(story: Story) -> None:
    Attempt.objects.filter(pk=story.attempt.pk).update(status="declined")
    assert story.found("X14") == [("event_without_effect", charge_event(story).public_id)]


def test_an_event_that_cannot_be_read_and_one_stored_as_another_are_named(story: Story) -> None:
    event = charge_event(story)
    InboundEvent.objects.filter(pk=event.pk).update(event_id="evt_other")
    assert story.found("X14") == [("event_of_another", event.public_id)]
    InboundEvent.objects.filter(pk=event.pk).update(body="{")
    assert story.found("X14") == [("event_unreadable", event.public_id)]


def test_an_event_older_than_itself_is_named(story: Story) -> None:
    event = charge_event(story)
    InboundEvent.objects.filter(pk=event.pk).update(received_at=story.clock.now - timedelta(hours=1))
    assert story.found("X14") == [("event_from_the_future", event.public_id)]


def test_a_booked_event_about_nothing_of_ours_is_named(story: Story) -> None:
    event = charge_event(story)
    reference = story.attempt.reference
    InboundEvent.objects.filter(pk=event.pk).update(body=event.body.replace(reference, "pay_elsewhere-1"))
    assert story.found("X14") == [("event_of_nothing", event.public_id)]


def test_a_document_that_nobody_was_told_of_and_a_mail_sent_at_no_time_are_named(story: Story) -> None:
    Mail.objects.filter(invoice=story.renewal).delete()
    mail = Mail.objects.get(invoice=story.first)
    Mail.objects.filter(pk=mail.pk).update(sent_at=None)
    assert story.found("X14") == [
        ("document_not_mailed", "INV-2026-00002"),
        ("sent_without_instant", mail.public_id),
    ]


def test_a_card_number_in_any_text_is_named_without_repeating_it(story: Story) -> None:
    for number in (
        "4242424242424242",
        "mijn kaart is 4242 4242 4242 4242, geldig",
        "kaart:3782-822463-10005.",
    ):
        SupportRequest.objects.all().delete()
        row = SupportRequest.objects.create(
            person=story.anna, subject="Betalen", message=number, created_at=story.clock.now
        )
        assert story.found("X15") == [("card_number", "zetel_supportrequest")]
        facts = dict(story.facts("X15"))
        assert (facts["column"], facts["row"]) == ("message", str(row.pk))
        assert facts["ends_with"] in ("4242", "0005")


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424243",  # its check digit is wrong
        "2026-05-12 2026-06-12",
        "DE89 3704 0044 0532 0130 00",
        "0031 6 1234 5678 9012",
        "INV-4242424242424242",
        "01992837-1234-7456-9876-123456789012",
        "NL91ABNA0417164300",
    ],
)
def test_what_only_looks_like_a_card_number_is_none(text: str) -> None:
    assert card_numbers(text) == []


def test_a_payment_methods_token_and_the_installations_secret_are_named(story: Story) -> None:
    token = PaymentMethod.objects.get().token
    Event.objects.filter(kind=EventType.SUBSCRIPTION_BOUGHT).update(reason=token)
    assert story.found("X15") == [("token", "zetel_event")]
    assert story.facts("X15")["ends_with"] == token[-4:]
    Event.objects.filter(kind=EventType.SUBSCRIPTION_BOUGHT).update(reason="key only-for-tests-" + "0" * 40)
    assert story.found("X15") == [("secret", "zetel_event")]


def test_a_token_is_found_at_the_beginning_of_a_word_and_nowhere_else(story: Story) -> None:
    """A random id may hold the first signs of a token, and another company's tokens may look like any id of ours."""
    event = Event.objects.filter(kind=EventType.SUBSCRIPTION_BOUGHT)
    token = PaymentMethod.objects.get().token
    for text in (token, f"x={token}&y=1", f"(pm_{'0' * 16})"):
        event.update(reason=text)
        assert story.found("X15") == [("token", "zetel_event")]
    for text in (f"set_ab{token}", f"set-{token}", "pm_of_fifteen_sig"):
        event.update(reason=text)
        assert story.found("X15") == []
    event.update(after={"said": f"a line\n{token}"})
    assert story.found("X15") == [("token", "zetel_event")]
    event.update(after={})
    PaymentMethod.objects.update(token="set_of_a_company_with_random_tokens")
    event.update(reason="set_of_ours_01234567890123456789")
    assert story.found("X15") == []


def test_work_that_is_late_is_a_notice(story: Story) -> None:
    name = story.subscription.public_id
    story.clock.set(story.clock.now + timedelta(days=30))
    assert story.found("X16") == []
    assert story.found("X16", notices=True) == [("renewal_late", name)]
    Mail.objects.filter(invoice=story.first).update(
        status="queued", due_at=story.clock.now - timedelta(hours=1)
    )
    late = Mail.objects.get(invoice=story.first)
    assert story.found("X16", notices=True)[1:] == [("mail_late", late.public_id)]


def test_what_was_parked_is_a_notice_with_its_reason(story: Story) -> None:
    Subscription.objects.update(parked_reason="no price")
    assert story.found("X16") == []
    assert story.facts("X16") == {"reason": "no price"}


def test_a_parked_try_that_staff_were_told_of_is_a_notice_and_else_a_finding(story: Story) -> None:
    atelier = story.world.workspace(story.bram, name="Atelier")
    buy(atelier, story.bram, story.clock.now, behaviour="wrong_amount")
    reference = Attempt.objects.get(status="parked").reference
    assert story.found("X16", notices=True) == [("attempt_parked", reference)]
    Event.objects.filter(kind=EventType.PAYMENT_PARKED).delete()
    assert story.found("X16") == [("parked_unseen", reference)]


def test_work_that_nothing_comes_back_to_is_a_finding(story: Story) -> None:
    atelier = story.world.workspace(story.bram, name="Atelier")
    change = buy(
        atelier,
        story.bram,
        story.clock.now,
        behaviour="approval",
        customer=customer_of(story.bram, story.clock.now),
    ).change
    attempt = Attempt.objects.get(payment__change=change)
    assert story.found("X16", notices=True) == []
    Attempt.objects.filter(pk=attempt.pk).update(ask_at=None)
    assert story.found("X16") == [("attempt_lost", attempt.reference)]
    Attempt.objects.filter(pk=attempt.pk).update(status="declined")
    assert story.found("X16") == [
        ("payment_lost", attempt.payment.public_id),
        ("change_lost", change.public_id),
    ]


def test_a_refund_that_nothing_comes_back_to_is_a_finding(story: Story) -> None:
    Refund.objects.create(
        attempt=story.attempt, amount=500, currency="EUR", reference="r-1", reason="test", status="unknown",
        created_at=story.clock.now,
    )  # fmt: skip
    assert story.found("X16") == [("refund_lost", "r-1")]
