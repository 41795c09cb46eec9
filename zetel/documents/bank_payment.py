"""Paying an invoice by bank: what to type, and the EPC code that banking apps read it from (rule G5).

The code is for euro transfers alone (EPC069-12); other currencies get the same facts in words.
"""

from decimal import Decimal

import segno.helpers

from zetel.documents.values import BankPayment
from zetel.rules.money import Money, plain

_NAME_MAX = 70
_CODE_AMOUNT_MAX = 99_999_999_999  # 999,999,999.99


def bank_payment(holder: str, iban: str, reference: str, due: Money) -> BankPayment:
    """What to pay to whom under which reference; the payment reference is the invoice's number."""
    return BankPayment(holder, iban, reference, code(holder, iban, reference, due))


def code(holder: str, iban: str, reference: str, due: Money) -> bytes:
    """The EPC code as SVG; empty where there is none: another currency, no account, nothing to pay."""
    if due.currency != "EUR" or not iban or not 0 < due.amount <= _CODE_AMOUNT_MAX:
        return b""
    try:
        made = segno.helpers.make_epc_qr(
            name=holder[:_NAME_MAX],
            iban=iban,
            amount=Decimal(plain(due.amount, due.currency)),
            text=reference,
            encoding="utf-8",
        )
    except (ValueError, segno.DataOverflowError):  # a name that no bank takes: the facts in words are enough
        return b""
    svg: str = made.svg_inline(scale=4, border=2, light="#ffffff")
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).encode()


def grouped(iban: str) -> str:
    """An IBAN as people read it, in fours."""
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))
