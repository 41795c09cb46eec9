"""The two tenants of the page tests with a key for everybody, made once for a module that asks for them."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.api.calling import Program, program_of
from tests.conftest import FIRST_INSTANT
from tests.web.conftest import Two
from tests.web.tenants import begin_two, fingerprint, undone
from zetel import clock
from zetel.actions import acting, quotes
from zetel.models import ApiKey, Customer, PurchaseDraft
from zetel.models.ids import parse_public_id

SCOPES = ("read", "write", "staff")


@dataclass
class Callers:
    """Everybody's program by what they are at Acme: people, staff, `host`, `nobody`, and `narrow`, Anna's with the
    scope that an operation does not ask for."""

    two: Two
    programs: dict[str, Program]
    narrow: dict[bool, Program]
    untouched: dict[str, str]
    """The fingerprint of the world, before each test and after it."""

    def of(self, who: str, *, is_write: bool) -> Program:
        return self.narrow[is_write] if who == "narrow" else self.programs[who]


@pytest.fixture(scope="module")
def callers(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Callers]:
    """Ask for it in tests marked `django_db`: each of them is undone by itself."""
    with django_db_blocker.unblock(), undone():
        clock.freeze(FIRST_INSTANT)
        two = Two(*begin_two(FIRST_INSTANT))
        people = two.acme.people | two.staff
        programs = {who: program_of(person, *SCOPES) for who, person in people.items()}
        programs |= {"host": program_of(None, *SCOPES), "nobody": Program(""), "beta": _beta(two)}
        anna = people["anna"]
        narrow = {True: program_of(anna, "read", "staff"), False: program_of(anna, "write", "staff")}
        for tenant in (two.acme, two.beta):
            _more_ids(two, tenant.ids, tenant.people["anna"].pk)
        clock.release()
        untouched = fingerprint()
        with django_db_blocker.block():
            yield Callers(two, programs, narrow, untouched)


def _beta(two: Two) -> Program:
    return program_of(two.beta.people["anna"], *SCOPES)


def _more_ids(two: Two, ids: dict[str, str], anna: uuid.UUID) -> None:
    """What only operations name: a key, the quote of a purchase, somebody acting."""
    ids["key_id"] = ApiKey.objects.filter(person=anna).earliest("id").public_id
    draft = PurchaseDraft.objects.get(pk=_id_of(ids["draft_id"]))
    ids["purchase_id"] = quotes.bind(draft, now=FIRST_INSTANT).public_id
    customer = Customer.objects.get(pk=_id_of(ids["customer_id"]))
    stretch = acting.begin(customer, staff=two.staff["support"], reason="Gebeld", now=FIRST_INSTANT)
    ids["acting_id"] = stretch.public_id


def _id_of(public: str) -> uuid.UUID:
    found = parse_public_id(public.partition("_")[0], public)
    assert found is not None
    return found
