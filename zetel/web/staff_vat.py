"""Staff record that a VAT number is the customer's, by evidence other than the EU's service (rule T2)."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, pgettext
from django.views.decorators.http import require_http_methods

from zetel import clock
from zetel.actions import vat_numbers
from zetel.models import Customer
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability
from zetel.web.staff_frame import enter
from zetel.web.staff_money_forms import ReasonForm
from zetel.web.staff_money_steps import Act, Seen, two_steps


class EvidenceForm(ReasonForm):
    """What staff saw."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.fields["reason"].label = gettext("Evidence")


@require_http_methods(["GET", "HEAD", "POST"])
def vat_number(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """The form with the evidence, then what it does: no tax from now on, and that of 60 days back."""
    person = enter(request, Capability.STAFF_VAT_VERIFY)
    row = Customer.objects.filter(pk=customer_id).first()
    if row is None:
        raise ZetelError("not_found")
    form = EvidenceForm(request.POST or None)

    def foresee() -> Seen:
        if not vat_numbers.is_asked(row):
            raise ZetelError("vat_number_missing")
        return Seen(
            title=gettext("Take %(number)s as verified?") % {"number": row.vat_number},
            label=gettext("Take it as verified"),
        )

    def act() -> str:
        vat_numbers.record_evidence(row, form.cleaned_data["reason"], staff=person, now=clock.now())
        return gettext("The VAT number counts as verified.")

    words = Act(
        title=gettext("VAT number by evidence"),
        lede=gettext(
            "For a number that the European service does not confirm, though you know it is right. From now on the VAT"
            " is reversed, and what was charged in the last 60 days is given back by credit note."
        ),
        label=pgettext("go on to the next step", "Check"), back=reverse("staff_customer", args=[row.pk]),
        back_label=str(row),
    )  # fmt: skip
    return two_steps(request, person, form, words, foresee, act)
