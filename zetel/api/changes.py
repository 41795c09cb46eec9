"""Changes: a confirmed quote on its way, and what came of it (rules C5, C13).

The worker asks the payment company by itself; `refresh` asks at once, `stop` gives up what waits for the bank.
"""

from datetime import datetime
from typing import Literal

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from zetel import clock
from zetel.api.callers import ApiRequest
from zetel.api.operations import operation
from zetel.api.problems import extended, problem
from zetel.api.repeats import Answer, Begun
from zetel.api.values import (
    ChangeId,
    InvoiceId,
    Money,
    Nothing,
    QuoteId,
    Shown,
    SpaceId,
    SubscriptionId,
    money,
    the_one,
)
from zetel.jobs import collect
from zetel.models import Attempt, Change, Invoice
from zetel.models.ids import public_id
from zetel.models.subscriptions import WAITING
from zetel.rules.errors import ZetelError

router = Router()


class ChangeShown(Shown):
    id: ChangeId
    quote: QuoteId
    space: SpaceId
    subscription: SubscriptionId | None
    status: Literal["pending", "action", "done", "declined", "expired", "refunded"]
    reason: str = Field(description="Why it did not happen.", examples=[""])
    amount: Money
    action_url: str | None = Field(
        description="Where the payer approves at the bank.", examples=["https://bank.example/a/1"]
    )
    invoice: InvoiceId | None
    created_at: datetime
    expires_at: datetime


def shown(row: Change) -> ChangeShown:
    attempt = Attempt.objects.filter(payment__change=row).order_by("-number").first()
    url = attempt.action_url if attempt and attempt.status == "action" and row.status in WAITING else ""
    invoice = Invoice.objects.filter(quote=row.quote_id).values_list("pk", flat=True).first()
    return ChangeShown(
        id=row.public_id, quote=public_id("quo", row.quote_id), space=public_id("spc", row.space_id),
        subscription=public_id("sub", row.subscription_id) if row.subscription_id else None, status=row.status,
        reason=row.reason, amount=money(row.quote.due_amount, row.quote.currency), action_url=url or None,
        invoice=public_id("inv", invoice) if invoice else None, created_at=row.created_at,
        expires_at=row.expires_at,
    )  # fmt: skip


def answer_of(request: ApiRequest, change_id: str) -> Answer | HttpResponse:
    """200 when it is done, 202 while it waits, 402 when it was declined: with the change in any case."""
    row = load(request, change_id)
    told = shown(row)
    if row.status == "declined":
        refused = problem(request, ZetelError("payment_declined", reason=row.reason))
        return extended(refused, change=told.model_dump(mode="json"))
    return Answer(told, 202 if row.status in WAITING else 200)


@operation(router, "GET", "/changes/{change_id}", answer=ChangeShown, codes=("person_required",))
def get_change(request: ApiRequest, change_id: ChangeId) -> ChangeShown:
    """How a change stands."""
    return shown(load(request, change_id))


def _ask(request: ApiRequest, subject: str) -> ChangeShown:
    row, now = load(request, subject), clock.now()
    attempt = Attempt.objects.filter(payment__change=row).order_by("-number").first()
    if row.status in WAITING and attempt is not None:
        if attempt.status == "created":
            collect.collect(attempt.pk, now=now)
        else:
            collect.ask(attempt.pk, now=now)
    return shown(load(request, subject))


@operation(
    router, "POST", "/changes/{change_id}/refresh", answer=ChangeShown, then=_ask, codes=("gateway_unavailable",)
)  # fmt: skip
def refresh_change(request: ApiRequest, change_id: ChangeId, body: Nothing) -> Begun:
    """Ask the payment company now what became of it."""
    return Begun(load(request, change_id).public_id)


def _stop(request: ApiRequest, subject: str) -> ChangeShown:
    row = load(request, subject)
    if row.status in WAITING:
        collect.stop(row, now=clock.now())
    return shown(load(request, subject))


@operation(
    router, "POST", "/changes/{change_id}/stop", answer=ChangeShown, then=_stop, codes=("gateway_unavailable",)
)  # fmt: skip
def stop_change(request: ApiRequest, change_id: ChangeId, body: Nothing) -> Begun:
    """Give up what waits for the bank; the payment company decides whether that was in time."""
    return Begun(load(request, change_id).public_id)


def load(request: ApiRequest, change_id: str) -> Change:
    rows = Change.objects.select_related("space", "quote", "subscription")
    return the_one(rows.filter(person=request.caller.buyer), change_id)
