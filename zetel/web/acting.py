"""Acting for a customer: the middleware that knows it, the banner on every page, beginning and ending (rule R9).

The session names the stretch; the row in the database says whether it still holds. Every act of the request is then
recorded as done by the member of staff on behalf of the billing owner.
"""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from zetel import clock
from zetel.access import acting_of, load_behalf
from zetel.actions import acting
from zetel.actions._behalf import Behalf, acting_for
from zetel.actions.reasons import REASON_MAX
from zetel.models import Acting, Customer, Person, Subscription
from zetel.models.ids import parse_public_id
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability
from zetel.web.errors import sentence
from zetel.web.forms import ZetelForm
from zetel.web.staff_frame import enter

_KEY = "acting"  # in the session: the public id of the stretch
Answer = Callable[[HttpRequest], HttpResponse]


def act_on_behalf(get_response: Answer) -> Answer:
    """Middleware: find the stretch that the session names, and hold it around the request."""

    def answer(request: HttpRequest) -> HttpResponse:
        behalf = _found(request)
        request.behalf = behalf  # type: ignore[attr-defined]
        if behalf is None:
            return get_response(request)
        with acting_for(behalf):
            return get_response(request)

    return answer


def _found(request: HttpRequest) -> Behalf | None:
    """One query, and none for whoever acts for nobody. One that is over is forgotten, and said once."""
    acting_id = parse_public_id(Acting.PREFIX, str(request.session.get(_KEY, "")))
    if acting_id is None:
        return None
    person = request.user if isinstance(request.user, Person) else None
    behalf = load_behalf(person, acting_id, clock.now()) if person else None
    if behalf is None:
        del request.session[_KEY]
        over = Acting.objects.select_related("customer").filter(pk=acting_id, staff=person).first()
        if over is not None:
            messages.info(request, gettext("You no longer act for %(name)s.") % {"name": over.customer})
    return behalf


def acting_banner(request: HttpRequest) -> dict[str, Any]:
    """The context processor: every page says for whom its reader acts."""
    behalf = acting_of(request)
    return {"behalf": behalf} if behalf else {}


class ReasonForm(ZetelForm):
    """Why somebody acts for a customer."""

    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The customer can read it."),
    )  # fmt: skip


@require_POST
def begin(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """From the customer's page: half an hour of acting, beginning on the Billing tab where there is one plan."""
    person = enter(request, Capability.STAFF_ACT_FOR_CUSTOMER)
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise ZetelError("not_found")
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("staff_customer", customer.pk)
    try:
        made = acting.begin(customer, staff=person, reason=form.cleaned_data["reason"], now=clock.now())
    except ZetelError as error:
        if error.code != "reason_required":
            raise
        messages.error(request, sentence(error))
        return redirect("staff_customer", customer.pk)
    request.session[_KEY] = made.public_id
    places = list(
        Subscription.objects.live().filter(customer=customer).values_list("space_id", flat=True)[:2]
    )
    if len(places) == 1:
        return redirect("billing", places[0])
    return redirect("staff_customer", customer.pk)


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """Stop acting, and back to the customer's page."""
    enter(request, Capability.STAFF_ENTER)
    return ended(request)


def ended(request: HttpRequest) -> HttpResponse:
    """End the stretch that this session holds, if any."""
    behalf = acting_of(request)
    request.session.pop(_KEY, None)
    request.behalf = None  # type: ignore[attr-defined]
    if behalf is None:
        return redirect("staff")
    acting.end(behalf.acting, now=clock.now())
    messages.success(request, gettext("You no longer act for %(name)s.") % {"name": behalf.acting.customer})
    return redirect("staff_customer", behalf.acting.customer_id)
