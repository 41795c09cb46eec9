"""Staff act for a customer through the API: as far as their role goes, for that customer alone, and never in secret."""

import pytest

from tests.api.calling import Program, program_of
from tests.conftest import HandClock
from tests.directory_world import World
from tests.web.tenants import fingerprint
from tests.world import subscribe
from zetel.models import Event, Mail, Person, Subscription

pytestmark = pytest.mark.django_db
SCOPES = ("read", "write", "staff")


@pytest.fixture
def support(world: World) -> Person:
    person = world.person("Sofie")
    person.staff_role = "support"
    person.save()
    return person


@pytest.fixture
def subscription(world: World) -> Subscription:
    anna = world.person("Anna")
    return subscribe(world.workspace(anna), anna, world.now, seats=5)


def acting_for(program: Program, subscription: Subscription) -> dict[str, str]:
    """The header of a stretch of acting that begins now."""
    path = f"/staff/customers/{subscription.customer.public_id}/acting"
    return {"zetel-acting": program.done("POST", path, {"reason": "Gebeld"})["id"]}


def test_staff_see_and_cancel_the_plan_of_the_customer_they_act_for(
    support: Person, subscription: Subscription
) -> None:
    program, path = program_of(support, *SCOPES), f"/subscriptions/{subscription.public_id}"
    assert program.get(path).code == "403 forbidden"
    acting = acting_for(program, subscription)
    assert program.get(path, **acting).body["id"] == subscription.public_id
    assert [row["id"] for row in program.get("/subscriptions", **acting).body["data"]] == [
        subscription.public_id
    ]
    assert program.done("POST", f"{path}/cancel", {"reason": "Gebeld"}, **acting)["ends_on"]
    event = Event.objects.get(kind="subscription.cancelled")
    assert (event.actor, event.on_behalf_of) == (support, subscription.customer.billing_owner)


def test_nobody_acts_with_what_is_not_theirs_or_is_over_or_without_the_scope(
    world: World, support: Person, subscription: Subscription, clock: HandClock
) -> None:
    program, path = program_of(support, *SCOPES), f"/subscriptions/{subscription.public_id}/cancel"
    acting = acting_for(program, subscription)
    other = world.person("Sven")
    other.staff_role = "support"
    other.save()
    daan, host = world.person("Daan"), program_of(None, *SCOPES)
    refused = [program_of(other, *SCOPES), program_of(daan, *SCOPES), program_of(support), host,
               host.on_behalf(daan.public_id)]  # fmt: skip
    before = fingerprint()
    assert [one.post(path, **acting).code for one in refused] == ["403 forbidden"] * 5
    assert program.post(path, **{"zetel-acting": "act_1"}).code == "403 forbidden"
    clock.move(minutes=30)
    assert program.post(path, **acting).code == "403 forbidden"
    assert fingerprint() == before


def test_support_sends_a_mail_again_with_a_reason_and_to_its_own_customer_only(
    world: World, support: Person, subscription: Subscription
) -> None:
    customer, bram = subscription.customer.public_id, world.person("Bram")
    other = subscribe(world.workspace(bram, "Elders"), bram, world.now, seats=5).customer.public_id
    Mail.objects.update(status="sent", sent_at=world.now)
    program = program_of(support, *SCOPES)
    (mail,) = [
        row
        for row in program.done("GET", f"/staff/customers/{customer}/mails")["data"]
        if row["kind"] == "invoice"
    ]
    assert mail["to"] == "anna@acme.example"
    path, because = f"mails/{mail['id']}/send-again", {"reason": "Kwijt"}
    assert program.post(f"/staff/customers/{other}/{path}", because).code == "404 not_found"
    assert not Mail.objects.filter(status="queued").exists()
    program.done("POST", f"/staff/customers/{customer}/{path}", because)
    assert Mail.objects.get(status="queued").to_email == mail["to"]
    event = Event.objects.get(kind="mail.resent")
    assert (event.actor, event.reason) == (support, "Kwijt")


def test_acting_reaches_no_other_customer(world: World, support: Person, subscription: Subscription) -> None:
    bram = world.person("Bram")
    theirs = subscribe(world.workspace(bram, "Elders"), bram, world.now, seats=5)
    program = program_of(support, *SCOPES)
    acting = acting_for(program, subscription)
    before = fingerprint()
    for answer in (
        program.get(f"/subscriptions/{theirs.public_id}", **acting),
        program.post(f"/subscriptions/{theirs.public_id}/cancel", **acting),
        program.post(f"/subscriptions/{theirs.public_id}/quotes", {"seats": 50}, **acting),
    ):
        assert answer.code in ("403 forbidden", "404 not_found")
    assert fingerprint() == before


def test_what_was_answered_while_acting_is_not_told_without_it(
    support: Person, subscription: Subscription
) -> None:
    program, path = program_of(support, *SCOPES), f"/subscriptions/{subscription.public_id}/cancel"
    acting = acting_for(program, subscription)
    first = program.post(path, key="eens", **acting)
    assert (first.status, program.post(path, key="eens", **acting).body) == (200, first.body)
    assert program.post(path, key="eens").code == "422 idempotency_mismatch"
