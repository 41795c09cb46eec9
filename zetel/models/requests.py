"""What people asked of the seller in words: sales requests (rules P6, G5) and support requests."""

from django.db import models

from zetel.models.customers import Customer
from zetel.models.row import Row, one_of
from zetel.models.spaces import Person, Space
from zetel.rules.transitions import SalesRequestStatus


class SalesRequest(Row):
    """A wish that sales must answer, with what was asked for filled in; `customer` is who would pay, if it is known."""

    PREFIX = "sal"

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    space = models.ForeignKey(Space, models.SET_NULL, null=True, related_name="sales_requests")
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, related_name="+")
    topic = models.CharField(max_length=24)
    wish = models.JSONField(default=dict)
    name = models.CharField(max_length=255)
    email = models.EmailField(max_length=254)
    company = models.CharField(max_length=255, blank=True)
    phone = models.CharField(max_length=64, blank=True)
    message = models.TextField(max_length=5000, blank=True)
    status = models.CharField(max_length=12, default="open")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [one_of("status", *SalesRequestStatus, name="sales_request_status")]


class SupportRequest(Row):
    """A question to support, sent from the Billing tab or the upgrade flow."""

    PREFIX = "que"

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    space = models.ForeignKey(Space, models.SET_NULL, null=True, related_name="support_requests")
    subject = models.CharField(max_length=255)
    message = models.TextField(max_length=5000)
    created_at = models.DateTimeField()
