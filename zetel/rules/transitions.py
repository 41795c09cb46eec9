"""Every status there is, and which may follow which; a status changes along these tables or not at all.

Actions change a row with a compare-and-set: UPDATE ... WHERE status IN `before(table, new)`, exactly one row. That an
agreement ends is a date (`ends_on`), that a change is scheduled is a row of terms: neither is a status.
"""

from collections.abc import Mapping
from enum import StrEnum

from zetel.rules.errors import ZetelError


class SubscriptionStatus(StrEnum):
    """Live unless ended. The first two sell nothing yet: a trial (P10), or sales' approval not yet given (G5)."""

    TRIAL = "trial"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    ENDED = "ended"


class ChangeStatus(StrEnum):
    """A confirmed quote whose payment is under way (C5)."""

    PENDING = "pending"
    ACTION = "action"  # waiting for the bank's approval
    DONE = "done"
    DECLINED = "declined"
    EXPIRED = "expired"
    REFUNDED = "refunded"  # the money came, but too late or for nothing (C5, G7)


class QuoteStatus(StrEnum):
    """A quote is open until it is used once; whether its time is over is a question of the clock."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


class InvoiceStatus(StrEnum):
    """Where an issued document stands; the document itself never changes (I1). Overdue is a date, not a status."""

    OPEN = "open"
    PAID = "paid"
    CREDITED = "credited"
    WRITTEN_OFF = "written_off"


class PaymentStatus(StrEnum):
    """Money wanted, and what became of it."""

    WANTED = "wanted"
    PAID = "paid"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    PARKED = "parked"
    REFUNDED = "refunded"
    TAKEN_BACK = "taken_back"  # dispute or late return (G8)


class AttemptStatus(StrEnum):
    """One try at a gateway (G3). Unknown is never refused: it is asked again by reference."""

    CREATED = "created"
    SENT = "sent"
    PROCESSING = "processing"
    ACTION = "action"
    UNKNOWN = "unknown"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    PARKED = "parked"


class RefundStatus(StrEnum):
    """Money going back (G6)."""

    WANTED = "wanted"
    SENT = "sent"
    UNKNOWN = "unknown"
    DONE = "done"
    REFUSED = "refused"
    PARKED = "parked"


class MethodStatus(StrEnum):
    """A card or PayPal agreement; the new one replaces the old only once it was set up (G2)."""

    PENDING = "pending"
    ACTIVE = "active"
    REFUSED = "refused"
    REPLACED = "replaced"
    REMOVED = "removed"


class InvitationStatus(StrEnum):
    """An invitation by mail; whether it is too old is a question of the clock."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REVOKED = "revoked"


class SalesRequestStatus(StrEnum):
    """A wish that a person at sales answers (P6)."""

    OPEN = "open"
    ANSWERED = "answered"  # in words
    OFFERED = "offered"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class BankLineStatus(StrEnum):
    """Money that came by bank (G5): to be looked at, booked on an invoice, or none of ours."""

    OPEN = "open"
    BOOKED = "booked"
    SKIPPED = "skipped"


class VatCheckStatus(StrEnum):
    """What became of asking about a VAT number (T2)."""

    WAITING = "waiting"  # not answered yet; asked again
    VALID = "valid"
    INVALID = "invalid"
    UNANSWERED = "unanswered"  # given up after 60 days
    REPLACED = "replaced"  # the customer has another number or country now, or staff recorded evidence


class OfferStatus(StrEnum):
    """An offer by sales (P6); whether its time is over is a question of the clock."""

    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


class OverageStatus(StrEnum):
    """More people than seats (C8)."""

    OPEN = "open"
    CLOSED = "closed"


Table = Mapping[StrEnum, frozenset[StrEnum]]


def _table(kind: type[StrEnum], **after: str) -> Table:
    """Status to the statuses that may follow, written as words; a status that is not named is final."""
    return {status: frozenset(kind(word) for word in after.get(status, "").split()) for status in kind}


SUBSCRIPTION = _table(
    SubscriptionStatus,
    trial="active past_due ended",
    active="past_due ended",
    past_due="active ended",
)
CHANGE = _table(
    ChangeStatus,
    pending="action done declined expired refunded",
    action="done declined expired refunded",
    declined="refunded",  # an answer that was refused and then paid after all: the money goes back
    expired="refunded",
)
QUOTE = _table(QuoteStatus, open="confirmed withdrawn")
INVOICE = _table(
    InvoiceStatus,
    open="paid credited written_off",
    paid="open credited",  # open again by a payment taken back (G8)
    credited="open",  # the same, of a payment that a credit had made balance
    written_off="paid open",
)
PAYMENT = _table(
    PaymentStatus,
    wanted="paid refused cancelled parked",
    refused="wanted paid parked",  # the next try of dunning; or the company had captured it after all
    cancelled="paid parked",
    parked="wanted paid refused cancelled refunded",
    paid="refunded taken_back",
    taken_back="paid",  # a dispute that was won
)
ATTEMPT = _table(
    AttemptStatus,
    created="sent cancelled",
    sent="processing action unknown paid declined cancelled parked",
    processing="action unknown paid declined cancelled parked",
    action="processing unknown paid declined cancelled parked",
    unknown="sent processing action paid declined cancelled parked",
    parked="paid declined cancelled",
)
REFUND = _table(
    RefundStatus,
    wanted="sent parked",
    sent="done refused unknown parked",
    unknown="sent done refused parked",
    refused="parked",
    parked="sent done refused",
)
METHOD = _table(
    MethodStatus,
    pending="active refused removed",
    active="replaced removed",
    replaced="removed",
)
INVITATION = _table(InvitationStatus, open="accepted declined revoked")
SALES_REQUEST = _table(
    SalesRequestStatus,
    open="answered offered approved declined withdrawn",
    answered="offered approved declined withdrawn",
    offered="answered approved declined withdrawn",
    declined="answered offered",
)
BANK_LINE = _table(BankLineStatus, open="booked skipped", booked="open", skipped="open")
VAT_CHECK = _table(VatCheckStatus, waiting="valid invalid unanswered replaced")
OFFER = _table(OfferStatus, open="accepted withdrawn")
OVERAGE = _table(OverageStatus, open="closed", closed="open")

TABLES: Mapping[str, Table] = {
    "subscription": SUBSCRIPTION,
    "change": CHANGE,
    "quote": QUOTE,
    "invoice": INVOICE,
    "payment": PAYMENT,
    "attempt": ATTEMPT,
    "refund": REFUND,
    "method": METHOD,
    "invitation": INVITATION,
    "sales_request": SALES_REQUEST,
    "offer": OFFER,
    "bank_line": BANK_LINE,
    "vat_check": VAT_CHECK,
    "overage": OVERAGE,
}

LIVE_SUBSCRIPTION: frozenset[SubscriptionStatus] = frozenset(SubscriptionStatus) - {SubscriptionStatus.ENDED}
PENDING_CHANGE: frozenset[ChangeStatus] = frozenset({ChangeStatus.PENDING, ChangeStatus.ACTION})
UNSETTLED_ATTEMPT: frozenset[AttemptStatus] = frozenset(
    {
        AttemptStatus.CREATED,
        AttemptStatus.SENT,
        AttemptStatus.PROCESSING,
        AttemptStatus.ACTION,
        AttemptStatus.UNKNOWN,
    }
)


def is_legal(table: Table, old: str, new: str) -> bool:
    """Whether `new` may follow `old`; a status that the table does not know may neither precede nor follow."""
    return any(new in after for status, after in table.items() if status == old)


def check(table: Table, old: str, new: str) -> None:
    """Raise `transition_illegal` unless `new` may follow `old`."""
    if not is_legal(table, old, new):
        raise ZetelError("transition_illegal", old=str(old), new=str(new))


def before(table: Table, new: str) -> tuple[str, ...]:
    """The statuses from which `new` may be reached, for the WHERE of a compare-and-set."""
    assert new in set(table), f"{new!r} is not a status of this table"
    return tuple(str(status) for status, after in table.items() if new in after)


def is_final(table: Table, status: str) -> bool:
    """Whether nothing can follow."""
    return not any(after for known, after in table.items() if known == status)
