"""The Billing tab in a real browser: from team settings to Done, another country's fields, handing over, and axe."""

import pytest

from tests.browser.conftest import Visit
from tests.directory_world import World
from tests.gateways import pages
from tests.world import DUTCH, customer_of, subscribe
from zetel.models import Invoice, PaymentMethod, Person, Space, Subscription
from zetel.sandbox.behaviours import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = {
    "en": {
        "tab": "Billing", "method": "Edit payment information", "go": "Go on", "done": "Done",
        "owner": "Change billing owner", "choose": "Choose Bram", "hand": "Hand over to Bram",
        "told": "Bram manages billing from now on.", "who": "Billing owner",
    },
    "nl": {
        "tab": "Facturering", "method": "Betalingsinformatie bewerken", "go": "Verder", "done": "Klaar",
        "owner": "Factureringseigenaar wijzigen", "choose": "Kies Bram", "hand": "Overdragen aan Bram",
        "told": "Bram beheert vanaf nu de facturering.", "who": "Factureringseigenaar",
    },
}  # fmt: skip


def paid_team(world: World) -> tuple[Person, Person, Space, Subscription]:
    """Anna owns the billing of a team; Bram is an admin."""
    bram, anna = world.person("Bram"), world.person("Anna")
    acme = world.organization(bram)
    team = world.team(acme, bram)
    world.join(acme, anna)
    world.join(team, anna)
    payer = customer_of(anna, world.now, **DUTCH)
    return anna, bram, team, subscribe(team, anna, world.now, seats=5, customer=payer)


@pytest.mark.parametrize(("language", "javascript"), [("nl", True), ("en", False)], ids=["nl", "en-nojs"])
def test_from_team_settings_to_another_method_to_another_owner(
    visit: Visit, world: World, language: str, javascript: bool
) -> None:
    anna, _bram, team, _subscription = paid_team(world)
    window, words = visit(language, javascript=javascript), WORDS[language]
    window.log_in(anna)
    page = window.go(f"/s/{team.public_id}/settings")
    page.get_by_role("navigation").get_by_role("link", name=words["tab"], exact=True).click()
    assert window.heading() == words["tab"]
    window.press(words["method"])
    page.check("input[value=paypal]", force=True)
    window.press(words["go"])
    page.wait_for_url("**/sandbox/**")
    page.fill("[name=email]", pages.email_of("paid"))
    page.fill("[name=password]", PASSWORD)
    page.click("button[value=login]")
    page.click("button[value=approve]")
    page.wait_for_url("**/billing/method/return/**")
    assert window.heading() == words["done"]
    window.shot("billing-done")
    assert PaymentMethod.objects.get(status="active").kind == "paypal"
    window.go(f"/s/{team.public_id}/billing/")
    page.get_by_role("link", name=words["owner"]).click()
    window.press(words["choose"])
    window.press(words["hand"])
    assert page.get_by_text(words["told"]).count() == 1
    window.go(f"/s/{team.public_id}/billing/")
    assert page.get_by_role("heading", name=words["who"]).count() == 1
    assert page.locator("main").get_by_text("bram@acme.example").count() == 1


def test_choosing_another_country_draws_its_fields_at_once(visit: Visit, world: World) -> None:
    anna, _bram, team, subscription = paid_team(world)
    window = visit("en")
    window.log_in(anna)
    page = window.go(f"/s/{team.public_id}/billing/information")
    page.fill("#id_company", "Kade Groep B.V.")
    page.select_option("#id_country", "US")
    page.get_by_label("ZIP code").fill("94105")
    page.get_by_label("City").fill("San Francisco")
    page.get_by_label("State").select_option("CA")
    assert page.input_value("#id_company") == "Kade Groep B.V."
    page.select_option("#id_country", "NL")
    page.get_by_label("Postal code").fill("1011 AB")
    window.press("Save")
    page.wait_for_url("**/billing/")
    subscription.customer.refresh_from_db()
    kept = subscription.customer
    assert (kept.country, kept.company, kept.postal_code, kept.region) == (
        "NL",
        "Kade Groep B.V.",
        "1011 AB",
        "",
    )


def test_the_pdf_is_downloaded_under_its_number(visit: Visit, world: World) -> None:
    anna, _bram, team, _subscription = paid_team(world)
    window = visit("nl")
    window.log_in(anna)
    page = window.go(f"/s/{team.public_id}/billing/")
    with page.expect_download() as coming:
        page.get_by_role("link", name="PDF INV-2026-00001").click()
    assert coming.value.suggested_filename == "INV-2026-00001.pdf"


def test_axe_finds_nothing_serious_and_nothing_runs_over(visit: Visit, world: World) -> None:
    anna, bram, team, _subscription = paid_team(world)
    base = f"/s/{team.public_id}/billing/"
    invoice = Invoice.objects.get()
    paths = {
        "tab": base, "seats": base + "seats", "information": base + "information",
        "owner": base + "owner", "confirm": base + f"owner/{bram.public_id}", "method": base + "method",
        "invoices": base + "invoices/", "invoice": base + f"invoices/{invoice.public_id}/",
        "timeline": base + "timeline",
    }  # fmt: skip
    window = visit("nl")
    for person, pages_of in ((anna, paths), (bram, {"who": base, "home": "/billing/"})):
        window.log_in(person)
        for name, path in pages_of.items():
            window.go(path)
            window.inspect(f"billing-{name}")


def test_on_a_small_laptop_no_name_and_no_file_of_an_invoice_is_cut_off(visit: Visit, world: World) -> None:
    anna = world.person("Anna")
    team = world.team(world.organization(anna), anna, name="Ontwikkeling")
    subscribe(
        team, anna, world.now, seats=100, plan="enterprise", customer=customer_of(anna, world.now, **DUTCH)
    )
    window = visit("nl")
    window.log_in(anna)
    page = window.go(f"/s/{team.public_id}/billing/")
    cut = "e => e.scrollWidth > e.clientWidth ? e.scrollWidth - e.clientWidth : 0"
    seen = {}
    for width in (1280, 1040):
        page.set_viewport_size({"width": width, "height": 900})
        seen[width] = [page.locator(part).evaluate(cut) for part in (".table-wrap", ".sidebar__item bdi")]
    left = [
        page.locator(part).evaluate("e => e.getBoundingClientRect().left")
        for part in (".panel:has(.table) h2", ".table .row-link")
    ]
    page.set_viewport_size({"width": 1280, "height": 900})
    assert seen == {1280: [0, 0], 1040: [0, 0]}
    assert left[0] == left[1]  # rows stand below their heading, as cards too
