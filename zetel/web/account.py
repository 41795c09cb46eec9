"""How allauth's pages fit in: signing up with a name, one spelling per address, where people land after logging in.

Whatever verifies or removes an address changes who is member or guest (rule S2), so it is recounted here: in the same
transaction where allauth lets us, and at every log-in for what a password reset verified on its way. Nothing here
tells whether an address has an account; that, and the throttling, is allauth's own work, switched on in the settings.
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.decorators import reauthentication_required
from allauth.account.models import EmailAddress
from allauth.account.views import EmailView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods

from zetel import clock
from zetel.access import person_of
from zetel.actions import directory_account
from zetel.actions.directory_domains import recount_person
from zetel.models import Person
from zetel.rules import names
from zetel.rules.errors import ZetelError
from zetel.web import places
from zetel.web.directory_forms import ProfileForm
from zetel.web.errors import sentence

INVITATION_IN_SESSION = "invitation"  # the link's secret of somebody who has to sign up or log in first

_address_page = EmailView.as_view()


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Our answers to what allauth leaves open."""

    def clean_email(self, email: str) -> str:
        try:
            return names.email(email)
        except ZetelError as error:
            raise ValidationError(sentence(error)) from error

    def save_user(self, request: HttpRequest, user: Person, form: Any, commit: bool = True) -> Person:
        super().save_user(request, user, form, commit=False)
        user.name = form.cleaned_data.get("name", "")
        user.language = _language()
        user.time_zone = places.guess(request)[1]
        if commit:
            directory_account.sign_up(person=user, now=clock.now())
        return user

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        with transaction.atomic():
            confirmed = bool(super().confirm_email(request, email_address))
            if confirmed:
                recount_person(person=email_address.user, now=clock.now())
        return confirmed

    def post_login(self, request: HttpRequest, user: Person, **facts: Any) -> HttpResponse:
        recount_person(person=user, now=clock.now())
        with translation.override(
            user.language
        ):  # they are greeted at once, in words that the next page shows
            response: HttpResponse = super().post_login(request, user, **facts)
        return speak(response, user.language)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Back to the invitation that made somebody log in, else home: the first space, or making one."""
        token = request.session.get(INVITATION_IN_SESSION)
        return reverse("invitation", args=[token]) if token else reverse("home")


def _language() -> str:
    language = (get_language() or "en").split("-")[0]
    return language if language in dict(settings.LANGUAGES) else "en"


def speak(response: HttpResponse, language: str) -> HttpResponse:
    """Let the next pages be in the person's language."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=settings.SESSION_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE, httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )  # fmt: skip
    return response


def addresses(request: HttpRequest) -> HttpResponse:
    """allauth's page of addresses; an address that keeps a billing owner member is not removed."""
    try:
        with transaction.atomic():
            response: HttpResponse = _address_page(request)
            if request.method == "POST" and isinstance(request.user, Person):
                recount_person(person=request.user, now=clock.now())
    except ZetelError as error:
        messages.error(request, sentence(error))
        return redirect("account_email")
    return response


@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """A person's own name, language and time zone, and the way to everything else about the account."""
    person = person_of(request)
    form = ProfileForm(
        request.POST or None,
        initial={"name": person.name, "language": person.language, "time_zone": person.time_zone},
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        directory_account.edit_profile(
            person=person,
            name=data["name"],
            language=data["language"],
            time_zone=data["time_zone"],
            now=clock.now(),
        )
        with translation.override(data["language"]):
            messages.success(request, gettext("Your profile is saved."))
        return speak(redirect("profile"), data["language"])
    return render(request, "directory/profile.html", {"form": form, "person": person})


@require_http_methods(["GET", "POST"])
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth is untyped
def erase(request: HttpRequest) -> HttpResponse:
    """Erase the account: what goes, what stays, and a second thought."""
    person = person_of(request)
    refusal = ""
    if request.method == "POST":
        try:
            directory_account.erase_account(person=person, now=clock.now())
        except ZetelError as error:
            refusal = sentence(error)
        else:
            logout(request)
            messages.success(request, gettext("Your account is erased."))
            return HttpResponseRedirect(reverse("account_login"))
    return render(request, "directory/erase.html", {"refusal": refusal})
