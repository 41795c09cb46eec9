"""The code that banking apps read a transfer from: line for line as EPC069-12 lays it down (G5)."""

import pytest
import segno

from zetel.documents.bank_payment import code, grouped
from zetel.rules.money import Money

IBAN = "NL91ABNA0417164300"


def svg_of(*lines: str) -> bytes:
    """What these very lines look like as a code: correction level M, in the character set that line 3 names."""
    payload = "\n".join(lines).encode()
    made = segno.make_qr(payload, error="m", boost_error=False, mode="byte")
    svg: str = made.svg_inline(scale=4, border=2, light="#ffffff")
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).encode()


def test_the_code_holds_the_eleven_lines_of_the_standard() -> None:
    """Tag, version, UTF-8, transfer, no BIC, holder, account, amount, no purpose, no creditor reference, text."""
    made = code("Café Zetel B.V.", IBAN, "INV-2026-00007", Money(326458, "EUR"))
    wanted = (
        "BCD", "002", "1", "SCT", "", "Café Zetel B.V.", IBAN, "EUR3264.58", "", "", "INV-2026-00007",
    )  # fmt: skip
    assert made == svg_of(*wanted)
    assert made != svg_of(*wanted[:-1], "INV-2026-00008")


def test_a_longer_name_is_cut_where_the_standard_ends() -> None:
    made = code("Z" * 71, IBAN, "INV-1", Money(1, "EUR"))
    assert made == svg_of("BCD", "002", "1", "SCT", "", "Z" * 70, IBAN, "EUR0.01", "", "", "INV-1")


@pytest.mark.parametrize(
    ("iban", "due"),
    [
        (IBAN, Money(100, "USD")), ("", Money(100, "EUR")), (IBAN, Money(0, "EUR")),
        (IBAN, Money(100_000_000_000, "EUR")),
    ],
)  # fmt: skip
def test_there_is_none_where_the_standard_has_none(iban: str, due: Money) -> None:
    assert code("Zetel", iban, "INV-1", due) == b""


def test_an_account_is_read_in_fours() -> None:
    assert grouped(IBAN) == "NL91 ABNA 0417 1643 00"
