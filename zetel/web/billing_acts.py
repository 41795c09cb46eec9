"""The six acts of the Billing tab, in the order of the screens."""

from django.urls import reverse
from django.utils.translation import gettext

from zetel.access import Seen
from zetel.models import Invoice
from zetel.rules.roles import Capability
from zetel.templatetags.zetel import number
from zetel.web.billing_manual import sales_url
from zetel.web.billing_view import Billing, seats_words


def acts_of(seen: Seen, billing: Billing, latest: Invoice | None) -> list[dict[str, str]]:
    """Address, icon, label and a short note of each act that the reader may do; staff who act for the owner fewer."""
    space = billing.space.pk
    used = gettext("%(used)s of %(seats)s in use") % {
        "used": number(billing.counted),
        "seats": number(billing.seats),
    }
    plan = " · ".join((billing.plan, billing.cycle, seats_words(billing.seats)))
    all_of_them = reverse("billing_invoices", args=[space])
    invoice = reverse("billing_invoice", args=[space, latest.pk]) if latest else all_of_them
    own = [
        _edit(billing, plan),
        _act("billing_seats", space, "seat", gettext("Seat utilization"), used),
        _act("billing_information", space, "building", gettext("Billing information"), str(billing.customer)),
    ]
    if seen.may(Capability.HAND_OVER):
        own.append(_act("billing_owner", space, "swap", gettext("Change billing owner"), billing.owner.label))
    if not seen.may(Capability.INVOICES_SEE):
        return own
    return [
        *own,
        {
            "href": invoice, "icon": "invoice", "label": gettext("Latest invoice"),
            "note": latest.number if latest else gettext("No invoices yet"),
        },
        {
            "href": f"{reverse('support_request')}?space={billing.space.public_id}", "icon": "help",
            "label": gettext("Contact support"), "note": gettext("A person answers by e-mail"),
        },
    ]  # fmt: skip


def _edit(billing: Billing, note: str) -> dict[str, str]:
    """Of a plan on manual invoice sales change it (G5)."""
    if billing.is_manual:
        url = sales_url(billing.space, "change", billing.present)
        return {"href": url, "icon": "edit", "label": gettext("Edit plan"), "note": note}
    return _act("billing_plan", billing.space.pk, "edit", gettext("Edit plan"), note)


def _act(name: str, space: object, icon: str, label: str, note: str) -> dict[str, str]:
    return {"href": reverse(name, args=[space]), "icon": icon, "label": label, "note": note}
