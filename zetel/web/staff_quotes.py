"""Quotes on invoice in the back office: made for a space, shown as PDF, approved (rules G5, R9).

Approving shows the binding quote of that day first; its button carries the quote's id, so a second click, or a
colleague who was first, starts nothing twice.
"""

import uuid
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from zetel import clock
from zetel.actions import changes, manual_invoices, manual_offers, offers, quotes, standing
from zetel.actions.manual_offers import Agreement
from zetel.jobs.quote_files import file_name, quote_pdf
from zetel.models import CatalogVersion, Customer, Offer, Person, Quote, SalesRequest, Space
from zetel.models.ids import parse_public_id
from zetel.rules.errors import ZetelError
from zetel.rules.manual_invoices import SEATS_MIN, TERM_USUAL, TERMS_DAYS
from zetel.rules.money import parse_plain
from zetel.rules.offers import SEATS_MAX
from zetel.rules.periods import local_date
from zetel.rules.quotes import from_json
from zetel.rules.roles import Capability
from zetel.rules.seats import smallest_fit
from zetel.web.billing_information_form import BillingInformationForm
from zetel.web.errors import sentence
from zetel.web.forms import Card, RadioCards, ZetelForm
from zetel.web.offers import pdf_response
from zetel.web.staff_frame import enter, page
from zetel.web.staff_money_steps import Act, Seen, carry, two_steps
from zetel.web.staff_offers import DAYS, FIELDS, request_of
from zetel.web.staff_spaces import space_of
from zetel.web.upgrade_words import amount_rows
from zetel.web.words import kind_word

NEW = "new"
HELD_MAX = 10


class QuoteForm(ZetelForm):
    """What is offered on invoice, to whom, until when, and who pays."""

    email = forms.EmailField(
        label=_("For whom"), max_length=254,
        help_text=_("The e-mail address of a member of this space: who will be billing owner."),
    )  # fmt: skip
    plan = forms.ChoiceField(label=_("Plan"))
    seats = forms.IntegerField(
        label=_("Seats"),
        min_value=1,
        max_value=SEATS_MAX,
        help_text=_("On invoice plans are annual, with 20 or more."),
    )
    currency = forms.ChoiceField(label=_("Currency"))
    price = forms.CharField(
        label=_("Special price of a seat"), max_length=20, required=False,
        help_text=_("For a whole year, before tax, such as 120.00. Empty: the price of the catalogue."),
    )  # fmt: skip
    term = forms.TypedChoiceField(label=_("Payment term"), coerce=int)
    purchase_order = forms.CharField(
        label=_("Purchase order"), max_length=manual_offers.ORDER_MAX, required=False,
        help_text=_("Printed on the quote and on each invoice, when there is one."),
    )  # fmt: skip
    last_on = forms.DateField(
        label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Price and size hold to the end of this day."),
    )  # fmt: skip
    message = forms.CharField(
        label=_("Message"), required=False, max_length=offers.MESSAGE_MAX,
        widget=forms.Textarea(attrs={"rows": 3}), help_text=_("Stands on the quote and in its mail."),
    )  # fmt: skip
    payer = forms.ChoiceField(label=_("Who pays"), widget=RadioCards)


@require_http_methods(["GET", "POST"])
def quote_new(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Fill in a quote, with what was asked of sales; sending mails it."""
    person = enter(request, Capability.STAFF_OFFER)
    space, asked = space_of(space_id), request_of(request)
    data = request.POST if request.method == "POST" else None
    payers = _payers(asked)
    form = _form(space, asked, payers, data)
    chosen = data.get("payer") if data is not None else next(iter(payers), NEW)
    is_new = chosen not in payers
    information = _information(space, asked, data if is_new else None)
    if (
        form.is_bound
        and form.is_valid()
        and not information.rearranged
        and (not is_new or information.is_valid())
    ):
        given = form.cleaned_data
        agreement = Agreement(
            given["term"], given["purchase_order"], customer=payers.get(given["payer"]),
            information=information.information() if is_new else None,
        )  # fmt: skip
        try:
            made = _make(space, given, agreement, asked, person)
        except ZetelError as error:
            field = str(error.params.get("field", "")) or FIELDS.get(error.code, "")
            names = {"manual_invoice_terms": "seats", "customer_owner_differs": "payer"}
            field = names.get(error.code, field)
            form.add_error(field if field in form.fields else None, sentence(error))
        else:
            messages.success(
                request, gettext("The quote was sent to %(name)s.") % {"name": made.person.label}
            )
            return redirect("staff_offer", made.pk)
    context = {
        "space": space, "kind": kind_word(space.kind), "form": form, "information": information, "asked": asked,
        "counted": standing.counted_people(space), "is_new": is_new,
    }  # fmt: skip
    bad = form.errors or (is_new and information.errors)
    return page(request, "staff/quote_new.html", person, context, 422 if bad else 200)


def _payers(asked: SalesRequest | None) -> dict[str, Customer]:
    """Who may pay: what the asker filled in while buying, and what the asker pays with already (P12)."""
    if asked is None:
        return {}
    held = list(
        Customer.objects.filter(billing_owner=asked.person)
        .exclude(address_line1="")
        .order_by("-id")[:HELD_MAX]
    )
    if asked.customer is not None and asked.customer.address_line1 and asked.customer not in held:
        held.insert(0, asked.customer)
    return {row.public_id: row for row in held}


def _form(space: Space, asked: SalesRequest | None, payers: dict[str, Customer], data: Any) -> QuoteForm:
    catalog, now = CatalogVersion.objects.current(), clock.now()
    wish = asked.wish if asked and isinstance(asked.wish, dict) else {}
    counted = standing.counted_people(space)
    first = next(iter(payers.values()), None)
    form = QuoteForm(
        data,
        initial={
            "email": asked.person.email if asked else "", "plan": wish.get("plan") or "business",
            "currency": first.currency if first else catalog.default_currency,
            "seats": wish.get("seats") or max(SEATS_MIN, smallest_fit(counted) or counted), "term": TERM_USUAL,
            "last_on": local_date(now, ZoneInfo(space.time_zone)) + timedelta(days=DAYS),
            "purchase_order": first.reference if first else "", "payer": next(iter(payers), NEW),
        },
    )  # fmt: skip
    fields: dict[str, Any] = form.fields
    fields["plan"].choices = [(plan.code, plan.name) for plan in catalog.paid_plans()]
    fields["currency"].choices = [(code, code) for code in catalog.currencies]
    fields["term"].choices = [(days, gettext("%(term)s days") % {"term": days}) for days in TERMS_DAYS]
    fields["payer"].choices = [
        *(
            (key, Card(str(row), ", ".join(filter(None, (row.city, row.country)))))
            for key, row in payers.items()
        ),
        (NEW, Card(gettext("New billing information"), gettext("Fill it in below."))),
    ]
    return form


def _information(space: Space, asked: SalesRequest | None, data: Any) -> BillingInformationForm:
    initial = {
        "name": asked.name if asked else "", "company": asked.company if asked else "", "country": space.country,
        "time_zone": space.time_zone, "language": asked.person.language if asked else "nl",
    }  # fmt: skip
    return BillingInformationForm(data, initial=initial)


def _make(
    space: Space, given: dict[str, Any], agreement: Agreement, asked: SalesRequest | None, staff: Person
) -> Offer:
    to = Person.objects.filter(email=given["email"].lower()).first()
    if to is None:
        raise ZetelError("not_member", person=given["email"], space=space.name)
    price = given["price"].strip().replace(",", ".")
    terms = offers.Terms(
        given["plan"], "year", given["seats"], given["currency"], given["last_on"],
        parse_plain(price, given["currency"]) if price else None,
    )  # fmt: skip
    return manual_offers.make(
        space, to=to, terms=terms, agreement=agreement, staff=staff, now=clock.now(), message=given["message"],
        request=asked,
    )  # fmt: skip


def _manual_offer(offer_id: uuid.UUID) -> Offer:
    rows = Offer.objects.select_related("space__organization", "person", "customer", "request")
    row = rows.filter(pk=offer_id, payment_term_days__isnull=False).first()
    if row is None:
        raise ZetelError("not_found")
    return row


@require_GET
def pdf(request: HttpRequest, offer_id: uuid.UUID) -> HttpResponse:
    """The quote as the customer has it."""
    enter(request, Capability.STAFF_OFFER)
    row = _manual_offer(offer_id)
    return pdf_response(quote_pdf(row), file_name(row))


class ApproveForm(ZetelForm):
    """Who accepted the quote, and when; what the customer said on its page stands."""

    agreed_by = forms.CharField(label=_("Accepted by"), max_length=manual_offers.NAME_MAX)
    agreed_on = forms.DateField(
        label=_("Accepted on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    purchase_order = forms.CharField(
        label=_("Purchase order"), max_length=manual_offers.ORDER_MAX, required=False,
        help_text=_("Printed on each invoice, when there is one."),
    )  # fmt: skip
    quote = forms.CharField(widget=forms.HiddenInput, required=False)


@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: HttpRequest, offer_id: uuid.UUID) -> HttpResponse:
    """Approval stands for the payment: the plan starts today, and its invoice is issued."""
    person, now = enter(request, Capability.STAFF_OFFER), clock.now()
    row = _manual_offer(offer_id)
    form = ApproveForm(
        request.POST or None,
        initial={
            "agreed_by": row.agreed_by or row.person.label, "purchase_order": row.purchase_order,
            "agreed_on": row.agreed_on or manual_invoices.today(now),
        },
    )  # fmt: skip

    def foresee() -> Seen:
        given = form.cleaned_data
        quote = manual_offers.bind(
            row, staff=person, agreed_by=given["agreed_by"], agreed_on=given["agreed_on"],
            purchase_order=given["purchase_order"], now=now,
        )  # fmt: skip
        carry(form, "quote", quote.public_id)
        priced, lower = from_json(quote.body), quote.wish["lower_plans"]
        notes = [
            gettext("The plan of %(space)s starts today, and the invoice goes out.")
            % {"space": row.space.name}
        ]
        if lower:
            notes.append(gettext("Now on a higher plan: %(names)s") % {"names": ", ".join(lower)})
        label = gettext("To pay within %(days)s days") % {"days": row.payment_term_days}
        return Seen(
            title=gettext("Approve quote %(number)s?") % {"number": row.reference}, label=gettext("Approve"),
            rows=amount_rows(priced, CatalogVersion.objects.current(), label), notes=notes,
        )  # fmt: skip

    def act() -> str:
        quote_id = parse_public_id(Quote.PREFIX, form.cleaned_data["quote"])
        if quote_id is None:
            raise ZetelError("quote_expired")
        quotes.agree_to_lower_by(quote_id, person, now=now)
        changes.confirm(quote_id=quote_id, person=person, now=now, return_path="/", language="en")
        return gettext("The plan is on, and the invoice is on its way.")

    words = Act(
        title=gettext("Approve quote %(number)s") % {"number": row.reference},
        lede=gettext("Write down who accepted it and when. The amounts of today come next."),
        label=pgettext("go on to the next step", "Check"), back=reverse("staff_offer", args=[row.pk]),
        back_label=row.reference,
    )  # fmt: skip
    return two_steps(request, person, form, words, foresee, act)
