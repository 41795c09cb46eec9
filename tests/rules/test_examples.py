"""The worked examples of the rules, one to eight: default catalogue, EUR, no tax unless said."""

from dataclasses import replace
from datetime import date

from tests.rules.life import Life, default_catalog, issued, price
from zetel.rules.billing import Line, due_minus_billed, next_boundary
from zetel.rules.periods import Cycle, Period
from zetel.rules.subscriptions import Note, Wish, first_terms, plan_change
from zetel.rules.tax import TaxRow, totals

MONTH, YEAR = Cycle.MONTH, Cycle.YEAR
BOUGHT_ON = date(2026, 5, 12)
CHANGED_ON = date(2026, 5, 30)


def premium(seats: int = 15) -> Life:
    life = Life()
    life.buy(BOUGHT_ON, "premium", MONTH, seats)
    return life


def figures(lines: tuple[Line, ...]) -> list[tuple[str, int, int, int, int, int]]:
    return [(x.kind, x.seats, x.unit_amount, x.days, x.of_days, x.amount) for x in lines]


def taxed(lines: tuple[Line, ...], rate_bp: int = 2100) -> list[Line]:
    return [replace(line, rate_bp=rate_bp, tax_category="S") for line in lines]


def test_1_a_purchase_costs_a_whole_period() -> None:
    life = premium()
    assert figures(life.invoices[0].lines) == [("charge", 15, 1349, 31, 31, 20235)]
    assert life.terms[0].period_at(BOUGHT_ON) == Period(date(2026, 5, 12), date(2026, 6, 12))
    assert life.invoices[0].lines[0].rule == "M2"


def test_2_a_higher_plan_credits_the_unused_and_charges_the_rest() -> None:
    life = premium()
    life.change(CHANGED_ON, Wish(plan="business"))
    invoice = life.invoices[1]
    assert figures(invoice.lines) == [
        ("credit", 15, 1349, 13, 31, -8486),
        ("charge", 15, 3049, 13, 31, 19179),
    ]
    assert [line.rule for line in invoice.lines] == ["M7", "M7"]
    assert invoice.lines[0].takes_back == ("line-00000",)
    sums = totals(taxed(invoice.lines))
    assert (sums.net, sums.tax, sums.total) == (10693, 2246, 12939)
    life.live_until(date(2026, 6, 12))
    assert (life.invoices[2].on, life.invoices[2].net) == (date(2026, 6, 12), 45735)


def test_3_monthly_to_yearly_starts_a_full_year_that_day() -> None:
    life = premium()
    plan = life.change(CHANGED_ON, Wish(cycle=YEAR))
    invoice = life.invoices[1]
    assert figures(invoice.lines) == [
        ("credit", 15, 1349, 13, 31, -8486),
        ("charge", 15, 13490, 365, 365, 202350),
    ]
    assert invoice.net == 193864
    assert plan.now is not None
    assert plan.now.anchor_on == CHANGED_ON
    assert plan.notes == (Note.STARTS_YEAR,)


def test_4_more_seats_in_a_yearly_plan_are_one_line_for_the_rest_of_the_year() -> None:
    life = Life()
    life.buy(date(2026, 2, 1), "business", YEAR, 10)
    life.change(date(2026, 7, 15), Wish(seats=20))
    assert figures(life.invoices[1].lines) == [("charge", 10, 30490, 201, 365, 167904)]


def test_5_a_month_bought_on_the_31st_keeps_its_anchor() -> None:
    life = Life()
    life.buy(date(2026, 1, 31), "premium", MONTH, 3)
    life.change(date(2026, 2, 10), Wish(seats=5))
    assert figures(life.invoices[1].lines) == [("charge", 2, 1349, 18, 28, 1734)]
    life.live_until(date(2026, 4, 30))
    assert [invoice.on for invoice in life.invoices[2:]] == [
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    ]


def test_6_an_organization_takes_over_a_paid_team() -> None:
    team = premium(seats=4)
    credit = due_minus_billed(team.terms, team.billed, through=CHANGED_ON, ends_on=CHANGED_ON)
    assert figures(credit) == [("credit", 4, 1349, 13, 31, -2263)]
    organization = first_terms("premium", MONTH, 30, price("premium", MONTH), "EUR", CHANGED_ON)
    bought = due_minus_billed([organization], [], through=CHANGED_ON)
    assert sum(line.net for line in bought) == 40470
    assert 40470 - 2263 == 38207

    team_credit = totals(taxed(credit))
    assert (team_credit.net, team_credit.tax, team_credit.total) == (-2263, -475, -2738)
    invoice = totals(taxed(bought))
    assert invoice.taxes == (TaxRow("S", 2100, 40470, 8499),)
    assert (invoice.total, invoice.total + team_credit.total) == (48969, 46231)
    team.terms, team.ends_on = team.terms, CHANGED_ON
    team.billed += issued(credit, len(team.billed))
    assert due_minus_billed(team.terms, team.billed, through=date(2026, 8, 1), ends_on=CHANGED_ON) == ()
    assert next_boundary(team.terms, BOUGHT_ON, CHANGED_ON) is None


def test_7_seats_billed_by_two_lines_are_taken_back_as_one() -> None:
    life = premium(seats=5)
    life.change(date(2026, 5, 19), Wish(seats=10))
    assert figures(life.invoices[1].lines) == [("charge", 5, 1349, 24, 31, 5222)]
    life.change(CHANGED_ON, Wish(plan="business"))
    lines = life.invoices[2].lines
    assert figures(lines) == [("credit", 10, 1349, 13, 31, -5657), ("charge", 10, 3049, 13, 31, 12786)]
    assert lines[0].takes_back == ("line-00000", "line-00001")


def test_8_yearly_with_a_lower_plan_and_fewer_seats_waits_for_the_period_to_end() -> None:
    life = Life()
    life.buy(BOUGHT_ON, "business", MONTH, 10)
    plan = life.change(CHANGED_ON, Wish(plan="premium", cycle=YEAR, seats=5))
    assert plan.now is None
    assert plan.notes == (Note.WHOLE_AT_PERIOD_END,)
    assert len(life.invoices) == 1
    life.live_until(date(2026, 6, 12))
    assert figures(life.invoices[1].lines) == [("charge", 5, 13490, 365, 365, 67450)]
    assert life.terms[-1].anchor_on == date(2026, 6, 12)


def test_a_quote_and_its_invoice_are_the_same_lines() -> None:
    """The quote asks the function that the invoice is issued from, so nothing can come between them."""
    life = premium()
    wish = Wish(plan="enterprise", seats=20)
    plan = plan_change(life.terms, wish=wish, on=CHANGED_ON, price=price, ranks=default_catalog().ranks)
    quoted = due_minus_billed((*life.terms, *plan.append), life.billed, through=CHANGED_ON)
    life.change(CHANGED_ON, wish)
    assert life.invoices[1].lines == quoted
