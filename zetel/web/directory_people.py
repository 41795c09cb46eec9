"""The people of a space: the list with search, inviting, and what an admin does about one of them."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zetel import clock
from zetel.access import Seen, load_space
from zetel.actions import directory_invitations, directory_people
from zetel.models import Invitation, Person
from zetel.models.spaces import DIVISION
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability
from zetel.web import directory_reading as reading
from zetel.web.billing_tab import billing_tab
from zetel.web.directory_forms import SEARCH_LENGTH_MAX, InviteForm
from zetel.web.directory_spaces import page
from zetel.web.errors import sentence
from zetel.web.seats_banner import owned_use, seats_banner

INVITATIONS_LISTED_MAX = 50


@require_GET
def people(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Everybody in the space, a page at a time, with a form to invite more."""
    return _people(request, load_space(request, space_id, Capability.SPACE_PEOPLE_SEE), InviteForm())


def _people(request: HttpRequest, seen: Seen, form: InviteForm) -> HttpResponse:
    space, now = seen.space, clock.now()
    use = owned_use(seen, now)
    search = request.GET.get("q", "").replace("\x00", "").strip()[:SEARCH_LENGTH_MAX]
    invitations = Invitation.objects.filter(
        space=space, accepted_at=None, revoked_at=None, expires_at__gt=now
    )
    if not seen.may(Capability.SPACE_PEOPLE_MANAGE):
        invitations = invitations.filter(invited_by=seen.person)
    active_count = reading.people_of(space).filter(deactivated_at=None, person__is_machine=False).count()
    context = {
        "found": reading.people_page(space, search, request.GET.get("page", "1")),
        "search": search,
        "form": form,
        "may_manage": seen.may(Capability.SPACE_PEOPLE_MANAGE) and space.kind != DIVISION,
        "invitations": invitations.select_related("invited_by").order_by("-id")[:INVITATIONS_LISTED_MAX],
        "active_count": active_count,
        "room": reading.room(seen, use, active_count, now),
        "joining": reading.joining(seen, use, now),
        "seats_banner": seats_banner(use, now),
        "tab": "people",
        "billing_tab": billing_tab(seen),
    }
    return page(request, "directory/people.html", seen, **context)


@require_POST
def invite(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Invite every address typed; each is said to be invited, or why not."""
    seen = load_space(request, space_id, Capability.SPACE_INVITE)
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _people(request, seen, form)
    invited = 0
    for address in form.cleaned_data["emails"]:
        try:
            directory_invitations.invite(space=seen.space, email=address, actor=seen.person, now=clock.now())
        except ZetelError as error:
            words = sentence(error)
            messages.error(request, words if address in words else f"{address}: {words}")
        else:
            invited += 1
    if invited:
        told = ngettext(
            "%(count)d person is invited by mail.", "%(count)d people are invited by mail.", invited
        )
        messages.success(request, told % {"count": invited})
    return redirect("space_people", space_id)


@require_POST
def revoke(request: HttpRequest, space_id: uuid.UUID, invitation_id: uuid.UUID) -> HttpResponse:
    """Take an invitation back."""
    seen = load_space(request, space_id, Capability.SPACE_INVITE)
    row = Invitation.objects.select_related("space").filter(pk=invitation_id, space=seen.space).first()
    if row is None:
        raise ZetelError("not_found")
    try:
        directory_invitations.revoke(invitation=row, actor=seen.person, now=clock.now())
    except ZetelError as error:
        messages.error(request, sentence(error))
    else:
        messages.success(request, gettext("The invitation is withdrawn."))
    return redirect("space_people", space_id)


def _name(seen: Seen, person: Person) -> str:
    directory_people.set_admin(
        space=seen.space, person=person, is_admin=True, actor=seen.person, now=clock.now()
    )
    return gettext("%(person)s is an admin now.")


def _withdraw(seen: Seen, person: Person) -> str:
    directory_people.set_admin(
        space=seen.space, person=person, is_admin=False, actor=seen.person, now=clock.now()
    )
    return gettext("%(person)s is no longer an admin.")


def _deactivate(seen: Seen, person: Person) -> str:
    directory_people.deactivate(space=seen.space, person=person, actor=seen.person, now=clock.now())
    return gettext("%(person)s is deactivated.")


def _reactivate(seen: Seen, person: Person) -> str:
    full = directory_people.reactivate(space=seen.space, person=person, actor=seen.person, now=clock.now())
    if not full:
        return gettext("%(person)s is active again.")
    teams = ", ".join(team.name for team in full).replace("%", "%%")
    return gettext("%(person)s is active again, except in these full teams:") + f" {teams}"


def _remove(seen: Seen, person: Person) -> str:
    directory_people.remove(space=seen.space, person=person, actor=seen.person, now=clock.now())
    return gettext("%(person)s is no longer in this space.")


ACTS: dict[str, tuple[Capability, Callable[[Seen, Person], str]]] = {
    "name": (Capability.SPACE_ADMINS_NAME, _name),
    "withdraw": (Capability.SPACE_ADMINS_NAME, _withdraw),
    "deactivate": (Capability.SPACE_PEOPLE_MANAGE, _deactivate),
    "reactivate": (Capability.SPACE_PEOPLE_MANAGE, _reactivate),
    "remove": (Capability.SPACE_PEOPLE_MANAGE, _remove),
}


@require_http_methods(["GET", "POST"])
def person(request: HttpRequest, space_id: uuid.UUID, person_id: uuid.UUID) -> HttpResponse:
    """One person, with what an admin may do about them; a second thought before what ends something."""
    if request.method == "POST":
        return _act(request, space_id, person_id)
    seen = load_space(request, space_id, Capability.SPACE_PEOPLE_MANAGE)
    stay = reading.people_of(seen.space).filter(person=person_id).first()
    if stay is None or seen.space.kind == DIVISION:
        raise ZetelError("not_found")
    may_name = seen.may(Capability.SPACE_ADMINS_NAME)
    return page(request, "directory/person.html", seen, stay=stay, person=stay.person, may_name=may_name)


def _act(request: HttpRequest, space_id: uuid.UUID, person_id: uuid.UUID) -> HttpResponse:
    """Do what the pressed button names."""
    wanted = request.POST.get("act", "")
    capability, do = ACTS.get(wanted, (Capability.SPACE_PEOPLE_MANAGE, None))
    seen = load_space(request, space_id, capability)
    if do is None:
        raise ZetelError("value_invalid", field="act")
    person = Person.objects.filter(
        pk=person_id, memberships__space=seen.space, memberships__left_at=None
    ).first()
    if person is None:
        raise ZetelError("not_found")
    try:
        told = do(seen, person)
    except ZetelError as error:
        messages.error(request, sentence(error))
        return redirect("person_act", space_id, person_id)
    messages.success(request, told % {"person": person.label})
    # Who acted on themselves may not be able to see the list any more.
    return redirect("space_people", space_id) if person != seen.person else redirect("home")
