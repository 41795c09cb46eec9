"""What a confirmed change of a subscription brought, for the page of what came of it (screens 2.6)."""

from typing import Any

from django.urls import reverse

from zetel.models import Change, Invoice, Subscription
from zetel.rules.catalog import Catalog
from zetel.rules.quotes import change_from_json
from zetel.web.billing_change_review import plan_url
from zetel.web.billing_change_words import change_summary
from zetel.web.billing_tab import billing_url


def changed(row: Change, catalog: Catalog) -> dict[str, Any]:
    """The change in words, its document for whoever is billing owner still, and where to try again."""
    quote = row.quote
    assert quote.subscription_id is not None, "a change is of a subscription"
    still = Subscription.objects.live().filter(
        pk=quote.subscription_id, customer__billing_owner=row.person_id
    )
    is_owner = still.exists()
    invoice = Invoice.objects.filter(quote=quote).first() if row.status == "done" and is_owner else None
    again = {"review": plan_url(quote), "method": reverse("billing_method", args=[row.space_id])}
    return {
        "is_owner": is_owner, "invoice": invoice, "again": again, "billing_url": billing_url(row.space),
        **change_summary(change_from_json(quote.body), catalog),
    }  # fmt: skip
