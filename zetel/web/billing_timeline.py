"""The timeline of the Billing tab: what happened, by whom, with every line of every invoice explained."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from zetel.documents.timeline import say
from zetel.models import Event, InvoiceLine
from zetel.rules.event_types import ON_TIMELINE
from zetel.web.billing_explained import explained, reader_language
from zetel.web.billing_view import Billing

EVENTS_SHOWN = 15


_ICONS = {
    "invoice": "invoice", "credit_note": "invoice", "method": "card", "customer": "building", "payment": "card",
    "billing_owner": "swap", "subscription": "check", "change": "clock", "admin": "shield", "support": "help",
    "sales_request": "help", "refund": "card", "membership": "user",
}  # fmt: skip


@dataclass(frozen=True)
class Happened:
    """One entry: a sentence, when, by whom, and the lines of its invoice in words."""

    title: str
    at: datetime
    who: str
    icon: str
    lines: list[str] = field(default_factory=list)


def timeline_of(billing: Billing) -> list[Happened]:
    """The newest events of the subscription and of who pays for it: two queries."""
    own = Q(subscription=billing.subscription) | Q(customer=billing.customer, subscription=None)
    own &= Q(space=billing.space) | Q(space=None)
    rows = Event.objects.filter(own, kind__in=ON_TIMELINE).select_related("actor", "on_behalf_of", "invoice", "space")
    events = list(rows.order_by("-at", "-id")[:EVENTS_SHOWN])
    told = {event.invoice_id for event in events if event.invoice_id}
    lines: dict[object, list[InvoiceLine]] = {}
    for line in InvoiceLine.objects.filter(invoice__in=told).order_by("position"):
        lines.setdefault(line.invoice_id, []).append(line)
    return [_happened(event, lines.get(event.invoice_id, [])) for event in events]


def _happened(event: Event, lines: list[InvoiceLine]) -> Happened:
    currency = event.invoice.currency if event.invoice else ""
    return Happened(
        title=say(event, reader_language()),
        at=event.at,
        who=event.actor.label if event.actor else "",
        icon=_ICONS.get(event.kind.partition(".")[0], "clock"),
        lines=[explained(line, currency) for line in lines],
    )
