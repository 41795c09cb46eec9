"""The seller's bank account as its statements tell it: statements, their lines, and which payment a line became (G5).

A line is kept once, by what the bank calls it; bookings are only ever added, and a wrong one is corrected by another.
"""

from django.db import models

from zetel.models.payments import Payment
from zetel.models.row import Row, one_of
from zetel.models.spaces import Person
from zetel.rules.transitions import BankLineStatus


class BankStatement(Row):
    """One file that finance read in."""

    PREFIX = "bst"

    file_name = models.CharField(max_length=255)
    account = models.CharField(max_length=34)
    reference = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=32)
    line_count = models.PositiveIntegerField()
    left_out_count = models.PositiveIntegerField(default=0)
    read_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()


class BankLine(Row):
    """Money that came on the account: a line of a statement, or one that finance typed (then without a statement).

    `key` is what makes it the same line wherever it is read again.
    """

    PREFIX = "bkl"

    statement = models.ForeignKey(BankStatement, models.PROTECT, null=True, related_name="lines")
    account = models.CharField(max_length=34, blank=True)
    key = models.CharField(max_length=64)
    booked_on = models.DateField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    payer = models.CharField(max_length=255, blank=True)
    payer_account = models.CharField(max_length=34, blank=True)
    remittance = models.TextField(max_length=2000, blank=True)
    reference = models.CharField(max_length=140, blank=True)
    status = models.CharField(max_length=12, default="open")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            one_of("status", *BankLineStatus, name="bank_line_status"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="bank_line_positive"),
            models.UniqueConstraint(fields=["account", "key"], name="bank_line_once"),
        ]
        indexes = [models.Index(fields=["status", "-id"], name="bank_line_newest")]


class BankBooking(Row):
    """A line became the payment of an invoice; `corrected_at` says that this was taken back since, with its reason."""

    PREFIX = "bkg"

    line = models.ForeignKey(BankLine, models.PROTECT, related_name="bookings")
    payment = models.OneToOneField(Payment, models.PROTECT, related_name="bank_booking")
    booked_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    corrected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["line"], condition=models.Q(corrected_at=None), name="bank_line_booked_once"
            ),
        ]
