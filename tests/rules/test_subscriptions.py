"""What a wish does now and what later (C1 to C4, C7, C11)."""

from datetime import date

import pytest

from tests.rules.life import Life, default_catalog, price
from zetel.rules.billing import Terms, next_boundary, terms_at
from zetel.rules.errors import ZetelError
from zetel.rules.periods import Cycle
from zetel.rules.subscriptions import (
    ChangePlan,
    Field,
    Note,
    Scheduled,
    Wish,
    grow,
    plan_change,
    renewal_terms,
    scheduled,
    withdraw,
)

MONTH, YEAR = Cycle.MONTH, Cycle.YEAR
START, ON, END = date(2026, 5, 12), date(2026, 5, 30), date(2026, 6, 12)


def bought(plan: str = "business", cycle: Cycle = MONTH, seats: int = 10) -> Life:
    life = Life()
    life.buy(START, plan, cycle, seats)
    return life


def shown(row: Terms | None) -> tuple[str, str, int]:
    assert row is not None
    return row.plan, row.cycle.value, row.seats


def after(life: Life, on: date = END) -> tuple[str, str, int]:
    return shown(terms_at(life.terms, on))


def refused(life: Life, wish: Wish, on: date = ON) -> str:
    before = (life.terms, life.ends_on, len(life.invoices))
    with pytest.raises(ZetelError) as refusal:
        life.change(on, wish)
    assert (life.terms, life.ends_on, len(life.invoices)) == before
    return refusal.value.code


@pytest.mark.parametrize(
    "wish",
    [Wish(seats=5), Wish(plan="premium"), Wish(plan="premium", seats=5)],
    ids=["seats", "plan", "both"],
)
def test_less_waits_for_the_end_of_the_period_without_refund(wish: Wish) -> None:
    life = bought()
    plan = life.change(ON, wish)
    assert plan.now is None
    assert plan.notes == ()
    assert [row.starts_on for row in plan.later] == [END]
    assert len(life.invoices) == 1
    assert after(life) == (wish.plan or "business", "month", wish.seats or 10)


def test_yearly_to_monthly_waits_and_keeps_the_anchor() -> None:
    life = Life()
    life.buy(date(2028, 2, 29), "premium", YEAR, 5)
    plan = life.change(date(2028, 6, 1), Wish(cycle=MONTH))
    assert plan.later == (Terms(date(2029, 2, 28), "premium", MONTH, 5, 1349, "EUR", date(2028, 2, 29)),)
    life.live_until(date(2029, 4, 1))
    assert [x.on for x in life.invoices[1:]] == [date(2029, 2, 28), date(2029, 3, 29)]


def test_both_kinds_in_one_request_are_split_and_said() -> None:
    life = bought()
    plan = life.change(ON, Wish(plan="enterprise", seats=5))
    assert shown(plan.now) == ("enterprise", "month", 10)
    assert [shown(row) for row in plan.later] == [("enterprise", "month", 5)]
    assert plan.notes == (Note.SPLIT,)
    assert scheduled(life.terms, on=ON) == (Scheduled(Field.SEATS, END, 10, 5),)


def test_yearly_to_monthly_with_more_seats_is_split() -> None:
    life = bought(cycle=YEAR)
    plan = life.change(ON, Wish(cycle=MONTH, seats=20))
    assert shown(plan.now) == ("business", "year", 20)
    assert [shown(row) for row in plan.later] == [("business", "month", 20)]


def test_yearly_waits_while_fewer_seats_wait() -> None:
    life = bought()
    life.change(ON, Wish(seats=5))
    plan = life.change(ON, Wish(cycle=YEAR))
    assert plan.now is None
    assert plan.notes == (Note.WHOLE_AT_PERIOD_END,)
    assert plan.later == (Terms(END, "business", YEAR, 5, 30490, "EUR", END),)


def test_yearly_with_a_higher_plan_and_fewer_seats_happens_whole() -> None:
    life = bought()
    plan = life.change(ON, Wish(plan="enterprise", cycle=YEAR, seats=5))
    assert plan.now is None
    assert [shown(row) for row in plan.later] == [("enterprise", "year", 5)]


def test_yearly_with_more_seats_replaces_fewer_that_waited_and_starts_today() -> None:
    life = bought()
    life.change(ON, Wish(seats=5))
    plan = life.change(ON, Wish(cycle=YEAR, seats=15))
    assert plan.now == Terms(ON, "business", YEAR, 15, 30490, "EUR", ON)
    assert plan.later == ()
    assert plan.notes == (Note.REPLACES_SEATS, Note.STARTS_YEAR)


def test_more_seats_replace_fewer_that_waited_and_leave_a_plan_that_waits() -> None:
    life = bought()
    life.change(ON, Wish(plan="premium", seats=5))
    plan = life.change(date(2026, 6, 1), Wish(seats=15))
    assert shown(plan.now) == ("business", "month", 15)
    assert [shown(row) for row in plan.later] == [("premium", "month", 15)]
    assert plan.notes == (Note.REPLACES_SEATS,)
    assert plan.dropped == (Scheduled(Field.SEATS, END, 10, 5),)


def test_a_higher_plan_replaces_a_lower_that_waited_and_leaves_fewer_seats() -> None:
    life = bought()
    life.change(ON, Wish(plan="premium", seats=5))
    plan = life.change(date(2026, 6, 1), Wish(plan="enterprise"))
    assert shown(plan.now) == ("enterprise", "month", 10)
    assert [shown(row) for row in plan.later] == [("enterprise", "month", 5)]
    assert plan.notes == (Note.REPLACES_PLAN,)


def test_more_seats_leave_even_more_that_wait() -> None:
    life = bought()
    life.change(ON, Wish(plan="premium", cycle=YEAR, seats=20))
    plan = life.change(ON, Wish(seats=15))
    assert shown(plan.now) == ("business", "month", 15)
    assert [shown(row) for row in plan.later] == [("premium", "year", 20)]
    assert (plan.dropped, plan.notes) == ((), ())


def test_growing_by_itself_leaves_fewer_seats_waiting() -> None:
    life = bought()
    life.change(ON, Wish(plan="premium", seats=5))
    plan = grow(life.terms, seats=15, on=date(2026, 6, 1))
    assert shown(plan.now) == ("business", "month", 15)
    assert [shown(row) for row in plan.later] == [("premium", "month", 5)]
    life.terms += plan.append
    assert after(life) == ("premium", "month", 5)
    with pytest.raises(ZetelError, match="no_change"):
        grow(life.terms, seats=15, on=date(2026, 6, 2))


def test_asking_for_what_holds_undoes_what_waits() -> None:
    life = bought()
    life.change(ON, Wish(plan="premium", seats=5))
    plan = life.change(ON, Wish(seats=10))
    assert (plan.now, [shown(row) for row in plan.later]) == (None, [("premium", "month", 10)])
    plan = withdraw(life.terms, fields=[Field.PLAN], on=ON, price=price)
    life.terms += plan.append
    assert scheduled(life.terms, on=ON) == ()
    assert after(life) == ("business", "month", 10)
    with pytest.raises(ZetelError, match="no_change"):
        withdraw(life.terms, fields=Field, on=ON, price=price)


@pytest.mark.parametrize(
    "wish",
    [Wish(), Wish(seats=10), Wish(plan="business", cycle=MONTH, seats=10)],
    ids=["nothing", "same seats", "same everything"],
)
def test_no_change_is_refused(wish: Wish) -> None:
    assert refused(bought(), wish) == "no_change"


def test_what_waits_already_is_no_change() -> None:
    life = bought()
    life.change(ON, Wish(seats=5))
    assert refused(life, Wish(seats=5)) == "no_change"


def test_an_unknown_plan_is_refused() -> None:
    assert refused(bought(), Wish(plan="gold")) == "plan_unknown"


def test_cancelling_ends_with_the_period_and_replaces_everything_that_waits() -> None:
    life = bought()
    life.change(ON, Wish(plan="premium", seats=5))
    plan = life.cancel(ON)
    assert plan.ends_on == END
    assert {change.field for change in plan.dropped} == {Field.PLAN, Field.SEATS}
    life.live_until(date(2026, 12, 1))
    assert len(life.invoices) == 1
    with pytest.raises(ZetelError, match="no_change"):
        life.cancel(ON)


def test_resuming_restores_nothing_that_the_cancellation_replaced() -> None:
    life = bought()
    life.change(ON, Wish(plan="premium", seats=5))
    life.cancel(ON)
    life.resume(date(2026, 6, 11))
    assert (life.ends_on, after(life)) == (None, ("business", "month", 10))
    with pytest.raises(ZetelError, match="no_change"):
        life.resume(date(2026, 6, 11))


def test_resuming_is_over_on_the_day_of_the_end() -> None:
    life = bought()
    life.cancel(ON)
    with pytest.raises(ZetelError, match="not_resumable"):
        life.resume(END)


def test_more_leaves_a_cancellation_standing_and_anything_else_asks_to_resume_first() -> None:
    life = bought()
    life.cancel(ON)
    plan = life.change(ON, Wish(plan="enterprise", seats=15))
    assert (life.ends_on, plan.notes) == (END, (Note.STILL_ENDS,))
    assert [line.end for line in life.invoices[1].lines] == [END, END]
    for wish in (Wish(cycle=YEAR), Wish(seats=5), Wish(plan="premium"), Wish(seats=20, cycle=YEAR)):
        assert refused(life, wish) == "resume_first"


def test_an_ended_subscription_cannot_be_changed() -> None:
    life = bought()
    life.cancel(ON)
    assert refused(life, Wish(seats=15), END) == "no_subscription"


def test_a_kept_price_stays_while_plan_and_cycle_stay_and_another_takes_the_price_of_the_day() -> None:
    kept = (Terms(START, "premium", MONTH, 10, 999, "EUR", START),)
    ranks = default_catalog().ranks

    def change(wish: Wish) -> ChangePlan:
        return plan_change(kept, wish=wish, on=ON, price=price, ranks=ranks)

    more, yearly, fewer = change(Wish(seats=15)), change(Wish(cycle=YEAR)), change(Wish(seats=5))
    assert more.now is not None
    assert yearly.now is not None
    assert (more.now.unit_amount, yearly.now.unit_amount) == (999, 13490)
    assert [row.unit_amount for row in fewer.later] == [999]


def test_a_scheduled_price_is_that_of_its_own_quote() -> None:
    life = bought(cycle=YEAR)
    ranks = default_catalog().ranks
    life.change(ON, Wish(cycle=MONTH))
    dearer = plan_change(life.terms, wish=Wish(seats=20), on=ON, price=lambda plan, cycle: 1, ranks=ranks)
    assert [row.unit_amount for row in dearer.later] == [3049]
    other = plan_change(
        life.terms, wish=Wish(plan="enterprise"), on=ON, price=lambda plan, cycle: 77, ranks=ranks
    )
    assert [row.unit_amount for row in other.later] == [77]


def test_a_scheduled_move_of_the_price_survives_more_seats() -> None:
    life = bought()
    later = date(2026, 8, 12)
    life.terms += (Terms(later, "business", MONTH, 10, 3149, "EUR", START),)
    plan = life.change(ON, Wish(seats=15))
    assert [(row.starts_on, row.seats, row.unit_amount) for row in plan.later] == [(later, 15, 3149)]
    assert [row.unit_amount for row in life.change(ON, Wish(seats=10)).later] == [3049, 3149]


def test_what_was_scheduled_at_another_price_and_then_taken_at_once_leaves_no_price_behind() -> None:
    """Yearly and fewer seats wait; the seats are taken back, and yearly begins today at today's price (P2)."""
    monthly = Terms(date(2026, 5, 12), "premium", MONTH, 10, 1349, "EUR", date(2026, 5, 12))
    wish = Wish(cycle=YEAR, seats=5)
    ranks = default_catalog().ranks
    waiting = plan_change((monthly,), wish=wish, on=date(2026, 5, 14), price=lambda *_: 13490, ranks=ranks)
    terms = (monthly, *waiting.append)
    terms += withdraw(terms, fields=[Field.SEATS], on=date(2026, 5, 20), price=lambda *_: 15000).append
    taken = plan_change(terms, wish=Wish(cycle=YEAR), on=ON, price=lambda *_: 15000, ranks=ranks)
    in_force = terms_at((*terms, *taken.append), END)
    assert in_force is not None
    assert (in_force.cycle, in_force.seats, in_force.unit_amount) == (YEAR, 10, 15000)
    assert taken.later == ()
    assert next_boundary((*terms, *taken.append), ON) == date(2027, 5, 30)


def test_a_renewal_buys_the_smallest_size_that_fits_whatever_was_scheduled() -> None:
    life = bought()
    life.change(ON, Wish(seats=5))
    assert renewal_terms(life.terms, on=END, counted=5) is None
    grown = renewal_terms(life.terms, on=END, counted=6)
    assert grown == Terms(END, "business", MONTH, 10, 3049, "EUR", START)
    life.terms += (grown,)
    life.live_until(END)
    assert [line.seats for line in life.invoices[-1].lines] == [10]


def test_above_the_ladder_a_renewal_keeps_the_present_size() -> None:
    life = bought(seats=500)
    life.change(ON, Wish(seats=5))
    grown = renewal_terms(life.terms, on=END, counted=501)
    assert grown is not None
    assert grown.seats == 500
    assert renewal_terms(bought(seats=500).terms, on=END, counted=501) is None
