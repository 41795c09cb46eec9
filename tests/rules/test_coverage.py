"""Which plan covers a place, and what buying does around it (P8, P9, P10), and what people may use there (E1, S5)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.life import default_catalog
from zetel.rules.coverage import Holding, check_purchase, covering, purchase_effect
from zetel.rules.entitlements import Source, check_join, entitlement, may_join, people_limit
from zetel.rules.errors import ZetelError
from zetel.rules.seats import SpaceKind
from zetel.rules.transitions import SubscriptionStatus as Status

TODAY = date(2026, 5, 30)
RANKS = default_catalog().ranks


def holding(
    kind: SpaceKind,
    plan: str,
    status: Status = Status.ACTIVE,
    ends_on: date | None = None,
    starts_on: date = TODAY,
) -> Holding:
    return Holding(f"sub-{kind}", f"space-{kind}", kind, plan, RANKS[plan], status, starts_on, ends_on)


TEAM = holding(SpaceKind.TEAM, "premium")
DIVISION = holding(SpaceKind.DIVISION, "business")
ORGANIZATION = holding(SpaceKind.ORGANIZATION, "premium")


def test_the_highest_plan_around_a_place_covers_it() -> None:
    assert covering([TEAM, DIVISION, ORGANIZATION], TODAY) == DIVISION
    assert covering([TEAM, ORGANIZATION], TODAY) == TEAM  # of equals the nearest
    assert covering([], TODAY) is None


@pytest.mark.parametrize(
    ("status", "ends_on", "starts_on", "covers"),
    [
        (Status.ACTIVE, None, TODAY, True),
        (Status.TRIAL, None, TODAY, True),
        (Status.PAST_DUE, None, TODAY, True),
        (Status.ENDED, None, TODAY, False),
        (Status.ACTIVE, TODAY, date(2026, 5, 1), False),
        (Status.ACTIVE, TODAY + timedelta(1), TODAY, True),
        (Status.ACTIVE, None, TODAY + timedelta(1), False),
    ],
)
def test_what_is_live_covers(status: Status, ends_on: date | None, starts_on: date, covers: bool) -> None:
    it = holding(SpaceKind.TEAM, "premium", status, ends_on, starts_on)
    assert covering([it], TODAY) == (it if covers else None)


HOLDINGS = st.lists(
    st.builds(
        holding, st.sampled_from(list(SpaceKind)[1:]), st.sampled_from(["premium", "business", "enterprise"])
    ),
    max_size=4,
)


@given(HOLDINGS, HOLDINGS)
def test_another_plan_around_a_place_never_lowers_what_covers_it(
    held: list[Holding], more: list[Holding]
) -> None:
    before, after = covering(held, TODAY), covering([*held, *more], TODAY)
    assert (before.rank if before else 0) <= (after.rank if after else 0)


def test_inside_a_paid_organization_or_division_nothing_can_be_bought() -> None:
    for cover in (ORGANIZATION, DIVISION):
        with pytest.raises(ZetelError) as refusal:
            check_purchase([], [cover], TODAY)
        assert refusal.value.code == "already_covered"
        assert refusal.value.params["space"] == cover.space_id


def test_a_space_holds_one_subscription() -> None:
    with pytest.raises(ZetelError, match="already_subscribed"):
        check_purchase([TEAM], [], TODAY)
    check_purchase([replace(TEAM, status=Status.ENDED)], [replace(ORGANIZATION, ends_on=TODAY)], TODAY)


def test_a_trial_blocks_nobody() -> None:
    trial = holding(SpaceKind.ORGANIZATION, "enterprise", Status.TRIAL)
    check_purchase([holding(SpaceKind.TEAM, "premium", Status.TRIAL)], [trial], TODAY)
    assert purchase_effect(RANKS["premium"], [TEAM], TODAY, trial=True).ends == ()


def test_an_organization_ends_what_is_inside_and_asks_for_a_tick_where_people_lose_a_higher_plan() -> None:
    trial = holding(SpaceKind.TEAM, "premium", Status.TRIAL)
    gone = replace(TEAM, status=Status.ENDED)
    effect = purchase_effect(RANKS["premium"], [TEAM, DIVISION, trial, gone], TODAY)
    assert effect.ends == (TEAM, DIVISION, trial)
    assert (effect.lowers, effect.asks_for_tick) == ((DIVISION,), True)
    assert purchase_effect(RANKS["business"], [TEAM, DIVISION], TODAY).asks_for_tick is False


def test_an_entitlement_says_what_may_be_used_why_and_until_when() -> None:
    end = date(2026, 6, 12)
    answer = entitlement(default_catalog(), [replace(DIVISION, ends_on=end), TEAM], TODAY)
    assert (answer.plan, answer.source, answer.holds_until) == ("business", Source.PAID, end)
    assert (answer.subscription_id, answer.space_id) == (DIVISION.subscription_id, DIVISION.space_id)
    assert answer.has("automation")
    assert not answer.has("single_sign_on")
    assert answer.limits == {"storage_gb": 1000}


@pytest.mark.parametrize(
    ("status", "source"),
    [(Status.TRIAL, Source.TRIAL), (Status.ACTIVE, Source.PAID), (Status.PAST_DUE, Source.GRACE)],
)
def test_trial_payment_and_grace_give_the_plan(status: Status, source: Source) -> None:
    answer = entitlement(default_catalog(), [replace(TEAM, status=status)], TODAY)
    assert (answer.plan, answer.source, answer.holds_until) == ("premium", source, None)


def test_without_cover_the_place_is_on_basic_until_something_begins() -> None:
    tomorrow = TODAY + timedelta(1)
    answer = entitlement(default_catalog(), [replace(TEAM, starts_on=tomorrow)], TODAY)
    assert (answer.plan, answer.source, answer.holds_until) == ("basic", Source.FREE, tomorrow)
    assert answer.limits["people"] == 15
    assert entitlement(default_catalog(), [replace(TEAM, ends_on=TODAY)], TODAY).plan == "basic"


def test_something_higher_that_begins_bounds_the_answer() -> None:
    later = replace(DIVISION, starts_on=date(2026, 6, 1))
    assert entitlement(default_catalog(), [TEAM, later], TODAY).holds_until == date(2026, 6, 1)
    lower = replace(TEAM, starts_on=later.starts_on)
    assert entitlement(default_catalog(), [DIVISION, lower], TODAY).holds_until is None


def test_whoever_is_not_there_may_use_nothing() -> None:
    answer = entitlement(default_catalog(), [TEAM], TODAY, present=False)
    assert (answer.plan, answer.source, answer.features) == ("basic", Source.NOBODY, frozenset())


def test_basic_holds_fifteen_and_a_covered_place_any_number() -> None:
    free = default_catalog().free
    assert people_limit(free) == 15
    assert [may_join(people, None, free) for people in (14, 15, 40)] == [True, False, False]
    assert may_join(400, TEAM, free)
    check_join(14, None, free)
    with pytest.raises(ZetelError) as refusal:
        check_join(15, None, free)
    assert (refusal.value.code, refusal.value.params) == ("limit_reached", {"limit": 15, "people": 15})
