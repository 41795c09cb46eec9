"""What a bank makes of a payment that somebody confirms: no answer, or a question that is answered, refused or left.

An answer that does not come is no refusal: the company is asked by reference, so such a payment ends like any other
and the reckoning need not know of it. What nobody approves is gone after 23 hours and leaves no trace (rule C5).
"""

from datetime import timedelta

from django.test import Client

from tests.conftest import HandClock
from tests.world import confirm
from zetel.jobs import collect
from zetel.models import Attempt, Change, Quote
from zetel.sandbox import company

SILENCES = ("timeout_before", "timeout_after", "error_before", "error_after")
QUESTIONS = ("approve", "refuse", "leave")
MAY_WAIT = timedelta(hours=23)


def confirm_by(mood: str, quote: Quote, clock: HandClock) -> Change:
    """Confirm a quote while the bank is in this mood, up to the end of it: done, declined or expired."""
    if mood in SILENCES:
        company.plan(mood)
    if mood in QUESTIONS:
        company.plan("approval")
    made = confirm(quote, clock.now)
    company.clear_plans()
    if made.status != "action":
        return made
    attempt = Attempt.objects.get(payment__change=made)
    if mood == "leave":
        assert made.expires_at <= clock.now + MAY_WAIT
        clock.set(made.expires_at)
    else:
        assert Client().post(attempt.action_url, {"act": mood}).status_code == 303
    collect.ask(attempt.pk, now=clock.now)
    made.refresh_from_db()
    assert (
        made.status in {"approve": ["done"], "refuse": ["declined"], "leave": ["expired", "declined"]}[mood]
    )
    return made
