"""The seller's people: who they are, and naming them, by an operator (rule R9)."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from zetel import clock
from zetel.actions.staff import name_staff
from zetel.models import Person
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability
from zetel.web.errors import sentence
from zetel.web.forms import ZetelForm
from zetel.web.staff_frame import enter, page, rows_of

ROLES: dict[str, Promise] = {
    "sales": _("Sales"), "support": _("Support"), "finance": _("Finance"), "operator": _("Operator"),
}  # fmt: skip


class StaffForm(ZetelForm):
    """Whom, and what they are from now on."""

    email = forms.EmailField(
        label=_("E-mail"), max_length=254, help_text=_("Of somebody who has signed up and confirmed it.")
    )
    role = forms.ChoiceField(label=_("Role"), choices=[*ROLES.items(), ("none", _("No role any more"))])


@require_http_methods(["GET", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    """The list, and one form for giving, changing and taking away."""
    person = enter(request, Capability.STAFF_NAME)
    form = StaffForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            named = _name(form.cleaned_data["email"], form.cleaned_data["role"], person)
        except ZetelError as error:
            form.add_error(
                "role" if error.code in ("no_change", "last_operator") else "email", sentence(error)
            )
        else:
            messages.success(request, gettext("%(name)s: the role is changed.") % {"name": named.label})
            return redirect("staff_people" if named.pk != person.pk else "staff")
    rows = rows_of(request, Person.objects.exclude(staff_role="").order_by("staff_role", "name", "email"))
    context = {"rows": rows, "shown": [(row, ROLES[row.staff_role]) for row in rows], "form": form}
    return page(request, "staff/people.html", person, context, 422 if form.errors else 200)


def _name(email: str, role: str, actor: Person) -> Person:
    found = Person.objects.filter(email=email.lower(), is_active=True, is_machine=False).first()
    if found is None or not found.emailaddress_set.filter(email=found.email, verified=True).exists():  # type: ignore[attr-defined]
        raise ZetelError("not_found")
    name_staff(person=found, role="" if role == "none" else role, now=clock.now(), actor=actor)
    return found
