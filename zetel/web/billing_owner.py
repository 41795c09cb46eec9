"""Change billing owner: choose a member, read what changes, confirm (rules R5, P12)."""

import uuid
from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zetel import clock
from zetel.access import Seen, load_space, person_of
from zetel.actions import hand_over
from zetel.jobs import methods
from zetel.models import Membership, PaymentMethod, Person, Space, Subscription
from zetel.models.spaces import MEMBER
from zetel.models.subscriptions import LIVE
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability
from zetel.web.acting import ended
from zetel.web.billing_seats import QUERY_LENGTH_MAX
from zetel.web.billing_view import Billing, load_owned, place
from zetel.web.errors import sentence

CANDIDATES_ON_A_PAGE = 20


@require_GET
def owner(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Who may become billing owner: active members, no guests; searchable."""
    seen, billing = load_owned(request, space_id, Capability.HAND_OVER, clock.now())
    query = request.GET.get("q", "").strip()[:QUERY_LENGTH_MAX]
    rows = candidates(seen.space).exclude(pk=billing.owner.pk)
    if query:
        rows = rows.filter(Q(name__icontains=query) | Q(email__icontains=query))
    page = Paginator(rows, CANDIDATES_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {**place(seen), "billing": billing, "page": page, "query": query}
    return render(request, "billing/owner.html", context)


def candidates(space: Space) -> QuerySet[Person]:
    """Active members of that very space, no guests and no machines (rule R1), by name."""
    stays = Membership.objects.of_space(space).active().filter(standing=MEMBER)
    rows = Person.objects.filter(pk__in=stays.values("person_id"), is_active=True, is_machine=False)
    return rows.order_by(Lower("name"), "email")


@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, space_id: uuid.UUID, person_id: uuid.UUID) -> HttpResponse:
    """What handing over to this person changes, and the button that does it."""
    now = clock.now()
    try:
        seen, billing = load_owned(request, space_id, Capability.HAND_OVER, now)
    except ZetelError as error:
        if (
            request.method == "POST"
            and error.code == "forbidden"
            and (done := _again(request, space_id, person_id))
        ):
            return done
        raise
    to = candidates(seen.space).filter(pk=person_id).first()
    if to is None or to.pk == billing.owner.pk:
        if request.method == "POST" and (done := _again(request, space_id, person_id)):
            return done  # it was handed over between our two looks
        raise ZetelError("not_found")
    if request.method == "POST":
        return _give(request, seen, billing, to, now)
    others = Subscription.objects.filter(status__in=LIVE, customer=billing.customer)
    context = {
        **place(seen), "billing": billing, "to": to,
        "is_one_of_several": others.exclude(pk=billing.subscription.pk).exists(),
    }  # fmt: skip
    return render(request, "billing/owner_confirm.html", context)


def _give(request: HttpRequest, seen: Seen, billing: Billing, to: Person, now: datetime) -> HttpResponse:
    try:
        hand_over.give(billing.subscription, to=to, actor=seen.person, now=now)
    except ZetelError as error:
        if error.code == "forbidden" and (done := _again(request, seen.space.pk, to.pk)):
            return done
        if error.code != "past_due":
            raise
        messages.error(request, sentence(error))
        return redirect("billing", seen.space.pk)
    if seen.acting is not None:
        return ended(request)  # it was done for who owned billing until now
    if "remove_method" in request.POST:
        _take_away(billing, seen.person, now)
    return _given(request, seen.space.pk, to)


def _given(request: HttpRequest, space_id: uuid.UUID, to: Person) -> HttpResponse:
    messages.success(request, gettext("%(name)s manages billing from now on.") % {"name": to.label})
    return redirect("space_home", space_id)


def _again(request: HttpRequest, space_id: uuid.UUID, person_id: uuid.UUID) -> HttpResponse | None:
    """The button was pressed twice: the second click finds it done, and says what the first one said."""
    seen = load_space(request, space_id, Capability.BILLING_SEE_OWNER)
    to = candidates(seen.space).filter(pk=person_id).first()
    if to is None or not hand_over.was_given(seen.space, to=to, actor=seen.person):
        return None
    return _given(request, space_id, to)


def _take_away(billing: Billing, person: Person, now: datetime) -> None:
    """The old owner's own method, if it is still the one in use."""
    method = PaymentMethod.objects.filter(
        customer=billing.customer, status="active", set_up_by=person
    ).first()
    if method:
        methods.remove(method, person=person, now=now)


@require_POST
def remove_method(request: HttpRequest, method_id: uuid.UUID) -> HttpResponse:
    """Take one's own method away from billing that somebody else owns now; reached from /billing."""
    person = person_of(request)
    method = PaymentMethod.objects.filter(pk=method_id, set_up_by=person, status="active").first()
    if method is None:
        raise ZetelError("not_found")
    try:
        methods.remove(method, person=person, now=clock.now())
    except ZetelError as error:
        messages.error(request, sentence(error))
    else:
        messages.success(request, gettext("%(method)s is not used any more.") % {"method": method.label})
    return redirect("billing_home")
