"""Saving a payment method at a gateway: send the browser there, and book what came of it (rules G1, G2)."""

from datetime import datetime
from typing import cast

import structlog
from django.conf import settings

from zetel import gateways
from zetel.actions import customers
from zetel.gateways.base import Gateway, GatewayUnavailable
from zetel.jobs import collect
from zetel.models import Customer, MethodSetup, PaymentMethod, Person
from zetel.models.payments import UNSETTLED
from zetel.rules.errors import ZetelError
from zetel.rules.outcomes import MethodKind

log = structlog.get_logger(__name__)


def offered() -> tuple[MethodKind, ...]:
    """The kinds of methods that can be saved here, each once, in the gateways' order."""
    return _kinds_of(gateways.available())


def offered_to_buy() -> tuple[MethodKind, ...]:
    """Those of them that a purchase can be paid with: what confirms after days pays invoices only (rule C5)."""
    return _kinds_of([found for found in gateways.available() if not found.capabilities.confirms_after_days])


def _kinds_of(of: list[Gateway]) -> tuple[MethodKind, ...]:
    return tuple(dict.fromkeys(kind for gateway in of for kind in gateway.capabilities.methods))


def begin(
    customer: Customer, *, person: Person, kind: MethodKind, next_path: str, return_path: str, now: datetime
) -> str:
    """Start a visit to the gateway's own page and give its address. `return_path` holds `{setup}`.

    Raises method_unsupported, gateway_unavailable.
    """
    setup = customers.begin_setup(
        customer, person=person, kind=kind, gateway=gateway_for(kind), next_path=next_path, now=now
    )
    return send(setup, return_path=return_path)


def gateway_for(kind: MethodKind) -> str:
    """The name of the gateway that saves this kind here; method_unsupported when there is none."""
    found = next((g for g in gateways.available() if kind in g.capabilities.methods), None)
    if found is None:
        raise ZetelError("method_unsupported")
    return found.name


def send(setup: MethodSetup, *, return_path: str) -> str:
    """The address of the gateway's page for a visit that was written down; the same visit when asked again."""
    kind = cast(MethodKind, setup.kind)  # a constraint keeps it to these
    try:
        visit = gateways.get(setup.gateway).begin_setup(
            customer_reference=setup.customer.public_id, kind=kind, reference=setup.public_id,
            language=setup.person.language,
            return_url=settings.CONFIG.address + return_path.format(setup=setup.public_id),
        )  # fmt: skip
    except GatewayUnavailable as error:
        raise ZetelError("gateway_unavailable") from error
    customers.name_setup(setup, visit.id)
    return visit.redirect_url


def finish(setup: MethodSetup, *, now: datetime) -> PaymentMethod | None:
    """Ask the gateway how the visit ended and book it; None when it was refused. Raises gateway_unavailable."""
    if setup.status != "pending":
        return PaymentMethod.objects.filter(customer_id=setup.customer_id, status="active").first()
    try:
        said = gateways.get(setup.gateway).fetch_setup(setup.setup_id)
    except GatewayUnavailable as error:
        raise ZetelError("gateway_unavailable") from error
    if said.status == "pending":
        raise ZetelError("method_required")
    can = gateways.get(setup.gateway).capabilities
    method = customers.finish_setup(
        setup.pk, said.method if said.status == "done" else None, now=now,
        minimum_amounts=can.minimum_amount, confirms_after_days=can.confirms_after_days,
    )  # fmt: skip
    if method is not None:
        # A new method is tried at once for what is past due (G4); whoever comes second finds the try claimed.
        for attempt_id in method.attempts.filter(status="created").values_list("pk", flat=True):
            collect.collect(attempt_id, now=now)
        _forget_replaced(method, now)
    return method


def _forget_replaced(by: PaymentMethod, now: datetime) -> None:
    """What new methods replaced is given up at its company too, unless a try with it is still open: then, or when the
    company is away, the next change of method comes back to it."""
    known = PaymentMethod.objects.filter(customer_id=by.customer_id, status="replaced", given_up_at=None)
    for old in known.exclude(attempts__status__in=UNSETTLED).exclude(token=by.token).order_by("id"):
        if forget(old):
            customers.give_up_method(old, now=now)


def remove(method: PaymentMethod, *, person: Person, now: datetime) -> None:
    """Take a method out of use, then let the gateway forget it. What counts is ours: it is never charged again."""
    customers.remove_method(method, actor=person, now=now)
    forget(method)


def forget(method: PaymentMethod) -> bool:
    """Let the gateway forget a method that was taken out of use; False when it cannot be told, which is no obstacle."""
    try:
        gateways.get(method.gateway).forget(method.token)
    except GatewayUnavailable:
        log.warning("the gateway could not be told to forget a method", method=method.public_id)
        return False
    return True
