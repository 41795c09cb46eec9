"""Issued documents: series, invoices and credit notes, their lines and taxes, and the frozen bytes (rules I1 to I7).

Nothing here is edited after issue but `state`, which says whether the document still asks for money.
"""

from django.db import models
from django.db.models import Q

from zetel.models.customers import Customer
from zetel.models.row import Row, one_of
from zetel.models.spaces import Space
from zetel.models.subscriptions import Quote, Subscription
from zetel.rules.transitions import InvoiceStatus


class Series(Row):
    """A run of consecutive numbers: one per seller, year and kind of document (rule I2)."""

    PREFIX = "ser"

    seller = models.CharField(max_length=64)
    year = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12)
    last_number = models.PositiveIntegerField(default=0)
    last_date = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "year", "kind"], name="series_once")]


class Invoice(Row):
    """An issued invoice or credit note, with the seller's and customer's details of that day.

    `home_tax` is its tax in the seller's own currency, where that is another one: currency, amount, rate and its day.
    """

    PREFIX = "inv"

    kind = models.CharField(max_length=12, default="invoice")
    series = models.ForeignKey(Series, models.PROTECT, related_name="invoices")
    sequence = models.PositiveIntegerField()
    number = models.CharField(max_length=32, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="invoices")
    subscription = models.ForeignKey(Subscription, models.PROTECT, null=True, related_name="invoices")
    space = models.ForeignKey(Space, models.SET_NULL, null=True, related_name="invoices")
    quote = models.OneToOneField(Quote, models.PROTECT, null=True, related_name="invoice")
    credits = models.ForeignKey("self", models.PROTECT, null=True, related_name="credit_notes")
    renews_on = models.DateField(null=True, blank=True)
    issued_on = models.DateField()
    due_on = models.DateField()
    issued_at = models.DateTimeField()
    language = models.CharField(max_length=5)
    currency = models.CharField(max_length=3)
    net_amount = models.BigIntegerField()
    tax_amount = models.BigIntegerField()
    home_tax = models.JSONField(default=dict)
    total_amount = models.BigIntegerField()
    balance_used_amount = models.BigIntegerField(default=0)
    seller = models.JSONField()
    buyer = models.JSONField()
    state = models.CharField(max_length=12, default="open")

    class Meta:
        constraints = [
            one_of("kind", "invoice", "credit_note", name="invoice_kind"),
            one_of("state", *InvoiceStatus, name="invoice_state"),
            models.CheckConstraint(
                condition=Q(total_amount=models.F("net_amount") + models.F("tax_amount")),
                name="invoice_total",
            ),
            models.UniqueConstraint(fields=["series", "sequence"], name="invoice_number_once"),
            models.UniqueConstraint(fields=["subscription", "renews_on"], name="invoice_one_per_period"),
        ]
        indexes = [models.Index(fields=["customer", "-issued_on", "-id"], name="invoice_newest_first")]


class InvoiceLine(Row):
    """An amount for a stretch of dates, with all that it was reckoned from (rule I3); signed in minor units."""

    PREFIX = "lin"

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines")
    subscription = models.ForeignKey(Subscription, models.PROTECT, null=True, related_name="lines")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8)
    is_coverage = models.BooleanField(default=True)
    plan = models.CharField(max_length=32)
    cycle = models.CharField(max_length=8)
    seats = models.PositiveIntegerField()
    unit_amount = models.BigIntegerField()
    start = models.DateField()
    end = models.DateField()
    period_start = models.DateField()
    period_end = models.DateField()
    amount = models.BigIntegerField()
    discount_bp = models.PositiveIntegerField(default=0)
    discount_amount = models.BigIntegerField(default=0)
    tax_category = models.CharField(max_length=4)
    rate_bp = models.PositiveIntegerField()
    rule = models.CharField(max_length=8)
    takes_back = models.JSONField(default=list)

    class Meta:
        constraints = [
            one_of("kind", "charge", "credit", name="line_kind"),
            models.UniqueConstraint(fields=["invoice", "position"], name="line_position_once"),
        ]


class InvoiceTax(Row):
    """One row per tax category and rate: the base, the tax, and why (rule M8)."""

    PREFIX = "tax"

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="taxes")
    category = models.CharField(max_length=4)
    rate_bp = models.PositiveIntegerField()
    base_amount = models.BigIntegerField()
    tax_amount = models.BigIntegerField()
    reason = models.CharField(max_length=32, blank=True)


class Credit(Row):
    """What a credit note takes off one invoice, and what of that became balance (rules I1, I7).

    `taxes` are its rows, positive: category, rate in basis points, net, tax. All notes on an invoice are together
    never more than it.
    """

    PREFIX = "crd"

    note = models.ForeignKey(Invoice, models.PROTECT, related_name="credit_shares")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="credits_on")
    amount = models.BigIntegerField()
    balance_amount = models.BigIntegerField(default=0)
    taxes = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["note", "invoice"], name="credit_once")]


class IssuedFile(Row):
    """The bytes of a document as they were first made; their hash proves that they never changed (X10)."""

    PREFIX = "fil"

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="files")
    kind = models.CharField(max_length=12, default="pdf")
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invoice", "kind"], name="file_once")]
