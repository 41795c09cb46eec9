"""An offer by sales, as the person sees it who may accept it: who is covered, for how much, until when (rule P6).

Accepting leads into the upgrade flow at the step of who pays, with what was offered filled in. For everybody else there
is no such offer.
"""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from zetel import clock
from zetel.access import person_of
from zetel.actions import manual_offers, offers, quotes, quotes_change, standing
from zetel.jobs.quote_files import file_name, quote_pdf
from zetel.models import CatalogVersion, Offer, Person, Space
from zetel.models.spaces import DIVISION
from zetel.rules.catalog import Catalog
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.offers import OfferState, state
from zetel.templatetags.zetel import amount
from zetel.web.billing_change_words import change_summary
from zetel.web.errors import sentence
from zetel.web.upgrade import draw
from zetel.web.upgrade_words import amount_rows, summary
from zetel.web.words import cycle_word, kind_word, plan_name

TEAMS_LISTED_MAX = 50


@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: HttpRequest, offer_id: uuid.UUID) -> HttpResponse:
    """Read it, or accept it by going on to who pays."""
    person, now = person_of(request), clock.now()
    row = _load(offer_id, person)
    if request.method == "POST":
        try:
            return _accept(row, person, now)
        except ZetelError as error:
            messages.error(request, sentence(error))
            return redirect("offer", row.pk)
    stands = state(row.status, row.valid_until, now)
    if stands is OfferState.EXPIRED and row.agreed_on is not None:
        stands = OfferState.OPEN  # agreed to in time: sales approve it (G5)
    context = {
        "offer": row, "state": str(stands), "is_open": stands is OfferState.OPEN, "facts": _facts(row),
        "sales_email": settings.CONFIG.seller.sales_email, **(_priced(row) if stands is OfferState.OPEN else {}),
    }  # fmt: skip
    return draw(request, "offers/offer.html", row.space, **context)


@require_safe
def offer_pdf(request: HttpRequest, offer_id: uuid.UUID) -> HttpResponse:
    """The quote of a plan on invoice as PDF, for whom it was made."""
    row = _load(offer_id, person_of(request))
    if not row.is_manual:
        raise ZetelError("not_found")
    return pdf_response(quote_pdf(row), file_name(row))


def pdf_response(content: bytes, name: str) -> HttpResponse:
    """A PDF to look at, that nobody between keeps."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["Cache-Control"] = "no-store, private"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _load(offer_id: uuid.UUID, person: Person) -> Offer:
    """An offer for this person; for everybody else there is none."""
    rows = Offer.objects.select_related("space__organization", "person", "offered_by", "change", "customer")
    row = rows.filter(pk=offer_id, person=person).first()
    if row is None:
        raise ZetelError("not_found")
    return row


def _accept(row: Offer, person: Person, now: datetime) -> HttpResponse:
    """On to who pays; for a plan that runs, to the review of its change; on invoice sales approve it then (G5)."""
    if row.is_manual:
        manual_offers.agree(row, person=person, now=now)
        return redirect("offer", row.pk)
    running = offers.running_plan(row.space)
    if running is None:
        return redirect("upgrade_billing", offers.begin(row, person=person, now=now).public_id)
    quote = offers.bind(row, running, person=person, now=now)
    return redirect("billing_change_review", row.space_id, quote.pk)


def _facts(row: Offer) -> list[dict[str, str]]:
    catalog, space = CatalogVersion.objects.current(), row.space
    around = f" · {space.organization.name}" if space.organization else ""
    return [
        {
            "label": gettext("Plan"),
            "value": f"{plan_name(catalog, row.plan)}, {cycle_word(row.cycle).lower()}",
        },
        {"label": gettext("Space"), "value": space.name, "note": kind_word(space.kind) + around},
        {
            "label": gettext("Seats"),
            "value": str(row.seats),
            "note": gettext("%(price)s a seat, before tax")
            % {"price": amount(Money(row.unit_amount, row.currency))},
        },
        {"label": gettext("Who is covered"), "value": _covered(space)},
    ]


def _covered(space: Space) -> str:
    """Who: everybody counted there; for a division by the names of its teams."""
    counted = gettext("Everybody in %(name)s. People counted now: %(count)s.") % {
        "name": space.name, "count": standing.counted_people(space),
    }  # fmt: skip
    if space.kind != DIVISION:
        return counted
    names = list(
        Space.objects.filter(division=space)
        .order_by("name")
        .values_list("name", flat=True)[:TEAMS_LISTED_MAX]
    )
    return counted + "\n" + gettext("Teams: %(names)s") % {"names": ", ".join(names)}


def _on_invoice(row: Offer, catalog: Catalog) -> dict[str, Any]:
    """What the first year would be invoiced at, and on which terms."""
    priced, days = manual_offers.priced(row), gettext("%(term)s days") % {"term": row.payment_term_days}
    terms = [
        {"label": gettext("Quote number"), "value": row.reference},
        {"label": gettext("Paid by"), "value": str(row.customer)},
        {"label": gettext("Payment term"), "value": days},
        {"label": gettext("Purchase order"), "value": row.purchase_order},
    ]
    return {
        "is_manual": True, "terms": [fact for fact in terms if fact["value"]], "agreed_on": row.agreed_on,
        "unit": Money(row.unit_amount, row.currency), "seats": row.seats,
        "rows": amount_rows(priced, catalog, gettext("For the first year")),
    }  # fmt: skip


def _priced(row: Offer) -> dict[str, Any]:
    """What accepting costs today, or why it cannot be accepted."""
    catalog, now = CatalogVersion.objects.current(), clock.now()
    try:
        quotes.check_member(row.space, row.person)
        if row.is_manual:
            return _on_invoice(row, catalog)
        if (running := offers.running_plan(row.space)) is not None:
            changed = quotes_change.estimate_offer(running, row, person=row.person, now=now)
            return {"is_change": True, **change_summary(changed.priced, catalog)}
        priced = offers.price(row, now=now)
    except ZetelError as error:
        return {"refusal": sentence(error)}
    return {
        "unit": Money(row.unit_amount, row.currency), "seats": row.seats, "payer_unknown": True,
        "lower_plans": ", ".join(priced.lower_plans),
        "rows": amount_rows(priced.priced, catalog, gettext("Due at acceptance")),
        **summary(priced.priced, catalog), "saving": None,
    }  # fmt: skip
