"""Acts of staff in two steps: a form with its reason, then what will happen with the button that does it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

from zetel.models import Person
from zetel.rules.errors import ZetelError
from zetel.web.errors import sentence
from zetel.web.forms import ZetelForm
from zetel.web.staff_frame import page

Row = dict[str, Any]


@dataclass(frozen=True)
class Act:
    """What the form's page says, and where it leads back to."""

    title: str
    lede: str
    label: str
    back: str
    back_label: str


@dataclass(frozen=True)
class Seen:
    """What will happen: the question, the amounts, and the button."""

    title: str
    label: str
    rows: list[Row] = field(default_factory=list)
    kind: str = ""
    notes: Sequence[str] = ()


def two_steps(
    request: HttpRequest, person: Person, form: ZetelForm, words: Act, foresee: Callable[[], Seen],
    act: Callable[[], str],
) -> HttpResponse:  # fmt: skip
    """The form; posted, what will happen; confirmed, the act, and back to where it was asked for."""
    if request.method != "POST":
        return _form(request, person, form, words)
    if not form.is_valid():
        return _form(request, person, form, words, 422)
    if "change" in request.POST:
        return _form(request, person, form, words)
    try:
        if "confirm" in request.POST:
            messages.success(request, act())
            return redirect(words.back)
        seen = foresee()
    except ZetelError as refusal:
        named = str(refusal.params.get("field", ""))
        form.add_error(named if named in form.fields else None, sentence(refusal))
        return _form(request, person, form, words, refusal.status)
    context = {"form": form, "words": words, "seen": seen, "reason": form.cleaned_data.get("reason", "")}
    return page(request, "staff/act_confirm.html", person, context)


def carry(form: ZetelForm, name: str, value: str) -> None:
    """Let the button that does it send along what was decided from, such as the quote that was shown."""
    form.data = {**form.data.dict(), name: value} if isinstance(form.data, QueryDict) else form.data


def _form(
    request: HttpRequest, person: Person, form: ZetelForm, words: Act, status: int = 200
) -> HttpResponse:
    return page(request, "staff/act.html", person, {"form": form, "words": words}, status=status)
