"""What stands on an invoice or a credit note, as plain frozen values.

Amounts are minor units, signed as they were issued: a credit line's and a credit note's are negative.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["invoice", "credit_note"]


@dataclass(frozen=True, slots=True)
class Party:
    """A seller or customer as they were called that day; `country` is the ISO code, `address` its printed lines.

    `street` to `region` are the parts of that address; `electronic_address` is where an e-invoice is sent.
    """

    name: str
    address: tuple[str, ...]
    country: str = ""
    attention: str = ""
    vat_number: str = ""
    registration_number: str = ""
    iban: str = ""
    email: str = ""
    website: str = ""
    street: str = ""
    street2: str = ""
    postcode: str = ""
    city: str = ""
    region: str = ""
    electronic_address: str = ""


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line. The period is half-open; `explanation` is made from the numbers when it is left empty (rule I3).

    `amount` is what M2 gives, before `discount_amount`, which has the same sign.
    """

    description: str
    seats: int
    unit_price: int
    days: int
    of_days: int
    period_start: date
    period_end: date
    amount: int
    tax_rate_bp: int
    tax_category: str = "S"
    explanation: str = ""
    discount_bp: int = 0
    discount_amount: int = 0


@dataclass(frozen=True, slots=True)
class TaxRow:
    """Tax per category (EN 16931 code) and rate; `words` replaces the words the law asks for in this language."""

    category: str
    rate_bp: int
    base: int
    amount: int
    words: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier document that this one takes back from."""

    number: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class HomeTax:
    """The tax in the seller's own currency: `rate` units of the document's for one of it, as published on a day."""

    currency: str
    amount: int
    rate: str
    on: date


@dataclass(frozen=True, slots=True)
class BankPayment:
    """How an invoice is paid by bank; `code` is the EPC code as SVG, empty where there is none."""

    holder: str
    iban: str
    reference: str
    code: bytes = b""


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """All that stands on an invoice or credit note. `logo` is a PNG or SVG file that `check_logo` accepted.

    `buyer_reference` is what the customer is called by when it gave no reference. `payment_means` is how it is, or
    was, paid; empty where the seller waits for money without having a method.
    """

    kind: Kind
    number: str
    issued_on: date
    language: Literal["nl", "en"]
    currency: str
    seller: Party
    customer: Party
    lines: tuple[DocumentLine, ...]
    taxes: tuple[TaxRow, ...]
    net: int
    tax: int
    total: int
    due_amount: int
    balance_used: int = 0
    paid_amount: int = 0
    due_on: date | None = None
    paid_on: date | None = None
    reference: str = ""
    payment_note: str = ""
    notes: str = ""
    credits_number: str = ""
    credited: tuple[Reference, ...] = ()
    buyer_reference: str = ""
    purchase_order: str = ""
    payment_means: Literal["", "card", "paypal", "transfer"] = ""
    home_tax: HomeTax | None = None
    bank: BankPayment | None = None
    logo: bytes = b""
