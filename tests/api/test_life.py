"""A whole life through HTTP alone: key, space, quote, purchase, change, clock, invoices, cancel, end."""

import pytest

from tests.api.calling import Program, program_of
from tests.directory_world import begin
from tests.doctor import findings
from zetel import clock
from zetel.models import Person

pytestmark = pytest.mark.django_db

ADDRESS = {
    "name": "Anna Jansen", "address_line1": "1 Main Street", "postal_code": "94105", "city": "San Francisco",
    "country": "US",
}  # fmt: skip


def eur(amount: int) -> dict[str, object]:
    return {"amount": amount, "currency": "EUR"}


def operator() -> Program:
    """The installation's own key, which plays the clock and the payer as well."""
    return program_of(None, "read", "write", "staff")


def bought(
    host: Program, anna: Program, *, behaviour: str = "paid", seats: int = 15
) -> tuple[str, dict[str, object]]:
    """A workspace on Premium, by quote and confirmation; the space and the answer."""
    space = anna.done("POST", "/spaces", {"kind": "workspace", "name": "Studio Noord"})["id"]
    customer = anna.done("POST", "/customers", ADDRESS)["id"]
    setup = anna.done("POST", f"/customers/{customer}/setup-sessions", {"kind": "card"}, key="kaart")
    assert setup["url"].startswith("http")
    host.done("POST", f"/sandbox/setup-sessions/{setup['id']}/complete", {"behaviour": behaviour})
    assert anna.done("POST", f"/setup-sessions/{setup['id']}/refresh")["status"] == "done"
    wish = {"space": space, "plan": "premium", "cycle": "month", "seats": seats, "customer": customer}
    quote = anna.done("POST", "/quotes", wish)
    said = anna.post(f"/quotes/{quote['id']}/confirm", key="koop")
    return space, {"said": said, "quote": quote}


@pytest.fixture
def start() -> tuple[Program, Program]:
    """The host's program and Anna's, on 12 May 2026."""
    host = operator()
    host.done("POST", "/sandbox/clock/set", {"instant": "2026-05-12T10:00:00Z", "back": True})
    world = begin(clock.now())
    return host, program_of(world.person("Anna"))


def test_a_plan_is_bought_changed_renewed_cancelled_and_ends(start: tuple[Program, Program]) -> None:
    host, anna = start
    space, told = bought(host, anna)
    quote, said = told["quote"], told["said"]
    assert (quote["due"], quote["renews_on"], quote["renewal"]) == (eur(20235), "2026-06-12", eur(20235))  # type: ignore[index]
    assert quote["lines"][0]["explanation"] == "15 seats × €13.49 = €202.35"  # type: ignore[index]
    assert (said.status, said.body["status"]) == (200, "done")  # type: ignore[attr-defined]
    subscription, invoice = said.body["subscription"], said.body["invoice"]  # type: ignore[attr-defined]
    paid = anna.done("GET", f"/invoices/{invoice}")
    assert (paid["total"], paid["due"], paid["state"]) == (eur(20235), eur(0), "paid")
    assert anna.get(f"/invoices/{invoice}/pdf").body.startswith(b"%PDF")
    assert b"urn:oasis:names:specification:ubl" in anna.get(f"/invoices/{invoice}/xml").body

    host.done("POST", "/sandbox/clock/advance", {"days": 18})
    change = anna.done("POST", f"/subscriptions/{subscription}/quotes", {"plan": "business"})
    assert [line["net"]["amount"] for line in change["lines"]] == [-8486, 19179]
    done = anna.done("POST", f"/quotes/{change['id']}/confirm", key="wissel")
    assert done["status"] == "done"
    fewer = anna.done("POST", f"/subscriptions/{subscription}/quotes", {"seats": 5})
    assert (fewer["due"], [one["field"] for one in fewer["scheduled"]]) == (eur(0), ["seats"])
    anna.done("POST", f"/quotes/{fewer['id']}/confirm")
    kept = anna.done("POST", f"/subscriptions/{subscription}/withdraw", {"fields": ["seats"]})
    assert kept["scheduled"] == []

    host.done("POST", "/sandbox/clock/advance", {"days": 13})
    invoices = anna.done("GET", f"/invoices?subscription={subscription}")["data"]
    assert [(row["issued_on"], row["total"]["amount"]) for row in invoices] == [
        ("2026-06-12", 45735), ("2026-05-30", 10693), ("2026-05-12", 20235),
    ]  # fmt: skip
    captures = host.done("GET", "/sandbox/gateway/captures")["data"]
    assert [row["amount"]["amount"] for row in captures] == [20235, 10693, 45735]
    mails = host.done("GET", "/sandbox/mails?to=anna@acme.example")["data"]
    assert [row["kind"] for row in mails].count("invoice") == 3

    ending = anna.done("POST", f"/subscriptions/{subscription}/cancel", {"reason": "Klaar"})
    assert ending["ends_on"] == "2026-07-12"
    assert anna.done("POST", f"/subscriptions/{subscription}/resume")["ends_on"] is None
    anna.done("POST", f"/subscriptions/{subscription}/cancel")
    host.done("POST", "/sandbox/clock/advance", {"months": 1})
    ended = anna.done("GET", f"/subscriptions/{subscription}")
    assert (ended["status"], ended["ended_on"]) == ("ended", "2026-07-12")
    assert len(anna.done("GET", f"/invoices?space={space}")["data"]) == 3
    assert findings(clock.now()) == []


def test_a_declined_card_changes_nothing_and_says_so_with_the_change(start: tuple[Program, Program]) -> None:
    host, anna = start
    _space, told = bought(host, anna, behaviour="declined_soft")
    said = told["said"]
    assert (said.status, said.code) == (402, "402 payment_declined")  # type: ignore[attr-defined]
    assert (said.body["change"]["status"], said.body["change"]["subscription"]) == ("declined", None)  # type: ignore[attr-defined]
    assert anna.done("GET", "/subscriptions")["data"] == []
    assert anna.done("GET", "/invoices")["data"] == []
    again = anna.post(f"/quotes/{told['quote']['id']}/confirm", key="koop")  # type: ignore[index]
    assert (again.body, again.headers["Idempotent-Replayed"]) == (said.body, "true")  # type: ignore[attr-defined]


def test_what_the_bank_has_to_approve_waits_with_an_address(start: tuple[Program, Program]) -> None:
    host, anna = start
    _space, told = bought(host, anna, behaviour="approval")
    said = told["said"]
    assert (said.status, said.body["status"]) == (202, "action")  # type: ignore[attr-defined]
    assert said.body["action_url"].startswith("http")  # type: ignore[attr-defined]
    change = said.body["id"]  # type: ignore[attr-defined]
    assert anna.done("POST", f"/changes/{change}/refresh")["status"] == "action"
    host.done("POST", f"/sandbox/changes/{change}/decide", {"approved": True})
    assert anna.done("GET", f"/changes/{change}")["status"] == "done"
    assert Person.objects.count() == 1


def test_a_trial_is_begun_cancelled_and_resumed(start: tuple[Program, Program]) -> None:
    _host, anna = start
    space = anna.done("POST", "/spaces", {"kind": "workspace", "name": "Studio Noord"})["id"]
    wish = {"space": space, "plan": "premium", "cycle": "month", "seats": 5}
    trial = anna.done("POST", "/trials", wish)
    assert (trial["status"], trial["trial_ends_on"]) == ("trial", "2026-06-11")
    path = f"/subscriptions/{trial['id']}"
    assert anna.done("POST", f"{path}/cancel")["ends_on"] == "2026-06-11"
    assert anna.done("POST", f"{path}/resume")["ends_on"] is None
    assert anna.post("/trials", {**wish, "seats": 10}).status == 409
