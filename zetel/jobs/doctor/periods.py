"""X4, X5 and X17: boundaries, the tiling of billed time, and that billing again at this instant bills nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from zetel.jobs.doctor.agreements import Agreement, Stretch, uneven
from zetel.jobs.doctor.finding import Finding, iso, zone_of
from zetel.jobs.doctor.looks import Look, Looks
from zetel.jobs.doctor.reading import Reading
from zetel.models import Subscription
from zetel.rules.billing import due_minus_billed
from zetel.rules.errors import ZetelError
from zetel.rules.periods import first_instant
from zetel.rules.transitions import SubscriptionStatus

# A customer that moved to another zone keeps the instant at which its period ends (M3): that far may they differ.
END_BY_STAFF = "staff"
ZONES_APART = timedelta(hours=26)


def check_boundaries(reading: Reading) -> Iterator[Finding]:
    """X4: the next boundary of each live subscription is the end of what was billed; nothing is charged after an end.

    A boundary that is due and waits for the run is X16's; here are those that no run would ever come to.
    """
    for agreement in reading.agreements():
        row = agreement.row
        if row.status == SubscriptionStatus.TRIAL:
            yield from _trial(agreement)
        elif agreement.is_live and not row.parked_reason:
            yield from _next_boundary(agreement, reading.now)
    yield from _AFTER_AN_END.found()


def _trial(agreement: Agreement) -> Iterator[Finding]:
    """A trial comes to its end: the next step is set, and not after the day on which its terms begin (P10)."""
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


# The instant at which each subscription ended, as its event says.
_ENDED = """
    SELECT sub.id, sub.ended_on, min(told.at) AS at FROM zetel_subscription sub
    LEFT JOIN zetel_event told
      ON told.subscription_id = sub.id AND told.kind IN ('subscription.ended', 'subscription.replaced')
    WHERE sub.status = 'ended' GROUP BY sub.id"""

_AFTER_AN_END = Looks(
    "X4",
    Look("end_without_day", Subscription, """
        SELECT id AS subject FROM zetel_subscription WHERE status = 'ended' AND ended_on IS NULL"""),
    Look("bills_after_end", Subscription, """
        SELECT id AS subject, next_bill_at FROM zetel_subscription
        WHERE status = 'ended' AND next_bill_at IS NOT NULL"""),
    Look("renewed_after_end", None, f"""
        SELECT inv.number AS subject, inv.renews_on, ended.id AS subscription FROM zetel_invoice inv
        JOIN ({_ENDED}) AS ended ON ended.id = inv.subscription_id
        WHERE inv.renews_on > ended.ended_on OR inv.renews_on IS NOT NULL AND inv.issued_at > ended.at""",  # noqa: S608
        ids={"subscription": Subscription}),
    Look("charged_after_end", None, f"""
        SELECT try.reference AS subject, try.created_at AS at FROM zetel_attempt try
        JOIN zetel_payment pay ON pay.id = try.payment_id JOIN zetel_invoice inv ON inv.id = pay.invoice_id
        JOIN ({_ENDED}) AS ended ON ended.id = inv.subscription_id WHERE try.created_at > ended.at"""),  # noqa: S608
)  # fmt: skip


def check_tiling(reading: Reading) -> Iterator[Finding]:
    """X5: on each covered day exactly the seats of that day's terms were billed, once."""
    for agreement in reading.agreements():
        row = agreement.row
        if row.status == SubscriptionStatus.TRIAL:
            continue
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


def check_dry_run(reading: Reading) -> Iterator[Finding]:
    """X17: what is not due is billed nothing by a run at this instant."""
    for agreement in reading.agreements():
        row = agreement.row
        waits = row.next_bill_at is not None and row.next_bill_at > reading.now
        if row.status != SubscriptionStatus.ACTIVE or row.parked_reason or not waits:
            continue
        if not agreement.billed:
            continue  # X5 says so
        # Within the period that was billed: its end may be a day apart for a customer that moved (M3).
        through = min(agreement.today(reading.now), agreement.covered_to - timedelta(days=1))
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
