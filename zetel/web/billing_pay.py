"""Paying an open invoice by hand: what is to be paid and with what, the button, and what came of it (rules G3, G4).

The page of a payment that waits asks the payment company whenever that is due, as the one of a purchase does. A second
click, a second tab and the tries that go by themselves find the try that is under way, never another charge.
"""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from zetel import clock
from zetel.access import Seen
from zetel.actions import dues
from zetel.actions.collections import open_attempt
from zetel.documents.languages import reader_language
from zetel.jobs import collections
from zetel.models import Attempt, Invoice
from zetel.models.payments import UNSETTLED
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.roles import Capability
from zetel.web.billing_change import draw_billing
from zetel.web.billing_view import invoices_of, load_owned
from zetel.web.errors import sentence
from zetel.web.upgrade_words import reason_sentence

_SAID_HERE = ("method_required", "gateway_unavailable")
_NOTHING_TO_PAY = (
    "nothing_due",
    "amount_below_minimum",
)  # now; the page of the invoice says what there is instead


@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, space_id: uuid.UUID, invoice_id: uuid.UUID) -> HttpResponse:
    """The amount, the method, and the button."""
    now = clock.now()
    seen, billing = load_owned(request, space_id, Capability.METHOD_MANAGE, now)
    invoice = _load(seen, invoice_id)
    if getattr(invoice, "manual", None) is not None:  # paid by bank; its page says how (G5)
        return redirect("billing_invoice", space_id, invoice_id)
    outcome = reverse("billing_payment", args=[space_id, invoice_id])
    if request.method == "POST":
        try:
            collections.pay(
                invoice, actor=seen.person, now=now, language=reader_language(), return_path=outcome
            )
        except ZetelError as error:
            if error.code not in (*_SAID_HERE, *_NOTHING_TO_PAY):
                raise
            messages.error(request, sentence(error))
            return redirect(
                "billing_invoice" if error.code in _NOTHING_TO_PAY else "billing_pay", space_id, invoice_id
            )
        return redirect(outcome)
    if open_attempt(invoice):
        return redirect(outcome)
    due = _due(invoice)
    if not due.amount:
        messages.info(request, sentence(ZetelError("nothing_due")))
        return redirect("billing_invoice", space_id, invoice_id)
    method_url = f"{reverse('billing_method', args=[space_id])}?{urlencode({'invoice': invoice.public_id})}"
    return draw_billing(
        request, seen, billing, "billing/pay.html", invoice=invoice, due=due, method_url=method_url
    )


@require_http_methods(["GET", "HEAD", "POST"])
def payment(request: HttpRequest, space_id: uuid.UUID, invoice_id: uuid.UUID) -> HttpResponse:
    """What came of the last try; posting gives up one that waits for the bank."""
    now = clock.now()
    seen, billing = load_owned(request, space_id, Capability.METHOD_MANAGE, now)
    invoice = _load(seen, invoice_id)
    attempt = (
        Attempt.objects.filter(payment__invoice=invoice).select_related("payment").order_by("-id").first()
    )
    if attempt is None:
        return redirect("billing_invoice", space_id, invoice_id)
    if attempt.status in UNSETTLED:
        if request.method == "POST":
            collections.stop(attempt, now=now)
            return redirect("billing_payment", space_id, invoice_id)
        if collections.follow(attempt, now=now, came_back="charge" in request.GET):
            return redirect("billing_payment", space_id, invoice_id)
    outcome = _outcome(invoice, attempt)
    facts: dict[str, Any] = {
        "invoice": invoice, "attempt": attempt, "outcome": outcome, "reason": reason_sentence(attempt.reason),
        "amount": Money(attempt.payment.amount, invoice.currency), "due": _due(invoice),
        "refresh_seconds": {"action": 15, "waiting": 5}.get(outcome, 0),
    }  # fmt: skip
    return draw_billing(request, seen, billing, "billing/payment.html", **facts)


def _outcome(invoice: Invoice, attempt: Attempt) -> str:
    if invoice.state != "open":
        return "done"
    if attempt.status in UNSETTLED:
        return "action" if attempt.status == "action" else "waiting"
    return "refused"


def _load(seen: Seen, invoice_id: uuid.UUID) -> Invoice:
    """An invoice of this space that the person may read; any other does not exist here."""
    rows = invoices_of(seen.space, seen.person).filter(pk=invoice_id, kind="invoice")
    found = rows.select_related("space", "customer").first()
    if found is None:
        raise ZetelError("not_found")
    return found


def _due(invoice: Invoice) -> Money:
    return Money(dues.due_of(invoice), invoice.currency)
