"""Spaces in the back office: search, one with what is around it, and what sales do to divisions (rules P6, P9, R9)."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zetel import clock
from zetel.actions import divisions, standing
from zetel.actions.directory_plans import entitlements
from zetel.actions.reasons import REASON_MAX
from zetel.models import CatalogVersion, Space, Subscription
from zetel.models.ids import parse_public_id
from zetel.models.spaces import DIVISION, ORGANIZATION, TEAM
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.roles import Capability
from zetel.web.directory_forms import NameForm
from zetel.web.errors import sentence
from zetel.web.forms import ZetelForm
from zetel.web.staff_frame import allowed, enter, page, rows_of, search_of
from zetel.web.words import kind_word, plan_name

PLACES_MAX = 200
_ORDER = {ORGANIZATION: 0, DIVISION: 1, TEAM: 2}


@require_GET
def spaces(request: HttpRequest) -> HttpResponse:
    """Search by name, or by the name or domain of the organization around."""
    person, search = enter(request, Capability.STAFF_CUSTOMERS_SEE), search_of(request)
    rows = Space.objects.select_related("organization")
    if search:
        matches = Q(name__icontains=search) | Q(organization__name__icontains=search)
        matches |= Q(domains__name__icontains=search)
        known = parse_public_id(Space.PREFIX, search)
        rows = Space.objects.filter(
            pk__in=rows.filter(matches | Q(pk=known) if known else matches).values("pk")
        )
        rows = rows.select_related("organization")
    found = rows_of(request, rows.order_by("-id"))
    context = {"rows": found, "shown": [(row, kind_word(row.kind)) for row in found], "search": search}
    return page(request, "staff/spaces.html", person, context)


def space_of(space_id: uuid.UUID) -> Space:
    row = Space.objects.select_related("organization", "division").filter(pk=space_id).first()
    if row is None:
        raise ZetelError("not_found")
    return row


def places_around(space: Space) -> list[tuple[Space, str]]:
    """A workspace alone; an organization with its divisions and teams, from outside in."""
    root = space.root_id
    rows = list(Space.objects.filter(Q(pk=root) | Q(organization=root)).order_by("name", "id")[:PLACES_MAX])
    rows.sort(key=lambda row: _ORDER.get(row.kind, 0))
    return [(row, kind_word(row.kind)) for row in rows]


@require_GET
def space(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """A space, what covers it, who pays, and everything around it with its plans: the same few queries for any size."""
    person = enter(request, Capability.STAFF_CUSTOMERS_SEE)
    row, now = space_of(space_id), clock.now()
    around = places_around(row)
    catalog = CatalogVersion.objects.current()
    held = entitlements([place for place, _kind in around], now, catalog)
    live = Subscription.objects.live().filter(space__in=[place.pk for place, _kind in around])
    payers = {one.space_id: one for one in live.select_related("customer")}
    divided = {place.pk: place.name for place, _kind in around if place.kind == DIVISION}
    shown = [
        {
            "place": place, "kind": kind, "plan": plan_name(catalog, held[place.pk].plan),
            "paid": payers.get(place.pk), "division": place.division_id and divided.get(place.division_id),
            "may_move": place.kind == TEAM and bool(set(divided) - {place.division_id}),
        }
        for place, kind in around
    ]  # fmt: skip
    context: dict[str, Any] = {
        "row": row, "kind": kind_word(row.kind), "counted": standing.counted_people(row), "shown": shown,
        "may_offer": allowed(person, Capability.STAFF_OFFER), "form": NameForm(),
        "plan": plan_name(catalog, held[row.pk].plan) if row.pk in held else "",
    }  # fmt: skip
    return page(request, "staff/space.html", person, context)


@require_POST
def division_new(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Make a division in an organization, for an offer."""
    person = enter(request, Capability.STAFF_OFFER)
    row, form = space_of(space_id), NameForm(request.POST)
    if form.is_valid():
        try:
            made = divisions.make(row, name=form.cleaned_data["name"], staff=person, now=clock.now())
        except ZetelError as error:
            messages.error(request, sentence(error))
        else:
            messages.success(request, gettext("%(name)s was made.") % {"name": made.name})
            return redirect("staff_space", made.pk)
    else:
        messages.error(request, gettext("Give the division a name."))
    return redirect("staff_space", row.pk)


class MoveForm(ZetelForm):
    """Which division, and why."""

    division = forms.ChoiceField(label=_("Division"))
    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The customer can read it."),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def division_move(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Put a team into a division: first which one, then what that ends, then done (P9)."""
    person = enter(request, Capability.STAFF_OFFER)
    team, now = space_of(space_id), clock.now()
    if team.kind != TEAM:
        raise ZetelError("not_found")
    data = request.POST if request.method == "POST" else None
    form, move, refusal = _move_form(team, data), None, ""
    if form.is_bound and form.is_valid():
        division = space_of(uuid.UUID(form.cleaned_data["division"]))
        try:
            if "basis" in request.POST:
                divisions.put(
                    team, division, basis=request.POST["basis"], reason=form.cleaned_data["reason"], staff=person,
                    now=now,
                )  # fmt: skip
                told = gettext("%(team)s is in %(division)s now.")
                messages.success(request, told % {"team": team.name, "division": division.name})
                return redirect("staff_space", team.pk)
            move = divisions.look(team, division, now=now)
        except ZetelError as error:
            refusal = sentence(error)
    ending = move.ending if move else None
    context = {
        "team": team, "form": form, "move": move, "refusal": refusal, "ending": ending,
        "credit": Money(-ending.credit.total, _currency(ending)) if ending and ending.credit.lines else None,
        "reason": form.data.get("reason", ""), "chosen": form.data.get("division", ""),
    }  # fmt: skip
    return page(request, "staff/division_move.html", person, context, 422 if form.errors or refusal else 200)


def _currency(ending: Any) -> str:
    return str(Subscription.objects.get(pk=ending.subscription_id).customer.currency)


def _move_form(team: Space, data: Any) -> MoveForm:
    form = MoveForm(data)
    rows = Space.objects.filter(organization=team.organization_id, kind=DIVISION).exclude(division_teams=team)
    fields: dict[str, Any] = form.fields
    fields["division"].choices = [(str(row.pk), row.name) for row in rows.order_by("name")[:PLACES_MAX]]
    return form
