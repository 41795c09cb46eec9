"""Customers: who pays, with address, VAT number, currency and balance (rules P12, M10, T2).

One is entered for a purchase and is nobody's until that is paid; from then on its billing owner changes it.
"""

from dataclasses import fields
from datetime import datetime
from typing import Annotated, Literal

from django.db.models import Q, QuerySet
from ninja import Query, Router
from pydantic import Field, StringConstraints

from zetel import clock
from zetel.actions import customers, standing
from zetel.actions.customers import BillingInformation
from zetel.api.callers import ApiRequest
from zetel.api.operations import operation
from zetel.api.values import (
    Country,
    Currency,
    CustomerId,
    Language,
    ListQuery,
    Many,
    Money,
    PersonId,
    Sent,
    Shown,
    Text,
    Zone,
    money,
    page_of,
    the_one,
)
from zetel.models import CatalogVersion, Customer
from zetel.models.ids import public_id
from zetel.rules.errors import ZetelError

router = Router()
_REFUSALS = (
    "country_invalid", "email_invalid", "language_invalid", "time_zone_invalid", "vat_number_malformed",
    "currency_unknown", "currency_fixed",
)  # fmt: skip


class Information(Sent):
    """Billing information. Which parts of an address are needed depends on the country."""

    name: Text = Field(min_length=1, examples=["Anna Jansen"])
    company: Text = ""
    address_line1: Text = Field(min_length=1, examples=["Herengracht 1"])
    address_line2: Text = ""
    postal_code: Annotated[str, StringConstraints(max_length=32)] = Field(default="", examples=["1015 BA"])
    city: Annotated[str, StringConstraints(max_length=128)] = Field(default="", examples=["Amsterdam"])
    region: Annotated[str, StringConstraints(max_length=128)] = ""
    country: Country
    vat_number: Annotated[str, StringConstraints(max_length=32)] = ""
    invoice_email: Annotated[str, StringConstraints(max_length=254)] = Field(
        default="", description="An accounts mailbox that gets invoices too."
    )
    reference: Annotated[str, StringConstraints(max_length=64)] = Field(
        default="", description="Printed on invoices, such as a purchase order."
    )
    language: Language = "en"
    time_zone: Zone = "Europe/Amsterdam"


class CustomerWanted(Information):
    currency: Currency | None = Field(default=None, description="The catalogue's own currency unless given.")


class CustomerShown(Shown):
    id: CustomerId
    name: str = Field(examples=["Anna Jansen"])
    company: str
    address_line1: str
    address_line2: str
    postal_code: str
    city: str
    region: str
    country: str = Field(examples=["NL"])
    vat_number: str
    vat_status: Literal["none", "unverified", "verified"]
    invoice_email: str
    reference: str
    language: str = Field(examples=["nl"])
    time_zone: str = Field(examples=["Europe/Amsterdam"])
    currency: str = Field(examples=["EUR"])
    billing_owner: PersonId | None = Field(description="Null until something was paid.")
    balances: list[Money] = Field(description="What the seller owes the customer, per currency.")
    created_at: datetime


def shown(row: Customer) -> CustomerShown:
    """A customer with its balance; for its billing owner, who enters it, and staff."""
    kept = {field.name: getattr(row, field.name) for field in fields(BillingInformation)}
    balances = [money(amount, currency) for currency, amount in standing.balances_of(row).items()]
    return CustomerShown(
        id=row.public_id, **kept, vat_status=row.vat_status, currency=row.currency, created_at=row.created_at,
        billing_owner=public_id("per", row.billing_owner_id) if row.billing_owner_id else None, balances=balances,
    )  # fmt: skip


def own(request: ApiRequest) -> QuerySet[Customer]:
    """Those the person holds billing of, or is entering."""
    person = request.caller.somebody
    entering = Q(billing_owner=None, entered_by=person)
    return Customer.objects.select_related("billing_owner").filter(Q(billing_owner=person) | entering)


def load(request: ApiRequest, customer_id: str) -> Customer:
    return the_one(own(request), customer_id)


@operation(router, "GET", "/customers", answer=Many[CustomerShown], codes=("person_required",))
def list_customers(request: ApiRequest, query: Query[ListQuery]) -> Many[CustomerShown]:
    """The customers that the person pays as, or is entering."""
    return page_of(own(request), query, lambda rows: [shown(row) for row in rows])


@operation(router, "POST", "/customers", answer=CustomerShown, status=201, codes=_REFUSALS)
def create_customer(request: ApiRequest, body: CustomerWanted) -> CustomerShown:
    """Enter who will pay, for a purchase."""
    catalog = CatalogVersion.objects.current()
    currency = body.currency or catalog.default_currency
    if currency not in catalog.currencies:
        raise ZetelError("currency_unknown", field="currency")
    made = customers.enter(
        _information(body), person=request.caller.somebody, currency=currency, now=clock.now()
    )
    return shown(made)


@operation(router, "GET", "/customers/{customer_id}", answer=CustomerShown, codes=("person_required",))
def get_customer(request: ApiRequest, customer_id: CustomerId) -> CustomerShown:
    """One customer."""
    return shown(load(request, customer_id))


@operation(
    router, "PUT", "/customers/{customer_id}", answer=CustomerShown, codes=(*_REFUSALS, "change_pending")
)
def change_customer(request: ApiRequest, customer_id: CustomerId, body: Information) -> CustomerShown:
    """All billing information anew. Documents that were issued keep the old."""
    row, person, now = load(request, customer_id), request.caller.somebody, clock.now()
    if row.billing_owner_id is None:
        return shown(
            customers.enter(_information(body), person=person, currency=row.currency, now=now, customer=row)
        )
    return shown(customers.change_information(row, _information(body), actor=person, now=now))


def _information(body: Information) -> BillingInformation:
    return BillingInformation(
        **{field.name: getattr(body, field.name) for field in fields(BillingInformation)}
    )
