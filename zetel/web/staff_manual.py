"""Manual invoices in the back office: what is open, overdue or with finance, and what sales and finance do (G5, C10).

Sales change and cancel plans on invoice through the same quote as everybody; finance give more time or end a plan whose
invoice stays unpaid. Each act carries its reason.
"""

import uuid
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from zetel import clock
from zetel.actions import cancel_now, cancellations, changes, dues, manual_invoices, quotes_change, standing
from zetel.models import CatalogVersion, Invoice, ManualInvoice, Person, Quote, Subscription
from zetel.models.ids import parse_public_id
from zetel.models.subscriptions import LIVE
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.offers import SEATS_MAX
from zetel.rules.quotes import change_from_json
from zetel.rules.roles import Capability
from zetel.rules.subscriptions import Wish
from zetel.rules.trials import terms_shown
from zetel.templatetags.zetel import amount, longdate
from zetel.web.billing_change_words import change_summary
from zetel.web.staff_frame import allowed, enter, page, rows_of
from zetel.web.staff_money_forms import ReasonForm
from zetel.web.staff_money_steps import Act, Seen, carry, two_steps
from zetel.web.upgrade_words import money_rows

WHICH = {
    "": Q(), "overdue": Q(overdue_at__isnull=False), "finance": Q(at_finance_at__isnull=False),
}  # fmt: skip


@require_GET
def invoices(request: HttpRequest) -> HttpResponse:
    """Every open one by its due date; overdue ones, and those that finance decide about."""
    person = enter(request, Capability.STAFF_CUSTOMERS_SEE)
    which = request.GET.get("which", "")
    which = which if which in WHICH else ""
    rows = ManualInvoice.objects.filter(WHICH[which], invoice__state="open")
    rows = rows.select_related("invoice__customer", "invoice__space", "invoice__subscription")
    found = rows_of(request, rows.order_by("due_on", "id"))
    due, today = dues.dues_of([row.invoice for row in found]), manual_invoices.today(clock.now())
    sees_money = allowed(person, Capability.STAFF_MONEY_SEE)
    shown = [
        {
            "row": row, "invoice": row.invoice, "late": max(0, (today - row.due_on).days),
            "due": Money(due.get(row.invoice_id, 0), row.invoice.currency),
            "may_stop": row.at_finance_at is not None and row.invoice.subscription is not None
            and row.invoice.subscription.status in LIVE,
        }
        for row in found
    ]  # fmt: skip
    context = {
        "rows": found, "shown": shown, "which": which, "sees_money": sees_money,
        "may_book": allowed(person, Capability.STAFF_MONEY_BOOK), "counts": _counts(),
    }  # fmt: skip
    return page(request, "staff/manual.html", person, context)


def _counts() -> dict[str, int]:
    rows = ManualInvoice.objects.filter(invoice__state="open")
    return {
        "all": rows.count(), "overdue": rows.filter(WHICH["overdue"]).count(),
        "finance": rows.filter(WHICH["finance"]).count(),
    }  # fmt: skip


class ExtendForm(ReasonForm):
    """Until when a customer may pay now."""

    due_on = forms.DateField(
        label=_("New due date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    field_order = ("due_on", "reason")


@require_http_methods(["GET", "HEAD", "POST"])
def extend(request: HttpRequest, invoice_id: uuid.UUID) -> HttpResponse:
    """Give more time."""
    person = enter(request, Capability.STAFF_MONEY_BOOK)
    rows = ManualInvoice.objects.select_related("invoice__space", "invoice__customer")
    row = rows.filter(invoice=invoice_id).first()
    if row is None:
        raise ZetelError("not_found")
    form, invoice = ExtendForm(request.POST or None), row.invoice

    def foresee() -> Seen:
        due = Money(dues.due_of(invoice), invoice.currency)
        return Seen(
            title=gettext("Give until %(date)s for %(number)s?")
            % {"date": longdate(form.cleaned_data["due_on"]), "number": invoice.number},
            rows=[{"label": gettext("Still due"), "money": due, "kind": "total"}],
            label=gettext("Give more time"),
        )  # fmt: skip

    def act() -> str:
        made = manual_invoices.extend(
            invoice,
            form.cleaned_data["due_on"],
            actor=person,
            reason=form.cleaned_data["reason"],
            now=clock.now(),
        )
        return gettext("%(number)s is to be paid by %(date)s now.") % {
            "number": invoice.number, "date": longdate(made.due_on),
        }  # fmt: skip

    words = Act(
        title=gettext("More time for %(number)s") % {"number": invoice.number},
        lede=gettext(
            "It was to be paid by %(date)s. The invoice stays as it was issued; its reminders begin anew."
        )
        % {"date": longdate(row.due_on)},
        label=pgettext("go on to the next step", "Check"), back=reverse("staff_manual"),
        back_label=gettext("Manual invoices"),
    )  # fmt: skip
    return two_steps(request, person, form, words, foresee, act)


class ChangeForm(ReasonForm):
    """Another plan or size for a plan on invoice."""

    plan = forms.ChoiceField(label=_("Plan"))
    seats = forms.IntegerField(label=_("Seats"), min_value=1, max_value=SEATS_MAX)
    quote = forms.CharField(widget=forms.HiddenInput, required=False)
    field_order = ("plan", "seats", "reason", "quote")


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    """Change plan or seats: more at once, with an invoice of its own; less at the end of the paid period."""
    person = enter(request, Capability.STAFF_MANUAL_CHANGE)
    row, catalog, now = _subscription(subscription_id), CatalogVersion.objects.current(), clock.now()
    terms = standing.terms_of([row.pk])[row.pk]
    present = terms_shown(terms, standing.day_of(row, terms, now))
    form = ChangeForm(request.POST or None, initial={"plan": present.plan, "seats": present.seats})
    form.fields["plan"].choices = [(plan.code, plan.name) for plan in catalog.paid_plans()]  # type: ignore[attr-defined]

    def foresee() -> Seen:
        plan, seats = form.cleaned_data["plan"], form.cleaned_data["seats"]
        wish = Wish(
            plan=plan if plan != present.plan else None, seats=seats if seats != present.seats else None
        )
        quote = quotes_change.bind_for_sales(
            row, wish, staff=person, reason=form.cleaned_data["reason"], now=now
        )
        carry(form, "quote", quote.public_id)
        priced = change_from_json(quote.body)
        summary = change_summary(priced, catalog)
        label = gettext("To pay within %(days)s days") % {"days": row.payment_term_days}
        later = [f"{one.words}: {longdate(one.on)}" for one in summary.get("later", ())]
        return Seen(
            title=gettext("Change the plan of %(space)s?") % {"space": row.space.name},
            rows=money_rows(priced, present.currency, catalog, label) if priced.document.lines else [],
            label=gettext("Change it"), notes=later,
        )  # fmt: skip

    def act() -> str:
        quote_id = parse_public_id(Quote.PREFIX, form.cleaned_data["quote"])
        if quote_id is None:
            raise ZetelError("quote_expired")
        changes.confirm(quote_id=quote_id, person=person, now=now, return_path="/", language="en")
        return gettext("Done. The billing owner is told by mail.")

    words = Act(
        title=gettext("Change the plan of %(space)s") % {"space": row.space.name},
        lede=gettext("More happens at once, with an invoice of its own. Less happens at the end of the paid year."),
        label=pgettext("go on to the next step", "Check"), back=reverse("staff_customer", args=[row.customer_id]),
        back_label=str(row.customer),
    )  # fmt: skip
    return two_steps(request, person, form, words, foresee, act)


@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    """Cancel at the end of the paid year, or take that back."""
    person = enter(request, Capability.STAFF_MANUAL_CHANGE)
    row, now = _subscription(subscription_id), clock.now()
    form, ends = ReasonForm(request.POST or None), row.ends_on
    names = {"space": row.space.name, "date": longdate(ends) if ends else ""}

    def foresee() -> Seen:
        if ends:
            return Seen(title=gettext("Resume the plan of %(space)s?") % names, label=gettext("Resume"))
        billed = standing.billed_of([row.pk])[row.pk]
        names["date"] = longdate(standing.paid_until(billed))
        title = gettext("End the plan of %(space)s on %(date)s?") % names
        return Seen(title=title, label=gettext("Cancel plan"), kind="danger")

    def act() -> str:
        reason = form.cleaned_data["reason"]
        if ends:
            cancellations.resume(row, actor=person, now=now, reason=reason, by_sales=True)
        else:
            cancellations.cancel(row, actor=person, now=now, reason=reason, by_sales=True)
        return gettext("Done. The billing owner is told by mail.")

    words = Act(
        title=(gettext("Resume the plan of %(space)s") if ends else gettext("Cancel the plan of %(space)s")) % names,
        lede=gettext("It ends on %(date)s; resumed, it renews then.") % names
        if ends
        else gettext("It ends with the paid year, and nothing is refunded. Everything is kept."),
        label=pgettext("go on to the next step", "Check"), back=reverse("staff_customer", args=[row.customer_id]),
        back_label=str(row.customer),
    )  # fmt: skip
    return two_steps(request, person, form, words, foresee, act)


@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    """Finance end a plan whose invoice has been overdue for 30 days: what is unused is credited, the rest stays due."""
    person = enter(request, Capability.STAFF_MONEY_BOOK)
    row = _subscription(subscription_id)
    waits = ManualInvoice.objects.filter(
        invoice__subscription=row, invoice__state="open", at_finance_at__isnull=False
    )
    if not waits.exists():
        raise ZetelError("not_found")
    form = ReasonForm(request.POST or None)

    def foresee() -> Seen:
        on, unused = cancel_now.foresee(row, now=clock.now())
        rows: list[dict[str, Any]] = []
        if unused:
            money = Money(-unused.total, row.customer.currency)
            rows.append({"label": gettext("Credited"), "money": money, "kind": "total"})
        return Seen(
            title=gettext("End the plan of %(space)s on %(date)s?") % {"space": row.space.name, "date": longdate(on)},
            rows=rows, label=gettext("End it now"), kind="danger",
            notes=[gettext("What was used of the invoice stays to be paid.")],
        )  # fmt: skip

    def act() -> str:
        note = _stopped(row, person, form.cleaned_data["reason"])
        said = gettext("The plan of %(space)s has ended.") % {"space": row.space.name}
        if note is None:
            return said
        credited = amount(Money(-note.total_amount, note.currency))
        return f"{said} {gettext('Credited: %(amount)s.') % {'amount': credited}}"

    words = Act(
        title=gettext("End the plan of %(space)s now") % {"space": row.space.name},
        lede=gettext("Everything is kept; only what a paid plan offers stops. The billing owner is told by mail."),
        label=pgettext("go on to the next step", "Check"), back=reverse("staff_manual"),
        back_label=gettext("Manual invoices"),
    )  # fmt: skip
    return two_steps(request, person, form, words, foresee, act)


def _stopped(row: Subscription, person: Person, reason: str) -> Invoice | None:
    return cancel_now.cancel_now(
        row, unused="credited", goes_to="balance", actor=person, reason=reason, now=clock.now()
    )


def _subscription(subscription_id: uuid.UUID) -> Subscription:
    """A live plan on manual invoice."""
    rows = Subscription.objects.live().filter(payment_term_days__isnull=False)
    row = rows.select_related("space", "customer").filter(pk=subscription_id).first()
    if row is None:
        raise ZetelError("not_found")
    return row
