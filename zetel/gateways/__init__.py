"""Adapters to payment companies, by name. `available` are those this installation may offer."""

from django.conf import settings

from zetel.gateways.base import Gateway
from zetel.gateways.sandbox import SandboxGateway

_GATEWAYS: dict[str, Gateway] = {gateway.name: gateway for gateway in (SandboxGateway(),)}


def get(name: str) -> Gateway:
    """The gateway of that name. A name we do not have is a fault in our code."""
    assert name in _GATEWAYS, f"no gateway is called {name!r}"
    return _GATEWAYS[name]


def available() -> list[Gateway]:
    """Those a buyer may pay through here. The pretend company takes no money, so a live installation leaves it out."""
    return [gateway for gateway in _GATEWAYS.values() if settings.CONFIG.sandbox or gateway.name != "sandbox"]
