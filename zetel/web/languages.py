"""The switch of language in the footer: for this browser, and for the mails of somebody who is logged in."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from zetel import clock
from zetel.actions import directory_account
from zetel.models import Person
from zetel.rules.errors import ZetelError
from zetel.web.account import speak


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Go on where the reader was, in the other language. Only pages of this installation are gone back to."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        raise ZetelError("language_invalid", field="language")
    if isinstance(request.user, Person) and request.user.language != language:
        person = request.user
        directory_account.edit_profile(
            person=person, name=person.name, language=language, time_zone=person.time_zone, now=clock.now()
        )
    back = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return speak(HttpResponseRedirect(back if here else "/"), language)
