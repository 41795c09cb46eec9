"""Due minus billed (M6, M7, M11, M12): what it promises for any life of a subscription."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.life import Life, default_catalog, issued, price
from zetel.rules.billing import (
    Billed,
    Discount,
    Terms,
    as_billed,
    due_minus_billed,
    explain,
    next_boundary,
    replay,
    settle_order,
    terms_at,
)
from zetel.rules.errors import ZetelError
from zetel.rules.periods import Cycle
from zetel.rules.subscriptions import Wish

MONTH, YEAR = Cycle.MONTH, Cycle.YEAR
START = date(2026, 5, 12)
END = date(2026, 6, 12)
PREMIUM = Terms(START, "premium", MONTH, 10, 1349, "EUR", START)

PLANS = st.sampled_from(["premium", "business", "enterprise"])
SIZES = st.sampled_from([2, 5, 10, 100])
CYCLES = st.sampled_from([MONTH, YEAR])
WISHES = st.one_of(
    st.builds(Wish, plan=PLANS, cycle=st.none() | CYCLES, seats=st.none() | SIZES),
    st.builds(Wish, seats=SIZES),
    st.builds(Wish, cycle=CYCLES),
)
ACTS = st.one_of(WISHES, st.sampled_from(["cancel", "resume"]))


@st.composite
def lives(draw: st.DrawFn) -> tuple[Life, date]:
    """A subscription after up to six acts, and a day until which it was billed."""
    life = Life()
    on = draw(st.sampled_from([date(2026, 1, 31), date(2028, 2, 29), date(2026, 5, 12), date(2027, 12, 31)]))
    life.buy(on, draw(PLANS), draw(CYCLES), draw(SIZES))
    for act in draw(st.lists(ACTS, max_size=6)):
        on += timedelta(days=draw(st.integers(0, 200)))
        try:
            if isinstance(act, Wish):
                life.change(on, act)
            else:
                (life.cancel if act == "cancel" else life.resume)(on)
        except ZetelError as error:
            if error.code not in ("no_change", "no_subscription", "resume_first", "not_resumable"):
                raise
    on += timedelta(days=draw(st.integers(0, 400)))
    life.live_until(on)
    return life, on


def coverage(billed: list[Billed]) -> Counter[tuple[date, str, int]]:
    """Seats per day, plan and unit price, as all lines together bill them."""
    seats: Counter[tuple[date, str, int]] = Counter()
    for line in billed:
        for day in range((line.end - line.start).days):
            seats[line.start + timedelta(days=day), line.plan, line.unit_amount] += line.seats
    return +seats


@given(lives())
def test_the_terms_of_a_day_are_the_last_of_those_that_count(lived: tuple[Life, date]) -> None:
    life, _ = lived
    for row in life.terms:
        for day in (row.starts_on - timedelta(1), row.starts_on, row.starts_on + timedelta(1)):
            counting = [counts for counts in settle_order(life.terms) if counts.starts_on <= day]
            assert terms_at(life.terms, day) == (counting[-1] if counting else None)


@given(lives())
def test_billed_time_tiles_without_gap_or_overlap_and_is_what_the_terms_say(lived: tuple[Life, date]) -> None:
    life, _ = lived
    billed = coverage(life.billed)
    days = sorted(day for day, _, _ in billed)
    assert len(days) == len(set(days)), "a day is billed in two plans"
    assert all(after - before == timedelta(days=1) for before, after in pairwise(days)), "a gap"
    for day, plan, unit_amount in billed:
        terms = terms_at(life.terms, day)
        assert terms is not None
        assert (terms.plan, terms.unit_amount, terms.seats) == (
            plan,
            unit_amount,
            billed[day, plan, unit_amount],
        )
    if life.ends_on:
        assert days[-1] < life.ends_on


@given(lives())
def test_running_it_again_gives_nothing(lived: tuple[Life, date]) -> None:
    life, on = lived
    for through in (on, on - timedelta(days=30), life.terms[0].starts_on):
        assert due_minus_billed(life.terms, life.billed, through=through, ends_on=life.ends_on) == ()


@given(lives())
def test_every_line_says_how_it_came_about_and_replays_to_its_amount(lived: tuple[Life, date]) -> None:
    life, _ = lived
    for line in (line for invoice in life.invoices for line in invoice.lines):
        assert replay(line) == line.net == explain(line).net
        assert line.days == (line.end - line.start).days
        assert line.of_days == (line.period_end - line.period_start).days
        assert line.period_start <= line.start < line.end <= line.period_end
        assert bool(line.takes_back) == (line.kind == "credit")


@given(lives())
def test_ending_on_the_first_day_leaves_nothing_of_any_line(lived: tuple[Life, date]) -> None:
    """Whatever was taken back before, a full take-back leaves each line with nothing and never with less."""
    life, on = lived
    first = life.terms[0].starts_on
    lines = due_minus_billed(life.terms, life.billed, through=on, ends_on=first)
    assert all(line.kind == "credit" for line in lines)
    after = [*life.billed, *issued(lines, len(life.billed))]
    assert coverage(after) == Counter()


@given(lives(), SIZES, PLANS)
def test_buying_more_never_lowers_what_is_covered(lived: tuple[Life, date], seats: int, plan: str) -> None:
    life, on = lived
    now = terms_at(life.terms, on)
    assert now is not None
    ranks = default_catalog().ranks
    wish = Wish(
        plan=plan if ranks[plan] > ranks[now.plan] else None, seats=seats if seats > now.seats else None
    )
    before, ends_on = life.terms, life.ends_on
    try:
        life.change(on, wish)
    except ZetelError:
        assert life.terms == before
        return
    assert life.ends_on == ends_on
    for days in range(0, 500, 7):
        old, new = (terms_at(rows, on + timedelta(days=days)) for rows in (before, life.terms))
        assert old is not None
        assert new is not None
        assert ranks[new.plan] >= ranks[old.plan]
        assert new.seats >= old.seats


@given(lives())
def test_missed_periods_at_once_are_the_same_lines_as_one_by_one(lived: tuple[Life, date]) -> None:
    life, on = lived
    later = on + timedelta(days=200)
    at_once = due_minus_billed(life.terms, life.billed, through=later, ends_on=life.ends_on)
    count = len(life.invoices)
    life.live_until(later)
    one_by_one = [line for invoice in life.invoices[count:] for line in invoice.lines]
    assert sorted(map(repr, at_once)) == sorted(map(repr, one_by_one))


def test_a_renewal_that_loads_only_the_open_period_bills_the_same() -> None:
    first = issued(due_minus_billed([PREMIUM], [], through=START))
    full = due_minus_billed([PREMIUM], first, through=END)
    assert due_minus_billed([PREMIUM], [], through=END, since=END) == full
    assert [(line.start, line.amount) for line in full] == [(END, 13490)]


def test_what_is_billed_ahead_stays_billed_when_run_for_an_earlier_day() -> None:
    ahead = issued(due_minus_billed([PREMIUM], [], through=END))
    assert due_minus_billed([PREMIUM], ahead, through=START) == ()


def test_the_latest_billed_seats_are_taken_back_first() -> None:
    first = issued(due_minus_billed([PREMIUM], [], through=START), rate_bp=2100)
    more = replace(PREMIUM, starts_on=date(2026, 5, 19), seats=15)
    second = issued(due_minus_billed([PREMIUM, more], first, through=more.starts_on), 1, rate_bp=2400)
    fewer = replace(PREMIUM, starts_on=date(2026, 5, 30), seats=8)
    lines = due_minus_billed([PREMIUM, more, fewer], [*first, *second], through=fewer.starts_on)
    assert [(line.seats, line.rate_bp, line.takes_back) for line in lines] == [
        (2, 2100, ("line-00000",)),
        (5, 2400, ("line-00001",)),
    ]
    assert {line.kind for line in lines} == {"credit"}


def test_lines_of_two_tax_rates_are_taken_back_by_two_lines_and_of_one_rate_by_one() -> None:
    first = issued(due_minus_billed([PREMIUM], [], through=START), rate_bp=2100)
    more = replace(PREMIUM, starts_on=date(2026, 5, 19), seats=15)
    added = due_minus_billed([PREMIUM, more], first, through=more.starts_on)
    for rate_bp, expected in ((2400, [10, 5]), (2100, [15])):
        billed = [*first, *issued(added, 1, rate_bp=rate_bp)]
        lines = due_minus_billed(
            [PREMIUM, more], billed, through=END - timedelta(1), ends_on=date(2026, 5, 30)
        )
        assert [line.seats for line in lines] == expected


def test_a_credit_inherits_price_discount_and_tax_of_what_it_takes_back() -> None:
    half = Discount(5000, START, END)
    charge = due_minus_billed([PREMIUM], [], through=START, discounts=[half])
    assert [(x.amount, x.discount_bp, x.discount_amount, x.net) for x in charge] == [
        (13490, 5000, 6745, 6745)
    ]
    billed = [as_billed(replace(charge[0], rate_bp=2100, tax_category="S"), "a")]
    credit = due_minus_billed([PREMIUM], billed, through=START, ends_on=date(2026, 5, 30))[0]
    # 10 x 13.49 x 13/31 = 56.57 and half of the exact line is 28.29
    assert (credit.amount, credit.discount_amount, credit.net) == (-5657, -2829, -2828)
    assert (credit.rate_bp, credit.tax_category, credit.discount_bp) == (2100, "S", 5000)
    assert replay(credit) == -2828


def test_a_discount_is_for_periods_that_begin_while_it_is_valid_and_never_makes_a_new_line() -> None:
    discount = Discount(2500, START, END)
    first = due_minus_billed([PREMIUM], [], through=START, discounts=[discount])
    billed = issued(first)
    assert due_minus_billed([PREMIUM], billed, through=START) == ()
    renewal = due_minus_billed([PREMIUM], billed, through=END, discounts=[discount])
    assert [(line.start, line.discount_amount) for line in renewal] == [(END, 0)]


def test_discounts_add_up_to_the_whole_price_at_most() -> None:
    most = Discount(6000, START)
    lines = due_minus_billed([PREMIUM], [], through=START, discounts=[most, most])
    assert [(line.discount_bp, line.net) for line in lines] == [(10_000, 0)]


def test_a_kept_price_and_a_new_price_are_two_things_sold() -> None:
    dearer = replace(PREMIUM, starts_on=date(2026, 5, 30), unit_amount=1449)
    billed = issued(due_minus_billed([PREMIUM], [], through=START))
    lines = due_minus_billed([PREMIUM, dearer], billed, through=dearer.starts_on)
    assert [(x.kind, x.unit_amount, x.amount) for x in lines] == [
        ("credit", 1349, -5657),
        ("charge", 1449, 6076),
    ]


def test_terms_of_two_currencies_are_refused() -> None:
    dollars = replace(PREMIUM, starts_on=END, currency="USD")
    with pytest.raises(ZetelError, match="currency_mismatch"):
        due_minus_billed([PREMIUM, dollars], [], through=START)


def test_a_credit_beyond_what_was_billed_is_a_fault_in_the_books() -> None:
    charge = issued(due_minus_billed([PREMIUM], [], through=START))
    too_much = replace(charge[0], line_id="b", seats=-11)
    with pytest.raises(AssertionError, match="takes back more"):
        due_minus_billed([PREMIUM], [*charge, too_much], through=START)


def test_a_credit_that_names_its_line_leaves_the_others_whole() -> None:
    five = replace(PREMIUM, seats=5)
    first = issued(due_minus_billed([five], [], through=START))
    second = issued(due_minus_billed([PREMIUM], first, through=START), 1)
    named = replace(first[0], line_id="c", seats=-5, takes_back=("line-00000",))
    billed = [*first, *second, named]
    assert due_minus_billed([five], billed, through=START) == ()
    rest = due_minus_billed([five], billed, through=START, ends_on=START)
    assert [(line.seats, line.takes_back) for line in rest] == [(5, ("line-00001",))]


def test_a_credit_that_names_no_line_is_of_lines_with_its_own_tax() -> None:
    five = replace(PREMIUM, seats=5)
    first = issued(due_minus_billed([five], [], through=START), rate_bp=2100)
    second = issued(due_minus_billed([PREMIUM], first, through=START), 1, rate_bp=2400)
    unnamed = replace(first[0], line_id="c", seats=-5)
    rest = due_minus_billed([PREMIUM], [*first, *second, unnamed], through=START, ends_on=START)
    assert [(line.seats, line.rate_bp, line.takes_back) for line in rest] == [(5, 2400, ("line-00001",))]


def test_of_two_terms_from_one_day_the_later_counts() -> None:
    again = replace(PREMIUM, seats=20)
    assert settle_order([PREMIUM, again]) == (again,)
    assert terms_at([PREMIUM, again], START) == again
    assert terms_at([PREMIUM], START - timedelta(1)) is None
    assert settle_order([PREMIUM, replace(again, starts_on=END)], END) == (PREMIUM,)


def test_boundaries_are_the_first_days_of_periods_until_the_end() -> None:
    yearly = replace(PREMIUM, starts_on=date(2026, 5, 30), cycle=YEAR, anchor_on=date(2026, 5, 30))
    assert next_boundary([PREMIUM], START) == END
    assert next_boundary([PREMIUM], date(2026, 6, 11)) == END
    assert next_boundary([PREMIUM], END) == date(2026, 7, 12)
    assert next_boundary([PREMIUM, yearly], START) == date(2026, 5, 30)
    assert next_boundary([PREMIUM, yearly], date(2026, 5, 30)) == date(2027, 5, 30)
    assert next_boundary([PREMIUM], START, END) is None
    assert next_boundary([PREMIUM], START, date(2026, 6, 13)) == END
    assert next_boundary([], START) is None


def test_amounts_beyond_32_bits_stay_exact_in_rupiah() -> None:
    terms = Terms(START, "enterprise", YEAR, 500, 46_270_774_00, "IDR", START)
    (line,) = due_minus_billed([terms], [], through=START)
    assert line.amount == 2_313_538_700_000


@pytest.mark.parametrize(
    ("currency", "unit_amount", "amount"),
    # 3 seats for 6 of 31 days: 4500 x 6/31 = 870.97 yen; 13701 x 6/31 = 2651.81 fils
    [("JPY", 1500, -871), ("KWD", 4567, -2652)],
)
def test_currencies_are_rounded_at_their_own_smallest_unit(
    currency: str, unit_amount: int, amount: int
) -> None:
    terms = Terms(START, "premium", MONTH, 3, unit_amount, currency, START)
    billed = issued(due_minus_billed([terms], [], through=START))
    (line,) = due_minus_billed([terms], billed, through=START, ends_on=date(2026, 6, 6))
    assert (line.days, line.amount) == (6, amount)


def test_the_price_of_the_default_catalogue_is_what_the_rules_say() -> None:
    assert [price(plan, MONTH) for plan in ("premium", "business", "enterprise")] == [1349, 3049, 4999]
    assert [price(plan, YEAR) for plan in ("premium", "business", "enterprise")] == [13490, 30490, 49990]
