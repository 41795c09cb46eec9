"""Anna and her workspace by name, and the doctor's visit: mark tests `pytest.mark.usefixtures("stays_healthy")`."""

import pytest

from tests.conftest import HandClock
from tests.directory_world import World, begin
from tests.doctor import stays_healthy
from zetel.models import Person, Space

__all__ = ["stays_healthy"]


@pytest.fixture
def world(clock: HandClock) -> World:
    return begin(clock.now)


@pytest.fixture
def anna(world: World) -> Person:
    return world.person("Anna")


@pytest.fixture
def studio(world: World, anna: Person) -> Space:
    return world.workspace(anna)
