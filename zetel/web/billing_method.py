"""Payment method: choose card or PayPal, save it at the gateway's own page, and come back to Done (rule G2).

The old method stays until the gateway says that the new one works. Card data is typed on the gateway's page only.
"""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from zetel import clock
from zetel.jobs import methods
from zetel.models import MethodSetup, PaymentMethod
from zetel.models.ids import parse_public_id
from zetel.rules.errors import ZetelError
from zetel.rules.outcomes import MethodKind
from zetel.rules.roles import Capability
from zetel.web.billing_view import load_owned, place
from zetel.web.errors import sentence
from zetel.web.forms import Card, RadioCards, ZetelForm

_WAIT = ("gateway_unavailable", "method_required")


class MethodForm(ZetelForm):
    """Which kind of method, of those that a gateway of this installation offers."""

    kind = forms.ChoiceField(label=_("Pay by"), widget=RadioCards)

    def __init__(self, data: Any = None, *, present: str) -> None:
        super().__init__(data, initial={"kind": present})
        cards = {
            "card": Card(gettext("Card"), gettext("You fill in the card on the payment company's page.")),
            "paypal": Card("PayPal", gettext("You log in to PayPal and agree.")),
            "direct_debit": Card(
                gettext("Direct debit"),
                gettext(
                    "You agree once. It takes days, so it pays for invoices, not for more seats or another plan."
                ),
            ),
        }
        fields: dict[str, Any] = self.fields
        fields["kind"].choices = [(kind, cards[kind]) for kind in methods.offered()]


@require_http_methods(["GET", "POST"])
def method(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Choose, and go to the gateway. When it cannot be reached nothing is lost: the page comes back and says so."""
    now = clock.now()
    seen, billing = load_owned(request, space_id, Capability.METHOD_MANAGE, now)
    if not billing.customer.address_line1:  # of a trial; what is charged is invoiced, and that needs one
        messages.info(request, gettext("First fill in who receives the invoice. Then you choose how to pay."))
        return redirect(f"{reverse('billing_information', args=[space_id])}?next=method")
    present = billing.method.kind if billing.method else "card"
    form = MethodForm(request.POST if request.method == "POST" else None, present=present)
    status = 200
    if request.method == "POST" and form.is_valid():
        kind: MethodKind = form.cleaned_data["kind"]  # the form takes no other
        back = reverse("billing_method", args=[space_id]) + "/return/{setup}"
        try:
            url = methods.begin(
                billing.customer, person=seen.person, kind=kind, now=now, return_path=back,
                next_path=_onward(request, space_id),
            )  # fmt: skip
        except ZetelError as error:
            if error.code != "gateway_unavailable":
                raise
            form.add_error(None, sentence(error))
            status = 503
        else:
            return redirect(url)
    context = {**place(seen), "billing": billing, "form": form}
    return render(request, "billing/method.html", context, status=status)


def _onward(request: HttpRequest, space_id: uuid.UUID) -> str:
    """Where to go on after saving: back to the quote or invoice that waits for it, else to the tab."""
    quote_id = parse_public_id("quo", request.GET.get("quote", ""))
    if quote_id is not None:
        return reverse("billing_change_review", args=[space_id, quote_id])
    invoice_id = parse_public_id("inv", request.GET.get("invoice", ""))
    if invoice_id is not None:
        return reverse("billing_pay", args=[space_id, invoice_id])
    return reverse("billing", args=[space_id])


@require_GET
def returned(request: HttpRequest, space_id: uuid.UUID, setup_id: uuid.UUID) -> HttpResponse:
    """Back from the gateway: Done, refused, not finished, or no answer. Safe to open again."""
    now = clock.now()
    seen, billing = load_owned(request, space_id, Capability.METHOD_MANAGE, now)
    setup = MethodSetup.objects.filter(pk=setup_id, person=seen.person, customer=billing.customer).first()
    if setup is None:
        raise ZetelError("not_found")
    kept: PaymentMethod | None = None
    outcome = "done"
    try:
        kept = methods.finish(setup, now=now)
    except ZetelError as error:
        if error.code not in _WAIT:
            raise
        outcome = "unavailable" if error.code == "gateway_unavailable" else "unfinished"
    else:
        setup.refresh_from_db(fields=["status"])
        outcome = setup.status
    context = {
        **place(seen), "outcome": outcome, "old": billing.method,
        "method": kept if outcome == "done" else None, "onward": setup.next_path,
    }  # fmt: skip
    return render(
        request, "billing/method_done.html", context, status=503 if outcome == "unavailable" else 200
    )
