"""Payment methods: a session on the payment company's own page, and the method it leaves (rules G1, G2).

Card numbers never pass here. The new method replaces the old one only once the company says that it works.
"""

from datetime import date, datetime
from typing import Literal

from ninja import Query, Router
from pydantic import Field

from zetel import clock
from zetel.actions import customers as actions
from zetel.api import customers
from zetel.api.callers import ApiRequest
from zetel.api.operations import operation
from zetel.api.repeats import Begun
from zetel.api.values import (
    CustomerId,
    ListQuery,
    Many,
    MethodId,
    Nothing,
    Sent,
    SetupId,
    Shown,
    page_of,
    the_one,
)
from zetel.jobs import methods
from zetel.models import MethodSetup, PaymentMethod
from zetel.models.ids import public_id
from zetel.rules.errors import ZetelError

router = Router()
Kind = Literal["card", "paypal", "direct_debit"]
RETURN_PATH = "/billing/?setup={setup}"


class SetupWanted(Sent):
    kind: Kind = "card"


class SetupShown(Shown):
    id: SetupId
    customer: CustomerId
    kind: Kind
    status: Literal["pending", "done", "refused"]
    url: str | None = Field(
        description="The company's own page, to send the browser to; only in the answer that began the session.",
        examples=["https://pay.example/s/1"],
    )
    created_at: datetime


class MethodShown(Shown):
    id: MethodId
    customer: CustomerId
    kind: Kind
    label: str = Field(examples=["Visa •••• 4242"])
    expires_on: date | None
    status: Literal["active", "replaced", "removed"]
    created_at: datetime


def setup_shown(row: MethodSetup, url: str | None = None) -> SetupShown:
    return SetupShown(
        id=row.public_id, customer=public_id("cus", row.customer_id), kind=row.kind, status=row.status, url=url,
        created_at=row.created_at,
    )  # fmt: skip


def shown(row: PaymentMethod) -> MethodShown:
    return MethodShown(
        id=row.public_id, customer=public_id("cus", row.customer_id), kind=row.kind, label=row.label,
        expires_on=row.expires_on, status=row.status, created_at=row.created_at,
    )  # fmt: skip


def _go_there(request: ApiRequest, subject: str) -> SetupShown:
    setup = _load_setup(request, subject)
    return setup_shown(setup, methods.send(setup, return_path=RETURN_PATH))


@operation(
    router, "POST", "/customers/{customer_id}/setup-sessions", answer=SetupShown, status=201, then=_go_there,
    codes=("method_unsupported", "gateway_unavailable"),
)  # fmt: skip
def create_setup_session(request: ApiRequest, customer_id: CustomerId, body: SetupWanted) -> Begun:
    """Begin saving a payment method. Send the person's browser to `url`, then ask with `refresh` how it ended."""
    row = customers.load(request, customer_id)
    gateway = methods.gateway_for(body.kind)
    setup = actions.begin_setup(
        row, person=request.caller.somebody, kind=body.kind, gateway=gateway, next_path="/billing/",
        now=clock.now(),
    )  # fmt: skip
    return Begun(setup.public_id)


@operation(router, "GET", "/setup-sessions/{setup_id}", answer=SetupShown, codes=("person_required",))
def get_setup_session(request: ApiRequest, setup_id: SetupId) -> SetupShown:
    """How a session stood when it was last asked about."""
    return setup_shown(_load_setup(request, setup_id))


def _ask(request: ApiRequest, subject: str) -> SetupShown:
    setup = _load_setup(request, subject)
    try:
        methods.finish(setup, now=clock.now())
    except ZetelError as error:
        if error.code != "method_required":  # the person is not back yet
            raise
    setup.refresh_from_db(fields=["status"])
    return setup_shown(setup)


@operation(
    router, "POST", "/setup-sessions/{setup_id}/refresh", answer=SetupShown, then=_ask,
    codes=("gateway_unavailable",),
)  # fmt: skip
def refresh_setup_session(request: ApiRequest, setup_id: SetupId, body: Nothing) -> Begun:
    """Ask the payment company how the session ended; `pending` while the person is still there."""
    return Begun(_load_setup(request, setup_id).public_id)


@operation(
    router, "GET", "/customers/{customer_id}/payment-methods", answer=Many[MethodShown],
    codes=("person_required",),
)  # fmt: skip
def list_payment_methods(
    request: ApiRequest, customer_id: CustomerId, query: Query[ListQuery]
) -> Many[MethodShown]:
    """The methods of a customer, newest first; at most one is active."""
    rows = PaymentMethod.objects.filter(customer=customers.load(request, customer_id))
    return page_of(rows, query, lambda found: [shown(row) for row in found])


def _forget(request: ApiRequest, subject: str) -> MethodShown:
    method = _load_method(request, subject)
    methods.forget(method)
    return shown(method)


@operation(
    router, "POST", "/payment-methods/{method_id}/remove", answer=MethodShown, then=_forget,
    codes=("no_change", "method_in_use"),
)  # fmt: skip
def remove_payment_method(request: ApiRequest, method_id: MethodId, body: Nothing) -> Begun:
    """Take away a method that the person set up for billing that somebody else owns now (R5)."""
    method = _load_method(request, method_id)
    actions.remove_method(method, actor=request.caller.somebody, now=clock.now())
    return Begun(method.public_id)


def _load_method(request: ApiRequest, method_id: str) -> PaymentMethod:
    return the_one(PaymentMethod.objects.filter(set_up_by=request.caller.somebody), method_id)


def _load_setup(request: ApiRequest, setup_id: str) -> MethodSetup:
    rows = MethodSetup.objects.select_related("customer", "person")
    return the_one(rows.filter(person=request.caller.somebody), setup_id)
