"""What mails say: every kind, in both languages, safe with any name."""

import ast
from email.message import Message
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives

from tests.house.source import calls, python_files
from zetel.documents.letters import KINDS
from zetel.documents.mail import Rendered, one_line, render

NBSP = "\N{NO-BREAK SPACE}"
EVERYTHING: dict[str, Any] = {
    "number": "INV-2026-00042", "total_amount": 24484, "currency": "EUR", "issued_on": "2026-05-12",
    "state": "paid", "kind": "invoice", "space": "Ontwerp", "invoice": "inv_1", "plan": "premium", "cycle": "month",
    "seats": 15, "due_amount": 24484, "period_end": "2026-06-12", "renewal_amount": 24484, "amount": 24484,
    "reason": "already_subscribed", "buyer": "Anna", "owner": "Bram", "old": "Anna", "new": "Bram",
    "inviter": "Anna", "path": "/invitations/abc/", "expires_on": "2026-05-26", "what": "amount_mismatch",
    "reference": "ref-1", "said_amount": 100, "said_currency": "EUR", "topic": "pay_by_invoice", "name": "Anna",
    "email": "anna@example.com", "company": "Acme", "phone": "020", "message": "Hallo\nwereld", "subject": "Vraag",
    "request": "sal_1", "wish": {"plan": "business", "cycle": "year", "seats": 40}, "url": "http://evil.test/x/?a=b",
    "code": "",
}  # fmt: skip


def names_of_kinds_in_code() -> set[str]:
    """Every kind that is queued under a name written in the code."""
    found: set[str] = set()
    for source in python_files("zetel/actions", "zetel/jobs"):
        for call in calls(source.tree):
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            if name in ("queue", "mail_row") and call.args and isinstance(call.args[0], ast.Constant):
                found.add(str(call.args[0].value))
    return found


def test_every_kind_of_mail_that_is_queued_can_be_written() -> None:
    kinds = names_of_kinds_in_code()
    assert {"invoice", "invitation", "admin_told"} <= kinds
    assert kinds <= KINDS, f"write letters for these: {sorted(kinds - KINDS)}"


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_whole_with_every_fact_and_with_none(kind: str, language: str) -> None:
    for params in (EVERYTHING, {}):
        made = render(kind, params, language)
        assert made.subject
        assert "%(" not in made.subject + made.text + made.html
        assert "None" not in made.text
        assert "Zetel Voorbeeld B.V." in made.text
        assert "Zetel Voorbeeld B.V." in made.html


def invoice(language: str, **changed: Any) -> Rendered:
    return render("invoice", {**EVERYTHING, **changed}, language)


def test_an_invoice_is_announced_with_its_number_and_amount() -> None:
    dutch = invoice("nl")
    assert dutch.subject == "Factuur INV-2026-00042 van Zetel Voorbeeld B.V."
    assert "Dank je wel: de factuur voor Ontwerp is betaald. Je vindt haar als pdf in de" in dutch.text
    assert f"Totaal: €{NBSP}244,84" not in dutch.text  # one line keeps the figure together with a plain space
    assert "Totaal: € 244,84" in dutch.text
    assert "Datum: 12 mei 2026" in dutch.text
    assert f"€{NBSP}244,84" in dutch.html
    english = invoice("en")
    assert english.subject == "Invoice INV-2026-00042 from Zetel Voorbeeld B.V."
    assert "Total: €244.84" in english.text
    assert "http://localhost:8000/billing/" in english.text


def test_a_credit_note_is_called_so() -> None:
    assert invoice("en", kind="credit_note", number="CN-2026-00001").subject == (
        "Credit note CN-2026-00001 from Zetel Voorbeeld B.V."
    )


def test_an_open_invoice_says_that_nothing_needs_to_be_done_with_a_card() -> None:
    text = " ".join(invoice("en", state="open").text.split())
    assert "If you pay by card or PayPal, we collect the amount and you need not do anything." in text


def test_a_link_is_absolute_and_always_ours() -> None:
    made = render("account_confirm", {"url": "http://evil.test/accounts/confirm/x/"}, "en")
    assert "http://localhost:8000/accounts/confirm/x/" in made.text
    assert 'href="http://localhost:8000/accounts/confirm/x/"' in made.html
    assert "evil" not in made.text + made.html


def test_a_code_is_shown_alone() -> None:
    made = render("account_login_code", {"code": "ABCD-EFGH"}, "nl")
    assert "\n    ABCD-EFGH\n" in made.text
    assert ">ABCD-EFGH</p>" in made.html


NASTY = 'Anna\r\nBcc: daan@evil.test\n<script>alert("x")</script>\u202eevil\u2028x'


def test_a_name_can_break_neither_headers_nor_markup() -> None:
    made = render("invitation", {"inviter": NASTY, "space": "Acme & Zoon"}, "en")
    assert made.subject == (
        'Anna Bcc: daan@evil.test <script>alert("x")</script>evil x invites you to Acme & Zoon'
    )
    assert "<script>" not in made.html
    assert "&lt;script&gt;" in made.html
    message = EmailMultiAlternatives(made.subject, made.text, "a@example.com", ["b@example.com"]).message()
    assert isinstance(message, Message)
    assert message["Bcc"] is None


def test_a_subject_is_at_most_as_long_as_its_column() -> None:
    made = render("billing_owner_new", {"old": "A" * 255, "space": "字" * 255}, "nl")
    assert len(made.subject) == 255


@pytest.mark.parametrize(
    ("given", "line"),
    [("a\x00b\tc", "a b c"), ("  a \r\n\r\n b ", "a b"), ("a\x85b\u2029c", "a b c"), ("", "")],
)
def test_one_line_is_one_line(given: str, line: str) -> None:
    assert one_line(given) == line


def test_what_somebody_wrote_is_quoted_and_kept_in_lines() -> None:
    made = render("support_request_copy", {"subject": "Vraag", "message": "Een\n\n> twee <b>"}, "nl")
    assert "> Een\n> \n> > twee <b>" in made.text
    assert "&gt; twee &lt;b&gt;" in made.html


def test_sales_reads_what_was_asked() -> None:
    text = render("sales_request_staff", EVERYTHING, "en").text
    for line in (
        "Subject: paying by invoice",
        "Plan: Business",
        "Billing cycle: Annual",
        "Seats: 40",
        "> wereld",
    ):
        assert line in text
    assert "http://localhost:8000/staff/sales/sal_1/" in text
