"""Each contract test runs once per gateway."""

import pytest

from tests.conftest import HandClock
from tests.gateways.drivers import Driver, SandboxDriver

DRIVERS = {"sandbox": SandboxDriver}


@pytest.fixture(params=sorted(DRIVERS))
def driver(request: pytest.FixtureRequest, clock: HandClock) -> Driver:
    made: Driver = DRIVERS[request.param]()
    return made


@pytest.fixture
def sandbox(clock: HandClock) -> SandboxDriver:
    return SandboxDriver()
