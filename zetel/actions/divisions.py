"""What sales do to an organization's divisions: making one to offer, and putting a team into one (rules P6, P9, S8).

A team that is paid for stays where it is, but for one way: into a division that is paid for as well. There its own plan
ends that day, what is unused is taken back by a credit note, and whoever does it has seen all that before.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from zetel.actions import directory, overages, renewals, standing, subscriptions
from zetel.actions._change import lock_space, record
from zetel.actions.directory_checks import check_division_owner_stays
from zetel.actions.reasons import written
from zetel.models import Person, Space, Subscription
from zetel.models.spaces import DIVISION, ORGANIZATION, TEAM
from zetel.rules import names
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.quotes import Ending, end_covered


@dataclass(frozen=True)
class Move:
    """What putting a team into a division would end; `basis` says what that was reckoned from."""

    team: Space
    division: Space
    ending: Ending | None
    basis: str


def make(organization: Space, *, name: str, staff: Person, now: datetime) -> Space:
    """A division without teams, for an offer to be made for."""
    if organization.kind != ORGANIZATION:
        raise ZetelError("space_kind_invalid", kind=organization.kind)
    clean = names.name(name)
    with transaction.atomic():
        organization = lock_space(organization)
        division = directory.make_inside(organization, DIVISION, clean, staff, now)
        after = {"kind": DIVISION, "name": clean}
        record(EventType.SPACE_CREATED, now=now, actor=staff, space=division, after=after)
    return division


def look(team: Space, division: Space, *, now: datetime) -> Move:
    """What it would do, to be read before it is done. Raises what `put` raises but for the reason."""
    with transaction.atomic():
        move, _subscription = _decide(team, division, now)
        return move


def put(team: Space, division: Space, *, basis: str, reason: str, staff: Person, now: datetime) -> Move:
    """Do what was looked at; `quote_stale` when it would do something else by now.

    Raises reason_required, no_change, space_kind_invalid, not_found, space_has_subscription, billing_owner_required.
    """
    words = written(reason)
    with transaction.atomic():
        move, subscription = _decide(team, division, now)
        if move.basis != basis:
            raise ZetelError("quote_stale")
        before = move.team.division.public_id if move.team.division else None
        Space.objects.filter(pk=move.team.pk).update(division=move.division)
        if subscription is not None and move.ending is not None:
            subscriptions.end_covered(subscription, move.ending, now=now, actor=staff, by=move.division)
        record(
            EventType.SPACE_MOVED, now=now, actor=staff, space=move.team, subscription=subscription,
            customer=subscription.customer if subscription else None, reason=words,
            before={"division": before}, after={"division": move.division.public_id, "name": move.division.name},
        )  # fmt: skip
        overages.people_joined(move.team, now=now)
    return move


def _decide(team: Space, division: Space, now: datetime) -> tuple[Move, Subscription | None]:
    """Under the lock: whether the team may go there, and what ends with it."""
    if team.kind != TEAM or division.kind != DIVISION:
        raise ZetelError("space_kind_invalid", kind=team.kind)
    if division.organization_id != team.organization_id:
        raise ZetelError("not_found")
    team = lock_space(team)
    division = Space.objects.get(pk=division.pk)
    if team.division_id == division.pk:
        raise ZetelError("no_change")
    check_division_owner_stays(team)
    own = Subscription.objects.live().filter(space=team).first()
    if own is None:
        return Move(team, division, None, ""), None
    if not Subscription.objects.live().filter(space=division).exclude(status="trial").exists():
        raise ZetelError("space_has_subscription", space=team.name)  # S8: nothing covers it there
    if own.status == "active" and not own.parked_reason:
        renewals.settle(own.pk, now=now)
    own = (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("customer", "space")
        .get(pk=own.pk)
    )
    if own.status == "ended":
        return Move(team, division, None, ""), None
    ending = _ending(own, now)
    return Move(team, division, ending, f"{own.public_id}:{own.version}:{ending.on}"), own


def _ending(own: Subscription, now: datetime) -> Ending:
    around = standing.Around((), (), (own,), standing.terms_of([own.pk]))
    (stands,) = standing.inside_standings(around, own.customer, now)
    assert stands.day is not None, "what stands inside has its day"
    return end_covered(stands, on=stands.day)
