"""Tax in the seller's currency, by the central bank's table of rates (rule I5)."""

from datetime import date

import pytest

from zetel.rules.exchange import Converted, converted, read_table

FILE = [
    "Date,USD,JPY,GBP,XYZ,",
    "2026-05-29,1.0845,168.12,0.8431,7.1,",
    "2026-05-28,1.0800,N/A,0.84,7.2,",
    "",
]


def test_the_rate_is_that_of_the_day_or_the_last_before_it() -> None:
    table = read_table(FILE)
    friday, sunday = date(2026, 5, 29), date(2026, 5, 31)
    # 22.46 / 1.0845 = 20.7100...
    assert converted(table, 2246, "USD", "EUR", friday) == Converted("EUR", 2071, "1.0845", friday)
    assert converted(table, 2246, "USD", "EUR", sunday) == Converted("EUR", 2071, "1.0845", friday)
    # 22.46 / 1.08 = 20.7963
    assert converted(table, 2246, "USD", "EUR", date(2026, 5, 28)) == Converted(
        "EUR", 2080, "1.0800", date(2026, 5, 28)
    )


def test_currencies_keep_their_decimals_and_halves_go_away_from_zero() -> None:
    table = read_table(["Date,JPY,USD", "2026-05-29,160,2"])
    day = date(2026, 5, 29)
    assert converted(table, 1000, "JPY", "EUR", day) == Converted("EUR", 625, "160", day)
    assert converted(table, 625, "EUR", "JPY", day) == Converted("JPY", 1000, "0.006250", day)
    assert converted(table, 1, "USD", "EUR", day) == Converted("EUR", 1, "2", day)  # half a cent
    assert converted(table, -1, "USD", "EUR", day) == Converted("EUR", -1, "2", day)


def test_two_currencies_go_by_way_of_the_euro() -> None:
    table = read_table(FILE)
    made = converted(table, 10845, "USD", "GBP", date(2026, 5, 29))
    assert made == Converted("GBP", 8431, "1.2863", date(2026, 5, 29))


def test_no_rate_is_guessed() -> None:
    table = read_table(FILE)
    assert converted(table, 100, "USD", "EUR", date(2026, 5, 27)) is None  # before the table
    assert converted(table, 100, "USD", "EUR", date(2026, 7, 1)) is None  # more than 31 days after it
    assert converted(table, 100, "JPY", "EUR", date(2026, 5, 28)) is None  # not quoted that day
    assert converted(table, 100, "SEK", "EUR", date(2026, 5, 29)) is None


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "has no first line like Date,USD,JPY"),
        (["Datum,USD"], "has no first line like Date,USD,JPY"),
        (["Date,USD", "29-05-2026,1.08"], "has no date like 2026-05-12 in line 2"),
        (["Date,USD", "2026-05-29,1,08"], None),
        (["Date,USD", "2026-05-29,-1"], "has no rate of USD in line 2"),
        (["Date,USD", "2026-05-29,0"], "has no rate of USD in line 2"),
        (["Date,USD", "2026-05-29,1e5"], "has no rate of USD in line 2"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_its_reason(lines: list[str], reason: str | None) -> None:
    if reason is None:
        assert converted(read_table(lines), 100, "USD", "EUR", date(2026, 5, 29)) is not None
        return
    with pytest.raises(ValueError, match=reason):
        read_table(lines)
