"""Requests to sales and support: stored, recorded, mailed to both sides, once, and not without end."""

from datetime import timedelta
from typing import Any

import pytest

from tests.directory_world import World
from zetel.actions import requests
from zetel.documents.mail import render
from zetel.models import Event, Mail, Person, SalesRequest, Space, SupportRequest
from zetel.rules.errors import ZetelError

pytestmark = pytest.mark.django_db


def ask(world: World, anna: Person, space: Space | None, **other: Any) -> SalesRequest:
    told: dict[str, Any] = {
        "topic": "several_teams", "wish": {"plan": "business", "cycle": "year", "seats": 40}, "name": "Anna",
        "email": "anna@acme.example", "company": "Acme", "phone": "", "message": "Ontwerp\nVerkoop",
    }  # fmt: skip
    return requests.ask_sales(person=anna, space=space, now=world.now, **{**told, **other})


def test_a_wish_is_stored_recorded_and_mailed_to_both_sides(world: World, anna: Person, acme: Space) -> None:
    made = ask(world, anna, acme)
    assert (made.topic, made.wish, made.status) == (
        "several_teams", {"plan": "business", "cycle": "year", "seats": 40}, "open",
    )  # fmt: skip
    event = Event.objects.get(kind="sales_request.made")
    assert (event.actor, event.space, event.after["request"]) == (anna, acme, made.public_id)
    mails = {mail.kind: mail for mail in Mail.objects.filter(kind__startswith="sales_request")}
    assert mails["sales_request_staff"].to_email == "sales@zetel.example"
    assert mails["sales_request_copy"].to_email == anna.email
    for mail in mails.values():
        text = render(mail.kind, mail.params, mail.language).text
        for fact in ("Business", "40", "Acme", "Verkoop", made.public_id):
            assert fact in text


def test_the_copy_goes_to_the_person_whatever_address_was_typed(world: World, anna: Person) -> None:
    ask(world, anna, None, email="victim@elsewhere.example")
    assert sorted(Mail.objects.values_list("to_email", flat=True)) == [anna.email, "sales@zetel.example"]


def test_the_same_wish_twice_within_ten_minutes_is_one(world: World, anna: Person) -> None:
    first = ask(world, anna, None)
    assert ask(world, anna, None) == first
    assert (SalesRequest.objects.count(), Mail.objects.count()) == (1, 2)
    world.now += timedelta(minutes=10)
    assert ask(world, anna, None) != first


def test_only_what_a_wish_consists_of_is_kept(world: World, anna: Person) -> None:
    assert ask(world, anna, None, wish={"plan": "", "seats": None, "price": 1}).wish == {}


def test_the_eleventh_request_within_an_hour_is_refused(world: World, anna: Person) -> None:
    for number in range(10):
        ask(world, anna, None, message=f"number {number}")
    with pytest.raises(ZetelError, match="too_many_requests"):
        ask(world, anna, None, message="one more")
    assert SalesRequest.objects.count() == 10
    world.now += timedelta(hours=1, seconds=1)
    ask(world, anna, None, message="an hour later")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"topic": "gold"}, "value_invalid"),
        ({"name": " "}, "value_required"),
        ({"email": "nobody"}, "email_invalid"),
        ({"message": "x" * 5001}, "value_too_long"),
        ({"phone": "1" * 65}, "value_too_long"),
        ({"company": "a\x07b"}, "value_invalid"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_written(
    world: World, anna: Person, wrong: dict[str, str], code: str
) -> None:
    with pytest.raises(ZetelError, match=code):
        ask(world, anna, None, **wrong)
    assert (SalesRequest.objects.count(), Mail.objects.count()) == (0, 0)


def test_nobody_asks_in_the_name_of_a_space_they_are_not_in(world: World, anna: Person, acme: Space) -> None:
    daan = world.person("Daan", "daan@elsewhere.example")
    with pytest.raises(ZetelError, match="not_member"):
        ask(world, daan, acme)
    with pytest.raises(ZetelError, match="not_member"):
        requests.ask_support(person=daan, space=acme, subject="a", message="b", now=world.now)


def test_a_question_is_stored_recorded_and_mailed_to_both_sides(
    world: World, anna: Person, acme: Space
) -> None:
    made = requests.ask_support(
        person=anna, space=acme, subject="Factuur", message="Waar is die?", now=world.now
    )
    assert (made.subject, made.message, made.space) == ("Factuur", "Waar is die?", acme)
    assert Event.objects.get(kind="support.asked").after["subject"] == "Factuur"
    staff = Mail.objects.get(kind="support_request_staff")
    assert staff.to_email == "support@zetel.example"
    assert "Waar is die?" in render(staff.kind, staff.params, staff.language).text
    assert Mail.objects.get(kind="support_request_copy").to_person == anna
    same = requests.ask_support(
        person=anna, space=acme, subject="Factuur", message="Waar is die?", now=world.now
    )
    assert same == made


def test_a_question_needs_a_subject_and_words(world: World, anna: Person) -> None:
    for subject, message in (("", "b"), ("a", " ")):
        with pytest.raises(ZetelError, match="value_required"):
            requests.ask_support(person=anna, space=None, subject=subject, message=message, now=world.now)
    assert not SupportRequest.objects.exists()
