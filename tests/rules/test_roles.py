"""The matrix of roles and capabilities, whole (R1 to R9)."""

import pytest

from zetel.rules.errors import ZetelError
from zetel.rules.roles import MATRIX, Capability, Role, may, refusal, require

# Every role that has the capability; a new capability fails here until somebody decides about every role.
SPACE_PEOPLE = "guest member admin billing_owner"
MEMBERS = "member admin billing_owner"
ACTING = "acting_sales acting_support"
EXPECTED: dict[str, str] = {
    "space.see": f"{SPACE_PEOPLE} host",
    "space.leave": SPACE_PEOPLE,
    "entitlement.see": f"{SPACE_PEOPLE} host",
    "space.people.see": f"{MEMBERS} host",
    "space.invite": MEMBERS,
    "team.create": MEMBERS,
    "subscription.buy": MEMBERS,
    "billing.see_owner": f"{MEMBERS} {ACTING}",
    "space.settings.edit": "admin host",
    "space.admins.name": "admin host",
    "space.people.manage": "admin host",
    "space.delete": "admin host",
    "billing.see": f"billing_owner {ACTING}",
    "billing.manage": f"billing_owner {ACTING}",
    "seatuse.see": f"billing_owner {ACTING} host",
    "hand_over": "billing_owner acting_support",
    "method.manage": "billing_owner",
    "invoices.see": "billing_owner former_owner",
    "staff.enter": "sales support finance operator",
    "staff.customers.see": "sales support finance operator",
    "staff.seatuse.see": "sales support operator",
    "staff.act_for_customer": "sales support operator",
    "staff.offer": "sales operator",
    "staff.manual.change": "sales operator",
    "staff.hand_over": "support operator",
    "staff.resend": "support operator",
    "staff.money.see": "finance operator",
    "staff.money.book": "finance operator",
    "staff.credit": "finance operator",
    "staff.refund": "finance operator",
    "staff.export": "finance operator",
    "staff.cancel_now": "operator",
    "staff.catalog.edit": "operator",
    "staff.vat.verify": "finance operator",
    "staff.tax.edit": "operator",
    "staff.gateways.edit": "operator",
    "staff.keys.edit": "operator",
    "staff.name": "operator",
    "sandbox.clock": "operator",
}


def test_every_capability_was_decided_for_every_role() -> None:
    assert set(EXPECTED) == {str(capability) for capability in Capability}
    assert set(MATRIX) == set(Role)


@pytest.mark.parametrize("role", Role)
def test_a_role_may_exactly_what_the_table_says(role: Role) -> None:
    got = {str(capability) for capability in Capability if may([role], capability)}
    assert got == {capability for capability, roles in EXPECTED.items() if role in roles.split()}


def test_an_admin_has_no_billing_right_and_a_billing_owner_no_admin_right() -> None:
    assert not may([Role.ADMIN, Role.MEMBER], Capability.BILLING_MANAGE)
    assert not may([Role.BILLING_OWNER], Capability.SPACE_SETTINGS_EDIT)
    assert may([Role.ADMIN, Role.BILLING_OWNER], Capability.BILLING_MANAGE)


@pytest.mark.parametrize(
    ("roles", "status", "code"),
    [
        ([], 401, "not_logged_in"),
        ([Role.ANONYMOUS], 401, "not_logged_in"),
        ([Role.STRANGER], 404, "not_found"),
        ([Role.GUEST], 403, "forbidden"),
        ([Role.MEMBER], 403, "forbidden"),
        ([Role.MEMBER, Role.ADMIN], 403, "forbidden"),
        ([Role.STRANGER, Role.FORMER_OWNER], 403, "forbidden"),
        ([Role.SALES], 403, "forbidden"),
    ],
)
def test_a_refusal_tells_as_little_as_it_may(roles: list[Role], status: int, code: str) -> None:
    assert refusal(roles) == status
    with pytest.raises(ZetelError) as error:
        require(roles, Capability.BILLING_MANAGE)
    assert (error.value.code, error.value.status) == (code, status)


def test_whoever_may_is_let_through() -> None:
    require([Role.MEMBER, Role.BILLING_OWNER], Capability.BILLING_MANAGE)
