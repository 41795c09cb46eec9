"""Money in the back office: an invoice with what is due of it, and the acts of staff that correct it (rule C10).

Each act is a form, then a page that says what will happen, then the act itself with its written reason. What a person
decided from is carried along, so that a second click or a colleague who was first is told instead of acting twice.
"""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zetel import clock
from zetel.actions import cancel_now, credit_notes, credits, dues, standing
from zetel.actions.credit_notes import Foreseen
from zetel.gateways import sandbox
from zetel.models import (
    Attempt,
    CatalogVersion,
    Credit,
    Customer,
    Invoice,
    InvoiceLine,
    Payment,
    Person,
    Refund,
    Subscription,
)
from zetel.models.subscriptions import LIVE
from zetel.rules.errors import ZetelError
from zetel.rules.money import DECIMALS, Money
from zetel.rules.roles import Capability
from zetel.templatetags.zetel import amount, longdate
from zetel.web.billing_invoices import lines_shown, settled_rows
from zetel.web.billing_view import invoice_state
from zetel.web.staff_frame import allowed, enter, page
from zetel.web.staff_money_forms import CancelForm, CreditForm, ReasonForm
from zetel.web.staff_money_steps import Act, Row, Seen, two_steps

PAYMENT_WORDS = {
    "paid": lambda: gettext("paid"), "refunded": lambda: gettext("refunded"),
    "taken_back": lambda: gettext("taken back"), "wanted": lambda: gettext("under way"),
    "refused": lambda: gettext("refused"), "cancelled": lambda: gettext("cancelled"),
    "parked": lambda: gettext("parked"),
}  # fmt: skip
REFUND_WORDS = {
    "wanted": lambda: gettext("under way"), "sent": lambda: gettext("under way"),
    "unknown": lambda: gettext("under way"), "done": lambda: gettext("refunded"),
    "refused": lambda: gettext("refused"), "parked": lambda: gettext("parked"),
}  # fmt: skip


@require_GET
def invoice(request: HttpRequest, invoice_id: uuid.UUID) -> HttpResponse:
    """A document with its lines, everything that happened to its money, and what may be done."""
    person = enter(request, Capability.STAFF_MONEY_SEE)
    row = _invoice(invoice_id)
    lines = list(row.lines.order_by("position"))
    is_note = row.kind == "credit_note"
    may_act = not is_note and row.state != "written_off" and allowed(person, Capability.STAFF_CREDIT)
    context = {
        "invoice": row, "customer": row.customer, "is_note": is_note,
        "state": invoice_state(row, clock.now().date()),
        "lines": lines_shown(row, lines, CatalogVersion.objects.current()),
        "totals": [] if is_note else _account_rows(row), "total": Money(row.total_amount, row.currency),
        "notes": _notes(row), "payments": _payments(row), "refunds": _refunds(row),
        "may_credit": may_act and dues.creditable_of(row).gross > 0,
        "may_pay": not is_note and allowed(person, Capability.STAFF_MONEY_BOOK),
        "may_write_off": may_act and row.state == "open", **_sandbox(person, row),
    }  # fmt: skip
    return page(request, "staff/invoice.html", person, context)


def _invoice(invoice_id: uuid.UUID) -> Invoice:
    rows = Invoice.objects.select_related("customer", "space", "subscription", "credits")
    row = rows.filter(pk=invoice_id).first()
    if row is None:
        raise ZetelError("not_found")
    return row


def _account_rows(row: Invoice) -> list[Row]:
    """Rule I7 as people add it up; what is nothing is left out."""
    account = dues.accounts_of([row])[row.pk]
    rows: list[Row] = [{"label": gettext("Total"), "money": Money(row.total_amount, row.currency)}]
    rows += settled_rows(account, row.currency)
    label = gettext("Written off") if row.state == "written_off" else gettext("Still due")
    rows.append({"label": label, "money": Money(dues.raw_due(account), row.currency), "kind": "total"})
    return rows


def _notes(row: Invoice) -> list[dict[str, Any]]:
    found = Credit.objects.filter(invoice=row).select_related("note").order_by("id")
    return [{"row": one.note, "amount": Money(one.amount, row.currency)} for one in found]


def _payments(row: Invoice) -> list[dict[str, Any]]:
    found = Payment.objects.filter(invoice=row).select_related("bank_booking")
    found = found.prefetch_related("attempts__method").order_by("id")
    return [
        {
            "amount": Money(one.amount, one.currency), "at": one.paid_at or one.created_at,
            "status": PAYMENT_WORDS[one.status](),
            "method": gettext("by bank")
            if getattr(one, "bank_booking", None)
            else next((str(x.method.label) for x in reversed(one.attempts.all())), ""),
        }
        for one in found
    ]  # fmt: skip


def _refunds(row: Invoice) -> list[dict[str, Any]]:
    found = Refund.objects.filter(invoice=row).order_by("id")
    return [
        {
            "amount": Money(one.amount, one.currency), "at": one.created_at, "status": REFUND_WORDS[one.status](),
            "reference": one.reference,
        }
        for one in found
    ]  # fmt: skip


def _sandbox(person: Person, row: Invoice) -> dict[str, Any]:
    """What the pretend payer's bank can do about this invoice; nothing outside a sandbox."""
    if not settings.CONFIG.sandbox or not allowed(person, Capability.SANDBOX_CLOCK):
        return {}
    charge_id = _charge_id(row)
    words = {"take": gettext("Take the payment back"), "return": gettext("Give the payment back")}
    acts = sandbox.bank_acts(charge_id) if charge_id else ()
    return {"sandbox_acts": [(act, words[act]) for act in acts]}


def _charge_id(row: Invoice) -> str:
    """The charge of the pretend company that paid it last; empty where there is none."""
    paid = Attempt.objects.filter(payment__invoice=row, status="paid", gateway="sandbox")
    return paid.order_by("-id").values_list("charge_id", flat=True).first() or ""


@require_POST
def bank(request: HttpRequest, invoice_id: uuid.UUID) -> HttpResponse:
    """In a sandbox: let the payer's bank take a payment back, or give it back (G8)."""
    enter(request, Capability.SANDBOX_CLOCK)
    row, act = _invoice(invoice_id), request.POST.get("act", "")
    charge_id = _charge_id(row)
    if not settings.CONFIG.sandbox or not charge_id:
        raise ZetelError("not_found")
    if act not in sandbox.bank_acts(charge_id):
        raise ZetelError("no_change")
    sandbox.let_bank(act, charge_id, now=clock.now())
    messages.success(request, gettext("The bank did so. The payment company tells us within a minute."))
    return redirect("staff_invoice", row.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def credit(request: HttpRequest, invoice_id: uuid.UUID) -> HttpResponse:
    """Credit an invoice: whole, an amount, or parts of lines; the money to balance or back to the payer."""
    person = enter(request, Capability.STAFF_CREDIT)
    row = _invoice(invoice_id)
    if row.kind != "invoice":
        raise ZetelError("not_found")
    left = dues.creditable_of(row)
    lines = InvoiceLine.objects.in_bulk([uuid.UUID(line_id) for line_id in left.nets])
    form = CreditForm(
        request.POST or None, invoice=row, left=left, lines=lines, refundable=credits.refundable(row)
    )

    def foresee() -> Seen:
        seen = credit_notes.foresee(row, form.wish(), goes_to=form.goes_to())
        total = Money(-seen.document.total, row.currency)
        return Seen(
            title=gettext("Credit %(amount)s on %(number)s?")
            % {"amount": amount(total), "number": row.number},
            rows=_foreseen_rows(seen, row.currency),
            label=gettext("Issue the credit note of %(amount)s") % {"amount": amount(total)},
        )

    def act() -> str:
        note = credit_notes.credit(
            row, form.wish(), goes_to=form.goes_to(), actor=person, reason=form.cleaned_data["reason"],
            now=clock.now(), left=form.cleaned_data["left"],
        )  # fmt: skip
        return gettext("Credit note %(number)s was issued and mailed.") % {"number": note.number}

    words = Act(
        title=gettext("Credit %(number)s") % {"number": row.number},
        lede=gettext("What is open is lowered first; only what was paid goes to the balance or back to the payer."),
        label=pgettext("go on to the next step", "Check"), back=reverse("staff_invoice", args=[row.pk]),
        back_label=row.number,
    )  # fmt: skip
    return two_steps(request, person, form, words, foresee, act)


def _foreseen_rows(seen: Foreseen, currency: str) -> list[Row]:
    rows: list[Row] = [
        {"label": gettext("Net"), "money": Money(-seen.document.net, currency)},
        {"label": gettext("VAT"), "money": Money(-seen.document.tax, currency), "kind": "soft"},
        {"label": gettext("Credited"), "money": Money(-seen.document.total, currency), "kind": "total"},
    ]
    told = [
        (gettext("Lowers what is open"), seen.lowers_open),
        (gettext("Becomes balance"), seen.becomes_balance),
        (gettext("Goes back to the payer"), seen.refunded),
    ]
    return rows + [
        {"label": label, "money": Money(money, currency), "kind": "soft"} for label, money in told if money
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def write_off(request: HttpRequest, invoice_id: uuid.UUID) -> HttpResponse:
    """Ask for what is open no more."""
    person = enter(request, Capability.STAFF_CREDIT)
    row = _invoice(invoice_id)
    form = ReasonForm(request.POST or None)
    due = Money(dues.due_of(row), row.currency)

    def foresee() -> Seen:
        if not due.amount:
            raise ZetelError("nothing_due")
        return Seen(
            title=gettext("Write %(amount)s off?") % {"amount": amount(due)},
            rows=[{"label": gettext("Still due"), "money": due, "kind": "total"}],
            label=gettext("Write it off"), kind="danger",
        )  # fmt: skip

    def act() -> str:
        credit_notes.write_off(row, actor=person, reason=form.cleaned_data["reason"], now=clock.now())
        return gettext("%(amount)s of %(number)s was written off.") % {
            "amount": amount(due), "number": row.number,
        }  # fmt: skip

    words = Act(
        title=gettext("Write %(number)s off") % {"number": row.number},
        lede=gettext("Nobody is asked for the open amount any more. The invoice itself stays as it was issued."),
        label=pgettext("go on to the next step", "Check"), back=reverse("staff_invoice", args=[row.pk]),
        back_label=row.number,
    )  # fmt: skip
    return two_steps(request, person, form, words, foresee, act)


@require_http_methods(["GET", "HEAD", "POST"])
def pay_out(request: HttpRequest, customer_id: uuid.UUID, currency: str) -> HttpResponse:
    """Mark a customer's balance in one currency as paid out by bank (M10)."""
    person = enter(request, Capability.STAFF_REFUND)
    row = Customer.objects.filter(pk=customer_id).first()
    if row is None or currency not in DECIMALS:
        raise ZetelError("not_found")
    balance = standing.balances_of(row).get(currency, 0)
    held = Money(balance, currency) if balance else None
    form = ReasonForm(request.POST or None)

    def foresee() -> Seen:
        if held is None:
            raise ZetelError("balance_too_small")
        return Seen(
            title=gettext("Mark %(amount)s as paid out?") % {"amount": amount(held)},
            rows=[{"label": gettext("Balance"), "money": held, "kind": "total"}],
            label=gettext("It was paid out"), kind="danger",
        )  # fmt: skip

    def act() -> str:
        paid = credit_notes.pay_out(
            row, currency, actor=person, reason=form.cleaned_data["reason"], now=clock.now()
        )
        return gettext("%(amount)s was marked as paid out.") % {"amount": amount(Money(paid, currency))}

    words = Act(
        title=gettext("Balance paid out"),
        lede=gettext("For balance that you paid to the customer by bank, on request. It cannot be spent afterwards."),
        label=pgettext("go on to the next step", "Check"), back=reverse("staff_customer", args=[row.pk]),
        back_label=str(row),
    )  # fmt: skip
    return two_steps(request, person, form, words, foresee, act)


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    """End a subscription today; what is unused is credited only if that is chosen."""
    person = enter(request, Capability.STAFF_CANCEL_NOW)
    rows = Subscription.objects.select_related("space", "customer")
    row = rows.filter(pk=subscription_id).first()
    if row is None or row.status not in LIVE:
        raise ZetelError("not_found" if row is None else "no_subscription")
    form = CancelForm(request.POST or None)

    def foresee() -> Seen:
        on, unused = cancel_now.foresee(row, now=clock.now())
        rows: list[Row] = []
        if unused and form.cleaned_data["unused"] != "kept":
            rows.append({"label": gettext("Credited"), "money": Money(-unused.total, row.customer.currency)})
        return Seen(
            title=gettext("End the plan of %(space)s on %(date)s?") % {"space": row.space.name, "date": longdate(on)},
            rows=rows, label=gettext("End it now"), kind="danger",
        )  # fmt: skip

    def act() -> str:
        unused, goes_to = form.choice()
        cancel_now.cancel_now(
            row,
            unused=unused,
            goes_to=goes_to,
            actor=person,
            reason=form.cleaned_data["reason"],
            now=clock.now(),
        )
        return gettext("The plan of %(space)s has ended.") % {"space": row.space.name}

    words = Act(
        title=gettext("End the plan of %(space)s now") % {"space": row.space.name},
        lede=gettext("Everything is kept; only what a paid plan offers stops. The billing owner is told by mail."),
        label=pgettext("go on to the next step", "Check"), back=reverse("staff_customer", args=[row.customer_id]),
        back_label=str(row.customer),
    )  # fmt: skip
    return two_steps(request, person, form, words, foresee, act)
