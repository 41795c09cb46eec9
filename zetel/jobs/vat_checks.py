"""Asking the EU's service about VAT numbers: while the review page waits, and from the queue (rules T2, T4).

Nothing is in a transaction while the service is spoken to. It may be away for hours; a check that got no answer is
asked again with growing pauses, and nobody waits for it longer than ten seconds.
"""

from datetime import datetime
from typing import Literal

import structlog
from django.conf import settings

from zetel.actions import vat_numbers
from zetel.gateways.vies import LIVE_URL, PretendVies, Service, Vies
from zetel.models import Customer, VatCheck
from zetel.rules.transitions import VatCheckStatus

PAGE_SECONDS = 9.0  # of the ten that a page may wait
QUEUE_SECONDS = 20.0
BATCH = 20  # of one minute: member states refuse who asks too fast

log = structlog.get_logger(__name__)

Known = Literal["", "verified", "unknown", "away"]
"""Nothing to say; the number was confirmed just now; the service does not know it; it did not answer."""


def service() -> Service:
    """Who is asked: the EU's service, a stand-in at an address that was set, or in a sandbox one that pretends."""
    config = settings.CONFIG
    if config.sandbox and not config.vies_url:
        return PretendVies()
    return Vies(config.vies_url or LIVE_URL, config.seller.vat_number)


def look(customer: Customer, *, now: datetime, again: bool = False) -> Known:
    """What is known of a buyer's number, asking the service if nobody did; `again` asks whatever was said before."""
    if customer.vat_status != "unverified" or not vat_numbers.is_asked(customer):
        return ""
    last = vat_numbers.latest(customer)
    if last and not again:
        if last.status == VatCheckStatus.INVALID:
            return "unknown"
        if last.status == VatCheckStatus.WAITING and last.tries:
            return "away"
    wanted = vat_numbers.want(customer, now=now)
    if wanted is None:
        return ""
    check = _ask(wanted, now, PAGE_SECONDS)
    customer.refresh_from_db()
    if check is None or check.status in (VatCheckStatus.WAITING, VatCheckStatus.UNANSWERED):
        return "away"
    return "verified" if check.status == VatCheckStatus.VALID else "unknown"


def run_due(now: datetime) -> int:
    """Queue what is checked before a renewal, ask what is due, give back what waited; how many were answered."""
    vat_numbers.want_before_renewals(now)
    done = 0
    for check_id in vat_numbers.due_ids(now, limit=BATCH):
        check = VatCheck.objects.get(pk=check_id)
        asked = _ask(check, now, QUEUE_SECONDS)
        done += asked is not None and asked.status in (VatCheckStatus.VALID, VatCheckStatus.INVALID)
        if asked is not None and asked.status == VatCheckStatus.WAITING:
            break  # one that is away is likely away for all; the others are asked with the next run
    vat_numbers.give_back_later(now)
    return done


def _ask(wanted: VatCheck, now: datetime, within_seconds: float) -> VatCheck | None:
    """Claim, ask, book; None when somebody else is asking."""
    check = vat_numbers.claim(wanted.pk, now=now)
    if check is None:
        return None
    answer = service().ask(check.country, check.number, within_seconds=within_seconds)
    return vat_numbers.answered(check, answer, now=now)
