"""Who pays: the customer, its payment methods and its balance (rules P12, M9, M10, G1, G2).

The billing owner stands on the customer, because a customer's live subscriptions share one (rule P12). A customer
without one was entered in a purchase that has not been paid yet.
"""

from django.db import models
from django.db.models import Q

from zetel.models.row import Row, one_of
from zetel.models.spaces import Person
from zetel.rules.transitions import MethodStatus

METHOD_KINDS = ("card", "paypal", "direct_debit")


class Customer(Row):
    """Name, address, VAT number, currency, language and time zone of who pays."""

    PREFIX = "cus"

    name = models.CharField(max_length=255)
    company = models.CharField(max_length=255, blank=True)
    address_line1 = models.CharField(max_length=255, blank=True)
    address_line2 = models.CharField(max_length=255, blank=True)
    postal_code = models.CharField(max_length=32, blank=True)
    city = models.CharField(max_length=128, blank=True)
    region = models.CharField(max_length=128, blank=True)
    country = models.CharField(max_length=2)
    vat_number = models.CharField(max_length=32, blank=True)
    vat_status = models.CharField(max_length=12, default="none")
    vat_checked_at = models.DateTimeField(null=True, blank=True)
    invoice_email = models.EmailField(max_length=254, blank=True)
    mails_einvoice = models.BooleanField(default=False)
    reference = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=5, default="en")
    time_zone = models.CharField(max_length=64, default="Europe/Amsterdam")
    currency = models.CharField(max_length=3)
    remind_monthly = models.BooleanField(default=False)
    billing_owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="customers")
    entered_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [one_of("vat_status", "none", "unverified", "verified", name="customer_vat_status")]

    def __str__(self) -> str:
        return self.company or self.name


class PaymentMethod(Row):
    """A token at a gateway. Exactly one per customer is active; a new one replaces it when it works (G2).

    As its gateway told when it was saved: `minimum_amounts` is the smallest charge per currency in minor units (G9);
    with `confirms_after_days` above 0 it pays invoices, not increases (C5). `given_up_at` is when the gateway was told
    to forget a replaced one.
    """

    PREFIX = "pmd"

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="methods")
    gateway = models.CharField(max_length=32)
    kind = models.CharField(max_length=16)
    token = models.CharField(max_length=255)
    label = models.CharField(max_length=128)
    expires_on = models.DateField(null=True, blank=True)
    minimum_amounts = models.JSONField(default=dict)
    confirms_after_days = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=12, default="active")
    set_up_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    given_up_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("kind", *METHOD_KINDS, name="method_kind"),
            one_of("status", *MethodStatus, name="method_status"),
            models.UniqueConstraint(
                fields=["customer"], condition=Q(status="active"), name="method_one_active"
            ),
        ]


class MethodSetup(Row):
    """A visit to the gateway's own page to save a method: where it started and where it returns to."""

    PREFIX = "set"

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="setups")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    gateway = models.CharField(max_length=32)
    kind = models.CharField(max_length=16)
    setup_id = models.CharField(max_length=128, blank=True)
    status = models.CharField(max_length=12, default="pending")
    next_path = models.CharField(max_length=512)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [one_of("status", "pending", "done", "refused", name="setup_status")]


class BalanceEntry(Row):
    """What the seller owes the customer for later invoices, as signed entries; never edited."""

    PREFIX = "bal"

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="balance_entries")
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    kind = models.CharField(max_length=24)
    invoice = models.ForeignKey("zetel.Invoice", models.PROTECT, null=True, related_name="balance_entries")
    created_at = models.DateTimeField()
