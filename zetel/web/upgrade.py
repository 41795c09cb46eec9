"""The upgrade flow's frame: opening a draft, the steps on top, and where each step leads (screens, 2).

What was filled in is kept in the draft that the address names, so every step is its own page: back, forward, reload
and a second tab show what is kept, and a form that was sent is never sent again.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from zetel import clock
from zetel.access import load_space, person_of
from zetel.actions import drafts
from zetel.actions.drafts import Opened
from zetel.models import CatalogVersion, Person, PurchaseDraft, Space, Subscription
from zetel.models.ids import parse_public_id
from zetel.models.spaces import DIVISION
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability
from zetel.web.currencies import currency_of
from zetel.web.errors import sentence
from zetel.web.forms import Card
from zetel.web.frame import Frame
from zetel.web.words import kind_word

STEPS = ("plan", "space", "details", "billing", "review")
OFFERED = frozenset({"plan", "space", "details"})  # what sales' offer fills in, and nobody chooses anew (P6)


@dataclass(frozen=True)
class Visit:
    """One request to a step: who, with which draft."""

    request: HttpRequest
    person: Person
    opened: Opened

    @property
    def draft(self) -> PurchaseDraft:
        return self.opened.draft

    @property
    def space(self) -> Space:
        """The chosen space; steps after its choice are only reached with one."""
        assert self.draft.space is not None, "`step` sends visits without a space back"
        return self.draft.space

    def url(self, name: str) -> str:
        return reverse(f"upgrade_{name}", args=[self.draft.public_id])

    def to(self, name: str) -> HttpResponse:
        """On to a step of the flow."""
        return self.away(self.url(name))

    def away(self, address: str) -> HttpResponse:
        """On by a GET of its own, so that a reload sends nothing twice; htmx moves the whole page."""
        if self.request.headers.get("HX-Request") == "true":
            return HttpResponse(headers={"HX-Redirect": address})
        return redirect(address)


View = Callable[..., HttpResponse]


def step(*needs: str) -> Callable[[View], Callable[..., HttpResponse]]:
    """A step of the flow. `needs` are the choices without which it sends the reader back to where they are made."""

    def made(view: View) -> Callable[..., HttpResponse]:
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def guarded(request: HttpRequest, draft_id: uuid.UUID, **named: Any) -> HttpResponse:
            person = person_of(request)
            opened = drafts.open_draft(draft_id, person=person, now=clock.now())
            visit = Visit(request, person, opened)
            if opened.under_way is not None:
                return redirect("upgrade_change", opened.under_way)
            if opened.draft.offer_id is not None and view.__name__ in OFFERED:
                return visit.away(reverse("offer", args=[opened.draft.offer_id]))
            if lacking := _first_lacking(opened.draft, needs):
                return visit.to(lacking)
            return view(visit, **named)

        return guarded

    return made


def _first_lacking(draft: PurchaseDraft, needs: tuple[str, ...]) -> str:
    """The step that has to come first: its choice was not made, or cannot stand any more."""
    kept = {
        "plan": bool(draft.plan),
        "space": draft.space is not None,
        "details": draft.seats is not None,
        "billing": draft.customer_id is not None,
    }
    return next((name for name in needs if not kept[name]), "")


def page(visit: Visit, template: str, here: str, status: int = 200, **context: Any) -> HttpResponse:
    """Draw a step: its place among the others, and the way out."""
    steps = steps_shown(visit, here)
    facts = {"draft": visit.draft, "steps": steps, "step_urls": {name: visit.url(name) for name in STEPS}}
    return draw(visit.request, template, visit.draft.space, status=status, **facts, **context)


def draw(
    request: HttpRequest, template: str, about: Space | None, status: int = 200, **context: Any
) -> HttpResponse:
    """A page of the flow: no menus, so nothing is read for them. `about` is where leaving leads to."""
    request.frame = light_frame(request, about)  # type: ignore[attr-defined]
    leave = reverse("space_home", args=[about.public_id]) if about else "/"
    return render(request, template, {"leave_url": leave, **context}, status=status)


def light_frame(request: HttpRequest, space: Space | None) -> Frame:
    """What the layout of the flow shows: whose it is, for which space, and the clock."""
    frame = Frame(settings.CONFIG.sandbox, clock.frozen_at())
    frame.person = person_of(request)
    if space is not None:
        frame.space = {"name": space.name, "url": reverse("space_home", args=[space.public_id])}
        frame.plan_label = kind_word(space.kind)
    return frame


def steps_shown(visit: Visit, here: str) -> list[dict[str, str]]:
    labels = {
        "plan": gettext("Plan"), "space": gettext("Space"), "details": gettext("Details"),
        "billing": gettext("Billing"), "review": gettext("Review"),
    }  # fmt: skip
    names = tuple(name for name in STEPS if visit.draft.offer_id is None or name not in OFFERED)
    now_at, shown = names.index(here), []
    if len(names) < len(STEPS):
        offer_url = reverse("offer", args=[visit.draft.offer_id])
        shown.append({"label": gettext("Offer"), "state": "done", "href": offer_url})
    for number, name in enumerate(names):
        state = "current" if number == now_at else "done" if number < now_at else "todo"
        shown.append({"label": labels[name], "state": state, "href": visit.url(name)})
    return shown


def back_to(visit: Visit, error: ZetelError) -> HttpResponse:
    """A refusal that a later step found: say it where it can be mended. Others become a page of their own."""
    where = _MENDED_AT.get(error.code)
    if where is None:
        raise error
    messages.error(visit.request, sentence(error))
    return visit.to(where)


_MENDED_AT = {
    "already_subscribed": "space", "already_covered": "space", "change_pending": "space", "not_offered": "plan",
    "plan_unknown": "plan", "currency_unknown": "plan", "price_unknown": "plan", "seats_in_use": "details",
    "offer_expired": "details", "offer_withdrawn": "details", "offer_used": "details",
    "seat_size_unknown": "details", "sales_only": "details", "trial_used": "details",
    "customer_owner_differs": "billing",
    "not_member": "owner",  # the buyer is one, or `step` would have led elsewhere: it is the colleague who left
    "method_required": "method", "method_too_slow": "method",
}  # fmt: skip


def with_pick(cards: Sequence[tuple[str, Card]], picked: str) -> list[tuple[str, Card, bool]]:
    """Cards for a template that draws them by hand: value, card, and whether it is the chosen one."""
    return [(value, card, value == picked) for value, card in cards]


@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Begin: `?plan=`, `?cycle=`, `?currency=` and `?space=` may say what somebody already chose.

    The billing owner of a running plan changes that one, on its Billing tab.
    """
    person = person_of(request)
    space: Space | None = None
    if request.GET.get("space"):
        space_id = parse_public_id("spc", request.GET["space"])
        if space_id is None:
            raise ZetelError("not_found")
        seen = load_space(request, space_id, Capability.SUBSCRIPTION_BUY)
        space = seen.space
        if seen.may(Capability.BILLING_MANAGE) and _has_plan(space):
            return redirect("billing_plan", space.public_id)
        if space.kind == DIVISION:
            return redirect(reverse("sales_request") + f"?topic=division&space={space.public_id}")
    catalog = CatalogVersion.objects.current()
    proposed = currency_of(space.country, catalog) if space else catalog.default_currency
    plan = request.GET.get("plan", "")
    draft = drafts.start(
        person=person, plan=plan, cycle=request.GET.get("cycle", "year"), now=clock.now(),
        currency=request.GET.get("currency", proposed), space=space,
    )  # fmt: skip
    return redirect("upgrade_space" if draft.plan else "upgrade_plan", draft.public_id)


def _has_plan(space: Space) -> bool:
    """Whether a plan of its own runs there; a trial is none yet, it can be bought out of."""
    return Subscription.objects.live().filter(space=space).exclude(status="trial").exists()
