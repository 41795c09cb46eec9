"""The sandbox's clock in the back office: set it, move it by steps, let real time run again."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from zetel import clock
from zetel.actions import clock as actions
from zetel.models import Person
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability
from zetel.templatetags.zetel import longdate
from zetel.web.errors import sentence
from zetel.web.forms import ZetelForm
from zetel.web.staff_frame import enter, page

STEPS = ("days:1", "days:7", "months:1", "months:3", "years:1")


class ClockForm(ZetelForm):
    """An instant in the seller's time zone; turning back is asked for with a tick."""

    day = forms.DateField(
        label=_("Date"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )
    time = forms.TimeField(
        label=_("Time"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        input_formats=["%H:%M", "%H:%M:%S"],
    )
    back = forms.BooleanField(
        label=_("Turn the clock back"),
        help_text=_(
            "What has happened stays: invoices, payments and mails are not undone, and numbers go on."
        ),
        required=False,
    )

    def instant(self) -> datetime:
        """What was typed, as an instant."""
        local = datetime.combine(self.cleaned_data["day"], self.cleaned_data["time"])
        return local.replace(tzinfo=settings.CONFIG.seller.time_zone).astimezone(UTC)


@require_http_methods(["GET", "POST"])
def set_clock(request: HttpRequest) -> HttpResponse:
    """One page for setting, moving and releasing."""
    person = enter(request, Capability.SANDBOX_CLOCK)
    if not settings.CONFIG.sandbox:
        raise ZetelError("not_found")
    if request.method != "POST":
        return _page(request, person, _present())
    form = ClockForm(request.POST) if "day" in request.POST else _present()
    try:
        if "step" in request.POST:
            _move(request.POST["step"], person)
        elif "run" in request.POST:
            back = request.POST.get("back") == "on"
            actions.release(now=clock.now(), real=clock.real_now(), actor=person, confirm=back)
        elif not form.is_valid():
            return _page(request, person, form, status=422)
        else:
            back = form.cleaned_data["back"]
            actions.set_clock(form.instant(), now=clock.now(), actor=person, confirm=back)
    except (ZetelError, OverflowError) as error:
        refusal = error if isinstance(error, ZetelError) else ZetelError("value_invalid")
        if form.is_bound:
            form.add_error("back" if refusal.code == "clock_backwards" else None, sentence(refusal))
        else:
            messages.error(request, sentence(refusal))
        return _page(request, person, form, status=refusal.status)
    clock.refresh()
    messages.success(request, _said())
    return redirect("staff_clock")


def _move(step: str, person: Person) -> None:
    if step not in STEPS:
        raise ZetelError("value_invalid")
    unit, _colon, count = step.partition(":")
    actions.advance(now=clock.now(), actor=person, **{unit: int(count)})


def _present() -> ClockForm:
    local = clock.now().astimezone(settings.CONFIG.seller.time_zone)
    return ClockForm(initial={"day": local.date(), "time": local.time().replace(second=0, microsecond=0)})


def _said() -> str:
    if clock.frozen_at() is None:
        return gettext("Real time runs again.")
    local = clock.now().astimezone(settings.CONFIG.seller.time_zone)
    return gettext("It is now %(day)s, %(time)s. What has become due is being done.") % {
        "day": longdate(local.date()),
        "time": f"{local:%H:%M}",
    }


def _page(request: HttpRequest, person: Person, form: ClockForm, status: int = 200) -> HttpResponse:
    now = clock.now()
    local = now.astimezone(settings.CONFIG.seller.time_zone)
    words = {
        "days": lambda n: ngettext("%(count)d day", "%(count)d days", n),
        "months": lambda n: ngettext("%(count)d month", "%(count)d months", n),
        "years": lambda n: ngettext("%(count)d year", "%(count)d years", n),
    }
    steps = [
        (step, words[unit](int(count)) % {"count": int(count)})
        for step in STEPS
        for unit, count in [step.split(":")]
    ]
    context: dict[str, Any] = {
        "form": form,
        "day": longdate(local.date()),
        "time": f"{local:%H:%M}",
        "zone": settings.CONFIG.seller.time_zone.key,
        "stands": clock.frozen_at() is not None,
        "ahead": clock.real_now() < now,
        "steps": steps,
    }
    return page(request, "staff/clock.html", person, context, status=status)
