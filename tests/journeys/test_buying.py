"""Stories of who may buy, and of what the button answers: done, declined, or an address to ask (R2, C13).

Premium monthly for 15 seats is EUR 202.35; nothing that is refused leaves a trace.
"""

import pytest

from tests.conftest import HandClock
from tests.directory_world import World
from tests.web.upgrade_steps import Buyer
from tests.world import customer_of, subscribe
from zetel.models import Attempt, Invoice, Membership, Series, Subscription, SubscriptionTerms
from zetel.rules.errors import ZetelError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


@pytest.mark.story("R2")
def test_any_member_may_buy_for_a_space_that_has_no_plan_and_nobody_else(
    world: World, clock: HandClock
) -> None:
    """Chris is no admin of the team or of its organization; a guest and a stranger are refused, and so is a second."""
    anna, chris, guest = (
        world.person(*told) for told in (("Anna",), ("Chris",), ("Gita", "gita@partner.example"))
    )
    acme = world.organization(anna)
    team = world.team(acme, anna)
    world.join(team, chris, guest)
    stranger = world.person("Daan", "daan@elders.example")
    for person in (guest, stranger):
        payer = customer_of(person, clock.now)
        with pytest.raises(ZetelError, match="not_member"):
            subscribe(team, person, clock.now, seats=3, customer=payer)
    assert not Subscription.objects.exists()
    bought = subscribe(team, chris, clock.now, seats=3)
    assert (bought.status, bought.customer.billing_owner) == ("active", chris)
    assert Invoice.objects.get().total_amount == 4047
    assert not Membership.objects.filter(person=chris, is_admin=True).exists(), (
        "R4: a team gives no such right"
    )
    with pytest.raises(ZetelError, match="already_subscribed"):
        subscribe(team, anna, clock.now, seats=3)
    assert Invoice.objects.count() == SubscriptionTerms.objects.count() == 1


@pytest.mark.story("C13")
@pytest.mark.parametrize(
    ("behaviour", "words", "status"),
    [
        ("paid", "Premium is on", "done"),
        ("declined_soft", "There is not enough money on this card or account.", "declined"),
        ("approval", "Your bank wants your approval", "action"),
        ("down", "We wait for the answer", "pending"),
    ],
)
def test_the_button_answers_with_what_came_of_it_or_where_to_ask(
    world: World, clock: HandClock, behaviour: str, words: str, status: str
) -> None:
    """One address for all of them: it says done or declined, or is asked again until it does."""
    anna = world.person("Anna")
    buyer = Buyer(anna)
    buyer.choose(world.workspace(anna))
    buyer.pay_with(behaviour)
    answer = buyer.confirm()
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/upgrade/changes/{buyer.change.public_id}/"
    assert words in buyer.outcome().content.decode()
    assert buyer.change.status == status
    assert Attempt.objects.count() == 1
    if status == "done":
        assert Invoice.objects.get().total_amount == 20235
    else:
        assert not any(model.objects.exists() for model in (Invoice, Series, Subscription))
