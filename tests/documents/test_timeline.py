"""The timeline's sentences: one for every event that a billing owner reads, in both languages."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from zetel.documents.timeline import FULLER, PLAIN, say
from zetel.rules.event_types import ON_TIMELINE, EventType


@dataclass
class Told:
    """An event as the sentence sees it."""

    kind: str
    after: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)


def test_every_event_on_the_timeline_has_a_sentence_and_no_other_has() -> None:
    assert set(PLAIN) == ON_TIMELINE
    assert set(FULLER) <= ON_TIMELINE


@pytest.mark.parametrize("kind", sorted(ON_TIMELINE))
def test_every_sentence_is_said_in_dutch_too(kind: EventType) -> None:
    english, dutch = say(Told(kind), "en"), say(Told(kind), "nl")
    assert english.endswith(".")
    assert dutch.endswith(".")
    assert english != dutch


BOUGHT = {
    "plan": "premium", "cycle": "month", "seats": 15, "space": "Ontwerp", "due_amount": 20235, "currency": "EUR",
    "period_end": "2026-06-12", "renewal_amount": 20235, "invoice": "INV-2026-00001",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "before", "after", "english", "dutch"),
    [
        (
            "subscription.bought", {}, BOUGHT,
            "Premium with 15 seats was bought (monthly), until 12 June 2026.",
            "Premium met 15 seats is gekocht (maandelijks), tot 12 juni 2026.",
        ),
        (
            "billing_owner.changed", {"owner": "Anna"}, {"owner": "Bram"},
            "Anna handed billing over to Bram.",
            "Anna heeft de facturering overgedragen aan Bram.",
        ),
        (
            "invoice.paid", {}, {"number": "INV-2026-00001", "amount": 24484, "currency": "EUR"},
            "Invoice INV-2026-00001 of €244.84 was paid.",
            "Factuur INV-2026-00001 van €\N{NO-BREAK SPACE}244,84 is betaald.",
        ),
        (
            "change.declined", {}, {"reason": "insufficient_funds", "amount": 24484, "currency": "EUR"},
            "The payment of €244.84 was declined: not enough money on the account. Nothing changed.",
            "De betaling van €\N{NO-BREAK SPACE}244,84 is geweigerd: er staat niet genoeg geld op de rekening."
            " Er is niets gewijzigd.",
        ),
        (
            "change.declined", {}, {"reason": "do_not_honor", "amount": 24484, "currency": "EUR"},
            "A payment was declined; nothing changed.",
            "Een betaling is geweigerd; er is niets gewijzigd.",
        ),
        (
            "admin.named", {}, {"person": "per_0123"},
            "Somebody became admin.",
            "Iemand werd beheerder.",
        ),
        (
            "sales_request.made", {}, {"topic": "pay_by_invoice", "wish": {}},
            "A request was sent to sales: paying by invoice.",
            "Er is een aanvraag naar verkoop gestuurd: op factuur betalen.",
        ),
    ],
)  # fmt: skip
def test_sentences_name_the_facts_that_are_known(
    kind: str, before: dict[str, Any], after: dict[str, Any], english: str, dutch: str
) -> None:
    event = Told(kind, after, before)
    assert say(event, "en") == english
    assert say(event, "nl") == dutch


def test_a_percent_sign_in_a_name_is_only_a_name() -> None:
    event = Told("billing_owner.changed", {"owner": "%(plan)s 100%"}, {"owner": "<b>Anna</b>"})
    assert say(event, "en") == "<b>Anna</b> handed billing over to %(plan)s 100%."
