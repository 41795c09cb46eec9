"""X4, X5 and X17: boundaries, the tiling of billed time, and that billing again at this instant bills nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import F, Min, OuterRef, Q, Subquery

from zetel.jobs.doctor.agreements import Agreement, Stretch, agreements, uneven
from zetel.jobs.doctor.finding import Finding, iso, zone_of
from zetel.models import Attempt, Event, Invoice, Subscription
from zetel.rules.billing import due_minus_billed
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.periods import first_instant
from zetel.rules.transitions import SubscriptionStatus

# A customer that moved to another zone keeps the instant at which its period ends (M3): that far may they differ.
END_BY_STAFF = "staff"
ZONES_APART = timedelta(hours=26)
ENDS = (EventType.SUBSCRIPTION_ENDED, EventType.SUBSCRIPTION_REPLACED)


def check_boundaries(now: datetime) -> Iterator[Finding]:
    """X4: the next boundary of each live subscription is the end of what was billed; nothing is charged after an end.

    A boundary that is due and waits for the run is X16's; here are those that no run would ever come to.
    """
    paid = Subscription.objects.filter(status__in=(SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE))
    for agreement in agreements(paid.filter(parked_reason="")):
        yield from _next_boundary(agreement, now)
    yield from _trials()
    yield from _after_an_end()


def _trials() -> Iterator[Finding]:
    """A trial comes to its end: the next step is set, and not after the day on which its terms begin (P10)."""
    for agreement in agreements(Subscription.objects.filter(status=SubscriptionStatus.TRIAL)):
        row, end = agreement.row, agreement.row.trial_ends_on
        if row.trial_due_at is None:
            yield Finding("X4", "trial_end_lost", row.public_id, {"trial_ends_on": str(end)})
        elif end is not None and row.trial_due_at > first_instant(end, zone_of(row.time_zone)):
            facts = {"trial_ends_on": str(end), "trial_due_at": iso(row.trial_due_at)}
            yield Finding("X4", "trial_end_missed", row.public_id, facts)
        if any(terms.starts_on != end for terms in agreement.terms):
            yield Finding("X4", "trial_terms_misplaced", row.public_id, {"trial_ends_on": str(end)})


def _next_boundary(agreement: Agreement, now: datetime) -> Iterator[Finding]:
    row, next_at = agreement.row, agreement.row.next_bill_at
    zone = zone_of(row.customer.time_zone)
    if not agreement.billed:
        return  # X5 says so
    if next_at is None and row.ends_on is None:
        yield Finding("X4", "boundary_lost", row.public_id, {"covered_to": agreement.covered_to.isoformat()})
    elif row.ends_on and next_at is None and now >= first_instant(row.ends_on, zone) + ZONES_APART:
        yield Finding("X4", "end_missed", row.public_id, {"ends_on": row.ends_on.isoformat()})
    elif next_at is not None:
        expected = [first_instant(day, zone) for day in (agreement.covered_to, row.ends_on) if day]
        if all(abs(next_at - at) > ZONES_APART for at in expected):
            facts = {"next_bill_at": iso(next_at), "covered_to": agreement.covered_to.isoformat()}
            yield Finding("X4", "boundary_wrong", row.public_id, facts)


def _after_an_end() -> Iterator[Finding]:
    ended = Subscription.objects.filter(status=SubscriptionStatus.ENDED)
    for row in ended.filter(ended_on=None).order_by("id").iterator():
        yield Finding("X4", "end_without_day", row.public_id)
    for row in ended.exclude(next_bill_at=None).order_by("id").iterator():
        yield Finding("X4", "bills_after_end", row.public_id, {"next_bill_at": iso(row.next_bill_at)})
    renewed = Invoice.objects.filter(subscription__status=SubscriptionStatus.ENDED).exclude(renews_on=None)
    beyond = Q(renews_on__gt=F("subscription__ended_on")) | Q(issued_at__gt=F("end_at"))
    late = renewed.annotate(end_at=_first_end("subscription")).filter(beyond)
    for invoice in late.select_related("subscription").order_by("id").iterator():
        facts = {"renews_on": str(invoice.renews_on), "subscription": _subscription(invoice)}
        yield Finding("X4", "renewed_after_end", invoice.number, facts)
    charged = Attempt.objects.filter(payment__invoice__subscription__status=SubscriptionStatus.ENDED)
    charged = charged.annotate(end_at=_first_end("payment__invoice__subscription")).filter(
        created_at__gt=F("end_at")
    )
    for attempt in charged.order_by("id").iterator():
        yield Finding("X4", "charged_after_end", attempt.reference, {"at": iso(attempt.created_at)})


def _first_end(subscription: str) -> Subquery:
    """The instant at which a subscription ended, as its event says."""
    ends = Event.objects.filter(subscription=OuterRef(subscription), kind__in=ENDS).order_by()
    return Subquery(ends.values("subscription").annotate(first=Min("at")).values("first"))


def _subscription(invoice: Invoice) -> str:
    assert invoice.subscription is not None, "the filter asked for invoices of a subscription"
    return invoice.subscription.public_id


def check_tiling(now: datetime) -> Iterator[Finding]:
    """X5: on each covered day exactly the seats of that day's terms were billed, once."""
    for agreement in agreements(Subscription.objects.exclude(status=SubscriptionStatus.TRIAL)):
        row = agreement.row
        if not agreement.terms:
            yield Finding("X5", "without_terms", row.public_id)
        elif not agreement.billed:
            if not (agreement.tried and not agreement.is_live):
                yield Finding("X5", "never_billed", row.public_id, {"started_on": row.started_on.isoformat()})
        else:
            yield from _tiles(agreement)


def _tiles(agreement: Agreement) -> Iterator[Finding]:
    row, first = agreement.row, min(line.start for line in agreement.billed)
    given_up = agreement.ends_on if row.end_reason == END_BY_STAFF else None
    covered_from = row.trial_ends_on or row.started_on  # the days of a trial are not covered time
    if first > covered_from and not (agreement.tried and row.trial_ends_on is None):
        facts = {"from": covered_from.isoformat(), "to": first.isoformat(), "billed_seats": 0}
        yield Finding("X5", "gap", row.public_id, facts)
    if row.trial_ends_on is not None and first < row.trial_ends_on:
        facts = {"from": first.isoformat(), "trial_ends_on": row.trial_ends_on.isoformat()}
        yield Finding("X5", "trial_billed", row.public_id, facts)
    for stretch in _without_grace(agreement, list(uneven(agreement))):
        if given_up and stretch.start >= given_up and not stretch.is_taken_back:
            continue  # staff ended it at once and chose not to credit what was unused (C10)
        facts = {
            "from": stretch.start.isoformat(), "to": stretch.end.isoformat(), "wanted_seats": stretch.wanted,
            "billed_seats": stretch.billed,
        }  # fmt: skip
        yield Finding("X5", _what(agreement, stretch), row.public_id, facts)


def _without_grace(agreement: Agreement, found: list[Stretch]) -> list[Stretch]:
    """All but the last days before an end that were taken back whole: the grace of a period never paid (G4).

    It may have lasted longer than that period, when nothing worked meanwhile.
    """
    edge, rest = min(agreement.ends_on or agreement.covered_to, agreement.covered_to), list(found)
    while not agreement.is_live and rest:
        last = rest[-1]
        if last.end != edge or last.billed or not last.is_taken_back:
            break
        edge = rest.pop().start
    return rest


def _what(agreement: Agreement, stretch: Stretch) -> str:
    ends_on = agreement.ends_on
    if ends_on is not None and stretch.start >= ends_on:
        return "billed_beyond_end"
    if stretch.billed < stretch.wanted:
        return "gap"
    return "overlap" if stretch.billed > stretch.wanted else "billed_otherwise"


def check_dry_run(now: datetime) -> Iterator[Finding]:
    """X17: what is not due is billed nothing by a run at this instant."""
    waiting = Subscription.objects.filter(
        status=SubscriptionStatus.ACTIVE, parked_reason="", next_bill_at__gt=now
    )
    for agreement in agreements(waiting):
        if not agreement.billed:
            continue  # X5 says so
        # Within the period that was billed: its end may be a day apart for a customer that moved (M3).
        through = min(agreement.today(now), agreement.covered_to - timedelta(days=1))
        row = agreement.row
        try:
            lines = due_minus_billed(
                agreement.terms, agreement.billed, through=through, ends_on=agreement.ends_on
            )
        except (AssertionError, ZetelError) as error:
            yield Finding("X17", "cannot_be_reckoned", row.public_id, {"error": str(error)})
            continue
        for line in lines:
            facts = {
                "kind": line.kind, "seats": line.seats, "from": line.start.isoformat(), "to": line.end.isoformat(),
                "amount": line.amount,
            }  # fmt: skip
            yield Finding("X17", "would_bill_again", row.public_id, facts)
