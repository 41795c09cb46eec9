"""What support do for a customer by themselves, with a reason: hand billing over, and send a mail again (rule R9)."""

import uuid

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from zetel import clock
from zetel.actions import hand_over, resending
from zetel.actions.reasons import REASON_MAX
from zetel.models import Customer, Person, Subscription
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability
from zetel.web.errors import sentence
from zetel.web.forms import ZetelForm
from zetel.web.mailbox import kind_word as mail_word
from zetel.web.staff_frame import enter, page


class HandOverForm(ZetelForm):
    """To whom, and why."""

    email = forms.EmailField(
        label=_("New billing owner"), max_length=254,
        help_text=_("The e-mail address of a member of this space who is no guest."),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The customer can read it."),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def hand_billing_over(request: HttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    """Give billing to a member, for an owner who cannot, or where nobody was left (R6)."""
    person = enter(request, Capability.STAFF_HAND_OVER)
    rows = Subscription.objects.live().select_related("space", "customer__billing_owner")
    row = rows.filter(pk=subscription_id).first()
    if row is None:
        raise ZetelError("not_found")
    form = HandOverForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            to = Person.objects.filter(email=form.cleaned_data["email"].lower()).first()
            if to is None:
                raise ZetelError("not_member", person=form.cleaned_data["email"], space=row.space.name)
            customer = hand_over.give_for(
                row, to=to, staff=person, reason=form.cleaned_data["reason"], now=clock.now()
            )
        except ZetelError as error:
            form.add_error("email" if error.code in ("not_member", "no_change") else None, sentence(error))
        else:
            messages.success(request, gettext("%(name)s manages billing from now on.") % {"name": to.label})
            return redirect("staff_customer", customer.pk)
    context = {"row": row, "owner": row.customer.billing_owner, "form": form}
    return page(request, "staff/hand_over.html", person, context, 422 if form.errors else 200)


class AgainForm(ZetelForm):
    """Why a mail is sent again."""

    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The customer can read it."),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def send_again(request: HttpRequest, customer_id: uuid.UUID, mail_id: uuid.UUID) -> HttpResponse:
    """One mail of a customer, and the form that sends it again."""
    person = enter(request, Capability.STAFF_RESEND)
    customer = Customer.objects.select_related("billing_owner").filter(pk=customer_id).first()
    mail = resending.of_customer(customer).filter(pk=mail_id).first() if customer else None
    if customer is None or mail is None:
        raise ZetelError("not_found")
    form = AgainForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        resending.again(mail, customer, staff=person, reason=form.cleaned_data["reason"], now=clock.now())
        messages.success(request, gettext("The mail is being sent again."))
        return redirect("staff_customer", customer.pk)
    context = {"customer": customer, "mail": mail, "kind": mail_word(mail.kind), "form": form}
    return page(request, "staff/send_again.html", person, context, 422 if form.errors else 200)
