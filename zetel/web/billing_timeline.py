"""The timeline of the Billing tab: what happened, by whom, with every line of every invoice explained."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q, QuerySet

from zetel.documents.timeline import say
from zetel.models import Event, InvoiceLine
from zetel.rules.event_types import ON_TIMELINE
from zetel.web.billing_explained import explained, reader_language
from zetel.web.billing_view import Billing

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


def events_of(billing: Billing) -> QuerySet[Event]:
    """What happened to the subscription and to who pays for it, newest first."""
    own = Q(subscription=billing.subscription) | Q(customer=billing.customer, subscription=None)
    here = Q(space=billing.space) | Q(space=None)
    rows = Event.objects.filter(own & here, kind__in=ON_TIMELINE).select_related("actor", "invoice")
    return rows.order_by("-at", "-id")


def told(events: Sequence[Event]) -> list[Happened]:
    """The same in words, with the lines of what was issued: one query."""
    issued = {event.invoice_id for event in events if _issues(event)}
    lines: dict[object, list[InvoiceLine]] = {}
    for line in InvoiceLine.objects.filter(invoice__in=issued).order_by("position"):
        lines.setdefault(line.invoice_id, []).append(line)
    return [_happened(event, lines.get(event.invoice_id, []) if _issues(event) else []) for event in events]


def _issues(event: Event) -> bool:
    """Whether the event brought its invoice about; later ones about the same invoice need not repeat its lines."""
    return event.invoice_id is not None and not event.kind.startswith(("invoice.", "payment."))


def _happened(event: Event, lines: list[InvoiceLine]) -> Happened:
    currency = event.invoice.currency if event.invoice else ""
    return Happened(
        title=say(event, reader_language()),
        at=event.at,
        who=event.actor.label if event.actor else "",
        icon=_ICONS.get(event.kind.partition(".")[0], "clock"),
        lines=[explained(line, currency) for line in lines],
    )
