"""What somebody meets who was invited: who asks them where, a way to log in or sign up, and one button to join.

Looking at the page changes nothing, so a mail scanner that follows the link does no harm. The link's secret waits in
the session while somebody makes an account, so that signing up ends at the invitation.
"""

import uuid

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from zetel import clock
from zetel.access import person_of
from zetel.actions import directory_invitations
from zetel.models import Invitation, Membership, Space
from zetel.rules.errors import ZetelError
from zetel.web.account import INVITATION_IN_SESSION
from zetel.web.errors import sentence
from zetel.web.words import kind_word


@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link."""
    try:
        row = directory_invitations.find(token)
        if request.method == "POST":
            return _accept(request, row, token)
        _check_open(row)
    except ZetelError as error:
        if error.code == "not_logged_in":
            raise
        return _gone(request, error)
    if isinstance(request.user, AnonymousUser):
        request.session[INVITATION_IN_SESSION] = token
    context = {"invitation": row, "kind_label": kind_word(row.space.kind), "next": request.path}
    return render(request, "directory/invitation.html", context)


def _accept(request: HttpRequest, row: Invitation, token: str) -> HttpResponse:
    person = person_of(request)
    try:
        directory_invitations.accept(token=token, person=person, now=clock.now())
    except ZetelError as error:
        if error.code != "already_member":
            raise
    else:
        _greet(request, row.space)
    request.session.pop(INVITATION_IN_SESSION, None)
    return redirect("space_home", row.space_id)


def _check_open(row: Invitation) -> None:
    if row.accepted_at or row.revoked_at:
        raise ZetelError("invitation_invalid")
    if not row.is_open(clock.now()):
        raise ZetelError("invitation_expired")


def _gone(request: HttpRequest, error: ZetelError) -> HttpResponse:
    request.session.pop(INVITATION_IN_SESSION, None)
    return render(request, "directory/invitation_gone.html", {"words": sentence(error)}, status=error.status)


@require_POST
def accept_addressed(request: HttpRequest, invitation_id: uuid.UUID) -> HttpResponse:
    """Join without the link, by the verified address that was invited."""
    person = person_of(request)
    row = Invitation.objects.select_related("space").filter(pk=invitation_id).first()
    if row is None:
        raise ZetelError("not_found")
    try:
        directory_invitations.accept_addressed(invitation=row, person=person, now=clock.now())
    except ZetelError as error:
        if error.code == "not_found":
            raise
        messages.error(request, sentence(error))
        joined = Membership.objects.active().filter(space=row.space, person=person).exists()
        return redirect("space_home", row.space_id) if joined else redirect("space_new")
    _greet(request, row.space)
    return redirect("space_home", row.space_id)


def _greet(request: HttpRequest, space: Space) -> None:
    messages.success(request, gettext("You have joined %(space)s.") % {"space": space.name})
