"""The Billing tab of a plan on manual invoice: how it is paid, what is open, and the way to sales (rule G5).

Nothing is changed by oneself there: each button leads to the sales form with the wish filled in.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext

from zetel.documents.bank_payment import code, grouped
from zetel.models import Invoice, ManualInvoice, Space
from zetel.rules.billing import Terms
from zetel.rules.manual_invoices import is_overdue
from zetel.rules.money import Money
from zetel.templatetags.zetel import amount, longdate


def sales_url(space: Space, topic: str, terms: Terms) -> str:
    """The form to sales, with what there is now filled in."""
    wish: dict[str, str | int] = {
        "topic": topic, "plan": terms.plan, "cycle": str(terms.cycle), "seats": terms.seats,
        "space": space.public_id,
    }  # fmt: skip
    return f"{reverse('sales_request')}?{urlencode(wish)}"


@dataclass(frozen=True)
class ToPay:
    """An open invoice that is paid by bank: until when, and what to type there."""

    number: str
    due: Money
    due_on: date
    is_late: bool
    iban: str
    holder: str
    svg: bytes

    @property
    def title(self) -> str:
        names = {"number": self.number, "due": amount(self.due), "date": longdate(self.due_on)}
        if self.is_late:
            return gettext("Invoice %(number)s is overdue: %(due)s was to be paid by %(date)s") % names
        return gettext("Invoice %(number)s is open: %(due)s by %(date)s") % names

    @property
    def tone(self) -> str:
        return "bad" if self.is_late else "info"

    @property
    def facts(self) -> list[dict[str, str]]:
        rows = [
            (gettext("Amount to pay"), amount(self.due)), (gettext("Account holder"), self.holder),
            (gettext("IBAN"), grouped(self.iban)), (gettext("Payment reference"), self.number),
        ]  # fmt: skip
        return [{"label": label, "value": value} for label, value in rows if value]

    @property
    def code(self) -> str:
        """The EPC code as an address that a page may show; empty where there is none."""
        return f"data:image/svg+xml;base64,{base64.b64encode(self.svg).decode()}" if self.svg else ""


def to_pay(invoice: Invoice, manual: ManualInvoice, due: Money, today: date) -> ToPay:
    seller: Mapping[str, Any] = invoice.seller
    iban = str(seller.get("iban", ""))
    return ToPay(
        invoice.number, due, manual.due_on, is_overdue(manual.due_on, today), iban, str(seller["name"]),
        code(str(seller["name"]), iban, invoice.number, due),
    )  # fmt: skip


def due_on_of(invoice: Invoice) -> date:
    """Until when an invoice is in time: more time may have been given; of a row that was read with it."""
    manual = invoice._state.fields_cache.get("manual")
    return manual.due_on if isinstance(manual, ManualInvoice) else invoice.due_on
