"""Step 4: who pays, with what, and who will hold billing (screens 2.4; rules R1, P12, G1, G5).

Billing information is asked in the form of the customer's country. Whatever leads away from the half-filled form, such
as choosing a colleague, keeps what was typed in the session and gives it back.
"""

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext

from zetel import clock
from zetel.actions import drafts
from zetel.actions.customers import BillingInformation
from zetel.documents.languages import reader_language
from zetel.jobs import methods
from zetel.models import Customer, MethodSetup, PurchaseDraft
from zetel.models.ids import parse_public_id
from zetel.rules.errors import ZetelError
from zetel.rules.manual_invoices import SEATS_MIN
from zetel.rules.outcomes import MethodKind
from zetel.web.billing_information_form import REARRANGE, BillingInformationForm
from zetel.web.errors import sentence
from zetel.web.forms import Card
from zetel.web.upgrade import Visit, page, step, with_pick

_TYPED = (
    "upgrade_typed"  # in the session: draft -> what stood in the form when its reader left for another page
)
_NEW = "new"
_METHODS: Mapping[str, MethodKind] = {"card": "card", "paypal": "paypal"}


@step("plan", "space", "details")
def billing(visit: Visit) -> HttpResponse:
    request = visit.request
    data: Mapping[str, str] | None = request.POST if request.method == "POST" else None
    if data is not None and data.get("act") == "owner":
        _remember(visit, data)
        return visit.to("owner")
    held = _held(visit)
    form = _information_form(visit, data)
    payer = _payer(visit, held, data)
    method = (data or {}).get("method", "") or ("saved" if payer != _NEW else _first_method(visit))
    refusals: dict[str, str] = {}
    if data is not None and data.get("act") != REARRANGE and (payer != _NEW or not form.rearranged):
        refusals = (
            {} if method in _open_methods(visit) else {"method": gettext("Choose how you want to pay.")}
        )
        if (payer != _NEW or form.is_valid()) and not refusals:
            try:
                customer = _keep(visit, form, payer)
            except ZetelError as error:
                refusals["payer"] = sentence(error)
            else:
                _forget(visit)
                return _pay_with(visit, customer, method)
    bad = bool(refusals or (payer == _NEW and form.errors))
    return page(
        visit, "upgrade/billing.html", "billing", 422 if bad else 200, form=form, refusals=refusals,
        payers=with_pick(_payer_cards(visit, held), payer), methods=with_pick(_method_cards(visit, held), method),
        owner=visit.opened.owner, is_self=visit.draft.billing_owner_id is None,
    )  # fmt: skip


def _information_form(visit: Visit, data: Mapping[str, Any] | None) -> BillingInformationForm:
    """With what was typed, else what is kept, else what the person and space suggest."""
    draft = visit.draft
    if data is not None:
        return BillingInformationForm(data, initial=_suggested(visit))
    typed = visit.request.session.get(_TYPED, {}).get(draft.public_id)
    if typed:
        return BillingInformationForm(initial=_suggested(visit) | typed)
    if draft.customer is not None and draft.customer.billing_owner_id is None:
        return BillingInformationForm.of(draft.customer)
    return BillingInformationForm(initial=_suggested(visit))


def _suggested(visit: Visit) -> dict[str, Any]:
    space = visit.space
    organization = space.organization.name if space.organization else space.name
    return asdict(
        BillingInformation(
            name=visit.opened.owner.name, company=organization if space.kind != "workspace" else "",
            country=space.country, time_zone=space.time_zone, language=reader_language(),
        )
    )  # fmt: skip


def _remember(visit: Visit, data: Mapping[str, str]) -> None:
    names = BillingInformationForm.base_fields
    typed = {name: data[name][:500] for name in names if name in data}
    kept = dict(list(visit.request.session.get(_TYPED, {}).items())[-4:])
    visit.request.session[_TYPED] = kept | {visit.draft.public_id: typed}


def _forget(visit: Visit) -> None:
    kept = visit.request.session.get(_TYPED, {})
    if visit.draft.public_id in kept:
        visit.request.session[_TYPED] = {k: v for k, v in kept.items() if k != visit.draft.public_id}


def _held(visit: Visit) -> dict[str, Customer]:
    """The customers the buyer may pay with again; none when a colleague will hold billing (rule P12).

    An offer is in one currency, and so is who pays for it (M9).
    """
    if visit.draft.billing_owner_id is not None:
        return {}
    offer = visit.draft.offer
    held = drafts.held_customers(visit.person)
    return {row.public_id: row for row in held if offer is None or row.currency == offer.currency}


def _payer(visit: Visit, held: Mapping[str, Customer], data: Mapping[str, str] | None) -> str:
    asked = (data or {}).get("payer", "")
    if asked in held or asked == _NEW:
        return asked
    customer = visit.draft.customer
    if customer is None:
        return next(iter(held), _NEW)
    return customer.public_id if customer.public_id in held else _NEW


def _payer_cards(visit: Visit, held: Mapping[str, Customer]) -> list[tuple[str, Card]]:
    if not held:
        return []
    cards = [
        (
            key,
            Card(
                title=str(row),
                text=", ".join(part for part in (row.city, row.country) if part),
                aside=row.currency,
            ),
        )
        for key, row in held.items()
    ]
    return [*cards, (_NEW, Card(title=gettext("New billing information")))]


def _keep(visit: Visit, form: BillingInformationForm, payer: str) -> Customer:
    now = clock.now()
    if payer != _NEW:
        customer_id = parse_public_id("cus", payer)
        assert customer_id is not None, "it was found among those held"
        return drafts.choose_customer(visit.draft, customer_id=customer_id, now=now)
    return drafts.enter_customer(visit.draft, form.information(), now=now)


# ---------------------------------------------------------------------------------------------------- how to pay


def may_pay_by_invoice(draft: PurchaseDraft) -> bool:
    """Rule G5: yearly and 20 seats or more, then agreed with sales."""
    return draft.cycle == "year" and (draft.seats or 0) >= SEATS_MIN


def _saved(visit: Visit) -> bool:
    return bool(visit.opened.method_label)


def _first_method(visit: Visit) -> str:
    return "saved" if _saved(visit) else "card"


def _open_methods(visit: Visit) -> set[str]:
    open_now = {"saved", *map(str, methods.offered_to_buy())}
    if may_pay_by_invoice(visit.draft):
        open_now.add("invoice")
    return open_now


def _method_cards(visit: Visit, held: Mapping[str, Customer]) -> list[tuple[str, Card]]:
    """Card, PayPal, invoice; first what is saved already. Invoice stands closed with the reason where it is."""
    cards: list[tuple[str, Card]] = []
    if _saved(visit):
        cards.append(
            ("saved", Card(title=visit.opened.method_label, text=gettext("Saved for this purchase.")))
        )
    elif held:
        used = gettext("For billing information you used before.")
        cards.append(("saved", Card(title=gettext("What is saved already"), text=used)))
    offered = methods.offered_to_buy()
    if "card" in offered:
        title = gettext("Another card") if _saved(visit) else gettext("Card")
        cards.append(
            ("card", Card(title=title, text=gettext("You enter it on the payment company's own page.")))
        )
    if "paypal" in offered:
        cards.append(("paypal", Card(title="PayPal", text=gettext("You log in at PayPal and agree there."))))
    closed = "" if may_pay_by_invoice(visit.draft) else gettext(
        "For annual plans of %(count)s seats or more. Choose those in the details to pay by invoice."
    ) % {"count": SEATS_MIN}  # fmt: skip
    text = "" if closed else gettext("Agreed with sales: we lead you to the form with your wish filled in.")
    cards.append(("invoice", Card(title=gettext("Pay by invoice"), text=text, closed=closed)))
    return cards


def _pay_with(visit: Visit, customer: Customer, method: str) -> HttpResponse:
    """Go where this way of paying is arranged: the company's own page, sales, or on to the review."""
    if method == "invoice":
        draft = visit.draft
        asked = f"?topic=pay_by_invoice&plan={draft.plan}&cycle={draft.cycle}&seats={draft.seats}"
        return redirect(
            reverse("sales_request") + f"{asked}&space={visit.space.public_id}&draft={draft.public_id}"
        )
    if method in _METHODS:
        return begin(visit, customer, _METHODS[method])
    if not customer.methods.filter(status="active").exists():
        return visit.to("method")
    return visit.to("review")


def begin(visit: Visit, customer: Customer, kind: MethodKind) -> HttpResponse:
    """To the company's own page by redirect; when it cannot be reached nothing is lost and one may try again."""
    if customer.billing_owner_id not in (None, visit.person.pk):
        raise ZetelError("forbidden")
    try:
        url = methods.begin(
            customer, person=visit.person, kind=kind, next_path=visit.url("review"), now=clock.now(),
            return_path=visit.url("method") + "/{setup}",
        )  # fmt: skip
    except ZetelError as error:
        messages.error(visit.request, sentence(error))
        return visit.to("method")
    return HttpResponseRedirect(url)


@step("plan", "space", "details", "billing")
def method(visit: Visit) -> HttpResponse:
    """Choose card or PayPal alone: to change it, or after it was refused."""
    customer = visit.draft.customer
    assert customer is not None, "`step` sends visits without a customer back"
    chosen = visit.request.POST.get("method", "")
    refusal = ""
    if visit.request.method == "POST":
        if chosen in _open_methods(visit) and (chosen != "saved" or _saved(visit)):
            return _pay_with(visit, customer, chosen)
        refusal = gettext("Choose how you want to pay.")
    return page(
        visit, "upgrade/method.html", "billing", 422 if refusal else 200, refusal=refusal,
        methods=with_pick(_method_cards(visit, {}), _first_method(visit)),
    )  # fmt: skip


@step("plan", "space", "details", "billing")
def method_return(visit: Visit, setup_id: uuid.UUID) -> HttpResponse:
    """Back from the company's page: ask how it ended; the new method replaces the old only when it was set up (G2)."""
    setup = MethodSetup.objects.filter(
        pk=setup_id, person=visit.person, customer=visit.draft.customer
    ).first()
    if setup is None:
        raise ZetelError("not_found")
    try:
        saved = methods.finish(setup, now=clock.now())
    except ZetelError as error:
        messages.error(visit.request, sentence(error))
        return visit.to("method")
    if saved is None:
        messages.error(
            visit.request,
            gettext(
                "Your card or PayPal was not saved, so nothing changed. Try again or choose another way."
            ),
        )
        return visit.to("method")
    return visit.to("review")
