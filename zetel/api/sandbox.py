"""The sandbox: its clock, the pretend payment company, and the mailbox, so that a whole life is played through HTTP.

For an operator's key with the scope `staff`, or the installation's own with it. In a live installation none of it
exists.
"""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from django.conf import settings
from ninja import Query, Router
from pydantic import Field, StringConstraints

from zetel import clock
from zetel.access import staff_of
from zetel.actions import clock as clock_actions
from zetel.api.callers import ApiRequest
from zetel.api.operations import operation
from zetel.api.repeats import Begun
from zetel.api.values import (
    ChangeId,
    Done,
    Email,
    Instant,
    ListQuery,
    MailId,
    Many,
    Money,
    Nothing,
    Sent,
    SetupId,
    Shown,
    Yes,
    money,
    page_of,
    parse_id,
    the_one,
)
from zetel.gateways import sandbox_levers as levers
from zetel.jobs import collect, methods, tasks
from zetel.models import Attempt, Change, Event, Mail, MethodSetup, Person
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability

router = Router()
PASSES_MAX = (
    500  # of what is due after the clock was moved: a pass bills one period of each subscription at most
)
Behaviour = Annotated[str, StringConstraints(min_length=1, max_length=30), Field(examples=["paid"])]
Step = Annotated[int, Field(strict=True, ge=0, le=1_000)]


class ClockShown(Shown):
    now: datetime
    stands: bool = Field(description="Whether it was set; else real time runs.")


class ClockWanted(Sent):
    instant: Instant
    back: Yes = Field(default=False, description="Turning the clock back is asked for twice.")


class ClockSteps(Sent):
    years: Step = 0
    months: Step = 0
    days: Step = Field(default=0, examples=[1])
    hours: Step = 0


class PlanWanted(Sent):
    """How coming requests to the payment company go, one behaviour each; see docs/sandbox.md for what there is."""

    behaviours: list[Behaviour] = Field(min_length=1, max_length=100)
    operation: Literal["setup", "charge", "fetch", "cancel", "refund", "captures"] = "charge"


class TypedIn(Sent):
    behaviour: Behaviour = Field(default="paid", description="Of the documented card or account to type.")


class Decision(Sent):
    approved: Yes = True


class CaptureShown(Shown):
    charge: str = Field(examples=["ch_1"])
    reference: str
    amount: Money
    refunded: Money
    captured_at: datetime


class Ledger(Shown):
    data: list[CaptureShown]


class MailShown(Shown):
    id: MailId
    kind: str = Field(examples=["invoice"])
    to: Email
    subject: str
    text: str
    status: Literal["queued", "sent", "parked"]
    created_at: datetime


class MailsQuery(ListQuery):
    to: Email | None = None


def enter(request: ApiRequest) -> Person | None:
    """The operator, or None for the installation; there is no such address in a live installation."""
    if not settings.CONFIG.sandbox:
        raise ZetelError("not_found")
    if request.caller.key.is_of_installation:
        return None
    return staff_of(request, Capability.SANDBOX_CLOCK)


def _now() -> ClockShown:
    clock.refresh()
    return ClockShown(now=clock.now(), stands=clock.frozen_at() is not None)


@operation(router, "GET", "/sandbox/clock", answer=ClockShown, staff=True)
def get_clock(request: ApiRequest) -> ClockShown:
    """What time it is here."""
    enter(request)
    return _now()


def _settle(request: ApiRequest, subject: str) -> ClockShown:
    """Do what is due until a pass changes nothing more."""
    for _pass in range(PASSES_MAX):
        clock.refresh()
        before = _traces()
        tasks.do_due(clock.now())
        if _traces() == before:
            break
    return _now()


def _traces() -> tuple[object, ...]:
    last = Event.objects.order_by("-id").values_list("pk", flat=True).first()
    return last, Mail.objects.filter(status="queued").count(), Attempt.objects.count()


@operation(
    router, "POST", "/sandbox/clock/set", answer=ClockShown, staff=True, then=_settle, codes=("clock_backwards",)
)  # fmt: skip
def set_clock(request: ApiRequest, body: ClockWanted) -> Begun:
    """Let the clock stand at an instant; answers when everything that became due has been done."""
    clock_actions.set_clock(body.instant, now=clock.now(), actor=enter(request), confirm=body.back)
    return Begun("clock")


@operation(router, "POST", "/sandbox/clock/advance", answer=ClockShown, staff=True, then=_settle)
def advance_clock(request: ApiRequest, body: ClockSteps) -> Begun:
    """Move the clock forward by steps of the calendar; answers when everything that became due has been done."""
    clock_actions.advance(
        now=clock.now(), actor=enter(request), years=body.years, months=body.months, days=body.days,
        hours=body.hours,
    )  # fmt: skip
    return Begun("clock")


@operation(router, "POST", "/sandbox/gateway/plans", answer=Done, staff=True)
def plan_gateway(request: ApiRequest, body: PlanWanted) -> Done:
    """Decide how coming requests to the payment company go."""
    enter(request)
    levers.plan(body.behaviours, operation=body.operation)
    return Done()


@operation(router, "POST", "/sandbox/gateway/clear", answer=Done, staff=True)
def clear_gateway(request: ApiRequest, body: Nothing) -> Done:
    """Forget what was planned, and let the company answer again."""
    enter(request)
    levers.clear()
    return Done()


@operation(
    router, "GET", "/sandbox/gateway/captures", answer=Ledger, staff=True, codes=("gateway_unavailable",)
)
def list_captures(request: ApiRequest) -> Ledger:
    """What the company took in the last 400 days, oldest first, from its own ledger."""
    enter(request)
    now = clock.now()
    rows = levers.ledger(now - timedelta(days=400), now + timedelta(seconds=1))
    return Ledger(
        data=[
            CaptureShown(
                charge=row.charge_id, reference=row.reference, captured_at=row.captured_at,
                amount=money(row.amount.amount, row.amount.currency),
                refunded=money(row.refunded.amount, row.refunded.currency),
            )
            for row in rows
        ]
    )  # fmt: skip


def _typed(request: ApiRequest, subject: str) -> Done:
    setup_id, _colon, chosen = subject.partition(":")
    setup, now = MethodSetup.objects.get(pk=parse_id("set", setup_id)), clock.now()
    levers.type_in(setup.setup_id, kind=setup.kind, behaviour=chosen, now=now)
    methods.finish(setup, now=now)
    return Done()


@operation(
    router,
    "POST",
    "/sandbox/setup-sessions/{setup_id}/complete",
    answer=Done,
    staff=True,
    then=_typed,
    codes=("gateway_unavailable", "method_required"),
)
def complete_setup(request: ApiRequest, setup_id: SetupId, body: TypedIn) -> Begun:
    """Do what the person does on the company's page: type the card or account of a behaviour, and agree."""
    enter(request)
    waiting = MethodSetup.objects.filter(gateway="sandbox", status="pending").exclude(setup_id="")
    setup = the_one(waiting, setup_id)
    levers.check_behaviour(setup.kind, body.behaviour)
    return Begun(f"{setup.public_id}:{body.behaviour}")


def _decided(request: ApiRequest, subject: str) -> Done:
    change, _colon, chosen = subject.partition(":")
    rows = Attempt.objects.filter(payment__change=parse_id("chg", change), gateway="sandbox")
    attempt, now = rows.order_by("-number").first(), clock.now()
    if attempt is not None:
        levers.decide(attempt.charge_id, approved=chosen == "approved", now=now)
        collect.ask(attempt.pk, now=now)
    return Done()


@operation(
    router,
    "POST",
    "/sandbox/changes/{change_id}/decide",
    answer=Done,
    staff=True,
    then=_decided,
    codes=("gateway_unavailable",),
)
def decide_approval(request: ApiRequest, change_id: ChangeId, body: Decision) -> Begun:
    """Be the payer's bank: approve or refuse the payment of a change that asks for it."""
    enter(request)
    waiting = Attempt.objects.filter(status="action", gateway="sandbox")
    the_one(Change.objects.filter(pk__in=waiting.values("payment__change")), change_id)
    return Begun(f"{change_id}:{'approved' if body.approved else 'refused'}")


@operation(router, "GET", "/sandbox/mails", answer=Many[MailShown], staff=True)
def list_mails(request: ApiRequest, query: Query[MailsQuery]) -> Many[MailShown]:
    """Every mail that would have been sent, newest first."""
    enter(request)
    rows = Mail.objects.all()
    if query.to:
        rows = rows.filter(to_email=query.to.lower())
    return page_of(rows, query, lambda found: [_mail(row) for row in found])


def _mail(row: Mail) -> MailShown:
    return MailShown(
        id=row.public_id, kind=row.kind, to=row.to_email, subject=row.subject, text=row.text, status=row.status,
        created_at=row.created_at,
    )  # fmt: skip
