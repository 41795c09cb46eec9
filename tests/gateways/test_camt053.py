"""Reading bank statements: both versions in use, what is left out, and files that mean harm (rule G5)."""

from datetime import date

import pytest

from tests.manual import IBAN, camt
from zetel.gateways import camt053
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money

ENTRY = (
    '<Ntry><Amt Ccy="EUR">150.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-06-12</Dt></BookgDt>'
    "<AcctSvcrRef>B1</AcctSvcrRef><NtryDtls>{parts}</NtryDtls></Ntry>"
)
PART = (
    "<TxDtls><Refs><AcctSvcrRef>{ref}</AcctSvcrRef><EndToEndId>E-{ref}</EndToEndId></Refs><AmtDtls><TxAmt>"
    '<Amt Ccy="EUR">{amount}</Amt></TxAmt></AmtDtls><RmtInf><Ustrd>part</Ustrd><Ustrd>{ref}</Ustrd></RmtInf></TxDtls>'
)


def with_entries(entries: str) -> bytes:
    return camt([]).replace(b"</Acct>", b"</Acct>" + entries.encode())


@pytest.mark.parametrize("version", ["02", "08"])
def test_what_came_in_is_read_the_same_in_both_versions(version: str) -> None:
    [statement] = camt053.read(camt([("2698.00", "Acme B.V.", "INV-2026-00001", "R1")], version=version))
    [line] = statement.lines
    assert (statement.account, statement.kind[-2:], line.booked_on) == (IBAN, version, date(2026, 6, 12))
    assert (line.amount, line.payer, line.remittance, line.reference) == (
        Money(269_800, "EUR"), "Acme B.V.", "INV-2026-00001", "R1",
    )  # fmt: skip


def test_several_payments_in_one_entry_are_lines_of_their_own_when_they_add_up() -> None:
    parts = PART.format(ref="T1", amount="100.00") + PART.format(ref="T2", amount="50.000")
    [statement] = camt053.read(with_entries(ENTRY.format(parts=parts)))
    assert [(line.amount.amount, line.reference, line.remittance) for line in statement.lines] == [
        (10_000, "B1 T1", "part T1 E-T1"), (5_000, "B1 T2", "part T2 E-T2"),
    ]  # fmt: skip
    wrong = PART.format(ref="T1", amount="100.00") + PART.format(ref="T2", amount="60.00")
    [statement] = camt053.read(with_entries(ENTRY.format(parts=wrong)))
    assert [(line.amount.amount, line.reference) for line in statement.lines] == [(15_000, "B1")]


def test_money_out_and_what_is_not_booked_are_counted_and_left_out() -> None:
    entry = ENTRY.format(parts="")
    others = entry.replace("CRDT", "DBIT") + entry.replace("BOOK<", "PDNG<")
    back = entry.replace("<Sts>", "<RvslInd>true</RvslInd><Sts>")
    [statement] = camt053.read(with_entries(entry + others + back))
    assert (len(statement.lines), statement.left_out) == (1, 3)


BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;">]><Document>&c;</Document>'
THIEF = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Document>&b;</Document>'


@pytest.mark.parametrize(
    "content",
    [
        BOMB, THIEF, BOMB.decode().encode("utf-16"), b"", b"not xml", b"<a/>", b"<Document/>",
        camt([("1.00", "a", "b", "c")]).replace(b"camt.053", b"pain.001"),
        camt([("one", "a", "b", "c")]), camt([("-1.00", "a", "b", "c")]), camt([("1.00", "a", "b", "c")], day="x"),
        camt([("1.00", "a", "b", "c")], currency="XXX"), b"<a>" * 300 + b"</a>" * 300,
    ],
)  # fmt: skip
def test_what_cannot_be_read_or_means_harm_is_refused(content: bytes) -> None:
    with pytest.raises(ZetelError, match="bank_file_unreadable"):
        camt053.read(content)


def test_too_much_is_refused_before_it_is_read() -> None:
    with pytest.raises(ZetelError, match="bank_file_too_large"):
        camt053.read(b" " * (camt053.BYTES_MAX + 1))


def test_text_that_no_page_can_carry_is_left_out() -> None:
    [statement] = camt053.read(camt([("1.00", "A\u200bcme\u202e", "a &amp; b\n\n c", "R")]))
    assert (statement.lines[0].payer, statement.lines[0].remittance) == ("Acme", "a & b c")
