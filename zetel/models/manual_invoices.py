"""What is asked for by bank: an invoice that its customer pays within a term, and how far its reminders are (rule G5).

The invoice itself stays as it was issued; its due date as it is now, and what was done about it, stand here.
"""

from django.db import models
from django.db.models import Q

from zetel.models.invoices import Invoice
from zetel.models.row import Row


class ManualInvoice(Row):
    """One for each invoice that was issued with something to pay by bank.

    `next_at` is when its next step comes, None after the last; `overdue_at` since when it is overdue, `at_finance_at`
    since when finance decide about it. Once the invoice is settled nothing of this is looked at any more.
    """

    PREFIX = "man"

    invoice = models.OneToOneField(Invoice, models.PROTECT, related_name="manual")
    term_days = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    steps_done = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)
    overdue_at = models.DateTimeField(null=True, blank=True)
    at_finance_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="manual_to_remind"),
        ]
