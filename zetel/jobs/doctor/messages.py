"""X14: what gateways told us was booked once and never backwards; what we had to tell was queued with its cause.

An inbound event is read again from its kept bytes and held against what it should have led to. Whether it was
authentic was seen to before it was stored; that it is stored is the proof.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Max

from zetel import gateways
from zetel.gateways.base import GatewayEvent
from zetel.jobs.doctor.finding import Finding, iso, rows_of
from zetel.jobs.doctor.looks import Look, Looks
from zetel.jobs.doctor.reading import Reading
from zetel.models import Attempt, Event, InboundEvent, Invoice, Mail, Refund, TakenBack
from zetel.rules.event_types import EventType
from zetel.rules.transitions import UNSETTLED_ATTEMPT

AHEAD = timedelta(minutes=5)  # how far a company's clock may be ahead of ours


def check(reading: Reading) -> Iterator[Finding]:
    """X14, inwards and outwards."""
    for rows in rows_of(InboundEvent.objects.exclude(status="parked").order_by("id")):
        yield from _inbound(rows)
    yield from _OUTBOUND.found()


def _inbound(rows: Sequence[InboundEvent]) -> Iterator[Finding]:
    read: list[tuple[InboundEvent, GatewayEvent]] = []
    for row in rows:
        try:
            gateway = gateways.get(row.gateway)
            # What others say is what they answer when asked, which differs from day to day.
            if gateway.capabilities.signed_webhooks:
                read.append((row, gateway.parse(row.body.encode())))
        except (AssertionError, ValueError, KeyError, TypeError, json.JSONDecodeError) as error:
            yield Finding("X14", "event_unreadable", row.public_id, {"error": type(error).__name__})
    references = [event.reference for _, event in read]
    attempts = {row.reference: row for row in Attempt.objects.filter(reference__in=references)}
    refunds = {row.reference: row for row in Refund.objects.filter(reference__in=references)}
    parked = Event.objects.filter(kind=EventType.PAYMENT_PARKED, after__reference__in=references)
    told = set(parked.values_list("after__reference", flat=True))
    heard = TakenBack.objects.filter(payment__attempts__reference__in=references)
    disputed: dict[str, datetime] = dict(
        heard.values_list("payment__attempts__reference").annotate(last=Max("said_at"))
    )
    for row, event in read:
        if row.event_id != event.id:
            yield Finding(
                "X14", "event_of_another", row.public_id, {"stored_as": row.event_id, "says": event.id}
            )
        if event.created_at > row.received_at + AHEAD:
            facts = {"created_at": iso(event.created_at), "received_at": iso(row.received_at)}
            yield Finding("X14", "event_from_the_future", row.public_id, facts)
        if row.status != "new":
            yield from _effect(row, event, attempts, refunds, told, disputed)


def _effect(
    row: InboundEvent,
    event: GatewayEvent,
    attempts: Mapping[str, Attempt],
    refunds: Mapping[str, Refund],
    told: set[str],
    disputed: Mapping[str, datetime],
) -> Iterator[Finding]:
    """What was told has its effect, or staff know; a later word never undid it."""
    attempt, refund = attempts.get(event.reference), refunds.get(event.reference)
    facts: dict[str, object] = {"reference": event.reference, "handling": row.status}
    if event.kind == "charge" and event.outcome and attempt:
        is_lost = event.outcome.kind == "paid" and attempt.status != "paid" and event.reference not in told
        is_open = event.outcome.kind == "declined" and attempt.status in UNSETTLED_ATTEMPT
        if is_lost or is_open:
            facts |= {"said": event.outcome.kind, "status": attempt.status}
            yield Finding("X14", "event_without_effect", row.public_id, facts)
    elif event.kind == "refund" and event.refund and refund:
        if event.refund.kind == "done" and refund.status != "done":
            facts |= {"said": event.refund.kind, "status": refund.status}
            yield Finding("X14", "event_without_effect", row.public_id, facts)
    elif event.kind == "dispute" and event.dispute and attempt:
        if event.reference not in disputed or disputed[event.reference] < event.dispute.at:
            yield Finding("X14", "event_without_effect", row.public_id, facts | {"said": event.dispute.kind})
    elif row.status == "done" and not (attempt or event.charge_id):
        yield Finding("X14", "event_of_nothing", row.public_id, facts)


# Each document went to somebody when somebody was there (I4); a mail that was sent says when.
_OUTBOUND = Looks(
    "X14",
    Look("document_not_mailed", None, """
        SELECT inv.number AS subject, inv.id AS invoice FROM zetel_invoice inv
        JOIN zetel_customer customer ON customer.id = inv.customer_id AND customer.billing_owner_id IS NOT NULL
        WHERE NOT EXISTS (SELECT FROM zetel_mail WHERE invoice_id = inv.id)""", ids={"invoice": Invoice}),
    Look("sent_without_instant", Mail, """
        SELECT id AS subject, kind FROM zetel_mail WHERE status = 'sent' AND sent_at IS NULL"""),
)  # fmt: skip
