"""A buyer in front of the upgrade flow, by Django's test client: each method is one page filled in and sent."""

from typing import Any

from django.test import Client

from tests.gateways import pages
from zetel.models import Change, Invoice, Person, PurchaseDraft, Space, Subscription

DUTCH = {
    "name": "Anna de Vries", "company": "Acme B.V.", "country": "NL", "drawn_for": "NL",
    "address_line1": "Herengracht 1", "postal_code": "1015 BA", "city": "Amsterdam", "language": "nl",
    "time_zone": "Europe/Amsterdam",
}  # fmt: skip
OUTSIDE = {
    "name": "Anna de Vries", "country": "US", "drawn_for": "US", "address_line1": "1 Main Street", "region": "CA",
    "postal_code": "94105", "city": "San Francisco", "language": "en", "time_zone": "Europe/Amsterdam",
}  # fmt: skip


class Buyer:
    """Somebody who is logged in and reads one language."""

    def __init__(self, person: Person, language: str = "en") -> None:
        self.person = person
        self.client = Client(headers={"accept-language": language})
        self.client.force_login(person)
        self.base = ""

    def start(self, **asked: str) -> Any:
        answer = self.client.get("/upgrade/", asked)
        assert answer.status_code == 302, answer.content.decode()
        self.base = answer.headers["Location"].rsplit("/", 1)[0]
        return answer

    @property
    def draft(self) -> PurchaseDraft:
        return PurchaseDraft.objects.filter(person=self.person).latest("id")

    def get(self, step: str, **asked: str) -> Any:
        return self.client.get(f"{self.base}/{step}", asked)

    def post(self, step: str, **sent: object) -> Any:
        return self.client.post(f"{self.base}/{step}", sent)

    def on(self, answer: Any, step: str) -> None:
        """The answer leads on to a step."""
        assert answer.status_code == 302, answer.content.decode()
        assert answer.headers["Location"] == f"{self.base}/{step}"

    def choose(
        self, space: Space, *, plan: str = "premium", cycle: str = "month", seats: int = 15, **more: object
    ) -> None:
        """Steps 1 to 3."""
        self.start(space=space.public_id)
        self.on(self.post("plan", plan=plan, cycle=cycle, currency="EUR"), "space")
        self.on(self.post("space", space=space.public_id), "details")
        chosen = {"plan": plan, "cycle": cycle, "seats": seats, "on_exceed": "grow", **more}
        self.on(self.post("details", **chosen), "billing")

    def pay_with(self, behaviour: str = "paid", *, kind: str = "card", **information: str) -> Any:
        """Step 4, with the visit to the company's own page; answers the page after it."""
        answer = self.post("billing", **{**OUTSIDE, "payer": "new", "method": kind, **information})
        assert answer.status_code == 302, answer.content.decode()
        return self.save(answer.headers["Location"], behaviour, kind)

    def save(self, company_url: str, behaviour: str, kind: str = "card") -> Any:
        if kind == "card":
            back = pages.save_card(self.client, company_url, pages.number_of(behaviour))
        else:
            back = pages.save_paypal(self.client, company_url, pages.email_of(behaviour))
        return self.client.get(back)

    def quote_id(self) -> str:
        """The id in the review page's button."""
        page = self.get("review")
        assert page.status_code == 200, page.headers.get("Location", "")
        return str(page.context["quote"].public_id)

    def confirm(self, quote: str = "") -> Any:
        return self.post("review", quote=quote or self.quote_id())

    def outcome(self) -> Any:
        """The page of what came of it."""
        return self.client.get(f"/upgrade/changes/{self.change.public_id}/")

    @property
    def change(self) -> Change:
        return Change.objects.filter(person=self.person).latest("id")


def bought(space: Space) -> Subscription:
    return Subscription.objects.live().get(space=space)


def invoice_of(space: Space) -> Invoice:
    return Invoice.objects.get(space=space, kind="invoice")
