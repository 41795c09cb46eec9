"""A billing owner who changes a live plan, by Django's test client: each method is one page looked at or sent."""

from datetime import UTC, datetime
from typing import Any

from django.test import Client

from tests.web.test_billing import words
from zetel.models import Change, Person, Quote, Space

PLAN = {"plan": "premium", "cycle": "month", "seats": "15"}


class Owner:
    """The billing owner of a space, reading one language."""

    def __init__(self, person: Person, space: Space, language: str = "en") -> None:
        self.person, self.space = person, space
        self.client = Client(headers={"accept-language": language})
        self.client.force_login(person)
        self.base = f"/s/{space.public_id}/billing/"

    def get(self, page: str = "", **asked: str | int) -> Any:
        return self.client.get(self.base + page, asked)

    def post(self, page: str, **sent: object) -> Any:
        return self.client.post(self.base + page, sent)

    def reads(self, page: str = "", **asked: str | int) -> str:
        """The words of a page."""
        answer = self.get(page, **asked)
        assert answer.status_code == 200, answer.headers.get("Location", answer.content.decode())
        return words(answer.content)

    def wish(self, **chosen: object) -> str:
        """Send Edit plan; the address of the review it leads to."""
        answer = self.post("plan", **{**PLAN, **chosen})
        assert answer.status_code == 302, words(answer.content)
        return str(answer.headers["Location"])

    def review(self, address: str) -> str:
        answer = self.client.get(address)
        assert answer.status_code == 200, answer.headers.get("Location", "")
        return words(answer.content)

    def confirm(self, address: str) -> Any:
        """Press the button of the review: the quote's id and nothing else."""
        quote = address.rstrip("/").rpartition("/")[2].partition("?")[0]
        return self.client.post(address, {"quote": quote})

    def change(self, **chosen: object) -> str:
        """The whole way; the words of the page of what came of it."""
        answer = self.confirm(self.wish(**chosen))
        assert answer.status_code == 302, words(answer.content)
        assert answer.headers["Location"] == f"/upgrade/changes/{self.made.public_id}/"
        return words(self.client.get(answer.headers["Location"]).content)

    @property
    def made(self) -> Change:
        return Change.objects.filter(person=self.person).latest("id")

    @property
    def quote(self) -> Quote:
        return Quote.objects.filter(person=self.person).latest("id")


def at(month: int, day: int, hour: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)
