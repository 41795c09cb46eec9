"""What accountants get: each table for a period, from a life with tax, credit, refund and balance (rule X1)."""

import csv
import io
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.conftest import HandClock
from tests.directory_world import World, begin
from tests.manual import on_invoice, staff_of
from tests.web.test_billing import browser, words
from tests.world import DUTCH, OUTSIDE, buy, change, customer_of
from zetel.actions import bank, credit_notes
from zetel.actions.staff import name_staff
from zetel.cli.export import run
from zetel.jobs import billing_run, collect
from zetel.jobs.exports import TABLES, Span, csv_of, xlsx_of
from zetel.models import Customer, Person, Refund
from zetel.rules.money import Money

pytestmark = pytest.mark.django_db

GERMAN = {"address_line1": "Lange Straße 1", "postal_code": "10115", "city": "Berlin", "country": "DE"}
MAY, JUNE = Span(date(2026, 5, 1), date(2026, 5, 31)), Span(date(2026, 6, 1), date(2026, 6, 30))


@pytest.fixture
def world(clock: HandClock) -> World:
    """A Dutch, a German and an American customer, and a German business; the Dutch one changes plan and is refunded."""
    made = begin(clock.now)
    told = {
        "nl": DUTCH,
        "de": GERMAN,
        "us": OUTSIDE | {"currency": "USD"},
        "eu": GERMAN | {"vat_number": "DE136695976"},
    }
    for name, information in told.items():
        person = made.person("=" + name, f"{name}@{name}.example")
        customer = customer_of(person, clock.now, **information)
        if "vat_number" in information:
            Customer.objects.filter(pk=customer.pk).update(vat_status="verified")
            customer.refresh_from_db()
        subscription = buy(
            made.workspace(person, name), person, clock.now, seats=5, customer=customer
        ).subscription
        if name == "nl":
            clock.set(datetime(2026, 5, 30, 10, 0, tzinfo=UTC))
            change(subscription, clock.now, plan="business")
            credit_notes.credit(
                subscription.invoices.latest("issued_at"), credit_notes.Wish(amount=1000), goes_to="refund",
                actor=person, reason="Asked", now=clock.now,
            )  # fmt: skip
            for refund in Refund.objects.all():
                collect.refund(refund.pk, now=clock.now)
            clock.set(datetime(2026, 5, 12, 10, 0, tzinfo=UTC))
    return made


def table(name: str, span: Span) -> list[dict[str, str]]:
    text = b"".join(csv_of(name, span)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_journal_sums_to_nothing_per_booking_and_currency(world: World, clock: HandClock) -> None:
    clock.set(datetime(2026, 6, 12, 10, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    may, june = table("journal", MAY), table("journal", JUNE)
    for rows in (may, june):
        sums: Counter[tuple[str, str, str]] = Counter()
        for row in rows:
            sums[row["booking"], row["reference"], row["currency"]] += int(Decimal(row["amount"]) * 100)
        assert sums
        assert not any(sums.values())
    assert {row["booking"] for row in may} == {"document", "payment", "refund"}
    assert {row["date"] for row in june} == {"2026-06-12"}


def test_vat_is_told_per_return_country_and_rate(world: World) -> None:
    """67.45 net each: 21 % in the Netherlands (and a change of plan, less 8.26 of the credit), 19 % in Germany."""
    rows = {(row["return"], row["country"], row["rate"], row["currency"]): row for row in table("vat", MAY)}
    assert set(rows) == {
        ("domestic", "NL", "21.00", "EUR"), ("oss", "DE", "19.00", "EUR"), ("reverse_charge", "DE", "0.00", "EUR"),
        ("outside", "US", "0.00", "USD"),
    }  # fmt: skip
    assert (rows["oss", "DE", "19.00", "EUR"]["net"], rows["oss", "DE", "19.00", "EUR"]["tax"]) == (
        "67.45",
        "12.82",
    )
    home = rows["domestic", "NL", "21.00", "EUR"]
    invoices = [row for row in table("invoices", MAY) if row["country"] == "NL"]
    assert Decimal(home["tax"]) == sum(Decimal(row["tax"]) for row in invoices)
    assert Decimal(home["net"]) == sum(Decimal(row["net"]) for row in invoices)
    assert home["tax_home"] == home["tax"]
    assert table("vat", JUNE) == []


def test_a_return_stays_as_it_was_when_the_seller_registers_or_leaves(
    world: World, settings: Settings
) -> None:
    """What was taxed by the German rate is of the one-stop shop for ever."""
    before = table("vat", MAY)
    config = settings.CONFIG.model_copy()
    config.__dict__["seller"] = replace(
        config.seller, oss_registered=False
    )  # where it is kept once it was read
    settings.CONFIG = config
    assert table("vat", MAY) == before


def test_invoices_and_payments_name_what_they_are_and_defuse_names(world: World) -> None:
    invoices = table("invoices", MAY)
    assert [row["kind"] for row in invoices].count("credit_note") == 1
    assert {row["name"] for row in invoices} == {"'=nl", "'=de", "'=us", "'=eu"}
    payments = table("payments", MAY)
    kinds = Counter(row["kind"] for row in payments)
    assert kinds == {"payment": 5, "refund": 1}
    assert [row["amount"] for row in payments if row["kind"] == "refund"] == ["-10.00"]
    assert {row["gateway"] for row in payments} == {"sandbox"}


def test_every_table_is_a_workbook_too(world: World) -> None:
    for name in TABLES:
        with xlsx_of(name, MAY) as book:
            assert book.read().startswith(b"PK")


def test_a_workbook_that_nobody_reads_leaves_nothing_behind(
    world: World, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    finance: Person = world.person("Fien", "fien@zetel.example")
    name_staff(person=finance, role="finance", now=clock.now)
    asked = {"table": "journal", "first": "2026-05-01", "last": "2026-05-31", "form": "xlsx"}
    answer = browser(finance).get("/staff/exports/", asked)
    assert list(tmp_path.iterdir()) == []
    answer.close()


@pytest.mark.parametrize("name", TABLES)
def test_every_day_that_a_calendar_has_may_be_asked_for(world: World, name: str) -> None:
    assert table(name, Span(date.min, date.max)) == table(name, MAY)


def test_money_by_bank_is_of_its_day_on_the_account_and_balance_of_its_own(clock: HandClock) -> None:
    """2,698.00 stood on the account on 31 May and was typed in on 2 June; 100.00 of it too much, balance since then."""
    made = begin(clock.now)
    anna, finance = made.person("Anna"), staff_of("finance", clock.now)
    plan = on_invoice(made.workspace(anna), anna, clock.now)
    invoice, now = plan.invoices.get(), clock.set(datetime(2026, 6, 2, 10, 0, tzinfo=UTC))
    payment = bank.book_by_hand(
        invoice, Money(279800, "EUR"), booked_on=date(2026, 5, 31), reference="statement 12", once="a", staff=finance,
        now=now,
    )  # fmt: skip
    (paid,) = table("payments", MAY)
    assert (paid["date"], paid["amount"], paid["gateway"]) == ("2026-05-31", "2798.00", "bank")
    assert paid["gateway_reference"] == "statement 12"
    assert {row["booking"] for row in table("journal", MAY)} == {"document", "payment"}
    assert {(row["booking"], row["date"]) for row in table("journal", JUNE)} == {
        ("became_balance", "2026-06-02")
    }
    bank.correct(payment.bank_booking, staff=finance, reason="Not theirs", now=now)
    cash = [row["amount"] for row in table("journal", MAY) if row["account"] == "cash"]
    assert sorted(cash) == ["-2798.00", "2798.00"]
    assert [row["amount"] for row in table("payments", MAY)] == ["2798.00", "-2798.00"]


def test_money_at_midnight_is_of_the_sellers_day_in_every_table(clock: HandClock) -> None:
    """31 May, 22:30 in UTC, is 1 June in Amsterdam."""
    made = begin(clock.set(datetime(2026, 5, 31, 22, 30, tzinfo=UTC)))
    anna = made.person("Anna")
    buy(made.workspace(anna), anna, clock.now, seats=5)
    assert table("payments", MAY) == table("journal", MAY) == []
    assert {row["date"] for row in table("payments", JUNE) + table("journal", JUNE)} == {"2026-06-01"}


def test_finance_take_a_table_from_the_page(world: World, clock: HandClock) -> None:
    finance: Person = world.person("Fien", "fien@zetel.example")
    name_staff(person=finance, role="finance", now=clock.now)
    client = browser(finance)
    page = words(client.get("/staff/exports/").content)
    assert "Every posting; sums to nothing per booking and currency." in page
    asked = {"table": "vat", "first": "2026-05-01", "last": "2026-05-31", "form": "csv"}
    answer = client.get("/staff/exports/", asked)
    assert answer["Content-Disposition"] == 'attachment; filename="zetel-vat-2026-05-01-2026-05-31.csv"'
    assert b"oss,DE,S,19.00,EUR,67.45,12.82" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    book = client.get("/staff/exports/", asked | {"form": "xlsx"})
    assert b"".join(book.streaming_content).startswith(b"PK")  # type: ignore[attr-defined]
    for wrong in ({"first": "2026-06-01"}, {"last": "x"}, {"table": "people"}, {"form": "exe"}):
        assert client.get("/staff/exports/", asked | wrong).status_code == 422


def test_the_command_writes_a_file_and_refuses_with_a_sentence(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "vat.csv"
    run("vat", "2026-05-01", "2026-05-31", file)
    assert b"oss,DE,S,19.00,EUR,67.45,12.82" in file.read_bytes()
    run("journal", "2026-05-01", "2026-05-31", tmp_path / "journal.xlsx")
    assert (tmp_path / "journal.xlsx").read_bytes().startswith(b"PK")
    for table, first, last, output in (
        ("people", "2026-05-01", "2026-05-31", file),
        ("vat", "May", "2026-05-31", file),
        ("vat", "2026-06-01", "2026-05-31", file),
        ("vat", "2026-05-01", "2026-05-31", tmp_path / "vat.pdf"),
    ):
        with pytest.raises(SystemExit, match="2"):
            run(table, first, last, output)
    assert (
        "zetel: people is no table; choose from journal, invoices, payments, vat" in capsys.readouterr().err
    )
