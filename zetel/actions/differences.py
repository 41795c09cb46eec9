"""Keeping what a comparison with a payment company's ledger found: told to staff once, closed when it is gone (X2)."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from zetel.actions import mail
from zetel.models import Difference
from zetel.rules.money import Money


@dataclass(frozen=True, kw_only=True)
class Found:
    """One difference: `amount` and `at` are of the capture, of our payment where the company knows none."""

    what: str
    reference: str
    charge_id: str
    amount: Money
    at: datetime


def keep(gateway: str, found: Found, *, now: datetime) -> bool:
    """Write a difference down, and tell staff, unless it stands there already. Whether it is new."""
    with transaction.atomic():
        row, is_new = Difference.objects.get_or_create(
            gateway=gateway, what=found.what, reference=found.reference[:64], charge_id=found.charge_id[:128],
            closed_at=None,
            defaults={
                "amount": found.amount.amount, "currency": found.amount.currency, "found_at": now, "seen_at": now,
                "happened_at": found.at,
            },
        )  # fmt: skip
        if not is_new:
            Difference.objects.filter(pk=row.pk).update(seen_at=now)
            return False
        mail.queue(
            "staff_alert", once_key=f"staff_alert:difference:{row.pk}", now=now, language="en",
            to_email=settings.CONFIG.seller.support_email,
            params={
                "what": "ledger_difference", "reference": found.reference or found.charge_id,
                "amount": None, "currency": None,
                "said_amount": found.amount.amount, "said_currency": found.amount.currency,
            },
        )  # fmt: skip
    return True


def close_gone(gateway: str, *, since: datetime, now: datetime) -> int:
    """Close what happened since an instant and was not found again now; how many. What is older stays for staff."""
    gone = Difference.objects.filter(gateway=gateway, closed_at=None, seen_at__lt=now, happened_at__gte=since)
    return gone.update(closed_at=now)
