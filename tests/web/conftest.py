"""The two tenants of `tests.web.tenants`, made once for a module that asks for them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from django.conf import settings
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from tests.conftest import FIRST_INSTANT
from tests.web.tenants import Tenant, begin_two, undone
from zetel import clock
from zetel.models import Person


@dataclass
class Two:
    """Acme, whose things are asked for; Beta, whose things are mixed in; and the seller's people."""

    acme: Tenant
    beta: Tenant
    staff: dict[str, Person]
    sessions: dict[str, str] = field(default_factory=dict)

    def somebody(self, role: str) -> Person | None:
        """A person by what they are at Acme, or by their role with the seller."""
        return self.staff.get(role) or self.acme.people.get(role)

    def client(self, role: str, *, checks_forms: bool = False) -> Client:
        """A browser of their own, logged in since the beginning; of nobody for a role that is none."""
        client = Client(checks_forms, headers={"accept-language": "en"})
        if role in self.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        return client

    def log_in(self) -> None:
        for role, person in (self.acme.people | self.staff).items():
            client = Client()
            client.force_login(person)
            self.sessions[role] = client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture(scope="module")
def two(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Two]:
    """Ask for it in tests marked `django_db`: each of them is undone by itself."""
    with django_db_blocker.unblock(), undone():
        clock.freeze(FIRST_INSTANT)
        made = Two(*begin_two(FIRST_INSTANT))
        made.log_in()
        clock.release()
        with django_db_blocker.block():
            yield made
