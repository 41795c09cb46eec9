"""What came of a confirmed purchase: done, declined, waiting for the bank, refunded or expired (screens 2.6; C5, C13).

The page of a purchase that waits asks the payment company again whenever it is due, and when the reader comes back
from the bank; it draws itself anew until there is an answer.
"""

import uuid
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from zetel import clock
from zetel.access import acting_of, person_of
from zetel.jobs import collect
from zetel.models import Attempt, CatalogVersion, Change, Invoice, PurchaseDraft
from zetel.models.subscriptions import WAITING
from zetel.rules.catalog import Catalog
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.quotes import from_json
from zetel.web.billing_change_result import changed
from zetel.web.upgrade import draw
from zetel.web.upgrade_review import collect_now
from zetel.web.upgrade_words import amount_rows, reason_sentence, summary
from zetel.web.words import cycle_word, kind_word, plan_name

_TEMPLATES = {
    "pending": "upgrade/waiting.html", "action": "upgrade/waiting.html", "done": "upgrade/done.html",
    "declined": "upgrade/declined.html", "expired": "upgrade/declined.html", "refunded": "upgrade/refunded.html",
}  # fmt: skip


def _load(request: HttpRequest, change_id: uuid.UUID) -> Change:
    """The buyer's own change, or one that staff made for the customer they act for; for others it does not exist."""
    mine, behalf = Q(person=person_of(request)), acting_of(request)
    if behalf is not None and request.method != "POST":
        mine |= Q(person=behalf.owner, subscription__customer=behalf.acting.customer_id)
    rows = Change.objects.select_related("space", "quote__customer", "quote__draft", "subscription")
    change = rows.filter(mine, pk=change_id).first()
    if change is None:
        raise ZetelError("not_found")
    return change


@require_GET
def change(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    row = _load(request, change_id)
    attempt = _last_attempt(row)
    if row.status in WAITING and attempt is not None:
        came_back = "charge" in request.GET
        if attempt.status == "created":
            collect_now(row.pk)
        elif came_back or (attempt.ask_at is not None and attempt.ask_at <= clock.now()):
            collect.ask(attempt.pk, now=clock.now())
        if came_back or attempt.status == "created":
            return redirect("upgrade_change", row.pk)
        row = _load(request, change_id)
        attempt = _last_attempt(row)
    return _page(request, row, attempt)


def _last_attempt(row: Change) -> Attempt | None:
    return Attempt.objects.filter(payment__change=row).select_related("method").order_by("-number").first()


def _page(request: HttpRequest, row: Change, attempt: Attempt | None) -> HttpResponse:
    catalog, quote = CatalogVersion.objects.current(), row.quote
    reason = _reason(row, attempt)
    facts: dict[str, Any] = {
        "change": row, "space": row.space, "kind": kind_word(row.space.kind), "attempt": attempt,
        "amount": Money(quote.due_amount, quote.currency), "reason": reason_sentence(reason),
        "is_own": row.person_id == person_of(request).pk,
        "is_too_late": reason in _TOO_LATE, "refresh_seconds": _refresh(row, attempt),
    }  # fmt: skip
    template = _TEMPLATES[row.status]
    if quote.subscription_id:
        facts |= changed(row, catalog)
        facts["invoice"] = facts["invoice"] if facts["is_own"] else None
        template = "billing/change_done.html" if row.status == "done" else template
    else:
        facts |= _bought(row, catalog)
    return draw(request, template, row.space, **facts)


def _bought(row: Change, catalog: Catalog) -> dict[str, Any]:
    """What a purchase brought, or would have brought."""
    quote, priced = row.quote, from_json(row.quote.body)
    is_owner = quote.wish["billing_owner"] == str(row.person_id)
    invoice: Invoice | None = None
    if row.status == "done" and is_owner:
        invoice = Invoice.objects.filter(quote=quote).first()
    return {
        "plan": plan_name(catalog, priced.terms.plan), "cycle": cycle_word(str(priced.terms.cycle)),
        "seats": priced.terms.seats, "is_owner": is_owner, "invoice": invoice, "again": _again(quote.draft),
        "rows": amount_rows(priced, catalog, ""), **summary(priced, catalog),
    }  # fmt: skip


_TOO_LATE = ("expired", "approval_expired")


def _reason(row: Change, attempt: Attempt | None) -> str:
    """Why it did not happen; what was cancelled because its time was over was not stopped by the buyer."""
    settled_at = attempt.settled_at if attempt else None
    if row.reason == "cancelled" and settled_at is not None and settled_at >= row.expires_at:
        return "expired"
    return row.reason


def _again(draft: PurchaseDraft | None) -> dict[str, str]:
    """Where to try again with what was filled in: it is all still there."""
    if draft is None:
        return {"review": reverse("upgrade"), "method": reverse("upgrade")}
    return {
        name: reverse(f"upgrade_{name}", args=[draft.public_id]) for name in ("review", "method", "space")
    }


def _refresh(row: Change, attempt: Attempt | None) -> int:
    """Seconds until the page draws itself again: soon while an answer is on its way, slowly while people act."""
    if row.status not in WAITING:
        return 0
    return 15 if attempt is not None and attempt.status == "action" else 5


@require_POST
def stop(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """Give up a purchase that waits; the company decides whether that was in time."""
    row = _load(request, change_id)
    if row.status in WAITING:
        collect.stop(row, now=clock.now())
    return redirect("upgrade_change", row.pk)
