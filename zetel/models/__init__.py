"""Storage: fields, constraints, indexes and query sets. Nothing here writes; the actions do."""

from zetel.models.access import ClockSetting, Throttle
from zetel.models.acting import Acting
from zetel.models.bank import BankBooking, BankLine, BankStatement
from zetel.models.catalog import CatalogVersion
from zetel.models.customers import BalanceEntry, Customer, MethodSetup, PaymentMethod
from zetel.models.differences import Difference
from zetel.models.events import Event, Mail
from zetel.models.invoices import Credit, Invoice, InvoiceLine, InvoiceTax, IssuedFile, Series
from zetel.models.keys import ApiKey, KeptAnswer
from zetel.models.lookups import AnyOf
from zetel.models.manual_invoices import ManualInvoice
from zetel.models.offers import Offer
from zetel.models.payments import Attempt, InboundEvent, Payment, PaymentShare, Refund, TakenBack
from zetel.models.requests import SalesRequest, SupportRequest
from zetel.models.spaces import Domain, Invitation, Membership, Person, Space
from zetel.models.subscriptions import (
    Change,
    Overage,
    PurchaseDraft,
    Quote,
    Subscription,
    SubscriptionTerms,
)
from zetel.models.vat_checks import VatCheck

__all__ = [
    "Acting", "AnyOf", "ApiKey", "Attempt", "BalanceEntry", "BankBooking", "BankLine", "BankStatement",
    "CatalogVersion", "Change", "ClockSetting", "Credit", "Customer", "Difference", "Domain", "Event", "InboundEvent",
    "Invitation", "Invoice", "InvoiceLine", "InvoiceTax", "IssuedFile", "KeptAnswer", "Mail", "ManualInvoice",
    "Membership", "MethodSetup", "Offer", "Overage", "Payment", "PaymentMethod", "PaymentShare", "Person",
    "PurchaseDraft", "Quote", "Refund", "SalesRequest", "Series", "Space", "Subscription", "SubscriptionTerms",
    "SupportRequest", "TakenBack", "Throttle", "VatCheck",
]  # fmt: skip
