"""Where the links of the help lead: to the very screen of the reader's own space, as far as the reader may go.

A billing owner is led to the own Billing tab; a member to the page that says who the billing owner is; whoever is not
logged in to logging in, or to the prices.
"""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from zetel.access import load_space
from zetel.models import Person, Space, Subscription
from zetel.models.ids import parse_public_id
from zetel.models.spaces import DIVISION
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability
from zetel.web.directory_reading import first_space


@dataclass(frozen=True)
class Ways:
    """One reader: nobody, somebody without a plan of their own, or the billing owner of `space`."""

    person: Person | None
    space: Space | None
    is_owner: bool

    def billing(self, page: str = "") -> str:
        """A page of the Billing tab by the name of its address, such as `billing_seats`."""
        if self.is_owner and self.space:
            return reverse(page or "billing", args=[self.space.pk])
        if self.space:
            return reverse("billing", args=[self.space.pk])
        return reverse("billing_home")

    @property
    def upgrade(self) -> str:
        """The plans: with the reader's space filled in, or the public prices."""
        if self.person is None:
            return reverse("pricing")
        return self._about(reverse("upgrade"))

    @property
    def settings(self) -> str:
        """People and settings of the space."""
        return reverse("space_settings", args=[self.space.pk]) if self.space else "/"

    def sales(self, topic: str) -> str:
        return self._about(reverse("sales_request"), topic=topic)

    @property
    def support(self) -> str:
        return self._about(reverse("support_request"))

    def _about(self, path: str, **asked: str) -> str:
        """With the space in the address; nobody can buy for a division alone."""
        if self.space and self.space.kind != DIVISION:
            asked["space"] = self.space.public_id
        return f"{path}?{urlencode(asked)}" if asked else path


def ways_of(request: HttpRequest, now: datetime) -> Ways:
    """The space that the address names if the reader may see it, else the one plan that the reader owns."""
    person = request.user
    if not isinstance(person, Person) or not person.is_active:
        return Ways(None, None, is_owner=False)
    if (named := _named(request)) is not None:
        owned = Subscription.objects.live().filter(space=named, customer__billing_owner=person)
        return Ways(person, named, is_owner=owned.exists())
    rows = Subscription.objects.live().filter(customer__billing_owner=person).select_related("space")
    mine = [row.space for row in rows.order_by("id")[:2]]
    if mine:
        return Ways(person, mine[0] if len(mine) == 1 else None, is_owner=True)
    return Ways(person, first_space(person), is_owner=False)


def _named(request: HttpRequest) -> Space | None:
    """A space that does not exist and one that is none of the reader's are both as if none was named."""
    space_id = parse_public_id("spc", request.GET.get("space", ""))
    if space_id is None:
        return None
    try:
        return load_space(request, space_id, Capability.BILLING_SEE_OWNER).space
    except ZetelError:
        return None
