"""The Billing tab: who sees what, the figures on it, and that it costs the same however large a space is."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.conftest import HandClock
from tests.directory_world import World
from tests.world import DUTCH, customer_of, subscribe
from zetel.actions import renewals
from zetel.models import Invoice, Person, Space, Subscription
from zetel.rules.money import Money
from zetel.templatetags.zetel import amount

pytestmark = pytest.mark.django_db

QUERIES_MAX = 15


@pytest.fixture
def people(world: World) -> dict[str, Person]:
    """Anna owns billing, Bram is admin, Chris a member, Gast a guest, Daan a stranger."""
    anna = world.person("Anna")
    rest = {name: world.person(name.capitalize()) for name in ("bram", "chris")}
    return {"anna": anna, **rest, "gast": world.person("Gast", "gast@elders.example"),
            "daan": world.person("Daan", "daan@vreemd.example")}  # fmt: skip


@pytest.fixture
def acme(world: World, people: dict[str, Person]) -> Space:
    """Bram founded it; a team in it belongs to Anna, Chris, and the guest."""
    space = world.organization(people["bram"])
    world.join(space, people["anna"], people["chris"], people["gast"])
    return space


@pytest.fixture
def team(world: World, acme: Space, people: dict[str, Person]) -> Space:
    space = world.team(acme, people["bram"])
    world.join(space, people["anna"], people["chris"], people["gast"])
    return space


@pytest.fixture
def paid(world: World, team: Space, people: dict[str, Person]) -> Subscription:
    """Premium monthly, 5 seats, bought by Anna on 12 May 2026 with a Dutch address: 67.45 + 14.16 VAT = 81.61."""
    payer = customer_of(people["anna"], world.now, **DUTCH)
    return subscribe(team, people["anna"], world.now, seats=5, customer=payer)


def browser(person: Person | None, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    if person:
        client.force_login(person)
    return client


def words(content: bytes) -> str:
    """The text of a page on one line, as a reader sees it."""
    text = re.sub(r"<(script|style|svg).*?</\1>", " ", content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def path_of(space: Space, rest: str = "") -> str:
    return f"/s/{space.public_id}/billing/{rest}"


def queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


PAGES = {
    "": {"anna": 200, "bram": 200, "chris": 200, "gast": 403, "daan": 404, "nobody": 302},
    "plan": {"anna": 200, "bram": 403, "chris": 403, "gast": 403, "daan": 404, "nobody": 302},
    "seats": {"anna": 200, "bram": 403, "chris": 403, "gast": 403, "daan": 404, "nobody": 302},
    "information": {"anna": 200, "bram": 403, "chris": 403, "gast": 403, "daan": 404, "nobody": 302},
    "owner": {"anna": 200, "bram": 403, "chris": 403, "gast": 403, "daan": 404, "nobody": 302},
    "owner/{chris}": {"anna": 200, "bram": 403, "chris": 403, "gast": 403, "daan": 404, "nobody": 302},
    "owner/{gast}": {"anna": 404, "bram": 403, "chris": 403, "gast": 403, "daan": 404, "nobody": 302},
    "method": {"anna": 200, "bram": 403, "chris": 403, "gast": 403, "daan": 404, "nobody": 302},
    "invoices/": {"anna": 200, "bram": 403, "chris": 403, "gast": 403, "daan": 404, "nobody": 302},
    "invoices/2026.zip": {"anna": 200, "bram": 403, "chris": 403, "gast": 403, "daan": 404, "nobody": 302},
    "invoices/2025.zip": {"anna": 404, "bram": 403, "chris": 403, "gast": 403, "daan": 404, "nobody": 302},
    "invoices/{invoice}/": {"anna": 200, "bram": 403, "chris": 403, "gast": 403, "daan": 404, "nobody": 302},
    "invoices/{invoice}/pdf": {
        "anna": 200,
        "bram": 403,
        "chris": 403,
        "gast": 403,
        "daan": 404,
        "nobody": 302,
    },
}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers_each_role_as_the_matrix_says(
    page: str, paid: Subscription, team: Space, people: dict[str, Person]
) -> None:
    names = {name: person.public_id for name, person in people.items()}
    path = path_of(team, page.format(invoice=Invoice.objects.get().public_id, **names))
    found = {name: browser(people.get(name)).get(path).status_code for name in (*people, "nobody")}
    assert found == PAGES[page]


@pytest.mark.parametrize("page", ["plan", "information", "owner/{chris}", "method"])
def test_posts_of_everybody_but_the_owner_are_refused_and_change_nothing(
    page: str, paid: Subscription, team: Space, people: dict[str, Person]
) -> None:
    path = path_of(team, page.format(chris=people["chris"].public_id))
    for name, status in (("bram", 403), ("chris", 403), ("gast", 403), ("daan", 404)):
        assert browser(people[name]).post(path, {"name": "Ander", "kind": "card"}).status_code == status
    paid.customer.refresh_from_db()
    assert (paid.customer.name, paid.customer.billing_owner) == ("Anna", people["anna"])


def test_the_owner_reads_plan_seats_state_renewal_and_amounts(
    paid: Subscription, team: Space, people: dict[str, Person]
) -> None:
    page = words(browser(people["anna"]).get(path_of(team)).content)
    for said in ("Premium Monthly", "Active", "3 of 5 in use", "2 seats are left.", "12 June 2026",
                 "€81.61 with tax, as things stand now", "INV-2026-00001", "Visa"):  # fmt: skip
        assert said in page, said


def test_the_same_in_dutch(paid: Subscription, team: Space, people: dict[str, Person]) -> None:
    page = words(browser(people["anna"], "nl").get(path_of(team)).content)
    for said in ("Facturering", "Maandelijks", "Actief", "3 van 5 in gebruik", "12 juni 2026", "€ 81,61",
                 "Abonnement bewerken", "Seatgebruik", "Factureringsinformatie", "Factureringseigenaar wijzigen",
                 "Meest recente factuur", "Contact met ondersteuning", "Betalingsinformatie bewerken", "Betaald",
                 "5 seats × € 13,49 = € 67,45"):  # fmt: skip
        assert said in page, said


def test_an_admin_learns_who_the_owner_is_and_nothing_else(
    paid: Subscription, team: Space, people: dict[str, Person]
) -> None:
    answer = browser(people["bram"]).get(path_of(team))
    page = words(answer.content)
    assert "Anna" in page
    assert 'href="mailto:anna@acme.example"' in answer.content.decode()
    for secret in ("81.61", "INV-", "Visa", "Renews", "3 of 5"):
        assert secret not in page, secret


def test_the_amounts_on_the_page_of_an_invoice_are_those_of_the_invoice(
    paid: Subscription, team: Space, people: dict[str, Person]
) -> None:
    invoice = Invoice.objects.get()
    page = words(browser(people["anna"]).get(path_of(team, f"invoices/{invoice.public_id}/")).content)
    assert (invoice.net_amount, invoice.tax_amount, invoice.total_amount) == (6745, 1416, 8161)
    for value in (6745, 1416, 8161):
        assert amount(Money(value, "EUR")) in page
    assert "5 seats × €13.49 = €67.45" in page
    assert "VAT 21%" in page
    assert "Paid on 12 May 2026." in page


def test_an_invoice_is_found_under_its_own_space_only(
    world: World, paid: Subscription, acme: Space, people: dict[str, Person]
) -> None:
    invoice = Invoice.objects.get()
    other = world.team(acme, people["anna"], "Ander")
    subscribe(other, people["anna"], world.now, seats=2)
    assert browser(people["anna"]).get(path_of(other, f"invoices/{invoice.public_id}/")).status_code == 404


def test_a_stranger_gets_the_page_of_an_address_that_does_not_exist(
    paid: Subscription, team: Space, people: dict[str, Person]
) -> None:
    client = browser(people["daan"])
    nowhere = team.public_id[:-4] + "0000"
    real, missing = client.get(path_of(team)), client.get(f"/s/{nowhere}/billing/")
    assert (real.status_code, missing.status_code) == (404, 404)
    assert _without_token(real.content) == _without_token(missing.content)


def _without_token(content: bytes) -> str:
    """Without what every request has of its own: the protection of forms, and the address that was asked for."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", content.decode())
    return re.sub(r"spc_\w{26}", "spc", text)


def test_basic_has_no_tab_and_the_page_says_that_it_is_free(team: Space, people: dict[str, Person]) -> None:
    page = words(browser(people["chris"]).get(path_of(team)).content)
    assert "Nothing is billed here" in page
    assert browser(people["daan"]).get(path_of(team)).status_code == 404
    assert browser(people["chris"]).get(path_of(team, "invoices/")).status_code == 403
    settings = browser(people["bram"]).get(f"/s/{team.public_id}/settings").content.decode()
    assert f'href="{path_of(team)}"' not in settings


def test_the_tab_stands_in_team_settings_once_the_team_is_paid(
    paid: Subscription, team: Space, acme: Space, people: dict[str, Person]
) -> None:
    anna = browser(people["anna"])
    assert f'href="{path_of(team)}"' in anna.get(f"/s/{team.public_id}/settings").content.decode()
    assert f'href="{path_of(acme)}"' not in anna.get(f"/s/{acme.public_id}/settings").content.decode()


def test_a_team_that_its_organization_pays_for_says_so(
    world: World, acme: Space, team: Space, people: dict[str, Person]
) -> None:
    subscribe(acme, people["anna"], world.now, seats=5)
    page = words(browser(people["chris"]).get(path_of(team)).content)
    assert "Covered by Acme" in page
    assert "Anna" in page


def _end(paid: Subscription, owner: Person) -> None:
    """Ended by the books, as the billing run will: cancelling is not on these pages yet."""
    Subscription.objects.filter(pk=paid.pk).update(
        status="ended", ended_on="2026-06-12", last_owner=owner, next_bill_at=None
    )


@pytest.mark.story("R7")
def test_after_the_end_the_last_owner_keeps_the_invoices_and_may_buy_again(
    paid: Subscription, team: Space, people: dict[str, Person]
) -> None:
    _end(paid, people["anna"])
    anna = browser(people["anna"])
    page = words(anna.get(path_of(team)).content)
    assert "It ended on 12 June 2026." in page
    assert "INV-2026-00001" in page
    assert "Buy again" in page
    invoice = Invoice.objects.get()
    assert anna.get(path_of(team, f"invoices/{invoice.public_id}/pdf")).status_code == 200
    assert anna.get(path_of(team, "plan")).status_code == 403
    assert browser(people["bram"]).get(path_of(team, f"invoices/{invoice.public_id}/pdf")).status_code == 403
    home = words(anna.get("/billing/").content)
    assert "INV-2026-00001" in home
    assert "Buy again" in home


def test_a_former_owner_does_not_read_the_invoices_of_the_next_one(
    world: World, paid: Subscription, team: Space, people: dict[str, Person]
) -> None:
    _end(paid, people["anna"])
    subscribe(team, people["chris"], world.now, seats=10)
    first, second = Invoice.objects.order_by("id")
    for invoice, anna_may, chris_may in ((first, 200, 404), (second, 404, 200)):
        path = path_of(team, f"invoices/{invoice.public_id}/pdf")
        assert browser(people["anna"]).get(path).status_code == anna_may
        assert browser(people["chris"]).get(path).status_code == chris_may
    anywhere = {
        (name, number): browser(people[name]).get(f"/billing/invoices/{row.public_id}/pdf").status_code
        for name in ("anna", "chris")
        for number, row in enumerate((first, second), 1)
    }
    assert anywhere == {("anna", 1): 200, ("anna", 2): 403, ("chris", 1): 403, ("chris", 2): 200}
    listed = words(browser(people["anna"]).get(path_of(team, "invoices/")).content)
    assert first.number in listed
    assert second.number not in listed


def test_billing_leads_to_the_one_tab_or_to_a_choice(
    world: World, paid: Subscription, team: Space, people: dict[str, Person]
) -> None:
    anna = browser(people["anna"])
    assert anna.get("/billing/").headers["Location"] == path_of(team)
    studio = world.workspace(people["anna"])
    subscribe(studio, people["anna"], world.now, seats=2)
    page = anna.get("/billing/").content.decode()
    assert f'href="{path_of(team)}"' in page
    assert f'href="{path_of(studio)}"' in page
    assert "You manage no billing" in words(browser(people["chris"]).get("/billing/").content)


def test_the_tab_costs_the_same_with_more_members_and_more_invoices(
    world: World, clock: HandClock, paid: Subscription, team: Space, people: dict[str, Person]
) -> None:
    anna = browser(people["anna"])
    paths = [path_of(team, rest) for rest in ("", "seats", "owner", "invoices/")]
    before = [queries(anna, path) for path in paths]
    world.crowd(team, 40)
    clock.set(datetime(2026, 12, 12, 10, tzinfo=UTC))
    while renewals.renew(paid.pk, now=clock.now):
        pass
    assert Invoice.objects.count() == 8
    assert [queries(anna, path) for path in paths] == before
    assert max(before) <= QUERIES_MAX, before


@pytest.mark.parametrize("page", ["plan", "information", "owner/{chris}", "method", "invoices/{invoice}/"])
def test_every_other_page_stays_under_the_limit_too(
    page: str, paid: Subscription, team: Space, people: dict[str, Person]
) -> None:
    path = path_of(
        team, page.format(chris=people["chris"].public_id, invoice=Invoice.objects.get().public_id)
    )
    assert queries(browser(people["anna"]), path) <= QUERIES_MAX


def test_no_page_of_money_is_kept_by_a_browser(
    paid: Subscription, team: Space, people: dict[str, Person]
) -> None:
    for rest in ("", "invoices/", f"invoices/{Invoice.objects.get().public_id}/pdf"):
        answer = browser(people["anna"]).get(path_of(team, rest))
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_open_invoice_is_named_with_what_is_due(
    clock: HandClock, paid: Subscription, team: Space, people: dict[str, Person]
) -> None:
    clock.set(datetime(2026, 6, 12, 10, tzinfo=UTC))
    renewals.renew(paid.pk, now=clock.now)
    page = words(browser(people["anna"]).get(path_of(team)).content)
    assert "Invoice INV-2026-00002 is open: €81.61" in page
    assert "12 July 2026" in page
