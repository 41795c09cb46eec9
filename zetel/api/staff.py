"""Acts of the seller's people: customers, documents, credit, write-off, ending, handing over, acting (rules R9, C10).

For a key of a member of staff with the scope `staff`; what may be done is what that person's role may. Every act
carries a written reason that the customer can read. To others these addresses do not exist.
"""

from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from zetel import clock
from zetel.access import staff_of
from zetel.actions import acting, cancel_now, credit_notes, hand_over
from zetel.api import customers, invoices, requests, subscriptions
from zetel.api.callers import ApiRequest
from zetel.api.customers import CustomerShown
from zetel.api.invoices import InvoiceShown, PaymentShown, RefundShown, WholeInvoice
from zetel.api.operations import operation
from zetel.api.requests import SalesRequestShown
from zetel.api.subscriptions import SubscriptionShown
from zetel.api.values import (
    ActingId,
    Currency,
    CustomerId,
    InvoiceId,
    ListQuery,
    Many,
    Money,
    Nothing,
    PersonId,
    Reason,
    Sent,
    Shown,
    SubscriptionId,
    money,
    page_of,
    parse_id,
    the_one,
)
from zetel.models import Acting, Customer, Invoice, Payment, Person, Refund, SalesRequest, Subscription
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability

router = Router()
_READ = ("person_required", "not_logged_in")
_ACT = ("reason_required", "not_logged_in")


class CustomersQuery(ListQuery):
    billing_owner: PersonId | None = None


class DocumentsQuery(ListQuery):
    customer: CustomerId | None = None
    state: Literal["open", "paid", "credited", "written_off"] | None = None


class Because(Sent):
    """The customer can read the reason."""

    reason: Reason


class CreditWanted(Because):
    amount: Annotated[int, Field(strict=True, ge=1, le=2**53)] | None = Field(
        default=None, description="The gross amount in minor units; the whole unless given."
    )
    goes_to: Literal["balance", "refund"] = Field(
        default="balance", description="Where paid money goes; what is open is lowered first."
    )


class EndWanted(Because):
    unused: Literal["kept", "balance", "refund"] = Field(
        default="kept", description="What becomes of the money for the days that are left."
    )


class HandOverFor(Because):
    to: PersonId


class PayOutWanted(Because):
    currency: Currency


class PaidOut(Shown):
    customer: CustomerId
    amount: Money


class ActingShown(Shown):
    """While it lasts, requests with the header `Zetel-Acting` act for the customer, as far as the role goes."""

    id: ActingId
    customer: CustomerId
    staff: PersonId
    reason: str
    started_at: datetime
    ends_at: datetime
    ended_at: datetime | None


@operation(router, "GET", "/staff/customers", answer=Many[CustomerShown], staff=True, codes=_READ)
def staff_list_customers(request: ApiRequest, query: Query[CustomersQuery]) -> Many[CustomerShown]:
    """Every customer, newest first."""
    staff_of(request, Capability.STAFF_CUSTOMERS_SEE)
    rows = Customer.objects.select_related("billing_owner")
    if query.billing_owner:
        rows = rows.filter(billing_owner=parse_id("per", query.billing_owner))
    return page_of(rows, query, lambda found: [customers.shown(row) for row in found])


@operation(router, "GET", "/staff/customers/{customer_id}", answer=CustomerShown, staff=True, codes=_READ)
def staff_get_customer(request: ApiRequest, customer_id: CustomerId) -> CustomerShown:
    """One customer."""
    staff_of(request, Capability.STAFF_CUSTOMERS_SEE)
    return customers.shown(_customer(customer_id))


@operation(router, "GET", "/staff/subscriptions", answer=Many[SubscriptionShown], staff=True, codes=_READ)
def staff_list_subscriptions(
    request: ApiRequest, query: Query[subscriptions.SubscriptionsQuery]
) -> Many[SubscriptionShown]:
    """Every subscription, newest first."""
    staff_of(request, Capability.STAFF_CUSTOMERS_SEE)
    rows = Subscription.objects.select_related("space", "customer")
    if query.space:
        rows = rows.filter(space=parse_id("spc", query.space))
    if query.status:
        rows = rows.filter(status=query.status)
    return page_of(rows, query, subscriptions.shown_all)


@operation(router, "GET", "/staff/invoices", answer=Many[InvoiceShown], staff=True, codes=_READ)
def staff_list_invoices(request: ApiRequest, query: Query[DocumentsQuery]) -> Many[InvoiceShown]:
    """Every document, newest first."""
    staff_of(request, Capability.STAFF_MONEY_SEE)
    rows = Invoice.objects.all()
    if query.customer:
        rows = rows.filter(customer=parse_id("cus", query.customer))
    if query.state:
        rows = rows.filter(state=query.state)
    return page_of(rows, query, invoices.shown_all)


@operation(router, "GET", "/staff/invoices/{invoice_id}", answer=WholeInvoice, staff=True, codes=_READ)
def staff_get_invoice(request: ApiRequest, invoice_id: InvoiceId) -> WholeInvoice:
    """One document with its lines."""
    staff_of(request, Capability.STAFF_MONEY_SEE)
    return invoices.whole(_invoice(invoice_id))


@operation(
    router, "GET", "/staff/invoices/{invoice_id}/pdf", answer=None, media="application/pdf", staff=True, codes=_READ
)  # fmt: skip
def staff_get_invoice_pdf(request: ApiRequest, invoice_id: InvoiceId) -> HttpResponse:
    """One document as it was issued, as PDF."""
    staff_of(request, Capability.STAFF_MONEY_SEE)
    return invoices.pdf_of(_invoice(invoice_id))


@operation(router, "GET", "/staff/payments", answer=Many[PaymentShown], staff=True, codes=_READ)
def staff_list_payments(request: ApiRequest, query: Query[ListQuery]) -> Many[PaymentShown]:
    """Every payment, newest first."""
    staff_of(request, Capability.STAFF_MONEY_SEE)
    return page_of(Payment.objects.all(), query, invoices.payments_shown)


@operation(router, "GET", "/staff/refunds", answer=Many[RefundShown], staff=True, codes=_READ)
def staff_list_refunds(request: ApiRequest, query: Query[ListQuery]) -> Many[RefundShown]:
    """Every refund, newest first."""
    staff_of(request, Capability.STAFF_MONEY_SEE)
    return page_of(Refund.objects.all(), query, invoices.refunds_shown)


@operation(
    router, "POST", "/staff/invoices/{invoice_id}/credit", answer=WholeInvoice, status=201, staff=True,
    codes=(*_ACT, "credit_too_large", "amount_invalid", "invoice_written_off", "refund_too_large", "no_change"),
)  # fmt: skip
def staff_credit_invoice(request: ApiRequest, invoice_id: InvoiceId, body: CreditWanted) -> WholeInvoice:
    """Issue a credit note on an invoice: money, which leaves coverage as it is (M11)."""
    person = staff_of(request, Capability.STAFF_CREDIT)
    row = _invoice(invoice_id)
    if row.kind != "invoice":
        raise ZetelError("not_found")
    wish = credit_notes.Wish(amount=body.amount or 0)
    note = credit_notes.credit(
        row, wish, goes_to=body.goes_to, actor=person, reason=body.reason, now=clock.now()
    )
    return invoices.whole(note)


@operation(
    router, "POST", "/staff/invoices/{invoice_id}/write-off", answer=InvoiceShown, staff=True,
    codes=(*_ACT, "nothing_due", "invoice_written_off"),
)  # fmt: skip
def staff_write_off(request: ApiRequest, invoice_id: InvoiceId, body: Because) -> InvoiceShown:
    """Ask for what is open no more; the invoice itself stays as it was issued."""
    person = staff_of(request, Capability.STAFF_CREDIT)
    row = credit_notes.write_off(_invoice(invoice_id), actor=person, reason=body.reason, now=clock.now())
    return invoices.shown_all([row])[0]


@operation(
    router, "POST", "/staff/customers/{customer_id}/pay-out", answer=PaidOut, staff=True,
    codes=(*_ACT, "balance_too_small", "currency_unknown"),
)  # fmt: skip
def staff_pay_out(request: ApiRequest, customer_id: CustomerId, body: PayOutWanted) -> PaidOut:
    """Mark a balance as paid out by bank (M10)."""
    person = staff_of(request, Capability.STAFF_REFUND)
    row = _customer(customer_id)
    paid = credit_notes.pay_out(row, body.currency, actor=person, reason=body.reason, now=clock.now())
    return PaidOut(customer=row.public_id, amount=money(paid, body.currency))


@operation(
    router, "POST", "/staff/subscriptions/{subscription_id}/end", answer=SubscriptionShown, staff=True,
    codes=(*_ACT, "no_subscription", "refund_too_large", "period_unsettled"),
)  # fmt: skip
def staff_end_subscription(
    request: ApiRequest, subscription_id: SubscriptionId, body: EndWanted
) -> SubscriptionShown:
    """End a subscription today (C10)."""
    person = staff_of(request, Capability.STAFF_CANCEL_NOW)
    row = _subscription(subscription_id)
    cancel_now.cancel_now(
        row, unused="kept" if body.unused == "kept" else "credited",
        goes_to="refund" if body.unused == "refund" else "balance", actor=person, reason=body.reason,
        now=clock.now(),
    )  # fmt: skip
    return subscriptions.shown(row)


@operation(
    router, "POST", "/staff/subscriptions/{subscription_id}/hand-over", answer=SubscriptionShown, staff=True,
    codes=(*_ACT, "no_subscription", "no_change", "not_member", "past_due"),
)  # fmt: skip
def staff_hand_over(
    request: ApiRequest, subscription_id: SubscriptionId, body: HandOverFor
) -> SubscriptionShown:
    """Give billing to a member of the space, for an owner who cannot."""
    person = staff_of(request, Capability.STAFF_HAND_OVER)
    row = _subscription(subscription_id)
    to = Person.objects.filter(pk=parse_id("per", body.to)).first()
    if to is None:
        raise ZetelError("not_member")
    hand_over.give_for(row, to=to, staff=person, reason=body.reason, now=clock.now())
    return subscriptions.shown(row)


@operation(
    router, "POST", "/staff/customers/{customer_id}/acting", answer=ActingShown, status=201, staff=True, codes=_ACT
)  # fmt: skip
def staff_begin_acting(request: ApiRequest, customer_id: CustomerId, body: Because) -> ActingShown:
    """Act for a customer for half an hour; name it in `Zetel-Acting` of the requests that do so."""
    person = staff_of(request, Capability.STAFF_ACT_FOR_CUSTOMER)
    return _acting(acting.begin(_customer(customer_id), staff=person, reason=body.reason, now=clock.now()))


@operation(router, "POST", "/staff/acting/{acting_id}/end", answer=ActingShown, staff=True, codes=_ACT)
def staff_end_acting(request: ApiRequest, acting_id: ActingId, body: Nothing) -> ActingShown:
    """Stop acting."""
    person = staff_of(request, Capability.STAFF_ACT_FOR_CUSTOMER)
    rows = Acting.objects.select_related("staff", "customer")
    row = the_one(rows.filter(staff=person), acting_id)
    acting.end(row, now=clock.now())
    return _acting(rows.get(pk=row.pk))


@operation(router, "GET", "/staff/sales-requests", answer=Many[SalesRequestShown], staff=True, codes=_READ)
def staff_list_sales_requests(request: ApiRequest, query: Query[ListQuery]) -> Many[SalesRequestShown]:
    """What was asked of sales, newest first."""
    staff_of(request, Capability.STAFF_OFFER)
    return page_of(SalesRequest.objects.all(), query, lambda found: [requests.shown(row) for row in found])


def _acting(row: Acting) -> ActingShown:
    return ActingShown(
        id=row.public_id, customer=row.customer.public_id, staff=row.staff.public_id, reason=row.reason,
        started_at=row.started_at, ends_at=row.ends_at, ended_at=row.ended_at,
    )  # fmt: skip


def _customer(customer_id: str) -> Customer:
    return the_one(Customer.objects.select_related("billing_owner"), customer_id)


def _invoice(invoice_id: str) -> Invoice:
    return the_one(Invoice.objects.select_related("customer", "space", "subscription", "credits"), invoice_id)


def _subscription(subscription_id: str) -> Subscription:
    return the_one(Subscription.objects.select_related("space", "customer__billing_owner"), subscription_id)
