"""The doctor: checks rules X 1 to 17 on the live database and says exactly what is wrong.

It reads and changes nothing. All checks but X2 see one snapshot of the database, so what the installation does
meanwhile is no finding; X2 speaks to the payment companies and so stands outside any transaction. A check that cannot
be carried out is a finding, and the others go on.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from zetel.jobs.doctor import (
    events,
    invoices,
    journal,
    leaks,
    ledger,
    messages,
    periods,
    quotes,
    seats,
    series,
    uniqueness,
    work,
)
from zetel.jobs.doctor.finding import Finding
from zetel.jobs.doctor.reading import Reading

__all__ = ["CHECKS", "Check", "Finding", "Report", "examine"]

KEPT_MAX = 200  # findings of one rule that are kept; more are counted


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of X: its title, and the function that yields what is wrong on a visit."""

    rule: str
    title: str
    look: Callable[[Reading], Iterator[Finding]]
    in_snapshot: bool = True


@dataclass(slots=True)
class Report:
    """What one check found: findings up to a limit, and how many there were of both weights."""

    check: Check
    findings: list[Finding] = field(default_factory=list)
    broken_count: int = 0
    notice_count: int = 0

    def add(self, finding: Finding) -> None:
        self.notice_count += finding.is_notice
        self.broken_count += not finding.is_notice
        # A broken rule is never hidden behind notices.
        if len(self.findings) < KEPT_MAX or (not finding.is_notice and self.broken_count <= KEPT_MAX):
            self.findings.append(finding)


CHECKS: tuple[Check, ...] = (
    Check("X1", "The journal sums to zero", journal.check),
    Check("X2", "Captures and payments map one to one", ledger.check, in_snapshot=False),
    Check("X3", "What may exist once exists once", uniqueness.check),
    Check("X4", "Each boundary is renewed or ended", periods.check_boundaries),
    Check("X5", "Billed periods tile covered time", periods.check_tiling),
    Check("X6", "Documents, lines and what is due add up", invoices.check),
    Check("X7", "The invoice is the confirmed quote", quotes.check),
    Check("X8", "Seats are on the ladder and suffice", seats.check_seats),
    Check("X9", "Numbers have no gap, dates go forward", series.check_numbers),
    Check("X10", "Issued documents are unchanged", series.check_documents),
    Check("X11", "Nobody is paid for twice", seats.check_coverage),
    Check("X12", "Each live subscription has its billing owner", seats.check_owners),
    Check("X13", "Each change has its event", events.check),
    Check("X14", "Messages have their effect once", messages.check),
    Check("X15", "No card number, secret or token in texts", leaks.check),
    Check("X16", "What is due is done, retried or parked", work.check),
    Check("X17", "Billing again bills nothing", periods.check_dry_run),
)


def examine(now: datetime, rules: Collection[str] = ()) -> Iterator[Report]:
    """A report for each rule of X, in order; `rules` names some of them, none means all."""
    chosen = [check for check in CHECKS if not rules or check.rule in rules]
    reports: dict[str, Report] = {}
    for check in chosen:
        if not check.in_snapshot:
            reports[check.rule] = _carried_out(check, Reading(now))
    with _snapshot():
        reading = Reading(now)
        for check in chosen:
            yield reports[check.rule] if check.rule in reports else _carried_out(check, reading)


def _carried_out(check: Check, reading: Reading) -> Report:
    report = Report(check)
    try:
        with transaction.atomic() if check.in_snapshot else _nothing():
            for finding in check.look(reading):
                report.add(finding)
    except Exception as error:  # whatever it stumbled over is damage too, and must not hide the other rules
        facts: dict[str, object] = {"error": f"{type(error).__name__}: {error}"[:500]}
        report.add(Finding(check.rule, "check_failed", check.rule, facts))
    return report


@contextmanager
def _snapshot() -> Iterator[None]:
    """One state of the database for all checks, and a promise to write nothing; within a test's own transaction
    there is nothing to promise."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


@contextmanager
def _nothing() -> Iterator[None]:
    yield
