"""What becomes of an offer when what it offered is bought: used, once, in the transaction of the purchase (rule P6)."""

from datetime import date, datetime
from typing import Any

from django.conf import settings

from zetel.actions import mail, sales
from zetel.actions._change import transition
from zetel.models import Change
from zetel.rules import transitions
from zetel.rules.errors import ZetelError


def accept(change: Change, *, now: datetime) -> None:
    """Mark the offer behind a change used and the request behind the offer answered, and tell sales.

    Nothing for a change without an offer. Raises offer_used, offer_withdrawn: then the money goes back.
    """
    offer = change.quote.offer
    if offer is None:
        return
    by_sales = sales.took(change.quote)
    if not transition(
        offer, transitions.OFFER, "accepted", change=change, **(_approval(change, now) if by_sales else {})
    ):
        raise ZetelError("offer_used" if offer.status == "accepted" else "offer_withdrawn")
    if offer.request is not None:
        transition(offer.request, transitions.SALES_REQUEST, "approved")
    if by_sales:
        return
    mail.queue(
        "offer_accepted", once_key=f"offer_accepted:{offer.pk}", now=now, language="en", space=change.space,
        to_email=settings.CONFIG.seller.sales_email,
        params={
            "offer": offer.public_id, "to": change.person.label, "space": change.space.name, "plan": offer.plan,
            "cycle": offer.cycle, "seats": offer.seats, "unit_amount": offer.unit_amount, "currency": offer.currency,
        },
    )  # fmt: skip


def _approval(change: Change, now: datetime) -> dict[str, Any]:
    """Who agreed to it and when, and who approved it (G5)."""
    wish = change.quote.wish
    return {
        "agreed_by": wish["agreed_by"], "agreed_on": date.fromisoformat(wish["agreed_on"]),
        "purchase_order": wish["purchase_order"], "approved_by": change.person, "approved_at": now,
    }  # fmt: skip
