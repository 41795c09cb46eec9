"""Adapters to payment companies, by name. `available` are those this installation may offer, in order of preference.

A company appears when its keys are set. One whose keys were taken away stays known: methods saved there and tries made
there are asked about until it answers again. The pretend company comes last, so keys of a real one win over it.
"""

from datetime import datetime

from django.conf import settings
from pydantic import SecretStr

from zetel.gateways.base import Gateway
from zetel.gateways.paypal import LIVE, SANDBOX, PayPalGateway
from zetel.gateways.sandbox import SandboxGateway, deliver_webhooks
from zetel.gateways.stripe import StripeGateway


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""


def _made() -> dict[str, Gateway]:
    config = settings.CONFIG
    stripe = StripeGateway(
        secret_key=_secret(config.stripe_secret_key), webhook_secret=_secret(config.stripe_webhook_secret)
    )
    paypal = PayPalGateway(
        client_id=config.paypal_client_id, secret=_secret(config.paypal_secret),
        webhook_id=config.paypal_webhook_id, address=SANDBOX if config.sandbox else LIVE,
    )  # fmt: skip
    return {gateway.name: gateway for gateway in (stripe, paypal, SandboxGateway())}


_GATEWAYS: dict[str, Gateway] = _made()


def get(name: str) -> Gateway:
    """The gateway of that name. A name we do not have is a fault in our code."""
    assert name in _GATEWAYS, f"no gateway is called {name!r}"
    return _GATEWAYS[name]


def available() -> list[Gateway]:
    """Those a buyer may pay through here. The pretend company takes no money, so a live installation leaves it out."""
    return [
        gateway
        for gateway in _GATEWAYS.values()
        if gateway.is_set_up and (settings.CONFIG.sandbox or gateway.name != "sandbox")
    ]


def token_prefixes() -> list[str]:
    """How the companies' tokens begin, each once, as far as they have a beginning of their own (rule X15)."""
    return sorted({gateway.capabilities.token_prefix for gateway in _GATEWAYS.values()} - {""})


def deliver_due(now: datetime) -> int:
    """Let the pretend company send the webhooks that are due by the installation's clock; none outside a sandbox."""
    return deliver_webhooks(now) if settings.CONFIG.sandbox else 0
