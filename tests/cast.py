"""The cast that most stories begin with: a world at the clock's instant, Anna, her workspace, her organization.

Who is needed is named as an argument. A test whose Anna is another one makes its own fixture of that name.
"""

import pytest

from tests.conftest import HandClock
from tests.directory_world import World, begin
from zetel.models import Person, Space


@pytest.fixture
def world(clock: HandClock) -> World:
    return begin(clock.now)


@pytest.fixture
def anna(world: World) -> Person:
    return world.person("Anna")


@pytest.fixture
def studio(world: World, anna: Person) -> Space:
    return world.workspace(anna)


@pytest.fixture
def acme(world: World, anna: Person) -> Space:
    return world.organization(anna)
