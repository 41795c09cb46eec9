"""Buying in the pages of the upgrade flow: what is bought, for whom, and the exact amounts of the worked examples."""

import pytest

from tests.conftest import HandClock
from tests.directory_world import World, begin
from tests.web.upgrade_steps import DUTCH, Buyer, bought, invoice_of
from zetel.models import Membership

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(clock: HandClock) -> World:
    return begin(clock.now)


def test_a_workspace_is_bought_monthly(world: World) -> None:
    anna = world.person("Anna")
    studio = world.workspace(anna)
    buyer = Buyer(anna)
    buyer.choose(studio)
    buyer.on(buyer.pay_with(), "review")
    review = buyer.get("review").content.decode()
    assert "Upgrade for €202.35" in review
    assert "15 seats × €13.49 = €202.35" in review
    buyer.confirm()
    assert "Premium is on" in buyer.outcome().content.decode()
    terms = bought(studio).terms.get()
    assert (terms.plan, terms.cycle, terms.seats, terms.unit_amount) == ("premium", "month", 15, 1349)
    assert invoice_of(studio).total_amount == 20235
