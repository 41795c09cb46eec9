"""Offers in the back office: making one for a space, reading them, and withdrawing one with a reason (rules P6, R9)."""

import uuid
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from zetel import clock
from zetel.actions import offers, standing
from zetel.actions.reasons import REASON_MAX
from zetel.models import CatalogVersion, Offer, Person, SalesRequest, Space
from zetel.models.ids import parse_public_id
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money, parse_plain
from zetel.rules.offers import SEATS_MAX, state
from zetel.rules.periods import local_date
from zetel.rules.roles import Capability
from zetel.rules.seats import smallest_fit
from zetel.templatetags.zetel import longdate
from zetel.web.errors import sentence
from zetel.web.forms import ZetelForm
from zetel.web.staff_frame import enter, page, rows_of
from zetel.web.staff_spaces import space_of
from zetel.web.words import cycle_word, kind_word, plan_name

DAYS = 30  # how long an offer holds unless sales choose another day
STATES: dict[str, tuple[Promise, str]] = {
    "open": (_("open"), "info"), "expired": (_("expired"), "warn"), "withdrawn": (_("withdrawn"), ""),
    "accepted": (_("accepted"), "good"),
}  # fmt: skip
FIELDS = {
    "not_member": "email", "offer_for_owner": "email", "price_immutable": "price", "no_change": "seats",
    "currency_mismatch": "currency", "plan_unknown": "plan", "not_offered": "plan", "cycle_unknown": "cycle",
    "currency_unknown": "currency", "price_unknown": "price", "amount_invalid": "price", "seats_in_use": "seats",
    "seat_size_unknown": "seats", "value_too_long": "message",
}  # fmt: skip


class OfferForm(ZetelForm):
    """What is offered to whom, until when."""

    email = forms.EmailField(
        label=_("For whom"), max_length=254,
        help_text=_("The e-mail address of a member of this space: who will accept it and pay."),
    )  # fmt: skip
    plan = forms.ChoiceField(label=_("Plan"))
    cycle = forms.ChoiceField(label=_("Billing cycle"))
    seats = forms.IntegerField(label=_("Seats"), min_value=1, max_value=SEATS_MAX)
    currency = forms.ChoiceField(label=_("Currency"))
    price = forms.CharField(
        label=_("Special price of a seat"), max_length=20, required=False,
        help_text=_("For a whole cycle, before tax, such as 12.50. Empty: the price of the catalogue."),
    )  # fmt: skip
    last_on = forms.DateField(
        label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Price and size hold to the end of this day."),
    )  # fmt: skip
    message = forms.CharField(
        label=_("Message"),
        required=False,
        max_length=offers.MESSAGE_MAX,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


@require_http_methods(["GET", "POST"])
def offer_new(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Fill in an offer, with what was asked of sales where there was a request; sending mails it."""
    person = enter(request, Capability.STAFF_OFFER)
    space, asked = space_of(space_id), request_of(request)
    form = _form(space, asked, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            made = _make(space, form.cleaned_data, asked, person)
        except ZetelError as error:
            field = "last_on" if error.params.get("field") == "last_on" else FIELDS.get(error.code)
            form.add_error(field, sentence(error))
        else:
            messages.success(
                request, gettext("The offer was sent to %(name)s.") % {"name": made.person.label}
            )
            return redirect("staff_offer", made.pk)
    context = {
        "space": space, "kind": kind_word(space.kind), "form": form, "asked": asked,
        "counted": standing.counted_people(space),
    }  # fmt: skip
    return page(request, "staff/offer_new.html", person, context, 422 if form.errors else 200)


def _make(space: Space, data: dict[str, Any], asked: SalesRequest | None, staff: Person) -> Offer:
    to = Person.objects.filter(email=data["email"].lower()).first()
    if to is None:
        raise ZetelError("not_member", person=data["email"], space=space.name)
    price = data["price"].strip().replace(",", ".")
    terms = offers.Terms(
        data["plan"], data["cycle"], data["seats"], data["currency"], data["last_on"],
        parse_plain(price, data["currency"]) if price else None,
    )  # fmt: skip
    return offers.make(
        space, to=to, terms=terms, staff=staff, now=clock.now(), message=data["message"], request=asked
    )


def request_of(request: HttpRequest) -> SalesRequest | None:
    """The request that is answered, when the address names one."""
    request_id = parse_public_id(SalesRequest.PREFIX, request.GET.get("request", ""))
    return SalesRequest.objects.select_related("person").filter(pk=request_id).first() if request_id else None


def _form(space: Space, asked: SalesRequest | None, data: Any) -> OfferForm:
    catalog, now = CatalogVersion.objects.current(), clock.now()
    wish = asked.wish if asked and isinstance(asked.wish, dict) else {}
    counted = standing.counted_people(space)
    form = OfferForm(
        data,
        initial={
            "email": asked.person.email if asked else "", "plan": wish.get("plan") or "business",
            "cycle": wish.get("cycle") or "year", "currency": catalog.default_currency,
            "seats": wish.get("seats") or smallest_fit(counted) or counted,
            "last_on": local_date(now, ZoneInfo(space.time_zone)) + timedelta(days=DAYS),
        },
    )  # fmt: skip
    fields: dict[str, Any] = form.fields
    fields["plan"].choices = [(plan.code, plan.name) for plan in catalog.paid_plans()]
    fields["cycle"].choices = [(cycle, cycle_word(cycle)) for cycle in ("month", "year")]
    fields["currency"].choices = [(code, code) for code in catalog.currencies]
    return form


@require_GET
def offers_made(request: HttpRequest) -> HttpResponse:
    """Every offer, newest first."""
    person, now = enter(request, Capability.STAFF_OFFER), clock.now()
    found = rows_of(request, Offer.objects.select_related("space", "person").order_by("-id"))
    shown = [(row, STATES[state(row.status, row.valid_until, now)], _terms(row)) for row in found]
    return page(request, "staff/offers.html", person, {"rows": found, "shown": shown})


def _terms(row: Offer) -> str:
    plan = plan_name(CatalogVersion.objects.current(), row.plan)
    return gettext("%(plan)s, %(cycle)s, %(seats)s seats") % {
        "plan": plan, "cycle": cycle_word(row.cycle).lower(), "seats": row.seats,
    }  # fmt: skip


class WithdrawForm(ZetelForm):
    """Why an offer is taken back."""

    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The customer can read it."),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def offer(request: HttpRequest, offer_id: uuid.UUID) -> HttpResponse:
    """One offer with its story; an open one can be withdrawn."""
    person, now = enter(request, Capability.STAFF_OFFER), clock.now()
    rows = Offer.objects.select_related(
        "space", "person", "offered_by", "request", "change", "customer", "approved_by"
    )
    row = rows.filter(pk=offer_id).first()
    if row is None:
        raise ZetelError("not_found")
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            offers.withdraw(row, staff=person, reason=form.cleaned_data["reason"], now=now)
        except ZetelError as error:
            form.add_error(None, sentence(error))
        else:
            messages.success(request, gettext("The offer is withdrawn."))
            return redirect("staff_offer", row.pk)
    facts = [
        {"label": gettext("Space"), "value": row.space.name, "note": kind_word(row.space.kind)},
        {"label": gettext("For whom"), "value": row.person.label, "note": row.person.email},
        {"label": gettext("Plan and seats"), "value": _terms(row)},
        {"label": gettext("Offered by"), "value": row.offered_by.label},
    ]
    context = {
        "row": row, "facts": facts, "form": form, "status": STATES[state(row.status, row.valid_until, now)],
        "unit": Money(row.unit_amount, row.currency), "is_open": row.status == "open",
        "manual_facts": _manual_facts(row) if row.is_manual else [],
    }  # fmt: skip
    return page(request, "staff/offer.html", person, context, 422 if form.errors else 200)


def _manual_facts(row: Offer) -> list[dict[str, str]]:
    """The terms of a quote on invoice, who agreed to it, and who approved it (G5)."""
    days = gettext("%(term)s days") % {"term": row.payment_term_days}
    told = [
        (gettext("Quote number"), row.reference, ""),
        (gettext("Who pays"), str(row.customer), ""),
        (gettext("Payment term"), days, ""),
        (gettext("Purchase order"), row.purchase_order, ""),
        (gettext("Agreed by"), row.agreed_by, longdate(row.agreed_on) if row.agreed_on else ""),
        (
            gettext("Approved by"),
            row.approved_by.label if row.approved_by else "",
            longdate(row.approved_at) if row.approved_at else "",
        ),
    ]
    return [{"label": label, "value": value, "note": note} for label, value, note in told if value]
