"""The pages of the flow: few queries however many people there are, no copies kept, the labels of both languages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.directory_world import World
from tests.web.upgrade_steps import OUTSIDE, Buyer
from zetel.models import Person, PurchaseDraft, Space

pytestmark = pytest.mark.django_db

QUERIES_MAX = 15


def organization(world: World, name: str, members: int) -> tuple[Person, Space]:
    """An organization with a team, both of so many members."""
    domain = f"{name.lower()}.example"
    anna = world.person("Anna", f"anna@{domain}")
    space = world.organization(anna, name, domain)
    team = world.team(space, anna)
    crowd = world.crowd(space, members - 1, domain)
    world.join(team, *crowd[:14])
    return anna, space


def counted(act: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as seen:
        answer = act()
    assert answer.status_code in (200, 302), answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    return len(seen)


def visits(buyer: Buyer, space: Space, seats: int) -> dict[str, int]:
    """The queries of each page of a purchase, as a first visitor meets them."""
    wish = {"plan": "premium", "cycle": "month", "seats": seats, "on_exceed": "grow"}
    found = {"start": counted(lambda: buyer.client.get(f"/upgrade/?space={space.public_id}"))}
    buyer.base = f"/upgrade/{buyer.draft.public_id}"
    found["plan"] = counted(lambda: buyer.get("plan"))
    buyer.post("plan", plan="premium", cycle="month", currency="EUR")
    found["space"] = counted(lambda: buyer.get("space"))
    buyer.post("space", space=space.public_id)
    found["details"] = counted(lambda: buyer.get("details"))
    buyer.post("details", **wish)
    found["owner"] = counted(lambda: buyer.get("owner", q="mens"))
    found["billing"] = counted(lambda: buyer.get("billing"))
    buyer.pay_with()
    found["method"] = counted(lambda: buyer.get("method"))
    found["review"] = counted(lambda: buyer.get("review"))
    found["review again"] = counted(lambda: buyer.get("review"))
    buyer.confirm()
    found["done"] = counted(lambda: buyer.client.get(f"/upgrade/changes/{buyer.change.public_id}/"))
    return found


def test_every_page_asks_the_database_little_and_no_more_for_many_people(world: World) -> None:
    few = visits(*_buyer(world, "Klein", 3), 3)
    many = visits(*_buyer(world, "Groot", 200), 200)
    assert few == many
    assert max(many.values()) <= QUERIES_MAX, many


def _buyer(world: World, name: str, members: int) -> tuple[Buyer, Space]:
    anna, space = organization(world, name, members)
    return Buyer(anna), space


LABELS = {
    "plan": ("Kies een abonnement", "Choose a plan"),
    "space": ("Welke ruimte wil je upgraden?", "Which space do you want to upgrade?"),
    "details": ("Abonnementsgegevens wijzigen", "Change subscription details"),
    "billing": ("Factureringsgegevens", "Billing information"),
    "review": ("Controleren en upgraden", "Review and upgrade"),
}
WORDS = {
    "plan": ("Maandelijks Jaarlijks 2 maanden gratis", "Monthly Annual 2 months free"),
    "space": ("Meerdere teams of een afdeling?", "Several teams or a division?"),
    "details": ("Abonnement updaten", "Update subscription"),
    "billing": ("Op factuur betalen", "Pay by invoice"),
    "review": ("Upgrade voor €\u00a040,47", "Upgrade for €40.47"),
}


@pytest.mark.parametrize(("language", "which"), [("nl", 0), ("en", 1)])
def test_the_steps_are_labelled_in_both_languages(world: World, language: str, which: int) -> None:
    anna = world.person("Anna")
    studio = world.workspace(anna)
    buyer = Buyer(anna, language)
    buyer.choose(studio, seats=3)
    buyer.pay_with()
    for step, labels in LABELS.items():
        page = buyer.get(step).content.decode()
        assert f"<h1>{labels[which]}</h1>" in page
        for word in [WORDS[step][which]] if step != "plan" else WORDS[step][which].split():
            assert word in page
    assert ("geselecteerd", "selected")[which] in buyer.get("review").content.decode()


def test_names_with_markup_are_shown_as_they_were_typed(world: World) -> None:
    anna = world.person("Anna")
    studio = world.workspace(anna, "<b>Studio</b> & Zn.")
    buyer = Buyer(anna)
    buyer.choose(studio, seats=3)
    buyer.pay_with(name="<i>Anna</i>", company="A & B")
    for step in ("space", "details", "review"):
        page = buyer.get(step).content.decode()
        assert "&lt;b&gt;Studio&lt;/b&gt; &amp; Zn." in page
        assert "<b>Studio" not in page
    assert "&lt;i&gt;Anna&lt;/i&gt;" in page
    assert "A &amp; B" in page


def test_choices_in_the_address_are_shown_and_not_kept(world: World) -> None:
    anna = world.person("Anna")
    studio = world.workspace(anna)
    buyer = Buyer(anna)
    buyer.choose(studio, seats=3)
    page = buyer.get("details", plan="business", cycle="year", seats="10").content.decode()
    assert "€3,049.00" in page
    assert "You save €609.80 a year" in page
    draft = PurchaseDraft.objects.get()
    assert (draft.plan, draft.cycle, draft.seats) == ("premium", "month", 3)


def test_recalculating_without_javascript_keeps_the_choices_and_stays(world: World) -> None:
    anna = world.person("Anna")
    studio = world.workspace(anna)
    buyer = Buyer(anna)
    buyer.choose(studio, seats=3)
    sent = {"plan": "business", "cycle": "year", "seats": 10, "on_exceed": "ask", "act": "recalculate"}
    buyer.on(buyer.post("details", **sent), "details")
    assert "€3,049.00" in buyer.get("details").content.decode()


def test_the_search_for_a_colleague_is_a_plain_page(world: World) -> None:
    anna, acme = organization(world, "Acme", 40)
    bram = world.person("Bram", "bram@acme.example")
    world.join(acme, bram)
    buyer = Buyer(anna)
    buyer.choose(acme, seats=50)
    first = buyer.get("owner").content.decode()
    assert "1 to 12 of 40" in first
    assert bram.public_id in buyer.get("owner", q="BRAM acme").content.decode()
    assert "Nobody found" in buyer.get("owner", q="zzz").content.decode()
    assert bram.public_id not in buyer.get("owner", q="%").content.decode()


def test_the_billing_page_suggests_what_is_known(world: World) -> None:
    anna, acme = organization(world, "Acme", 2)
    buyer = Buyer(anna, "nl")
    buyer.choose(acme, seats=5)
    form = buyer.get("billing").context["form"]
    suggested = {name: form[name].value() for name in ("name", "company", "country", "time_zone", "language")}
    assert suggested == {
        "name": "Anna", "company": "Acme", "country": "NL", "time_zone": "Europe/Amsterdam", "language": "nl",
    }  # fmt: skip
    buyer.post("billing", **OUTSIDE, payer="new", method="card")
    form = buyer.get("billing").context["form"]
    assert (form["country"].value(), form["city"].value()) == ("US", "San Francisco")
