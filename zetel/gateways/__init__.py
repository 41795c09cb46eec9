"""Adapters to payment companies, by name. `available` are those this installation may offer."""

from datetime import datetime

from django.conf import settings

from zetel.gateways.base import Gateway
from zetel.gateways.sandbox import SandboxGateway, deliver_webhooks

_GATEWAYS: dict[str, Gateway] = {gateway.name: gateway for gateway in (SandboxGateway(),)}


def get(name: str) -> Gateway:
    """The gateway of that name. A name we do not have is a fault in our code."""
    assert name in _GATEWAYS, f"no gateway is called {name!r}"
    return _GATEWAYS[name]


def available() -> list[Gateway]:
    """Those a buyer may pay through here. The pretend company takes no money, so a live installation leaves it out."""
    return [gateway for gateway in _GATEWAYS.values() if settings.CONFIG.sandbox or gateway.name != "sandbox"]


def deliver_due(now: datetime) -> int:
    """Let the pretend company send the webhooks that are due by the installation's clock; none outside a sandbox."""
    return deliver_webhooks(now) if settings.CONFIG.sandbox else 0
