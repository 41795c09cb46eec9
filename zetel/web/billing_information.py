"""Billing information: who pays and where invoices go; looking and changing on one page."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from zetel import clock
from zetel.actions import customers
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability
from zetel.web.billing_information_form import OwnerInformationForm
from zetel.web.billing_view import load_owned, place

_ONWARD = {"method": "billing_method"}  # `?next=`: what could not be done before this was filled in


@require_http_methods(["GET", "POST"])
def information(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """The form with what is on file. The action checks the right again under its lock (R5)."""
    now = clock.now()
    seen, billing = load_owned(request, space_id, Capability.BILLING_MANAGE, now)
    form = OwnerInformationForm.of(billing.customer, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            customers.change_information(
                billing.customer, form.information(), actor=seen.person, now=now,
                remind_monthly=form.cleaned_data["remind_monthly"],
                mails_einvoice=form.cleaned_data["mails_einvoice"],
            )  # fmt: skip
        except ZetelError as error:
            if "field" not in error.params:
                raise
            form.refuse(error)
        else:
            messages.success(request, gettext("Saved. It counts from your next invoice."))
            return redirect(_ONWARD.get(request.GET.get("next", ""), "billing"), space_id)
    context = {**place(seen), "billing": billing, "form": form}
    return render(request, "billing/information.html", context)
