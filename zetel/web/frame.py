"""The frame around every page: whose it is, which space, which plan, and what the menus lead to (screens, the frame).

A page that loaded a space through `access` has it on the request; any other page shows the person's first space.
The number of queries does not depend on how many people, teams or spaces there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from zetel import clock
from zetel.access import Seen
from zetel.actions import standing
from zetel.models import CatalogVersion, Membership, Person, Space, Subscription
from zetel.models.spaces import GUEST, MEMBER, ORGANIZATION, TEAM
from zetel.rules.catalog import Catalog
from zetel.rules.coverage import Holding, covering
from zetel.rules.roles import Capability, Role, may
from zetel.web.words import kind_word, plan_name

_TEAMS_SHOWN = 100


@dataclass
class Frame:
    """What the layout reads; see docs/design.md."""

    sandbox: bool
    clock_banner: object | None
    person: Person | None = None
    space: Mapping[str, Any] | None = None
    spaces: list[dict[str, Any]] = field(default_factory=list)
    teams: list[dict[str, Any]] = field(default_factory=list)
    pages: list[dict[str, Any]] = field(default_factory=list)
    menu: list[tuple[str, str]] = field(default_factory=list)
    plan_label: str = ""
    place_plan_label: str = ""
    show_upgrade: bool = False
    upgrade_url: str = ""
    new_space_url: str = ""
    staff_url: str = ""
    clock_url: str = ""
    at_home: bool = False


def frame(request: HttpRequest) -> dict[str, Frame]:
    """The context processor. It asks nothing of the database for somebody who is not logged in."""
    if isinstance(ready := getattr(request, "frame", None), Frame):
        return {"frame": ready}  # a page without menus made its own
    made = Frame(settings.CONFIG.sandbox, clock.frozen_at())
    person = getattr(request, "user", None)
    if isinstance(person, Person) and person.is_active:
        made.person = person
        _fill(made, request, person)
    return {"frame": made}


def _fill(made: Frame, request: HttpRequest, person: Person) -> None:
    made.new_space_url = reverse("space_new")
    if person.staff_role:
        made.staff_url = reverse("staff")
    if settings.CONFIG.sandbox and may(_staff(person), Capability.SANDBOX_CLOCK):
        made.clock_url = reverse("staff_clock")
    stays = list(
        Membership.objects.active().filter(person=person).select_related("space").order_by("joined_at", "id")
    )
    roots = [stay.space for stay in stays if stay.space.kind != TEAM]
    seen: Seen | None = getattr(request, "seen", None)
    place = seen.space if seen else (roots[0] if roots else None)
    if place is None:
        return
    root = place.organization or place if place.organization_id else place
    standings = {stay.space_id: stay for stay in stays}
    plans = _Plans(root)
    made.space = {
        "name": root.name,
        "url": reverse("space_home", args=[root.pk]),
        "public_id": root.public_id,
    }
    made.spaces = [_switch(space, root) for space in roots]
    if not any(space.pk == root.pk for space in roots):
        made.spaces.insert(0, _switch(root, root))
    made.plan_label, made.place_plan_label = plans.label(root), plans.label(place)
    if root.kind == ORGANIZATION:
        made.teams = _teams(root, place, standings, plans)
    made.at_home = request.path == made.space["url"]
    made.pages = _pages(root, request, standings)
    made.upgrade_url = reverse("upgrade") + f"?space={place.public_id}"
    made.show_upgrade = _show_upgrade(place, standings, plans, person)
    made.menu = [_console(root, plans)] if root.pk in standings else []


class _Plans:
    """The live subscriptions of one organization or workspace and everything inside it, read once."""

    def __init__(self, root: Space) -> None:
        rows = list(
            Subscription.objects.live()
            .filter(Q(space=root) | Q(space__organization=root))
            .select_related("space", "customer")
        )
        self.catalog: Catalog = CatalogVersion.objects.current()
        terms = standing.terms_of([row.pk for row in rows]) if rows else {}
        self.on = clock.now().date()
        days = {row.pk: standing.day_of(row, terms[row.pk], clock.now()) for row in rows}
        self.rows = {row.space_id: row for row in rows}
        self.held: dict[Any, Holding] = {
            row.space_id: standing.holding(row, terms[row.pk], self.catalog.ranks, days[row.pk])
            for row in rows
        }

    def cover(self, place: Space) -> Holding | None:
        """What covers a place: the highest of its own, its division's and its organization's plan (P9)."""
        around = (place.pk, place.division_id, place.organization_id)
        holdings = [self.held[pk] for pk in around if pk in self.held]
        return covering(holdings, max((h.starts_on for h in holdings), default=self.on)) if holdings else None

    def label(self, place: Space) -> str:
        cover = self.cover(place)
        name = plan_name(self.catalog, cover.plan if cover else self.catalog.free.code)
        return pgettext("plan", "%(plan)s, trial") % {"plan": name} if cover and cover.is_trial else name


def _show_upgrade(place: Space, standings: Mapping[Any, Membership], plans: _Plans, person: Person) -> bool:
    """On Basic and trial for every non-guest; on a paid space for its billing owner while a higher plan exists."""
    stay = standings.get(place.pk) or standings.get(place.organization_id)
    cover = plans.cover(place)
    if cover is None or cover.is_trial:
        return stay is not None and stay.standing == MEMBER
    owner = plans.rows[next(pk for pk in plans.rows if str(pk) == cover.space_id)].customer.billing_owner_id
    return owner == person.pk and bool(plans.catalog.higher_than(cover.plan))


def _teams(
    root: Space, place: Space, standings: Mapping[Any, Membership], plans: _Plans
) -> list[dict[str, Any]]:
    """The organization's teams for its members; a guest sees the teams that he or she is in."""
    rows = Space.objects.filter(organization=root, kind=TEAM).order_by("name", "id")
    stay = standings.get(root.pk)
    if stay is None or stay.standing == GUEST:
        rows = rows.filter(pk__in=[pk for pk in standings if pk])
    return [
        {
            "name": team.name,
            "url": reverse("space_home", args=[team.pk]),
            "settings_url": reverse("space_settings", args=[team.pk]) if team.pk in standings else "",
            "plan_label": plans.label(team) if team.pk in plans.held else "",
            "current": team.pk == place.pk,
        }
        for team in rows[:_TEAMS_SHOWN]
    ]


def _pages(root: Space, request: HttpRequest, standings: Mapping[Any, Membership]) -> list[dict[str, Any]]:
    stay = standings.get(root.pk)
    if stay is None or stay.standing == GUEST:
        return []
    people = reverse("space_people", args=[root.pk])
    return [{"label": _("People"), "url": people, "icon": "users", "current": request.path == people}]


def _console(root: Space, plans: _Plans) -> tuple[str, str]:
    """Where people and settings are: named for a paid organization or workspace, plain on Basic (screens, 1)."""
    url = reverse("space_settings", args=[root.pk])
    if root.pk not in plans.held:
        return _("People and settings"), url
    return (_("Admin console") if root.kind == ORGANIZATION else _("About my workspace")), url


def _switch(space: Space, current: Space) -> dict[str, Any]:
    url = reverse("space_home", args=[space.pk])
    return {"name": space.name, "url": url, "note": kind_word(space.kind), "current": space.pk == current.pk}


def _staff(person: Person) -> list[Role]:
    return [Role(person.staff_role)] if person.staff_role else []
