"""What the old billing owner still reaches after a hand-over, by addresses that were noted before (rules R5, P12)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from tests.directory_world import World
from tests.web.test_billing import acme, browser, paid, path_of, people, team, words
from tests.world import subscribe
from zetel.actions import hand_over
from zetel.models import Event, Invoice, Mail, Person, PurchaseDraft, Space, Subscription

__all__ = ["acme", "paid", "people", "team"]
pytestmark = pytest.mark.django_db
People = dict[str, Person]


def give(paid: Subscription, people: People, world: World) -> None:
    hand_over.give(paid, to=people["chris"], actor=people["anna"], now=world.now)


def test_of_several_plans_the_invoices_of_the_one_handed_over_are_closed_at_every_address(
    world: World, paid: Subscription, team: Space, people: People
) -> None:
    studio = world.workspace(people["anna"])
    subscribe(studio, people["anna"], world.now, seats=2, customer=paid.customer)
    invoice = Invoice.objects.get(subscription=paid)
    give(paid, people, world)
    own = Invoice.objects.get(space=studio)
    anna, chris = browser(people["anna"]), browser(people["chris"])
    assert anna.get(f"/billing/invoices/{invoice.public_id}/pdf").status_code == 403
    assert chris.get(f"/billing/invoices/{invoice.public_id}/pdf").status_code == 200
    assert anna.get(f"/billing/invoices/{own.public_id}/pdf").status_code == 200
    assert chris.get(f"/billing/invoices/{own.public_id}/pdf").status_code == 404


def test_a_purchase_that_was_being_filled_in_shows_nothing_of_the_customer_any_more(
    world: World, paid: Subscription, people: People
) -> None:
    draft = PurchaseDraft.objects.create(
        person=people["anna"], space=world.workspace(people["anna"]), plan="premium", cycle="month", seats=2,
        currency="EUR", customer=paid.customer, created_at=world.now, updated_at=world.now,
    )  # fmt: skip
    anna = browser(people["anna"])
    assert "Visa" in words(anna.get(f"/upgrade/{draft.public_id}/method").content)
    give(paid, people, world)
    for step in ("method", "review"):
        answer = anna.get(f"/upgrade/{draft.public_id}/{step}")
        assert answer.headers["Location"] == f"/upgrade/{draft.public_id}/billing"
    page = words(anna.get(f"/upgrade/{draft.public_id}/billing").content)
    assert "Visa" not in page


def test_an_act_that_is_none_is_told_to_who_may_act_and_to_nobody_else(team: Space, people: People) -> None:
    path = f"/s/{team.public_id}/people/{people['chris'].public_id}"
    found = {name: browser(people[name]).post(path, {"act": "fly"}).status_code for name in people}
    assert found == {"anna": 403, "bram": 422, "chris": 403, "gast": 403, "daan": 404}
    assert browser(None).post(path, {"act": "fly"}).headers["Location"] == "/accounts/login/"


@pytest.mark.django_db(transaction=True)
def test_two_hand_overs_at_once_end_as_one(
    world: World, paid: Subscription, team: Space, people: People
) -> None:
    path = path_of(team, f"owner/{people['chris'].public_id}")
    clients = [browser(people["anna"]) for _ in range(2)]

    def send(number: int) -> int:
        try:
            return clients[number].post(path).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(send, range(2)))
    assert found == [302, 302]
    assert Event.objects.filter(kind="billing_owner.changed").count() == 1
    assert Mail.objects.filter(kind__startswith="billing_owner_").count() == 2
