"""Each contract test runs once per gateway; one about a kind of method, once per gateway that has it."""

from collections.abc import Iterator

import pytest

from tests.conftest import HandClock
from tests.gateways.drivers import Driver, PayPalDriver, SandboxDriver, StripeDriver

DRIVERS: dict[str, type] = {"sandbox": SandboxDriver, "stripe": StripeDriver, "paypal": PayPalDriver}


def _made(name: str) -> Iterator[Driver]:
    made = DRIVERS[name]()
    yield made
    if hasattr(made, "close"):
        made.close()


@pytest.fixture(params=sorted(DRIVERS))
def driver(request: pytest.FixtureRequest, clock: HandClock) -> Iterator[Driver]:
    yield from _made(request.param)


@pytest.fixture(params=["sandbox", "stripe"])
def card_driver(request: pytest.FixtureRequest, clock: HandClock) -> Iterator[Driver]:
    yield from _made(request.param)


@pytest.fixture(params=["sandbox", "paypal"])
def paypal_driver(request: pytest.FixtureRequest, clock: HandClock) -> Iterator[Driver]:
    yield from _made(request.param)


@pytest.fixture
def sandbox(clock: HandClock) -> SandboxDriver:
    return SandboxDriver()


@pytest.fixture
def stripe(clock: HandClock) -> Iterator[StripeDriver]:
    made = StripeDriver()
    yield made
    made.close()


@pytest.fixture
def paypal(clock: HandClock) -> Iterator[PayPalDriver]:
    made = PayPalDriver()
    yield made
    made.close()
