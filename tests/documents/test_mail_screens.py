"""Every mail that the screens ask for, in both languages: subject, greeting, the reader's amounts, one clear link."""

import re
from typing import Any

import pytest

from zetel.documents.mail import Rendered, render

FACTS: dict[str, Any] = {
    "reader": "Anna de Vries", "space": "Ontwerp", "space_id": "spc_1", "plan": "premium", "plan_name": "Premium",
    "cycle": "month", "seats": 10, "counted": 11, "currency": "EUR", "number": "INV-2026-00042", "old": "Anna",
    "new": "Bram", "total_amount": 123456, "amount": 123456, "due_amount": 123456, "renewal_amount": 123456,
    "unit_amount": 123456, "issued_on": "2026-05-12", "period_end": "2026-06-12", "renews_on": "2026-06-12",
    "ends_on": "2026-06-12", "next_on": "2026-06-12", "starts_on": "2026-06-12", "resizes_on": "2026-06-12",
    "last_on": "2026-06-12", "ends_in_days": 7, "days": 7, "fits": 15, "method": "Visa 4242", "state": "paid",
    "kind": "invoice", "what": "changed", "from": "Sam", "offer": "off_1", "label": "Visa 4242", "has_method": True,
}  # fmt: skip
TAB = "/s/spc_1/billing/"
KINDS = {  # what the screens name: kind of mail, the way that it leads, whether it names an amount
    "invoice each cycle": ("invoice", TAB, True),
    "trial ends": ("trial_ends_soon", TAB, True),
    "renewal": ("renewal_reminder", TAB, True),
    "payment failed": ("payment_failed", TAB + "method", True),
    "last warning": ("payment_last_warning", TAB + "method", True),
    "seats nearly full": ("seats_nearly_full", TAB, False),
    "seats full": ("seats_full", TAB, False),
    "seats exceeded": ("seats_exceeded", TAB, True),
    "seats resized": ("seats_resized", TAB, True),
    "billing owner new": ("billing_owner_new", TAB, False),
    "billing owner old": ("billing_owner_old", "/billing/", False),
    "plan changed": ("plan_changed", TAB, True),
    "cancelled": ("cancelled", TAB, False),
    "sales answered": ("offer_made", "/offers/off_1/", True),
}
AMOUNT = {"nl": "€ 1.234,56", "en": "€1,234.56"}
HELLO = {"nl": "Dag Anna de Vries,", "en": "Hello Anna de Vries,"}
LAST_DAY = {"nl": "12 juni 2026", "en": "12 June 2026"}


def made(kind: str, language: str, **changed: Any) -> Rendered:
    return render(kind, FACTS | changed, language)


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\N{NO-BREAK SPACE}", " "))


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("asked", sorted(KINDS))
def test_a_mail_of_the_screens_is_whole(asked: str, language: str) -> None:
    kind, way, names_amount = KINDS[asked]
    mail = made(kind, language)
    text, html = plain(mail.text), plain(mail.html)
    assert mail.subject
    for form in (text, html):
        assert HELLO[language] in form
        assert "Ontwerp" in form or "INV-2026-00042" in form
        assert "Zetel Voorbeeld B.V." in form
        assert AMOUNT[language] in form or not names_amount
    link = f"http://localhost:8000{way}"
    assert re.findall(r"https?://\S+", text) == [link]
    assert re.findall(r'href="([^"]+)"', mail.html) == [link]
    assert f'lang="{language}"' in mail.html


@pytest.mark.parametrize("asked", sorted(KINDS))
def test_it_is_another_text_in_each_language(asked: str) -> None:
    dutch, english = (made(KINDS[asked][0], language) for language in ("nl", "en"))
    assert dutch.subject != english.subject
    assert dutch.text != english.text


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_cancellation_names_the_last_day_in_its_subject(language: str) -> None:
    assert LAST_DAY[language] in made("cancelled", language).subject
    assert LAST_DAY[language] in made("payment_last_warning", language).subject
    assert LAST_DAY[language] in made("renewal_reminder", language).subject


def test_a_mailbox_without_a_name_is_greeted_without_one() -> None:
    for name in ("", None):
        assert "\n\nHello,\n\n" in made("invoice", "en", reader=name).text


def test_a_name_can_break_no_greeting() -> None:
    mail = made("invoice", "en", reader="<b>A\r\nB</b>")
    assert "\n\nHello <b>A B</b>,\n\n" in mail.text
    assert "Hello &lt;b&gt;A B&lt;/b&gt;," in mail.html
