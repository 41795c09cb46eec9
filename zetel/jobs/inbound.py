"""What gateways tell us: verified raw bytes are stored once, then booked by reference (rules G3, X14)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import structlog

from zetel import gateways
from zetel.actions import inbound as inbox
from zetel.actions import outcomes, refunds, taken_back
from zetel.gateways.base import GatewayEvent
from zetel.jobs import collect
from zetel.models import Attempt, InboundEvent, Refund
from zetel.models.payments import UNSETTLED

log = structlog.get_logger()


def receive(gateway_name: str, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
    """Verify and store one webhook; the same event again is stored once. Raises BadSignature, GatewayUnavailable."""
    gateway = gateways.get(gateway_name)
    gateway.verify(headers, body, now=now)
    event = gateway.parse(body)
    kept = body.decode()
    for token in event.tokens:
        kept = kept.replace(token, "not kept")
    inbox.store(gateway_name, event.id, kept, now=now)


def drain(now: datetime, limit: int = 100) -> int:
    """Book what was stored, oldest first; an event that fails is parked and the others go on."""
    waiting = list(InboundEvent.objects.filter(status="new").order_by("id")[:limit])
    for row in waiting:
        try:
            _book(row, now)
        except Exception as error:  # whatever it is, the next one must not wait for it; staff see it
            log.exception("what a gateway said could not be booked", row=row.public_id)
            inbox.settle(row, "parked", f"{type(error).__name__}: {error}")
    return len(waiting)


def _book(row: InboundEvent, now: datetime) -> None:
    event = gateways.get(row.gateway).parse(row.body.encode())
    if not event.reference and event.charge_id:
        event = replace(event, reference=_reference_of(row.gateway, event.charge_id))
    if event.kind == "dispute" and event.dispute is not None:
        booked = taken_back.record_dispute(event.reference, event.dispute, now=now)
        inbox.settle(row, booked, "not a payment that we hold" if booked == "parked" else "")
        return
    inbox.settle(row, "done" if _apply(event, now) else "ignored")


def _reference_of(gateway: str, charge_id: str) -> str:
    """Our reference of a charge that the company calls by its own name only; empty when it is not ours."""
    tries = Attempt.objects.filter(gateway=gateway, charge_id=charge_id).values_list("reference", flat=True)
    return tries.first() or ""


def _ask(reference: str, now: datetime) -> bool:
    """The company says that something happened to a charge, not what: it is asked."""
    waiting = (
        Attempt.objects.filter(reference=reference, status__in=UNSETTLED).exclude(status="created").first()
    )
    if waiting is not None:
        collect.ask(waiting.pk, now=now)
    return waiting is not None


def _apply(event: GatewayEvent, now: datetime) -> bool:
    if event.kind == "charge" and event.outcome is None:
        return _ask(event.reference, now)
    if event.kind == "charge" and event.outcome is not None:
        return outcomes.record_outcome(event.reference, event.outcome, now=now) is not None
    if event.kind == "refund" and event.refund is not None:
        refund = (
            Refund.objects.select_related("attempt__payment__customer")
            .filter(reference=event.reference)
            .first()
        )
        if refund is None:
            return False
        said = event.refund
        refunds.settle(refund, kind=said.kind, refund_id=said.refund_id, reason=said.reason, now=now)
        return True
    return False
