"""When a space has a Billing tab, and where it is; read by the admin console, team settings and the like.

The tab exists for a space with a live subscription of its own, a trial too, and for the people in it who are members:
the billing owner manages there, others read who that is (rules R3, P10). On Basic, and after an end, there is none.
"""

from django.urls import reverse
from django.utils.translation import gettext

from zetel.access import Seen
from zetel.models import Space, Subscription
from zetel.rules.roles import Capability


def billing_tab(seen: Seen) -> tuple[str, str] | None:
    """Label and address of the tab; None where there is none. One query."""
    if not seen.may(Capability.BILLING_SEE_OWNER):
        return None
    if not Subscription.objects.live().filter(space=seen.space).exists():
        return None
    return gettext("Billing"), billing_url(seen.space)


def billing_url(space: Space) -> str:
    """Where the Billing tab of a space is, whoever may see it."""
    return reverse("billing", args=[space.public_id])
