"""A question to support, from the flow or the Billing tab: stored, mailed, confirmed on a page of its own."""

import uuid

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from zetel import clock
from zetel.access import person_of
from zetel.actions import requests
from zetel.models import SupportRequest
from zetel.rules.errors import ZetelError
from zetel.web.errors import sentence
from zetel.web.forms import ZetelForm
from zetel.web.sales import asked_space, onward
from zetel.web.upgrade import draw


class SupportForm(ZetelForm):
    """A subject and a question."""

    subject = forms.CharField(label=_("Subject"), max_length=requests.SUBJECT_LENGTH_MAX)
    message = forms.CharField(
        label=_("Your question"),
        max_length=requests.MESSAGE_LENGTH_MAX,
        widget=forms.Textarea(attrs={"rows": 6}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def support(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    space = asked_space(request)
    form = SupportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = requests.ask_support(person=person, space=space, now=clock.now(), **form.cleaned_data)
        except ZetelError as error:
            field = str(error.params.get("field", ""))
            form.add_error(field if field in form.fields else None, sentence(error))
        else:
            return redirect("support_request_sent", made.pk)
    return draw(
        request, "sales/support.html", space, status=422 if form.errors else 200, form=form, space=space,
        email=person.email,
    )  # fmt: skip


@require_safe
def sent(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """What was asked, on screen; only for who asked it."""
    row = (
        SupportRequest.objects.select_related("space")
        .filter(pk=request_id, person=person_of(request))
        .first()
    )
    if row is None:
        raise ZetelError("not_found")
    facts = [
        {"label": _("Subject"), "value": row.subject},
        {"label": _("Your question"), "value": row.message},
        {"label": _("Number"), "value": row.public_id},
    ]
    return draw(request, "sales/support_sent.html", row.space, facts=facts, onward=onward(row.space))
