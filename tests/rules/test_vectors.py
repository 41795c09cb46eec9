"""The rules floor gives the results that were reckoned apart from it, every one of them."""

from datetime import date
from typing import Any

from tests.rules.life import Life
from tests.rules.vectors import day, load
from zetel.rules.billing import Line, due_minus_billed
from zetel.rules.errors import ZetelError
from zetel.rules.money import prorate
from zetel.rules.periods import Cycle, Period, boundary
from zetel.rules.subscriptions import Wish
from zetel.rules.tax import totals

CYCLES = {1: Cycle.MONTH, 12: Cycle.YEAR}


def test_periods_begin_on_the_expected_dates() -> None:
    for row in load("periods.json"):
        got = [boundary(day(row["anchor"]), CYCLES[row["months"]], k) for k in range(len(row["boundaries"]))]
        assert got == [day(text) for text in row["boundaries"]], row["anchor"]


def test_prorations_give_the_expected_amounts() -> None:
    for row in load("prorations.json"):
        period = Period(day(row["period_start"]), day(row["period_end"]))
        days = period.days_left(day(row["change_on"]))
        assert (days, period.days) == (row["days"], row["of_days"])
        assert prorate(row["unit_amount"], row["seats"], days, period.days) == row["amount"], row


class _Taxed:
    tax_category = "S"

    def __init__(self, net: int, rate_bp: int) -> None:
        self.net = net
        self.rate_bp = rate_bp


def test_taxes_give_the_expected_sums() -> None:
    for row in load("taxes.json"):
        sums = totals([_Taxed(line["net"], line["rate_bp"]) for line in row["lines"]])
        assert {str(tax.rate_bp): tax.tax for tax in sums.taxes} == row["tax_by_rate_bp"]
        assert (sums.net, sums.total) == (row["net"], row["total"])


def test_histories_give_every_invoice_with_its_lines() -> None:
    for number, row in enumerate(load("histories.json")):
        life = Life()
        for operation in row["operations"]:
            _play(life, operation)
        until = day(row["until"])
        life.live_until(until)
        got = [
            {
                "on": invoice.on.isoformat(),
                "lines": [_shown(line) for line in invoice.lines],
                "net": invoice.net,
            }
            for invoice in life.invoices
        ]
        assert got == row["invoices"], f"history {number}"
        ended = life.ends_on if life.ends_on and life.ends_on <= until else None
        assert ended == (day(row["ended_on"]) if row["ended_on"] else None), f"history {number}"
        again = due_minus_billed(life.terms, life.billed, through=until, ends_on=life.ends_on)
        assert again == (), f"history {number}: a second run"


def _play(life: Life, operation: dict[str, Any]) -> None:
    on = day(operation["on"])
    wishes = {
        "seats": lambda: Wish(seats=operation["seats"]),
        "plan": lambda: Wish(plan=operation["plan"]),
        "cycle": lambda: Wish(cycle=Cycle(operation["cycle"])),
    }
    try:
        match operation["op"]:
            case "buy":
                life.buy(on, operation["plan"], Cycle(operation["cycle"]), operation["seats"])
            case "cancel":
                life.cancel(on)
            case "resume":
                life.resume(on)
            case wish:
                life.change(on, wishes[wish]())
    except ZetelError as error:
        # The histories ask now and then for what holds or waits already; nothing else is refused in them.
        if error.code != "no_change":
            raise


def _shown(line: Line) -> dict[str, Any]:
    def text(on: date) -> str:
        return on.isoformat()

    return {
        "plan": line.plan,
        "cycle": line.cycle.value,
        "seats": line.seats if line.kind == "charge" else -line.seats,
        "unit_amount": line.unit_amount,
        "start": text(line.start),
        "end": text(line.end),
        "days": line.days,
        "of_days": line.of_days,
        "amount": line.amount,
    }
