"""The settings of a space: the admin console, "About my workspace", team settings and the division's page.

Members read them, an admin changes them, and everybody finds the way out at the bottom. The Billing tab stands beside
them when the space has one.
"""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from zetel import clock
from zetel.access import Seen, load_space
from zetel.actions import directory, directory_domains
from zetel.models import Membership, Space
from zetel.models.ids import parse_public_id
from zetel.models.spaces import DIVISION, ORGANIZATION, TEAM, WORKSPACE
from zetel.rules import names
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability
from zetel.web import directory_reading as reading
from zetel.web import places
from zetel.web.billing_tab import billing_tab
from zetel.web.directory_forms import DomainForm, NameForm, PlaceForm, TeamForm
from zetel.web.directory_spaces import page
from zetel.web.errors import sentence
from zetel.web.forms import ZetelForm


def console_title(kind: str) -> str:
    """What the settings of a kind of space are called (screens, 1)."""
    return {
        ORGANIZATION: gettext("Admin console"),
        WORKSPACE: gettext("About my workspace"),
        TEAM: gettext("Edit team settings"),
        DIVISION: gettext("Edit division settings"),
    }[kind]


@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Name, country, time zone, division; for an organization its domains. Saving is for admins."""
    if request.method == "POST":
        seen = load_space(request, space_id, Capability.SPACE_SETTINGS_EDIT)
        form = _form(seen, request.POST)
        if form.is_valid() and _save(seen, form):
            messages.success(request, gettext("The settings are saved."))
            return redirect("space_settings", space_id)
        return _settings(request, seen, form, DomainForm())
    seen = load_space(request, space_id, Capability.SPACE_SEE)
    return _settings(request, seen, _form(seen), DomainForm())


def _form(seen: Seen, data: Any = None) -> ZetelForm:
    space = seen.space
    if space.kind in (WORKSPACE, ORGANIZATION):
        start = {"name": space.name, "country": space.country, "time_zone": space.time_zone}
        return PlaceForm(data, initial=start)
    if space.kind == TEAM and _is_admin_around(seen):
        rows = Space.objects.filter(organization=space.organization_id, kind=DIVISION).order_by("name")
        divisions = list(rows[: reading.SPACES_LISTED_MAX])
        start = {"name": space.name, "division": space.division.public_id if space.division else ""}
        return TeamForm(data, initial=start, divisions=divisions)
    return NameForm(data, initial={"name": space.name})


def _is_admin_around(seen: Seen) -> bool:
    """Whether the person is an admin of the organization, not of the team alone."""
    rows = Membership.objects.active().filter(person=seen.person, is_admin=True)
    return rows.filter(space=seen.space.organization_id).exists()


def _save(seen: Seen, form: ZetelForm) -> bool:
    data, space, now = form.cleaned_data, seen.space, clock.now()
    try:
        if "division" in data:
            _move(seen, data["division"])
        directory.edit_space(
            space=space, actor=seen.person, now=now, name=data["name"],
            country=data.get("country", ""), time_zone=data.get("time_zone", ""),
        )  # fmt: skip
    except ZetelError as error:
        form.add_error(None, sentence(error))
        return False
    return True


def _move(seen: Seen, public_id: str) -> None:
    wanted = parse_public_id(Space.PREFIX, public_id)
    if wanted == seen.space.division_id:
        return
    division = Space.objects.filter(pk=wanted).first() if wanted else None
    directory.put_team_into_division(team=seen.space, division=division, actor=seen.person, now=clock.now())


def _settings(request: HttpRequest, seen: Seen, form: ZetelForm, domain_form: DomainForm) -> HttpResponse:
    space = seen.space
    may_see_people = seen.may(Capability.SPACE_PEOPLE_SEE)
    root = space.organization or space
    domains = root.domains.select_related("proved_by").order_by("name") if root.kind == ORGANIZATION else []
    context = {
        "title": console_title(space.kind),
        "form": form,
        "domain_form": domain_form,
        "domains": [(row, names.readable_domain(row.name)) for row in domains] if may_see_people else [],
        "admins": reading.admins_of(root if space.kind == DIVISION else space) if may_see_people else [],
        "is_in": Membership.objects.active().filter(space=space, person=seen.person).exists(),
        "facts": _facts(space),
        "tab": "settings",
        "billing_tab": billing_tab(seen),
    }
    return page(request, "directory/settings.html", seen, **context)


def _facts(space: Space) -> list[dict[str, str]]:
    """What members read who may not edit."""
    facts = [{"label": gettext("Name"), "value": space.name}]
    if space.kind in (WORKSPACE, ORGANIZATION):
        country = dict(places.countries()).get(space.country, space.country)
        facts += [
            {"label": gettext("Country"), "value": country},
            {"label": gettext("Time zone"), "value": space.time_zone.replace("_", " ")},
        ]
    if space.division:
        facts.append({"label": gettext("Division"), "value": space.division.name})
    return facts


@require_POST
def domain_add(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Tie a domain to the organization."""
    seen = _organization(request, space_id)
    form = DomainForm(request.POST)
    if form.is_valid():
        try:
            row = directory_domains.add_domain(
                organization=seen.space,
                domain=form.cleaned_data["domain"],
                actor=seen.person,
                now=clock.now(),
            )
        except ZetelError as error:
            form.add_error("domain", sentence(error))
        else:
            told = gettext("%(domain)s is added. Who is a member and who is a guest is counted again.")
            messages.success(request, told % {"domain": names.readable_domain(row.name)})
            return redirect("space_settings", space_id)
    return _settings(request, seen, _form(seen), form)


@require_POST
def domain_remove(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Untie a domain from the organization."""
    seen = _organization(request, space_id)
    domain = request.POST.get("domain", "")
    try:
        directory_domains.remove_domain(
            organization=seen.space, domain=domain, actor=seen.person, now=clock.now()
        )
    except ZetelError as error:
        messages.error(request, sentence(error))
    else:
        told = gettext("%(domain)s is removed. Who is a member and who is a guest is counted again.")
        messages.success(request, told % {"domain": names.readable_domain(domain)})
    return redirect("space_settings", space_id)


def _organization(request: HttpRequest, space_id: uuid.UUID) -> Seen:
    seen = load_space(request, space_id, Capability.SPACE_SETTINGS_EDIT)
    if seen.space.kind != ORGANIZATION:
        raise ZetelError("not_found")
    return seen
