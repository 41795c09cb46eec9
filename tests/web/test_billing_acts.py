"""The acts of the Billing tab: hand over, payment method, billing information, seats, invoices."""

import hashlib
import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from tests.conftest import HandClock
from tests.directory_world import World
from tests.gateways import pages
from tests.web.test_billing import acme, browser, paid, path_of, people, team, words
from tests.world import DUTCH, customer_of, subscribe
from zetel.actions import customers, directory_people, renewals
from zetel.actions import hand_over as handing
from zetel.models import (
    Customer,
    Event,
    Invoice,
    IssuedFile,
    Mail,
    Membership,
    PaymentMethod,
    Person,
    Space,
    Subscription,
)
from zetel.rules.errors import ZetelError
from zetel.sandbox import script

__all__ = ["acme", "paid", "people", "team"]
pytestmark = pytest.mark.django_db
People = dict[str, Person]


def hand_over(client: Client, team: Space, to: Person, **more: str) -> Any:
    return client.post(path_of(team, f"owner/{to.public_id}"), more)


# Hand-over (R5)


def test_the_old_owner_loses_the_right_on_the_very_next_request(
    paid: Subscription, team: Space, people: People
) -> None:
    anna, chris = browser(people["anna"]), browser(people["chris"])
    invoice = Invoice.objects.get()
    pages_of_the_owner = ["plan", "seats", "information", "owner", "method", "invoices/",
                          f"invoices/{invoice.public_id}/", f"invoices/{invoice.public_id}/pdf"]  # fmt: skip
    assert hand_over(anna, team, people["chris"]).headers["Location"] == f"/s/{team.public_id}/"
    assert [anna.get(path_of(team, page)).status_code for page in pages_of_the_owner] == [403] * 8
    assert [chris.get(path_of(team, page)).status_code for page in pages_of_the_owner] == [200] * 8
    assert "INV-2026-00001" in words(chris.get(path_of(team, "invoices/")).content)
    assert hand_over(anna, team, people["anna"]).status_code == 403


def test_both_are_told_and_the_event_is_one(paid: Subscription, team: Space, people: People) -> None:
    hand_over(browser(people["anna"]), team, people["chris"])
    told = {mail.kind: mail.to_email for mail in Mail.objects.filter(kind__startswith="billing_owner_")}
    assert told == {"billing_owner_old": "anna@acme.example", "billing_owner_new": "chris@acme.example"}
    event = Event.objects.get(kind="billing_owner.changed")
    assert (event.before, event.after, event.actor) == ({"owner": "Anna"}, {"owner": "Chris"}, people["anna"])


def test_the_method_stays_and_the_screen_says_so(paid: Subscription, team: Space, people: People) -> None:
    page = words(browser(people["anna"]).get(path_of(team, f"owner/{people['chris'].public_id}")).content)
    assert "The payment method Visa •••• 4242 stays in use, so that the plan goes on." in page
    hand_over(browser(people["anna"]), team, people["chris"])
    assert PaymentMethod.objects.get().status == "active"
    assert "Visa •••• 4242" in words(browser(people["chris"]).get(path_of(team)).content)


def test_the_old_owner_may_take_the_method_away_in_the_same_act(
    paid: Subscription, team: Space, people: People
) -> None:
    hand_over(browser(people["anna"]), team, people["chris"], remove_method="on")
    assert PaymentMethod.objects.get().status == "removed"
    page = words(browser(people["chris"]).get(path_of(team)).content)
    assert "There is none. One is needed before the next charge." in page


def test_or_later_from_the_page_billing(paid: Subscription, team: Space, people: People) -> None:
    hand_over(browser(people["anna"]), team, people["chris"])
    anna, method = browser(people["anna"]), PaymentMethod.objects.get()
    assert "Your payment method pays for others" in words(anna.get("/billing/").content)
    for name, status in (("chris", 404), ("daan", 404)):
        assert browser(people[name]).post(f"/billing/methods/{method.public_id}/remove").status_code == status
    assert anna.post(f"/billing/methods/{method.public_id}/remove").status_code == 302
    method.refresh_from_db()
    assert method.status == "removed"
    assert Event.objects.get(kind="method.removed").actor == people["anna"]
    assert "Your payment method pays for others" not in words(anna.get("/billing/").content)


def test_a_billing_owner_does_not_take_the_own_method_away(
    paid: Subscription, team: Space, people: People
) -> None:
    method = PaymentMethod.objects.get()
    browser(people["anna"]).post(f"/billing/methods/{method.public_id}/remove")
    method.refresh_from_db()
    assert method.status == "active"


def test_only_who_set_a_method_up_takes_it_away_and_only_once(
    world: World, paid: Subscription, team: Space, people: People
) -> None:
    hand_over(browser(people["anna"]), team, people["chris"])
    method = PaymentMethod.objects.get()
    for name, code in (("bram", "forbidden"), ("chris", "forbidden")):
        with pytest.raises(ZetelError, match=code):
            customers.remove_method(method, actor=people[name], now=world.now)
    customers.remove_method(method, actor=people["anna"], now=world.now)
    with pytest.raises(ZetelError, match="no_change"):
        customers.remove_method(method, actor=people["anna"], now=world.now)
    assert Event.objects.filter(kind="method.removed").count() == 1


def test_of_several_plans_the_one_handed_over_gets_a_customer_of_its_own(
    world: World, paid: Subscription, team: Space, people: People
) -> None:
    studio = world.workspace(people["anna"])
    subscribe(studio, people["anna"], world.now, seats=2, customer=paid.customer)
    path = path_of(team, f"owner/{people['chris'].public_id}")
    assert "goes to a copy of your billing information" in words(browser(people["anna"]).get(path).content)
    hand_over(browser(people["anna"]), team, people["chris"])
    paid.refresh_from_db()
    assert (paid.customer.billing_owner, paid.customer.methods.count()) == (people["chris"], 0)
    assert Customer.objects.get(subscriptions__space=studio).billing_owner == people["anna"]
    assert "INV-2026-00001" in words(browser(people["chris"]).get(path_of(team, "invoices/")).content)


def test_only_active_members_of_the_space_are_in_the_list(
    world: World, paid: Subscription, team: Space, acme: Space, people: People
) -> None:
    world.join(acme, world.person("Elders"))
    anna = browser(people["anna"])
    listed = words(anna.get(path_of(team, "owner")).content)
    assert "Bram" in listed
    assert "Chris" in listed
    for absent in ("Gast", "Elders", "Daan"):
        assert absent not in listed
    found = words(anna.get(path_of(team, "owner?q=CHRIS@")).content)
    assert "Chris" in found
    assert "bram@" not in found
    assert hand_over(anna, team, people["gast"]).status_code == 404
    paid.customer.refresh_from_db()
    assert paid.customer.billing_owner == people["anna"]


def test_rights_are_read_under_the_lock_and_not_from_what_a_page_had_loaded(
    paid: Subscription, team: Space, people: People, world: World
) -> None:
    loaded = Subscription.objects.select_related("customer__billing_owner", "space").get(pk=paid.pk)
    hand_over(browser(people["anna"]), team, people["chris"])
    information = customers.BillingInformation(**{"name": "Anna", **DUTCH, "city": "Haarlem"})
    with pytest.raises(ZetelError, match="forbidden"):
        customers.change_information(loaded.customer, information, actor=people["anna"], now=world.now)
    with pytest.raises(ZetelError, match="forbidden"):
        handing.give(loaded, to=people["bram"], actor=people["anna"], now=world.now)
    kept = Customer.objects.get(pk=loaded.customer_id)
    assert (kept.city, kept.billing_owner) == ("Amsterdam", people["chris"])


# Payment method (G2)


def choose(client: Client, team: Space, kind: str) -> str:
    answer = client.post(path_of(team, "method"), {"kind": kind})
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def back(client: Client, address: str) -> Any:
    return client.get("/" + address.split("/", 3)[3])


def active() -> str:
    return PaymentMethod.objects.get(status="active").label


def test_card_to_paypal_to_card_each_ends_in_done(paid: Subscription, team: Space, people: People) -> None:
    anna = browser(people["anna"], "nl")
    assert active() == "Visa •••• 4242"
    there = choose(anna, team, "paypal")
    done = words(back(anna, pages.save_paypal(Client(), there, "anna@paypal.example")).content)
    assert "Klaar" in done
    assert "wordt vanaf nu gebruikt." in done
    assert active().startswith("PayPal")
    there = choose(anna, team, "card")
    assert "Klaar" in words(back(anna, pages.save_card(Client(), there, "5555555555554444")).content)
    assert active() == "Mastercard •••• 4444"
    assert PaymentMethod.objects.filter(status="replaced").count() == 2


def test_a_refused_card_leaves_the_old_one_and_says_so(
    paid: Subscription, team: Space, people: People
) -> None:
    anna = browser(people["anna"])
    there = choose(anna, team, "paypal")
    address = pages.save_paypal(Client(), there, pages.email_of("setup_refused"))
    for _again in range(2):
        page = words(back(anna, address).content)
        assert "It was refused" in page
        assert "Visa •••• 4242 stays in use; nothing changed." in page
    assert active() == "Visa •••• 4242"


def test_coming_back_without_finishing_changes_nothing(
    paid: Subscription, team: Space, people: People
) -> None:
    anna = browser(people["anna"])
    choose(anna, team, "card")
    setup = paid.customer.setups.latest("id")
    page = words(anna.get(path_of(team, f"method/return/{setup.public_id}")).content)
    assert "Not finished yet" in page
    assert active() == "Visa •••• 4242"


def test_a_gateway_that_is_away_loses_nothing(
    clock: HandClock, paid: Subscription, team: Space, people: People
) -> None:
    anna = browser(people["anna"])
    there = choose(anna, team, "card")
    address = pages.save_card(Client(), there, "5555555555554444")
    script.go_down(datetime(2026, 5, 12, 12, tzinfo=UTC))
    assert anna.post(path_of(team, "method"), {"kind": "card"}).status_code == 503
    answer = back(anna, address)
    assert (answer.status_code, "Nothing is lost." in words(answer.content)) == (503, True)
    assert active() == "Visa •••• 4242"
    script.come_up()
    assert "Done" in words(back(anna, address).content)
    assert active() == "Mastercard •••• 4444"


def test_nobody_finishes_the_visit_of_somebody_else(paid: Subscription, team: Space, people: People) -> None:
    anna = browser(people["anna"])
    address = pages.save_card(Client(), choose(anna, team, "card"), "5555555555554444")
    hand_over(anna, team, people["chris"])
    assert back(anna, address).status_code == 403
    assert back(browser(people["chris"]), address).status_code == 404
    assert active() == "Visa •••• 4242"


# Billing information

DETAILS = {
    "name": "Anna de Vries", "company": "Kade Groep B.V.", "country": "NL", "drawn_for": "NL",
    "address_line1": "Kade 12", "address_line2": "", "postal_code": "1011 ab", "city": "Amsterdam",
    "vat_number": "123456782B90", "invoice_email": "facturen@acme.example", "reference": "PO 7", "language": "nl",
    "time_zone": "Europe/Amsterdam",
}  # fmt: skip


def test_information_is_changed_and_written_down(paid: Subscription, team: Space, people: People) -> None:
    answer = browser(people["anna"]).post(path_of(team, "information"), DETAILS)
    assert answer.headers["Location"] == path_of(team)
    paid.customer.refresh_from_db()
    kept = paid.customer
    assert (kept.company, kept.postal_code, kept.vat_number) == (
        "Kade Groep B.V.",
        "1011 AB",
        "NL123456782B90",
    )
    event = Event.objects.get(kind="customer.changed")
    assert (event.before["postal_code"], event.after["postal_code"]) == ("1015 BA", "1011 AB")
    assert "city" not in event.after
    assert Invoice.objects.get().buyer["name"] == "Anna"


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved(
    paid: Subscription, team: Space, people: People
) -> None:
    wrong = {**DETAILS, "postal_code": "10", "vat_number": "NL1", "name": ""}
    page = words(browser(people["anna"]).post(path_of(team, "information"), wrong).content)
    assert "This is not a postal code of this country." in page
    page = words(
        browser(people["anna"]).post(path_of(team, "information"), {**DETAILS, "vat_number": "NL1"}).content
    )
    assert "This is not a VAT number of this country." in page
    paid.customer.refresh_from_db()
    assert (paid.customer.name, paid.customer.vat_number) == ("Anna", "")


def test_another_country_brings_its_own_fields_and_saves_nothing_yet(
    paid: Subscription, team: Space, people: People
) -> None:
    anna, path = browser(people["anna"]), path_of(team, "information")
    page = anna.post(path, {**DETAILS, "country": "US"}).content.decode()
    for said in ("ZIP code", "State", "California", "The fields now fit this country.", 'value="Kade 12"'):
        assert said in page, said
    paid.customer.refresh_from_db()
    assert (paid.customer.country, paid.customer.company) == ("NL", "")
    there = {**DETAILS, "country": "US", "drawn_for": "US", "postal_code": "94105", "city": "San Francisco",
             "region": "CA", "vat_number": ""}  # fmt: skip
    assert anna.post(path, there).status_code == 302
    paid.customer.refresh_from_db()
    assert (paid.customer.country, paid.customer.region) == ("US", "CA")


def test_a_country_without_cities_asks_for_none(paid: Subscription, team: Space, people: People) -> None:
    there = {**DETAILS, "country": "JP", "drawn_for": "JP", "postal_code": "154-0023", "region": "東京都",
             "address_line1": "世田谷区若林 1-1", "vat_number": ""}  # fmt: skip
    there.pop("city")
    assert browser(people["anna"]).post(path_of(team, "information"), there).status_code == 302
    paid.customer.refresh_from_db()
    assert (paid.customer.country, paid.customer.city, paid.customer.region) == ("JP", "", "東京都")


# Plan


def test_sizes_below_the_people_counted_are_not_offered(
    paid: Subscription, team: Space, people: People
) -> None:
    page = browser(people["anna"]).get(path_of(team, "plan")).content.decode()
    assert '<option value="2"' not in page
    assert '<option value="3"' in page


# Seats


def test_the_list_says_of_everybody_whether_they_count_and_why(
    world: World, paid: Subscription, team: Space, people: People
) -> None:
    robot, paused = world.person("Robot"), world.person("Paula")
    world.join(team, robot, paused)
    Person.objects.filter(pk=robot.pk).update(is_machine=True)
    directory_people.deactivate(space=team, person=paused, actor=people["bram"], now=world.now)
    page = browser(people["anna"]).get(path_of(team, "seats")).content.decode()
    rows = [words(row.encode()) for row in page.split("<tbody>")[1].split("</tbody>")[0].split("</tr>")[:-1]]
    said = {row.split()[1]: row.split("@", 1)[1].split(" ", 1)[1] for row in rows}
    assert said == {
        "Anna": "Counts Member of this space",
        "Bram": "Counts Member of this space",
        "Chris": "Counts Member of this space",
        "Robot": "Does not count Machine accounts do not count",
        "Gast": "Does not count Guests are covered without a seat",
        "Paula": "Does not count Deactivated people do not count",
    }
    assert "3 of 5 in use" in words(page.encode())


def test_the_list_of_a_workspace_counts_everybody(world: World, people: People) -> None:
    studio = world.workspace(people["anna"])
    world.join(studio, people["daan"])
    subscribe(studio, people["anna"], world.now, seats=2)
    page = words(browser(people["anna"]).get(path_of(studio, "seats")).content)
    assert page.count("Everybody in a workspace counts") == 2
    assert "All seats are taken." in page


def test_the_list_is_searched_and_paged(
    world: World, paid: Subscription, team: Space, people: People
) -> None:
    world.crowd(team, 30)
    anna = browser(people["anna"])
    page = words(anna.get(path_of(team, "seats")).content)
    assert "33 of 5 in use" in page
    assert "1 to 25 of 34" in page
    assert "Chris" in words(anna.get(path_of(team, "seats?q=chris")).content)
    assert "Nobody found" in words(anna.get(path_of(team, "seats?q=nietbestaand")).content)


def test_people_of_a_division_are_listed_once(world: World, acme: Space, people: People) -> None:
    division = world.division(acme, people["bram"])
    for name in ("Een", "Twee"):
        inside = world.team(acme, people["anna"], name)
        Space.objects.filter(pk=inside.pk).update(division=division)
    assert Membership.objects.of_space(division).count() == 2
    world.paid(division, people["anna"], seats=5)
    page = words(browser(people["anna"]).get(path_of(division, "seats")).content)
    assert "1 of 5 in use" in page
    assert page.count("Member of this space") == 1


# Invoices


def test_the_pdf_is_the_same_bytes_ever_after(paid: Subscription, team: Space, people: People) -> None:
    path = path_of(team, f"invoices/{Invoice.objects.get().public_id}/pdf")
    first = browser(people["anna"]).get(path)
    browser(people["anna"]).post(path_of(team, "information"), DETAILS)
    second = browser(people["anna"]).get(path)
    assert first.content.startswith(b"%PDF-")
    assert hashlib.sha256(first.content).hexdigest() == hashlib.sha256(second.content).hexdigest()
    assert IssuedFile.objects.get(kind="pdf").sha256 == hashlib.sha256(first.content).hexdigest()
    assert first.headers["Content-Type"] == "application/pdf"
    assert first.headers["Content-Disposition"] == 'attachment; filename="INV-2026-00001.pdf"'


def test_a_year_comes_as_one_file(clock: HandClock, paid: Subscription, team: Space, people: People) -> None:
    clock.set(datetime(2026, 6, 12, 10, tzinfo=UTC))
    renewals.renew(paid.pk, now=clock.now)
    answer = browser(people["anna"], "nl").get(path_of(team, "invoices/2026.zip"))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="facturen-2026.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == [
            "INV-2026-00001.pdf", "INV-2026-00001.xml", "INV-2026-00002.pdf", "INV-2026-00002.xml",
        ]  # fmt: skip
        single = browser(people["anna"]).get(
            path_of(team, f"invoices/{Invoice.objects.earliest('id').public_id}/pdf")
        )
        assert archive.read("INV-2026-00001.pdf") == single.content


def test_an_unpaid_invoice_is_open_on_its_day_and_late_after_it(
    clock: HandClock, paid: Subscription, team: Space, people: People
) -> None:
    clock.set(datetime(2026, 6, 12, 10, tzinfo=UTC))
    renewals.renew(paid.pk, now=clock.now)
    anna = browser(people["anna"], "nl")
    assert "12 jun 2026 Open € 81,61" in words(anna.get(path_of(team, "invoices/")).content)
    clock.move(days=1)
    assert "12 jun 2026 Te laat € 81,61" in words(anna.get(path_of(team, "invoices/")).content)


def test_a_credit_note_stands_beside_its_invoice(
    world: World, clock: HandClock, paid: Subscription, acme: Space, team: Space, people: People
) -> None:
    clock.set(datetime(2026, 5, 30, 10, tzinfo=UTC))
    subscribe(
        acme, people["anna"], clock.now, seats=30, customer=customer_of(people["anna"], clock.now, **DUTCH)
    )
    anna, note = browser(people["anna"]), Invoice.objects.get(kind="credit_note")
    listed = words(anna.get(path_of(team)).content)
    assert "CN-2026-00001" in listed
    page = words(anna.get(path_of(team, f"invoices/{note.public_id}/")).content)
    assert "Given back of INV-2026-00001, line 1: 5 seats × €13.49 × 13 of 31 days = €28.29" in page
    assert "Credit note CN-2026-00001" in page


def test_the_timeline_tells_what_happened_with_the_lines_of_the_invoice(
    paid: Subscription, team: Space, people: People
) -> None:
    browser(people["anna"]).post(path_of(team, "information"), DETAILS)
    page = words(browser(people["anna"]).get(path_of(team, "timeline")).content)
    assert "5 seats × €13.49 = €67.45" in page
    assert "12 May 2026" in page
    assert page.count("Anna") >= 2
