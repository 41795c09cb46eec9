"""Spaces as people meet them: the way in, a new one, and the home of each kind (screens, 1)."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zetel import clock
from zetel.access import Seen, load_space, person_of
from zetel.actions import directory, directory_people
from zetel.actions.directory_invitations import addressed_to
from zetel.models import CatalogVersion, Membership, Space
from zetel.models.spaces import DIVISION, ORGANIZATION, TEAM
from zetel.rules.entitlements import people_limit
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability
from zetel.web import directory_reading as reading
from zetel.web import places
from zetel.web.directory_forms import NameForm, NewSpaceForm
from zetel.web.errors import sentence
from zetel.web.seats_banner import owned_use, seats_banner
from zetel.web.words import kind_word


def page(request: HttpRequest, template: str, seen: Seen, **context: Any) -> HttpResponse:
    """A page of one space: every page names its space, its kind and its plan."""
    space = seen.space
    facts = {
        "space": space,
        "kind_label": kind_word(space.kind),
        "may_invite": space.kind != DIVISION and seen.may(Capability.SPACE_INVITE),
        "may_edit": seen.may(Capability.SPACE_SETTINGS_EDIT),
        "may_create": seen.may(Capability.TEAM_CREATE),
        "hide_people": not seen.may(Capability.SPACE_PEOPLE_SEE),
        # Read by the pages that show it, and only there.
        "seats_banner": SimpleLazyObject(lambda: seats_banner(owned_use(seen, clock.now()), clock.now())),
    }
    return render(request, template, {**facts, **context})


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The bare address: prices for a visitor, else the first space, or making one."""
    if not request.user.is_authenticated:
        return redirect("/pricing")
    space = reading.first_space(person_of(request))
    return redirect("space_home", space.pk) if space else redirect("space_new")


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a workspace or organization, or go into one that waits for the person."""
    person = person_of(request)
    country, zone = places.guess(request)
    domains = reading.own_domains(person)
    start = {"country": country, "time_zone": zone, "kind": ORGANIZATION if domains else "workspace"}
    form = NewSpaceForm(request.POST or None, initial=start, domains=domains)
    if request.method == "POST" and form.is_valid():
        try:
            space = _create(request, form.cleaned_data)
        except ZetelError as error:
            form.add_error(None, sentence(error))
        else:
            return redirect("space_home", space.pk)
    context = {
        "form": form,
        "invitations": addressed_to(person, clock.now()),
        "organizations": reading.open_organizations(person),
        "free_limit": people_limit(CatalogVersion.objects.current().free),
    }
    return render(request, "directory/new.html", context)


def _create(request: HttpRequest, data: dict[str, Any]) -> Space:
    facts: dict[str, Any] = {key: data[key] for key in ("name", "country", "time_zone")}
    facts |= {"person": person_of(request), "now": clock.now()}
    if data["kind"] == ORGANIZATION:
        return directory.create_organization(domain=data["domain"], **facts)
    return directory.create_workspace(**facts)


@require_GET
def space(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """The home of a space: what it is, who is in it, and for an organization its teams and divisions."""
    seen = load_space(request, space_id, Capability.SPACE_SEE)
    show = {ORGANIZATION: _organization, DIVISION: _division}.get(seen.space.kind, _people_home)
    return show(request, seen)


def _faces(seen: Seen) -> dict[str, Any]:
    """The first people and how many there are; guests do not see who else is there."""
    if not seen.may(Capability.SPACE_PEOPLE_SEE):
        return {}
    people = reading.people_of(seen.space).filter(deactivated_at=None)
    return {"faces": list(people[: reading.FACES]), "people_count": people.count()}


def _people_home(request: HttpRequest, seen: Seen) -> HttpResponse:
    joined = Membership.objects.active().filter(space=seen.space, person=seen.person).exists()
    may_join = not joined and seen.space.kind == TEAM
    faces, now = _faces(seen), clock.now()
    use = owned_use(seen, now)
    context = {
        "room": reading.room(seen, use, faces["people_count"], now) if faces else None,
        "seats_banner": seats_banner(use, now),
        "may_join": may_join,
    }
    return page(request, "directory/home.html", seen, **faces, **context)


def _organization(request: HttpRequest, seen: Seen) -> HttpResponse:
    now = clock.now()
    teams, divisions = reading.inside(seen.space, seen.person, now)
    if not seen.may(Capability.SPACE_PEOPLE_SEE):
        teams, divisions = [team for team in teams if team.joined], []
    lists = {"teams": teams, "divisions": divisions, "may_join_teams": seen.may(Capability.TEAM_CREATE)}
    return page(request, "directory/organization.html", seen, **_faces(seen), **lists)


def _division(request: HttpRequest, seen: Seen) -> HttpResponse:
    rows = list(Space.objects.filter(division=seen.space)[: reading.SPACES_LISTED_MAX])
    teams = reading.shown(rows, seen.person, clock.now())
    return page(request, "directory/division.html", seen, **_faces(seen), teams=teams, may_join_teams=True)


@require_http_methods(["GET", "POST"])
def team_new(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Make a team in an organization."""
    seen = _organization_for(request, space_id, Capability.TEAM_CREATE)
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        team = directory.create_team(
            organization=seen.space, name=form.cleaned_data["name"], person=seen.person, now=clock.now()
        )
        return redirect("space_home", team.pk)
    return page(request, "directory/team_new.html", seen, form=form)


@require_http_methods(["GET", "POST"])
def division_new(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Make a division in an organization."""
    seen = _organization_for(request, space_id, Capability.SPACE_SETTINGS_EDIT)
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        division = directory.create_division(
            organization=seen.space, name=form.cleaned_data["name"], actor=seen.person, now=clock.now()
        )
        return redirect("space_home", division.pk)
    return page(request, "directory/division_new.html", seen, form=form)


def _organization_for(request: HttpRequest, space_id: uuid.UUID, capability: Capability) -> Seen:
    seen = load_space(request, space_id, capability)
    if seen.space.kind != ORGANIZATION:
        raise ZetelError("not_found")
    return seen


@require_POST
def join(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Join a team, or the organization of one's own domain. The action tells a stranger nothing."""
    person = person_of(request)
    row = Space.objects.filter(pk=space_id).first()
    if row is None:
        raise ZetelError("not_found")
    try:
        directory_people.join(space=row, person=person, now=clock.now())
    except ZetelError as error:
        if error.code not in (
            "limit_reached",
            "seats_full",
            "already_member",
            "person_inactive",
            "guest_not_allowed",
        ):
            raise
        messages.error(request, sentence(error))
        return redirect(
            "space_home", (row.organization_id or row.pk) if error.code != "already_member" else row.pk
        )
    messages.success(request, gettext("You have joined %(space)s.") % {"space": row.name})
    return redirect("space_home", row.pk)


@require_POST
def leave(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Leave a space."""
    seen = load_space(request, space_id, Capability.SPACE_LEAVE)
    try:
        directory_people.leave(space=seen.space, person=seen.person, now=clock.now())
    except ZetelError as error:
        messages.error(request, sentence(error))
        return redirect("space_settings", space_id)
    messages.success(request, gettext("You have left %(space)s.") % {"space": seen.space.name})
    return redirect("home")
