"""What happened and what is to be told: events (append-only) and mails to send (rules X13, I4).

The event row is the audit trail and the timeline; the mail row is the entry that a job sends, once by its key.
"""

from django.db import models

from zetel.models.customers import Customer
from zetel.models.invoices import Invoice
from zetel.models.keys import ApiKey
from zetel.models.row import Row, one_of
from zetel.models.spaces import Person, Space
from zetel.models.subscriptions import Subscription


class Event(Row):
    """One recorded change: who, on behalf of whom, by which key of the API, on what, before and after."""

    PREFIX = "evt"

    kind = models.CharField(max_length=48)
    at = models.DateTimeField()
    actor = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    on_behalf_of = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    api_key = models.ForeignKey(ApiKey, models.SET_NULL, null=True, related_name="+")
    space = models.ForeignKey(Space, models.SET_NULL, null=True, related_name="events")
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="events")
    subscription = models.ForeignKey(Subscription, models.PROTECT, null=True, related_name="events")
    invoice = models.ForeignKey(Invoice, models.PROTECT, null=True, related_name="events")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["subscription", "-id"], name="event_of_subscription"),
            models.Index(fields=["space", "-id"], name="event_of_space"),
        ]


class Mail(Row):
    """A mail to send: its kind and facts; the sentences are made when it is sent, in `language`.

    One with `owner_of` is for the billing owner of that subscription on the day it leaves, whoever that was before.
    """

    PREFIX = "mai"

    kind = models.CharField(max_length=48)
    once_key = models.CharField(max_length=128, unique=True)
    to_email = models.EmailField(max_length=254)
    to_person = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    language = models.CharField(max_length=5)
    params = models.JSONField(default=dict)
    invoice = models.ForeignKey(Invoice, models.PROTECT, null=True, related_name="mails")
    space = models.ForeignKey(Space, models.SET_NULL, null=True, related_name="+")
    owner_of = models.ForeignKey(Subscription, models.PROTECT, null=True, related_name="+")
    status = models.CharField(max_length=12, default="queued")
    subject = models.CharField(max_length=255, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [one_of("status", "queued", "sent", "parked", name="mail_status")]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=models.Q(status="queued"), name="mail_to_send"),
        ]
