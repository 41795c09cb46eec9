"""Who may do what: one matrix of roles and capabilities (rules R1 to R9), read by the doors and by the tests.

A person has several roles at once towards a space: a member may be admin and billing owner too. What any of the roles
may do, the person may do. Whoever may not is told as little as rule R8 asks: a stranger learns nothing.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from zetel.rules.errors import ZetelError


class Role(StrEnum):
    """What somebody is towards a space, or in the seller's house."""

    ANONYMOUS = "anonymous"  # nobody logged in
    STRANGER = "stranger"  # logged in, not in the space
    GUEST = "guest"
    MEMBER = "member"
    ADMIN = "admin"
    BILLING_OWNER = "billing_owner"
    FORMER_OWNER = "former_owner"  # last billing owner of a subscription that ended (R7)
    ACTING_SALES = "acting_sales"  # staff who act for the customer that pays, with a reason (R9)
    ACTING_SUPPORT = "acting_support"
    SALES = "sales"
    SUPPORT = "support"
    FINANCE = "finance"
    OPERATOR = "operator"
    HOST = "host"  # the host product itself, by the installation's own key, where it names nobody (S4, E2)


class Capability(StrEnum):
    """One thing that a page or an operation needs a right for."""

    SPACE_SEE = "space.see"
    SPACE_PEOPLE_SEE = "space.people.see"
    SPACE_SETTINGS_EDIT = "space.settings.edit"
    SPACE_ADMINS_NAME = "space.admins.name"
    SPACE_DELETE = "space.delete"
    SPACE_INVITE = "space.invite"
    SPACE_PEOPLE_MANAGE = "space.people.manage"
    SPACE_LEAVE = "space.leave"
    TEAM_CREATE = "team.create"
    SUBSCRIPTION_BUY = "subscription.buy"
    BILLING_SEE_OWNER = "billing.see_owner"
    BILLING_SEE = "billing.see"
    BILLING_MANAGE = "billing.manage"
    METHOD_MANAGE = "method.manage"
    INVOICES_SEE = "invoices.see"
    SEATUSE_SEE = "seatuse.see"
    HAND_OVER = "hand_over"
    ENTITLEMENT_SEE = "entitlement.see"
    STAFF_ENTER = "staff.enter"
    STAFF_CUSTOMERS_SEE = "staff.customers.see"
    STAFF_SEATUSE_SEE = "staff.seatuse.see"
    STAFF_MONEY_SEE = "staff.money.see"
    STAFF_OFFER = "staff.offer"
    STAFF_MANUAL_CHANGE = "staff.manual.change"
    STAFF_ACT_FOR_CUSTOMER = "staff.act_for_customer"
    STAFF_HAND_OVER = "staff.hand_over"
    STAFF_RESEND = "staff.resend"
    STAFF_MONEY_BOOK = "staff.money.book"
    STAFF_CREDIT = "staff.credit"
    STAFF_REFUND = "staff.refund"
    STAFF_EXPORT = "staff.export"
    STAFF_CANCEL_NOW = "staff.cancel_now"
    STAFF_CATALOG_EDIT = "staff.catalog.edit"
    STAFF_VAT_VERIFY = "staff.vat.verify"
    STAFF_TAX_EDIT = "staff.tax.edit"
    STAFF_GATEWAYS_EDIT = "staff.gateways.edit"
    STAFF_KEYS_EDIT = "staff.keys.edit"
    STAFF_NAME = "staff.name"
    SANDBOX_CLOCK = "sandbox.clock"


STAFF_ROLES: frozenset[Role] = frozenset({Role.SALES, Role.SUPPORT, Role.FINANCE, Role.OPERATOR})

_C = Capability
_GUEST = frozenset({_C.SPACE_SEE, _C.SPACE_LEAVE, _C.ENTITLEMENT_SEE})
_MEMBER = _GUEST | {
    _C.SPACE_PEOPLE_SEE,
    _C.SPACE_INVITE,
    _C.TEAM_CREATE,
    _C.SUBSCRIPTION_BUY,
    _C.BILLING_SEE_OWNER,
}
_ADMIN = _MEMBER | {
    _C.SPACE_SETTINGS_EDIT,
    _C.SPACE_ADMINS_NAME,
    _C.SPACE_PEOPLE_MANAGE,
    _C.SPACE_DELETE,
}
_BILLING_OWNER = _MEMBER | {
    _C.BILLING_SEE,
    _C.BILLING_MANAGE,
    _C.METHOD_MANAGE,
    _C.INVOICES_SEE,
    _C.SEATUSE_SEE,
    _C.HAND_OVER,
}
# Never card data, never paying, never documents: those stay with the owner, and with finance in the back office.
_ACTING = frozenset({_C.BILLING_SEE_OWNER, _C.BILLING_SEE, _C.BILLING_MANAGE, _C.SEATUSE_SEE})
_STAFF_READ = frozenset({_C.STAFF_ENTER, _C.STAFF_CUSTOMERS_SEE, _C.STAFF_SEATUSE_SEE})
_SALES = _STAFF_READ | {
    _C.STAFF_OFFER,
    _C.STAFF_MANUAL_CHANGE,
    _C.STAFF_ACT_FOR_CUSTOMER,
}
_SUPPORT = _STAFF_READ | {
    _C.STAFF_HAND_OVER,
    _C.STAFF_ACT_FOR_CUSTOMER,
    _C.STAFF_RESEND,
}
_FINANCE = frozenset(
    {
        _C.STAFF_ENTER,
        _C.STAFF_CUSTOMERS_SEE,
        _C.STAFF_MONEY_SEE,
        _C.STAFF_MONEY_BOOK,
        _C.STAFF_CREDIT,
        _C.STAFF_REFUND,
        _C.STAFF_EXPORT,
        _C.STAFF_VAT_VERIFY,
    }
)
_OPERATOR = (
    _SALES
    | _SUPPORT
    | _FINANCE
    | {
        _C.STAFF_CANCEL_NOW,
        _C.STAFF_CATALOG_EDIT,
        _C.STAFF_TAX_EDIT,
        _C.STAFF_GATEWAYS_EDIT,
        _C.STAFF_KEYS_EDIT,
        _C.STAFF_NAME,
        _C.SANDBOX_CLOCK,
    }
)

# What the host knows of its own people and places; money and rights of a person are never the host's (R3).
_HOST = frozenset(
    {
        _C.SPACE_SEE,
        _C.SPACE_PEOPLE_SEE,
        _C.SPACE_SETTINGS_EDIT,
        _C.SPACE_ADMINS_NAME,
        _C.SPACE_PEOPLE_MANAGE,
        _C.SPACE_DELETE,
        _C.ENTITLEMENT_SEE,
        _C.SEATUSE_SEE,
    }
)

# A former owner holds this beside whatever they still are: on a space that was once paid, its invoices only.
MATRIX: Mapping[Role, frozenset[Capability]] = MappingProxyType(
    {
        Role.ANONYMOUS: frozenset(),
        Role.STRANGER: frozenset(),
        Role.GUEST: _GUEST,
        Role.MEMBER: _MEMBER,
        Role.ADMIN: _ADMIN,
        Role.BILLING_OWNER: _BILLING_OWNER,
        Role.FORMER_OWNER: frozenset({_C.INVOICES_SEE}),
        Role.ACTING_SALES: _ACTING,
        Role.ACTING_SUPPORT: _ACTING | {_C.HAND_OVER},
        Role.SALES: _SALES,
        Role.SUPPORT: _SUPPORT,
        Role.FINANCE: _FINANCE,
        Role.OPERATOR: _OPERATOR,
        Role.HOST: _HOST,
    }
)

# Who knows that a space exists, so that a refusal may say "not you" instead of "no such thing".
_KNOWS_OF_SPACE = frozenset({Role.GUEST, Role.MEMBER, Role.ADMIN, Role.BILLING_OWNER, Role.FORMER_OWNER})


def may(roles: Iterable[Role], capability: Capability) -> bool:
    """Whether any of the roles has the capability."""
    return any(capability in MATRIX[role] for role in roles)


def refusal(roles: Iterable[Role]) -> int:
    """Rule R8, the HTTP status of a refusal: 401 nobody logged in, 404 a stranger, 403 one who is in the space.

    Staff are strangers to a customer's own pages; staff pages are refused to others as if they did not exist, which
    the caller gets by passing the roles towards the seller's house alone.
    """
    held = frozenset(roles)
    if not held or held == {Role.ANONYMOUS}:
        return 401
    return 403 if held & (_KNOWS_OF_SPACE | STAFF_ROLES) else 404


def require(roles: Iterable[Role], capability: Capability) -> None:
    """Raise `not_logged_in`, `forbidden` or `not_found` unless one of the roles has the capability."""
    held = frozenset(roles)
    if may(held, capability):
        return
    raise ZetelError({401: "not_logged_in", 403: "forbidden", 404: "not_found"}[refusal(held)])
