"""What becomes of an offer when what it offered is bought: used, once, in the transaction of the purchase (rule P6)."""

from datetime import datetime

from django.conf import settings

from zetel.actions import mail
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
    if not transition(offer, transitions.OFFER, "accepted", change=change):
        raise ZetelError("offer_used" if offer.status == "accepted" else "offer_withdrawn")
    if offer.request is not None:
        transition(offer.request, transitions.SALES_REQUEST, "approved")
    mail.queue(
        "offer_accepted", once_key=f"offer_accepted:{offer.pk}", now=now, language="en", space=change.space,
        to_email=settings.CONFIG.seller.sales_email,
        params={
            "offer": offer.public_id, "to": change.person.label, "space": change.space.name, "plan": offer.plan,
            "cycle": offer.cycle, "seats": offer.seats, "unit_amount": offer.unit_amount, "currency": offer.currency,
        },
    )  # fmt: skip
