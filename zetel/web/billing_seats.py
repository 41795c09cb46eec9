"""Seat utilization: how many seats are used of those bought, and for every person why they count or do not."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Min, Q, QuerySet, Value, When
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from zetel import clock
from zetel.models import Membership, Person, Space
from zetel.models.spaces import DIVISION, MEMBER
from zetel.rules.catalog import OnExceed
from zetel.rules.roles import Capability
from zetel.rules.seats import CountReason, count_reason
from zetel.web.billing_view import load_owned, place

PEOPLE_ON_A_PAGE = 25
QUERY_LENGTH_MAX = 100

_REASONS: Mapping[str, str | Promise] = {
    CountReason.COUNTED_MEMBER: _("Member of this space"),
    CountReason.COUNTED_WORKSPACE: _("Everybody in a workspace counts"),
    CountReason.FREE_GUEST: _("Guests are covered without a seat"),
    CountReason.FREE_INACTIVE: _("Deactivated people do not count"),
    CountReason.FREE_MACHINE: _("Machine accounts do not count"),
}


@dataclass(frozen=True)
class Seated:
    """A person in the list, whether they count, and why."""

    person: Person
    reason: CountReason

    @property
    def counts(self) -> bool:
        return self.reason.startswith("counted")

    @property
    def why(self) -> str:
        return str(_REASONS[self.reason])


@require_GET
def seats(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Used of bought, and the people, those who count first."""
    seen, billing = load_owned(request, space_id, Capability.SEATUSE_SEE, clock.now())
    query = request.GET.get("q", "").strip()[:QUERY_LENGTH_MAX]
    page = Paginator(people_of(seen.space, query), PEOPLE_ON_A_PAGE).get_page(request.GET.get("page"))
    listed = [Seated(person, _reason(seen.space, person)) for person in page.object_list]
    plan = billing.catalog.plans.get(billing.present.plan)
    blocks = plan is not None and plan.policy.on_exceed is OnExceed.BLOCK
    context = {
        **place(seen), "billing": billing, "page": page, "people": listed, "query": query,
        "invitations_take_seats": blocks,
    }  # fmt: skip
    return render(request, "billing/seats.html", context)


def people_of(space: Space, query: str) -> QuerySet[Person]:
    """Everybody who has not left, each once, with the best of their stays: member, guest, paused."""
    stays = Membership.objects.of_space(space).filter(left_at=None)
    here = Q(memberships__in=stays)
    weight = Case(
        When(Q(memberships__deactivated_at=None, memberships__standing=MEMBER), then=Value(0)),
        When(memberships__deactivated_at=None, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    rows = Person.objects.filter(here)
    if query:
        rows = rows.filter(Q(name__icontains=query) | Q(email__icontains=query))
    return rows.annotate(stay=Min(weight, filter=here)).order_by("stay", "is_machine", Lower("name"), "email")


def _reason(space: Space, person: Person) -> CountReason:
    stay: int = person.stay  # type: ignore[attr-defined]  # annotated by people_of
    standing = "guest" if stay == 1 else MEMBER
    kind = "team" if space.kind == DIVISION else space.kind
    return count_reason(kind, standing, stay < 2 and person.is_active, person.is_machine)
