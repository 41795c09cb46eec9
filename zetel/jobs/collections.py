"""Paying an open invoice by hand, towards the payment company: try, follow, give up (rules G3, G4)."""

from datetime import datetime

from zetel.actions import collections
from zetel.jobs import collect
from zetel.models import Attempt, Invoice, Person


def pay(invoice: Invoice, *, actor: Person, now: datetime, language: str, return_path: str) -> None:
    """Make a try in this request; whoever comes second finds it claimed. Raises what `collections.pay` raises."""
    attempt = collections.pay(invoice, actor=actor, now=now, language=language, return_path=return_path)
    collect.collect(attempt.pk, now=now)


def follow(attempt: Attempt, *, now: datetime, came_back: bool) -> bool:
    """Make a try that nobody made yet, or ask what became of it when that is due; say whether it was done."""
    if attempt.status == "created":
        collect.collect(attempt.pk, now=now)
    elif came_back or (attempt.ask_at is not None and attempt.ask_at <= now):
        collect.ask(attempt.pk, now=now)
    else:
        return False
    return True


def stop(attempt: Attempt, *, now: datetime) -> None:
    """The payer gives up a try that waits for the bank: the company decides whether it was still in time."""
    collect.give_up(attempt, now=now)
