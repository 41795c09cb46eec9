"""What a buyer is told when paying does not go straight: declined, approval, no answer, a wrong amount, too late."""

import pytest

from tests.conftest import HandClock
from tests.directory_world import World
from tests.gateways.drivers import SandboxDriver
from tests.gateways.steps import captured
from tests.web.upgrade_steps import Buyer, bought, invoice_of
from zetel.models import Attempt, Change, Invoice, Person, Refund, Series, Space, Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def buyer(anna: Person, studio: Space) -> Buyer:
    buyer = Buyer(anna)
    buyer.choose(studio)
    return buyer


def nothing_was_bought(space: Space) -> bool:
    return not (
        Subscription.objects.filter(space=space) or Invoice.objects.exists() or Series.objects.exists()
    )


@pytest.mark.parametrize(
    ("behaviour", "kind", "words"),
    [
        ("declined_soft", "card", "There is not enough money on this card or account."),
        ("declined_hard", "card", "The bank refuses this card. Choose another payment method."),
        ("account_closed", "paypal", "This account is closed. Choose another payment method."),
    ],
)
def test_declined_says_why_and_that_nothing_changed(
    buyer: Buyer, studio: Space, behaviour: str, kind: str, words: str
) -> None:
    buyer.pay_with(behaviour, kind=kind)
    buyer.confirm()
    page = buyer.outcome().content.decode()
    assert words in page
    assert "Nothing changed" in page
    assert nothing_was_bought(studio)


def test_after_a_declined_card_another_one_buys_with_a_new_quote(buyer: Buyer, studio: Space) -> None:
    buyer.pay_with("declined_soft")
    first = buyer.quote_id()
    buyer.confirm(first)
    answer = buyer.post("method", method="card")
    buyer.on(buyer.save(answer.headers["Location"], "paid"), "review")
    second = buyer.quote_id()
    assert second != first
    buyer.confirm(second)
    assert "Premium is on" in buyer.outcome().content.decode()
    assert invoice_of(studio).number == "INV-2026-00001"


def test_the_bank_s_approval_completes_the_purchase(buyer: Buyer, studio: Space) -> None:
    buyer.pay_with("approval")
    buyer.confirm()
    page = buyer.outcome()
    assert "Your bank wants your approval" in page.content.decode()
    assert nothing_was_bought(studio)
    url = Attempt.objects.get().action_url
    assert url in page.content.decode()
    back = buyer.client.post(url, {"act": "approve"}).headers["Location"]
    assert buyer.client.get(back).status_code == 302  # asked once, and the address is clean again
    assert "Premium is on" in buyer.outcome().content.decode()
    assert bought(studio).terms.get().seats == 15


def test_refused_at_the_bank_is_declined(buyer: Buyer, studio: Space) -> None:
    buyer.pay_with("approval")
    buyer.confirm()
    back = buyer.client.post(Attempt.objects.get().action_url, {"act": "refuse"}).headers["Location"]
    buyer.client.get(back)
    assert "You refused the payment at your bank or PayPal." in buyer.outcome().content.decode()
    assert nothing_was_bought(studio)


def test_a_purchase_that_waits_can_be_stopped_and_begun_again(buyer: Buyer, studio: Space) -> None:
    buyer.pay_with("approval")
    buyer.confirm()
    waiting = buyer.change
    assert buyer.get("review").headers["Location"] == f"/upgrade/changes/{waiting.public_id}/"
    buyer.client.post(f"/upgrade/changes/{waiting.public_id}/stop")
    assert "You stopped the payment." in buyer.outcome().content.decode()
    assert nothing_was_bought(studio)
    assert buyer.get("review").status_code == 200


def test_not_approved_in_time_ends_as_expired(buyer: Buyer, studio: Space, clock: HandClock) -> None:
    buyer.pay_with("approval")
    buyer.confirm()
    clock.move(hours=23, minutes=1)
    page = buyer.outcome().content.decode()
    assert "<h1>The payment was not approved in time</h1>" in page
    assert "You stopped the payment." not in page
    assert nothing_was_bought(studio)


@pytest.mark.parametrize("behaviour", ["timeout_before", "timeout_after", "error_before", "error_after"])
def test_no_answer_is_asked_about_at_once_and_charged_once(
    buyer: Buyer, studio: Space, behaviour: str
) -> None:
    buyer.pay_with(behaviour)
    buyer.confirm()
    assert "Premium is on" in buyer.outcome().content.decode()
    assert bought(studio).terms.count() == 1
    assert len(captured(SandboxDriver(), Attempt.objects.get().reference)) == 1


def test_a_company_that_is_down_keeps_the_purchase_waiting_until_it_answers(
    buyer: Buyer, studio: Space, clock: HandClock
) -> None:
    buyer.pay_with("down")
    buyer.confirm()
    page = buyer.outcome()
    assert "We wait for the answer" in page.content.decode()
    assert 'http-equiv="refresh"' in page.content.decode()
    assert nothing_was_bought(studio)
    clock.move(hours=2, minutes=5)
    assert "Premium is on" in buyer.outcome().content.decode()


def test_processing_waits_and_is_done_when_the_money_came(
    buyer: Buyer, studio: Space, clock: HandClock
) -> None:
    buyer.pay_with("processing")
    buyer.confirm()
    assert "We wait for the answer" in buyer.outcome().content.decode()
    clock.move(minutes=11)
    SandboxDriver().webhooks(clock.now)  # time passes at the company too
    assert "Premium is on" in buyer.outcome().content.decode()


def test_a_wrong_amount_buys_nothing(buyer: Buyer, studio: Space) -> None:
    buyer.pay_with("wrong_amount")
    buyer.confirm()
    assert "another amount than we asked for" in buyer.outcome().content.decode()
    assert nothing_was_bought(studio)


def test_money_that_comes_for_nothing_goes_back_and_the_page_says_so(
    world: World, anna: Person, clock: HandClock
) -> None:
    """Two people pay for one space: the second is refunded at once (G7)."""
    acme = world.organization(anna)
    bram = world.person("Bram")
    world.join(acme, bram)
    first, second = Buyer(anna), Buyer(bram)
    for buyer in (first, second):
        buyer.choose(acme, seats=5)
        buyer.pay_with("approval" if buyer is first else "paid")
    first.confirm()
    Change.objects.update(status="expired")  # as the job does when the bank was not answered in time
    second.confirm()
    assert "Premium is on" in second.outcome().content.decode()
    url = Attempt.objects.get(payment__change=first.change).action_url
    first.client.post(url, {"act": "approve"})
    Change.objects.filter(pk=first.change.pk).update(status="action")
    first.client.get(f"/upgrade/changes/{first.change.public_id}/", {"charge": "x"})
    page = first.outcome().content.decode()
    assert "Your money goes back" in page
    assert "Somebody else bought a plan for this space at the same moment." in page
    assert Refund.objects.get().amount == first.change.quote.due_amount
    assert Subscription.objects.filter(space=acme).count() == 1
