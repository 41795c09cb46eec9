"""The forms to sales and support in the browser: filled in from where one came, confirmed on screen."""

import pytest
from django.test import Client

from tests.directory_world import World
from zetel.models import Mail, Person, SalesRequest, Space, SupportRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(anna: Person) -> Client:
    client = Client()
    client.force_login(anna)
    return client


SENT = {"topic": "pay_by_invoice", "plan": "premium", "cycle": "year", "seats": "20", "name": "Anna",
        "email": "anna@acme.example", "message": "PO 4711"}  # fmt: skip


def test_the_wish_is_filled_in_from_the_address(client: Client, acme: Space) -> None:
    url = f"/sales/?topic=several_teams&plan=business&cycle=year&seats=40&space={acme.public_id}"
    form = client.get(url).context["form"]
    filled = {
        name: form[name].value() for name in ("topic", "plan", "cycle", "seats", "name", "email", "company")
    }
    assert filled == {
        "topic": "several_teams", "plan": "business", "cycle": "year", "seats": "40", "name": "Anna",
        "email": "anna@acme.example", "company": "Acme",
    }  # fmt: skip


def test_sending_it_stores_mails_and_shows_what_was_asked(client: Client, anna: Person, acme: Space) -> None:
    answer = client.post(f"/sales/?space={acme.public_id}", SENT)
    made = SalesRequest.objects.get()
    assert answer.headers["Location"] == f"/sales/{made.public_id}/"
    shown = client.get(answer.headers["Location"]).content.decode()
    for words in ("We have your request", "Paying by invoice", "Premium", "20", "PO 4711", made.public_id):
        assert words in shown
    assert Mail.objects.filter(kind__startswith="sales_request").count() == 2
    assert (made.person, made.space) == (anna, acme)


def test_a_refused_form_says_why_and_keeps_what_was_typed(client: Client) -> None:
    answer = client.post("/sales/", {**SENT, "email": "nobody", "seats": "0"})
    assert answer.status_code == 422
    assert {"email", "seats"} <= set(answer.context["form"].errors)
    assert "PO 4711" in answer.content.decode()
    assert not SalesRequest.objects.exists()


def test_what_somebody_asked_is_shown_to_nobody_else(client: Client, world: World, acme: Space) -> None:
    path = client.post("/sales/", SENT).headers["Location"]
    asked = client.post("/support/", {"subject": "Factuur", "message": "Waar?"}).headers["Location"]
    other = Client()
    other.force_login(world.person("Bram"))
    assert (other.get(path).status_code, other.get(asked).status_code) == (404, 404)
    assert other.get(f"/sales/?space={acme.public_id}").status_code in (403, 404)


def test_a_question_to_support_is_confirmed_on_screen(client: Client, acme: Space) -> None:
    answer = client.post(
        f"/support/?space={acme.public_id}", {"subject": "Factuur", "message": "Waar is die?"}
    )
    made = SupportRequest.objects.get()
    assert made.space == acme
    shown = client.get(answer.headers["Location"]).content.decode()
    assert "We have your question" in shown
    assert "Waar is die?" in shown


@pytest.mark.parametrize("path", ["/sales/", "/support/"])
def test_nobody_logged_in_is_led_to_log_in(path: str, world: World) -> None:
    assert Client().get(path).status_code == 302
