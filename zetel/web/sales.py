"""The form to sales: several teams, a division, more seats than can be bought, paying by invoice (rules P6, G5).

What led here is filled in from the address. It is stored, mailed, and confirmed on a page of its own.
"""

import uuid
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from zetel import clock
from zetel.access import load_space, person_of
from zetel.actions import drafts, requests
from zetel.models import CatalogVersion, Customer, Person, SalesRequest, Space
from zetel.models.ids import parse_public_id
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability
from zetel.web.errors import sentence
from zetel.web.forms import ZetelForm
from zetel.web.upgrade import draw
from zetel.web.words import cycle_word, plan_name

TOPICS = {
    "several_teams": _("A plan for several teams at once"),
    "division": _("A plan for a division"),
    "more_seats": _("More than 500 seats"),
    "pay_by_invoice": _("Paying by invoice"),
    "plan": _("A plan that sales offers"),
    "change": _("A change of a plan on invoice"),
    "cancel": _("Cancelling a plan on invoice"),
    "resume": _("Resuming a plan on invoice"),
    "other": _("Something else"),
}
SEATS_MAX = 1_000_000


class SalesForm(ZetelForm):
    """What is wished, and how to reach who wishes it."""

    topic = forms.ChoiceField(label=_("What is it about?"), choices=list(TOPICS.items()))
    plan = forms.ChoiceField(label=_("Plan"), required=False)
    cycle = forms.ChoiceField(
        label=_("Billing cycle"), required=False,
        choices=[("", _("No preference")), ("month", _("Monthly")), ("year", _("Annual"))],
    )  # fmt: skip
    seats = forms.IntegerField(label=_("How many seats?"), required=False, min_value=1, max_value=SEATS_MAX)
    message = forms.CharField(
        label=_("What would you like?"), required=False, max_length=requests.MESSAGE_LENGTH_MAX,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("For several teams or a division: which teams are they?"),
    )  # fmt: skip
    name = forms.CharField(label=_("Your name"), max_length=255)
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    company = forms.CharField(label=_("Company"), required=False, max_length=requests.COMPANY_LENGTH_MAX)
    phone = forms.CharField(label=_("Phone"), required=False, max_length=requests.PHONE_LENGTH_MAX)


@require_http_methods(["GET", "HEAD", "POST"])
def sales(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    space = asked_space(request)
    catalog = CatalogVersion.objects.current()
    asked = request.GET
    initial: dict[str, Any] = {
        "topic": asked.get("topic") if asked.get("topic") in TOPICS else "other", "plan": asked.get("plan"),
        "cycle": asked.get("cycle"), "seats": asked.get("seats"), "name": person.name, "email": person.email,
        "company": (space.organization or space).name if space and space.kind != "workspace" else "",
    }  # fmt: skip
    form = SalesForm(request.POST if request.method == "POST" else None, initial=initial)
    plans = [(plan.code, plan.name) for plan in catalog.paid_plans()]
    form.fields["plan"].choices = [("", _("No preference")), *plans]  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        wish = {"plan": given["plan"], "cycle": given["cycle"], "seats": given["seats"]}
        try:
            made = requests.ask_sales(
                person=person, space=space, wish=wish, now=clock.now(), customer=_payer(request, person),
                **{key: given[key] for key in ("topic", "name", "email", "company", "phone", "message")},
            )  # fmt: skip
        except ZetelError as error:
            field = str(error.params.get("field") or {"email_invalid": "email"}.get(error.code, ""))
            form.add_error(field if field in form.fields else None, sentence(error))
        else:
            return redirect("sales_request_sent", made.pk)
    return draw(
        request, "sales/sales.html", space, status=422 if form.errors else 200, form=form, space=space
    )


def _payer(request: HttpRequest, person: Person) -> Customer | None:
    """Who would pay, from the purchase that led here, if it is this person's and still open."""
    draft_id = parse_public_id("dft", request.GET.get("draft", ""))
    if draft_id is None:
        return None
    try:
        return drafts.open_draft(draft_id, person=person, now=clock.now()).draft.customer
    except ZetelError:
        return None


@require_safe
def sent(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """What was asked, on screen; only for who asked it."""
    row = (
        SalesRequest.objects.select_related("space").filter(pk=request_id, person=person_of(request)).first()
    )
    if row is None:
        raise ZetelError("not_found")
    catalog = CatalogVersion.objects.current()
    wish: dict[str, Any] = row.wish
    facts: list[dict[str, Any]] = [
        {"label": _("What is it about?"), "value": TOPICS[row.topic]},
        {"label": _("Space"), "value": row.space.name if row.space else ""},
        {"label": _("Plan"), "value": plan_name(catalog, wish["plan"]) if wish.get("plan") else ""},
        {"label": _("Billing cycle"), "value": cycle_word(wish["cycle"]) if wish.get("cycle") else ""},
        {"label": _("How many seats?"), "value": str(wish.get("seats") or "")},
        {"label": _("What would you like?"), "value": row.message},
        {"label": _("E-mail"), "value": row.email},
        {"label": _("Number"), "value": row.public_id},
    ]
    shown = [fact for fact in facts if str(fact["value"])]
    return draw(request, "sales/sent.html", row.space, facts=shown, onward=onward(row.space))


def asked_space(request: HttpRequest) -> Space | None:
    """The space in the address, for its members; a division's for those of its teams."""
    text = request.GET.get("space", "")
    if not text:
        return None
    space_id = parse_public_id("spc", text)
    if space_id is None:
        raise ZetelError("not_found")
    return load_space(request, space_id, Capability.SPACE_PEOPLE_SEE).space


def onward(space: Space | None) -> str:
    """Where to go after something was sent."""
    return reverse("space_home", args=[space.public_id]) if space else "/"
