"""Money that came by bank, in the back office: statements read in, each line booked on an invoice or skipped (rule G5).

A line is shown with the invoice that its number, amount or name speak for; a person confirms, or chooses another one.
"""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from zetel import clock
from zetel.actions import bank, dues, manual_invoices
from zetel.gateways import camt053
from zetel.models import BankBooking, BankLine, BankStatement, Invoice
from zetel.models.ids import new_id
from zetel.rules.bank import OpenInvoice, Proposal, StatementLine, propose
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money, parse_plain, plain
from zetel.rules.roles import Capability
from zetel.templatetags.zetel import amount, longdate
from zetel.web.errors import sentence
from zetel.web.forms import ZetelForm
from zetel.web.staff_frame import enter, page, rows_of, search_of
from zetel.web.staff_money_forms import ReasonForm
from zetel.web.staff_money_steps import Act, Seen, two_steps

OPEN_MAX = 2000  # invoices that a line is held against
CHOICES_MAX = 25
STATEMENTS_MAX = 10
STATUS = {
    "open": (_("to be looked at"), "warn"), "booked": (_("booked"), "good"), "skipped": (_("skipped"), ""),
}  # fmt: skip


class StatementForm(ZetelForm):
    """A file from the bank."""

    file = forms.FileField(
        label=_("Bank statement"), help_text=_("CAMT.053, as your bank exports it (XML), of at most 10 MB."),
        widget=forms.ClearableFileInput(attrs={"accept": ".xml,text/xml,application/xml"}),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def lines(request: HttpRequest) -> HttpResponse:
    """The lines that wait, each with a proposal; reading in a statement; what was read and booked before."""
    person = enter(request, Capability.STAFF_MONEY_BOOK)
    form = (
        StatementForm(request.POST or None, request.FILES or None)
        if request.method == "POST"
        else StatementForm()
    )
    if form.is_bound and form.is_valid():
        try:
            messages.success(request, _read(form.cleaned_data["file"], person))
            return redirect("staff_bank_lines")
        except ZetelError as error:
            form.add_error("file", sentence(error))
    everything = "all" in request.GET
    rows = BankLine.objects.order_by("-booked_on", "-id") if everything else (
        BankLine.objects.filter(status="open").order_by("booked_on", "id")
    )  # fmt: skip
    found = rows_of(request, rows)
    invoices = _open_invoices()
    shown = [
        {
            "row": row, "amount": Money(row.amount, row.currency), "status": STATUS[row.status],
            "proposed": _proposed(row, invoices) if row.status == "open" else None,
        }
        for row in found
    ]  # fmt: skip
    context = {
        "rows": found, "shown": shown, "form": form, "everything": everything,
        "statements": BankStatement.objects.select_related("read_by").order_by("-id")[:STATEMENTS_MAX],
    }  # fmt: skip
    return page(request, "staff/bank.html", person, context, 422 if form.errors else 200)


def _read(file: Any, person: Any) -> str:
    """Read a file in; what came of it in words."""
    if file.size > camt053.BYTES_MAX:
        raise ZetelError("bank_file_too_large")
    done = bank.read_in(camt053.read(file.read()), file_name=file.name or "", staff=person, now=clock.now())
    told = sum(row.line_count for row in done.statements)
    said = gettext("%(new)s new lines were read in.") % {"new": told - done.known}
    if done.known:
        said += " " + gettext("%(known)s were there already and stay as they are.") % {"known": done.known}
    return said


def _open_invoices() -> dict[str, tuple[Invoice, OpenInvoice]]:
    """Open invoices that are paid by bank, as `rules.bank` sees them, by their id."""
    rows = Invoice.objects.filter(kind="invoice", state="open", manual__isnull=False)
    found = list(rows.select_related("space").order_by("-id")[:OPEN_MAX])
    due = dues.dues_of(found)
    return {str(row.pk): (row, _as_open(row, due.get(row.pk, 0))) for row in found}


def _as_open(row: Invoice, due: int) -> OpenInvoice:
    names = (str(row.buyer.get("name", "")), str(row.buyer.get("attention", "")))
    return OpenInvoice(str(row.pk), row.number, Money(due, row.currency), tuple(filter(None, names)))


def _proposed(row: BankLine, invoices: dict[str, tuple[Invoice, OpenInvoice]]) -> dict[str, Any] | None:
    told = StatementLine(
        row.booked_on,
        Money(row.amount, row.currency),
        row.payer,
        row.payer_account,
        row.remittance,
        row.reference,
    )
    found = propose(told, [it for _, it in invoices.values()])
    if found is None:
        return None
    invoice, open_one = invoices[found.id]
    return {"invoice": invoice, "why": _why(found), "is_sure": found.is_sure, "due": open_one.due}


def _why(found: Proposal) -> str:
    told = [
        (found.by_number, gettext("number")), (found.by_amount, gettext("amount")), (found.by_name, gettext("name")),
    ]  # fmt: skip
    return ", ".join(word for holds, word in told if holds)


@require_http_methods(["GET", "HEAD", "POST"])
def line(request: HttpRequest, line_id: uuid.UUID) -> HttpResponse:
    """One line: book it on the proposed invoice or on another one, and see what it was booked on."""
    person = enter(request, Capability.STAFF_MONEY_BOOK)
    row = BankLine.objects.select_related("statement").filter(pk=line_id).first()
    if row is None:
        raise ZetelError("not_found")
    if request.method == "POST":
        invoice = _chosen(request)
        try:
            bank.book(row, invoice, staff=person, now=clock.now())
        except ZetelError as error:
            messages.error(request, sentence(error))
            return redirect("staff_bank_line", row.pk)
        messages.success(request, gettext("Booked on %(number)s.") % {"number": invoice.number})
        return redirect("staff_bank_lines")
    search = search_of(request)
    proposed = _proposed(row, _open_invoices()) if row.status == "open" else None
    context = {
        "row": row, "amount": Money(row.amount, row.currency), "status": STATUS[row.status], "proposed": proposed,
        "search": search, "choices": _choices(row, search) if row.status == "open" else [], "facts": _facts(row),
        "bookings": row.bookings.select_related("payment__invoice", "booked_by").order_by("id"),
    }  # fmt: skip
    return page(request, "staff/bank_line.html", person, context)


def _chosen(request: HttpRequest) -> Invoice:
    number = request.POST.get("invoice", "")[:32]
    invoice = Invoice.objects.select_related("space").filter(number=number, kind="invoice").first()
    if invoice is None:
        raise ZetelError("not_found")
    return invoice


def _choices(row: BankLine, search: str) -> list[tuple[Invoice, Money]]:
    """Invoices of the line's currency: those that are searched for, else the open ones, oldest due first."""
    rows = Invoice.objects.filter(kind="invoice", currency=row.currency).select_related("customer")
    if search:
        rows = rows.filter(
            Q(number__icontains=search)
            | Q(customer__name__icontains=search)
            | Q(customer__company__icontains=search)
        ).order_by("-id")
    else:
        rows = rows.filter(state="open", manual__isnull=False).order_by("due_on", "id")
    found = list(rows[:CHOICES_MAX])
    due = dues.dues_of(found)
    return [(one, Money(due.get(one.pk, 0), one.currency)) for one in found]


def _facts(row: BankLine) -> list[dict[str, str]]:
    told = [
        (gettext("Date"), longdate(row.booked_on)), (gettext("Payer"), row.payer), (gettext("IBAN"), row.payer_account),
        (gettext("Description"), row.remittance), (gettext("The bank's reference"), row.reference),
        (gettext("Statement"), row.statement.file_name if row.statement else gettext("typed by hand")),
    ]  # fmt: skip
    return [{"label": label, "value": value} for label, value in told if value]


@require_POST
def skip(request: HttpRequest, line_id: uuid.UUID) -> HttpResponse:
    """A line that is none of ours; or back again."""
    enter(request, Capability.STAFF_MONEY_BOOK)
    row = BankLine.objects.filter(pk=line_id).first()
    if row is None:
        raise ZetelError("not_found")
    try:
        if row.status == "skipped":
            bank.put_back(row)
        else:
            bank.skip(row)
    except ZetelError as error:
        messages.error(request, sentence(error))
        return redirect("staff_bank_line", row.pk)
    said = gettext("The line was skipped.") if row.status == "skipped" else gettext("The line waits again.")
    messages.success(request, said)
    return redirect("staff_bank_lines")


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, booking_id: uuid.UUID) -> HttpResponse:
    """Take back a booking that was wrong; its line waits to be booked again."""
    person = enter(request, Capability.STAFF_MONEY_BOOK)
    row = BankBooking.objects.select_related("payment__invoice__space", "line").filter(pk=booking_id).first()
    if row is None or row.payment.invoice is None:
        raise ZetelError("not_found")
    form, money = ReasonForm(request.POST or None), Money(row.payment.amount, row.payment.currency)
    number = row.payment.invoice.number

    def foresee() -> Seen:
        if row.corrected_at is not None:
            raise ZetelError("no_change")
        return Seen(
            title=gettext("Take %(amount)s off %(number)s again?") % {"amount": amount(money), "number": number},
            rows=[{"label": gettext("Payment"), "money": money, "kind": "total"}], label=gettext("Correct it"),
            kind="danger",
        )  # fmt: skip

    def act() -> str:
        bank.correct(row, staff=person, reason=form.cleaned_data["reason"], now=clock.now())
        return gettext("The booking was taken back, and the line waits again.")

    words = Act(
        title=gettext("Correct a booking"),
        lede=gettext("Nothing is erased: another booking takes this one back. What had become balance goes with it."),
        label=pgettext("go on to the next step", "Check"), back=reverse("staff_bank_line", args=[row.line_id]),
        back_label=amount(money),
    )  # fmt: skip
    return two_steps(request, person, form, words, foresee, act)


class PaymentForm(ZetelForm):
    """A payment that finance saw on the account."""

    amount = forms.CharField(
        label=_("Amount"), max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip
    booked_on = forms.DateField(
        label=_("Day on the account"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reference = forms.CharField(
        label=_("Where it stands"), max_length=140, help_text=_("Such as: statement 12, line 3.")
    )
    once = forms.CharField(widget=forms.HiddenInput, required=False, max_length=60)


@require_http_methods(["GET", "HEAD", "POST"])
def by_hand(request: HttpRequest, invoice_id: uuid.UUID) -> HttpResponse:
    """Book a payment without a statement."""
    person, now = enter(request, Capability.STAFF_MONEY_BOOK), clock.now()
    row = Invoice.objects.select_related("space", "customer").filter(pk=invoice_id, kind="invoice").first()
    if row is None:
        raise ZetelError("not_found")
    due = Money(dues.due_of(row), row.currency)
    form = PaymentForm(
        request.POST or None,
        initial={
            "amount": plain(due.amount, due.currency), "booked_on": manual_invoices.today(now), "once": new_id().hex,
        },
    )  # fmt: skip

    def money() -> Money:
        return Money(
            parse_plain(form.cleaned_data["amount"].strip().replace(",", "."), row.currency), row.currency
        )

    def foresee() -> Seen:
        paid = money()
        left, surplus = max(0, due.amount - paid.amount), max(0, paid.amount - due.amount)
        told = [(gettext("Still to be paid"), left), (gettext("Becomes balance"), surplus)]
        rows: list[dict[str, Any]] = [{"label": gettext("Payment"), "money": paid, "kind": "total"}]
        rows += [
            {"label": label, "money": Money(part, row.currency), "kind": "soft"}
            for label, part in told
            if part
        ]
        return Seen(
            title=gettext("Book %(amount)s on %(number)s?") % {"amount": amount(paid), "number": row.number},
            rows=rows, label=gettext("Book it"),
        )  # fmt: skip

    def act() -> str:
        given = form.cleaned_data
        bank.book_by_hand(
            row, money(), booked_on=given["booked_on"], reference=given["reference"], once=given["once"], staff=person,
            now=now,
        )  # fmt: skip
        return gettext("%(amount)s was booked on %(number)s.") % {
            "amount": amount(money()),
            "number": row.number,
        }

    words = Act(
        title=gettext("Book a payment on %(number)s") % {"number": row.number},
        lede=gettext("Still due: %(amount)s. Too little stays open, too much becomes balance.")
        % {"amount": amount(due)},
        label=pgettext("go on to the next step", "Check"), back=reverse("staff_invoice", args=[row.pk]),
        back_label=row.number,
    )  # fmt: skip
    return two_steps(request, person, form, words, foresee, act)
