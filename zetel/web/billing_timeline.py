"""The timeline of the Billing tab: what happened, by whom, with every line of every invoice explained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from zetel.actions import standing
from zetel.documents.explain import Source, explain_issued
from zetel.documents.languages import reader_language
from zetel.documents.timeline import say
from zetel.models import Event, InvoiceLine
from zetel.rules.event_types import ON_TIMELINE
from zetel.web.billing_view import Billing

_ICONS = {
    "invoice": "invoice", "credit_note": "invoice", "method": "card", "customer": "building", "payment": "card",
    "billing_owner": "swap", "subscription": "check", "change": "clock", "admin": "shield", "support": "help",
    "sales_request": "help", "refund": "card", "membership": "user",
}  # fmt: skip


MONEY_NOUNS = ("invoice", "credit_note", "payment", "refund", "balance", "method")


@dataclass(frozen=True)
class Happened:
    """One entry: a sentence, when, by whom, why as somebody wrote it, and the lines of its invoice in words."""

    title: str
    at: datetime
    who: str
    icon: str
    why: str = ""
    lines: list[str] = field(default_factory=list)


def events_of(billing: Billing, *, sees_money: bool = True) -> QuerySet[Event]:
    """What happened to the subscription and to who pays for it, newest first; money for those who may read it."""
    own = Q(subscription=billing.subscription) | Q(customer=billing.customer, subscription=None)
    here = Q(space=billing.space) | Q(space=None)
    kinds = [kind for kind in ON_TIMELINE if sees_money or kind.partition(".")[0] not in MONEY_NOUNS]
    rows = Event.objects.filter(own & here, kind__in=kinds).select_related("actor", "on_behalf_of", "invoice")
    return rows.order_by("-at", "-id")


def told(events: Sequence[Event], *, sees_money: bool = True) -> list[Happened]:
    """The same in words, with the lines of what was issued: two queries."""
    issued = {event.invoice_id for event in events if sees_money and _issues(event)}
    lines: dict[object, list[InvoiceLine]] = {}
    rows = list(InvoiceLine.objects.filter(invoice__in=issued).order_by("position"))
    for line in rows:
        lines.setdefault(line.invoice_id, []).append(line)
    sources = standing.sources_of(rows)
    return [
        _happened(event, lines.get(event.invoice_id, []) if _issues(event) else [], sources)
        for event in events
    ]


def _issues(event: Event) -> bool:
    """Whether the event brought its invoice about; later ones about the same invoice need not repeat its lines."""
    return event.invoice_id is not None and not event.kind.startswith(("invoice.", "payment."))


def who_words(event: Event) -> str:
    """Who did it, for whom; staff by the house they work for (R9); nobody where it happened by itself."""
    if event.actor is None:
        return gettext("automatically")
    who = event.actor.label
    if event.actor.staff_role:
        who = gettext("%(person)s of %(seller)s") % {
            "person": who, "seller": settings.CONFIG.seller.legal_name,
        }  # fmt: skip
    if event.on_behalf_of is not None and event.on_behalf_of != event.actor:
        return gettext("%(person)s on behalf of %(owner)s") % {
            "person": who, "owner": event.on_behalf_of.label,
        }  # fmt: skip
    return who


def _happened(event: Event, lines: list[InvoiceLine], sources: Mapping[str, Source]) -> Happened:
    currency = event.invoice.currency if event.invoice else ""
    return Happened(
        title=say(event, reader_language()),
        at=event.at,
        who=who_words(event),
        why=event.reason,
        icon=_ICONS.get(event.kind.partition(".")[0], "clock"),
        lines=[explain_issued(line, currency, reader_language(), sources) for line in lines],
    )
