"""Steps 1 and 2: which plan, and for which space (screens 2.1 and 2.2)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zetel import clock
from zetel.actions import drafts
from zetel.actions.directory_plans import entitlements
from zetel.documents.languages import reader_language
from zetel.models import CatalogVersion, Membership, Person, Space
from zetel.models.ids import parse_public_id
from zetel.models.spaces import DIVISION, MEMBER, ORGANIZATION, TEAM, WORKSPACE
from zetel.rules.catalog import Catalog, Offered, Plan, price_on
from zetel.rules.entitlements import Entitlement, Source
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.periods import Cycle
from zetel.rules.seats import SpaceKind
from zetel.web.currencies import currency_choices
from zetel.web.errors import sentence
from zetel.web.forms import Card
from zetel.web.places import sort_key
from zetel.web.upgrade import Visit, page, step
from zetel.web.words import kind_word, plan_name

MOST_CHOSEN = "premium"


def plan_columns(
    catalog: Catalog, *, cycle: str, currency: str, on: datetime, current: str = "", kind: str = ""
) -> list[dict[str, Any]]:
    """The plans side by side: price per seat for the cycle, and what each adds to the one before it."""
    columns: list[dict[str, Any]] = []
    before: Plan | None = None
    for plan in catalog.plans.values():
        offered = plan.offered.get(SpaceKind(kind)) if kind else max(plan.offered.values(), key=_WAYS.index)
        columns.append(
            {
                "code": plan.code, "name": plan.name, "free": plan.free, "by_sales": offered is Offered.SALES,
                "current": plan.code == current, "best": plan.code == MOST_CHOSEN,
                "unit": _unit(catalog, plan, cycle, currency, on), "text": _TEXTS.get(plan.code, ""),
                "per": _PER[cycle], "adds_to": before.name if before else "",
                "features": _added(catalog, plan, before), "limits": _limits(catalog, plan),
            }
        )  # fmt: skip
        before = plan
    return columns


_WAYS = [Offered.NONE, Offered.SALES, Offered.SELF_SERVE]
_PER = {
    "month": _("per seat a month, excluding VAT"),
    "year": _("per seat a year, excluding VAT"),
}
_TEXTS = {
    "basic": _("For a small group that starts."),
    "premium": _("For a team that plans ahead."),
    "business": _("For several teams that work as one."),
    "enterprise": _("For a company with its own rules and log-in."),
}


def _unit(catalog: Catalog, plan: Plan, cycle: str, currency: str, on: datetime) -> Money | None:
    if plan.free:
        return Money(0, currency)
    try:
        return Money(
            price_on(catalog.prices, plan.code, Cycle(cycle), currency, on.date()).unit_amount, currency
        )
    except ZetelError:
        return None


def _added(catalog: Catalog, plan: Plan, before: Plan | None) -> list[str]:
    new = [code for code in plan.features if before is None or code not in before.features]
    return [catalog.feature_words[code][reader_language()] for code in new]


def _limits(catalog: Catalog, plan: Plan) -> list[tuple[str, int | None]]:
    """Every limit there is in the catalogue, and what this plan says of it; None is no limit."""
    return [(words[reader_language()], plan.limits.get(code)) for code, words in catalog.limit_words.items()]


@step()
def plan(visit: Visit) -> HttpResponse:
    """Step 1. The cycle and currency shown may be looked at by GET; choosing a plan keeps all three."""
    request, draft = visit.request, visit.draft
    catalog = CatalogVersion.objects.current()
    if request.method == "POST":
        try:
            drafts.choose_plan(
                draft, plan=request.POST.get("plan", ""), cycle=request.POST.get("cycle", ""),
                currency=request.POST.get("currency", ""), now=clock.now(),
            )  # fmt: skip
        except ZetelError as error:
            return _plan_page(visit, catalog, refusal=sentence(error), status=error.status)
        return visit.to("space")
    return _plan_page(visit, catalog)


def _plan_page(visit: Visit, catalog: Catalog, refusal: str = "", status: int = 200) -> HttpResponse:
    draft, now = visit.draft, clock.now()
    cycle, currency = chosen(visit.request, catalog, draft.cycle, draft.currency)
    current, kind = "", ""
    if draft.space is not None:
        current, kind = entitlements([draft.space], now, catalog)[draft.space.pk].plan, draft.space.kind
    fixed = draft.customer is not None and draft.customer.billing_owner_id is not None
    columns = plan_columns(catalog, cycle=cycle, currency=currency, on=now, current=current, kind=kind)
    return page(
        visit, "upgrade/plan.html", "plan", status, columns=columns, cycle=cycle, currency=currency, refusal=refusal,
        currencies=[] if fixed else currency_choices(catalog), chosen_plan=draft.plan,
        support_url=_with_space("support_request", draft.space), sales_url=_with_space("sales_request", draft.space),
    )  # fmt: skip


def chosen(request: HttpRequest, catalog: Catalog, cycle: str, currency: str) -> tuple[str, str]:
    """Cycle and currency from the address where they mean something, else what was kept."""
    asked_cycle, asked_currency = request.GET.get("cycle", ""), request.GET.get("currency", "")
    return (
        asked_cycle if asked_cycle in set(Cycle) else cycle,
        asked_currency if asked_currency in catalog.currencies else currency,
    )


def _with_space(name: str, space: Space | None) -> str:
    return reverse(name) + (f"?space={space.public_id}" if space else "")


@dataclass(frozen=True)
class Choice:
    """One space to choose, or the reason why not."""

    space: Space
    card: Card
    picked: bool = False


@step("plan")
def space(visit: Visit) -> HttpResponse:
    """Step 2. Exactly one space; covered and paid ones stand there closed, with the reason."""
    request, draft = visit.request, visit.draft
    groups = _choices(visit.person, clock.now())
    refusal = ""
    if request.method == "POST":
        wanted = parse_public_id("spc", request.POST.get("space", ""))
        found = next((one for _label, group in groups for one in group if one.space.pk == wanted), None)
        if found is None:
            refusal = gettext("Choose the space that you want to upgrade.")
        elif found.card.closed:
            refusal = found.card.closed
        else:
            try:
                drafts.choose_space(draft, space=found.space, now=clock.now())
            except ZetelError as error:
                refusal = sentence(error)
            else:
                return visit.to("details")
    free = [one.space for _label, group in groups for one in group if not one.card.closed]
    picked = draft.space if draft.space in free else free[0] if len(free) == 1 else None
    shown = [(label, [replace(one, picked=one.space == picked) for one in group]) for label, group in groups]
    sales = reverse("sales_request") + f"?topic=several_teams&plan={draft.plan}&cycle={draft.cycle}"
    organization = next(
        (one.space for _label, group in groups for one in group if one.space.kind == ORGANIZATION), None
    )
    return page(
        visit, "upgrade/space.html", "space", 422 if refusal else 200, groups=shown, refusal=refusal,
        any_free=bool(free), sales_url=sales + (f"&space={organization.public_id}" if organization else ""),
    )  # fmt: skip


def _choices(person: Person, now: datetime) -> list[tuple[str, list[Choice]]]:
    """The spaces somebody is a member of, by kind: six queries for any number of them."""
    stays = Membership.objects.active().filter(person=person, standing=MEMBER).exclude(space__kind=DIVISION)
    spaces = [stay.space for stay in stays.select_related("space__organization", "space__division")]
    counted = dict(
        Membership.objects.counted()
        .filter(space__in=spaces)
        .values_list("space_id")
        .annotate(people=Count("person_id", distinct=True))
        .order_by()
    )
    catalog = CatalogVersion.objects.current()
    held = entitlements(spaces, now, catalog)
    spaces.sort(
        key=lambda space: (
            sort_key(space.organization.name if space.organization else ""),
            sort_key(space.name),
        )
    )
    choices = [
        Choice(space, _card(space, counted.get(space.pk, 0), held[space.pk], catalog)) for space in spaces
    ]
    titles = {
        WORKSPACE: gettext("Workspaces"), ORGANIZATION: gettext("Whole organizations"), TEAM: gettext("One team"),
    }  # fmt: skip
    groups = [(title, [one for one in choices if one.space.kind == kind]) for kind, title in titles.items()]
    return [(title, group) for title, group in groups if group]


def _card(space: Space, people: int, held: Entitlement, catalog: Catalog) -> Card:
    kind = kind_word(space.kind)
    if space.organization is not None:
        kind = gettext("Team of %(name)s") % {"name": space.organization.name}
    counted = gettext("%(kind)s · people counted: %(count)s") % {"kind": kind, "count": people}
    name = plan_name(catalog, held.plan)
    closed = ""
    if held.source in (Source.PAID, Source.GRACE):
        own = held.space_id == space.public_id
        closed = (
            gettext("Has %(plan)s already.") % {"plan": name}
            if own
            else gettext("Covered already: %(plan)s of the organization or division around it.")
            % {"plan": name}
        )
    badge = gettext("Trial") if held.source is Source.TRIAL else ""
    return Card(title=space.name, text=counted, aside=name, badge=badge, closed=closed)
