"""Who may call what: every operation of the document against every kind of caller (rules R1 to R9).

The list must name every operation; one that is missing fails. What an answer should be is reckoned from the roles
matrix and from who is what in the test's world, never by the code that checks rights for the operations.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.api.calling import Said
from tests.api.conftest import Callers
from tests.conftest import HandClock
from tests.web.tenants import fingerprint, undone
from tests.web.test_matrix import EVERYBODY, FORBIDDEN, LOGIN, MISSING, OK, Rule, everybody, house, only, team
from zetel.api.operations import DECLARED
from zetel.api.service import document
from zetel.models.ids import new_id, parse_public_id, public_id
from zetel.rules.roles import MATRIX, Capability, Role

pytestmark = pytest.mark.django_db

C = Capability
PERSON = "names no person"  # the installation has to say for whom
NARROW = FORBIDDEN  # a key without the scope, whoever it is of
METHODS = {
    operation["operationId"]: (method.upper(), path.removeprefix("/api/v1"))
    for path, operations in document()["paths"].items()
    for method, operation in operations.items()
}


@dataclass(frozen=True)
class Entry:
    """What everybody should be told, and what is sent."""

    rule: Rule
    host: str = PERSON
    body: Mapping[str, Any] = field(default_factory=dict)
    query: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)  # what stands in the path instead of the usual


def place(capability: Capability, **more: Any) -> Entry:
    """An operation on the team: the host may what its role says."""
    host = OK if capability in MATRIX[Role.HOST] else PERSON
    return Entry(team(capability), host, **more)


def staff(capability: Capability, **more: Any) -> Entry:
    """The house: not there for customers, nor for the installation, which is nobody."""
    return Entry(house(capability), LOGIN, **more)


def mine(**more: Any) -> Entry:
    """Anna's own thing."""
    return Entry(only("anna"), **more)


def logged_in(host: str = PERSON, **more: Any) -> Entry:
    return Entry(everybody() | {"nobody": LOGIN}, host, **more)


# For the installation alone: people of the team without the right learn nothing new, its admin is told no.
HOSTS = team(C.SPACE_PEOPLE_MANAGE) | {"bram": FORBIDDEN}
INFORMATION = {"name": "Ander", "address_line1": "1 Main Street", "city": "San Francisco", "country": "US",
               "postal_code": "94105", "region": "CA"}  # fmt: skip
BECAUSE = {"reason": "Gebeld"}
SANDBOX = house(C.SANDBOX_CLOCK)

ENTRIES: dict[str, Entry] = {
    "get_catalog": logged_in(OK),
    "list_spaces": logged_in(OK),
    "create_space": logged_in(body={"kind": "workspace", "name": "Nieuw"}),
    "get_space": place(C.SPACE_SEE),
    "edit_space": place(C.SPACE_SETTINGS_EDIT, body={"name": "Anders"}),
    "move_space": place(C.SPACE_SETTINGS_EDIT, body={"division": None}),
    "name_space": Entry(HOSTS, OK, {"external_id": "ruimte"}),
    "get_me": logged_in(OK),
    "list_people": logged_in(OK),
    "create_person": Entry(
        dict.fromkeys(EVERYBODY, FORBIDDEN) | {"nobody": LOGIN}, OK, {"email": "x@acme.example", "name": "X"}
    ),
    "get_person": Entry(only("chris"), OK),
    "edit_person": Entry(only("chris"), OK, {"name": "Anders"}),
    "list_members": place(C.SPACE_PEOPLE_SEE),
    "add_member": Entry(HOSTS, OK, {"person": "@daan"}),
    "sync_people": Entry(HOSTS, OK, {"people": []}),
    "remove_member": place(C.SPACE_PEOPLE_MANAGE),
    "deactivate_member": place(C.SPACE_PEOPLE_MANAGE),
    "reactivate_member": place(C.SPACE_PEOPLE_MANAGE),
    "set_admin": place(C.SPACE_ADMINS_NAME, body={"is_admin": True}),
    "join_space": Entry(  # who is in its organization may; the others are not told that it is there
        only("anna", "bram", "chris") | {"gast": OK}, PERSON
    ),
    "leave_space": Entry(team(C.SPACE_LEAVE), PERSON),
    "list_invitations": place(C.SPACE_PEOPLE_SEE),
    "create_invitation": place(C.SPACE_INVITE, body={"email": "iemand@elders.example"}),
    "revoke_invitation": Entry(  # whoever sent it, or an admin
        team(C.SPACE_INVITE) | {"anna": FORBIDDEN, "chris": FORBIDDEN}
    ),
    "accept_invitation": Entry(only()),
    "get_entitlement": Entry(team(C.ENTITLEMENT_SEE), PERSON, query="?space={space_id}"),
    "list_entitlements": Entry(
        {who: FORBIDDEN if told == OK else told for who, told in team(C.SPACE_SEE).items()}, OK
    ),
    "list_customers": logged_in(),
    "create_customer": logged_in(body=INFORMATION),
    "get_customer": mine(),
    "change_customer": mine(body=INFORMATION),
    "create_setup_session": mine(body={"kind": "paypal"}),
    "get_setup_session": mine(),
    "refresh_setup_session": mine(),
    "list_payment_methods": mine(),
    "remove_payment_method": mine(),
    "create_quote": Entry(  # members may buy, with a customer of their own
        team(C.SUBSCRIPTION_BUY) | {"bram": MISSING, "chris": MISSING},
        PERSON,
        {"space": "@space_id", "plan": "premium", "cycle": "month", "seats": 5, "customer": "@customer_id"},
    ),
    "create_change_quote": place(C.BILLING_MANAGE, body={"seats": 10}),
    "get_quote": mine(),
    "confirm_quote": mine(ids={"quote_id": "purchase_id"}),
    "get_change": mine(),
    "refresh_change": mine(),
    "stop_change": mine(),
    "list_subscriptions": logged_in(OK),
    "get_subscription": Entry(team(C.BILLING_SEE), OK),
    "cancel_subscription": place(C.BILLING_MANAGE),
    "resume_subscription": place(C.BILLING_MANAGE),
    "withdraw_scheduled": place(C.BILLING_MANAGE, body={"fields": ["seats"]}),
    "hand_over_billing": place(C.HAND_OVER, body={"to": "@person_id"}),
    "get_seat_use": place(C.SEATUSE_SEE),
    "list_invoices": logged_in(),
    "get_invoice": Entry(team(C.INVOICES_SEE) | {"frieda": MISSING}, PERSON),
    "get_invoice_pdf": Entry(team(C.INVOICES_SEE) | {"frieda": MISSING}, PERSON),
    "get_invoice_xml": Entry(team(C.INVOICES_SEE) | {"frieda": MISSING}, PERSON),
    "start_trial": place(  # the team has a plan already
        C.SUBSCRIPTION_BUY, body={"space": "@space_id", "plan": "premium", "cycle": "month", "seats": 5}
    ),
    "pay_invoice": Entry(team(C.INVOICES_SEE) | {"frieda": MISSING}, PERSON),
    "list_payments": logged_in(),
    "list_refunds": logged_in(),
    "list_events": logged_in(OK),
    "create_sales_request": logged_in(body={"name": "Ik", "email": "ik@elders.example"}),
    "list_sales_requests": logged_in(),
    "list_keys": logged_in(OK),
    "create_key": logged_in(body={"name": "Tweede", "scopes": ["read"]}),
    "get_key": Entry(only("anna", "operator"), MISSING),
    "rotate_key": Entry(only("anna", "operator"), MISSING),
    "revoke_key": Entry(only("anna", "operator"), MISSING),
    "staff_list_customers": staff(C.STAFF_CUSTOMERS_SEE),
    "staff_get_customer": staff(C.STAFF_CUSTOMERS_SEE),
    "staff_list_subscriptions": staff(C.STAFF_CUSTOMERS_SEE),
    "staff_list_invoices": staff(C.STAFF_MONEY_SEE),
    "staff_get_invoice": staff(C.STAFF_MONEY_SEE),
    "staff_get_invoice_pdf": staff(C.STAFF_MONEY_SEE),
    "staff_list_mails": staff(C.STAFF_RESEND),
    "staff_send_again": staff(C.STAFF_RESEND, body=BECAUSE, ids={"mail_id": "staff_send_again mail_id"}),
    "staff_list_payments": staff(C.STAFF_MONEY_SEE),
    "staff_list_refunds": staff(C.STAFF_MONEY_SEE),
    "staff_credit_invoice": staff(C.STAFF_CREDIT, body=BECAUSE),
    "staff_write_off": staff(C.STAFF_CREDIT, body=BECAUSE),
    "staff_pay_out": staff(C.STAFF_REFUND, body={**BECAUSE, "currency": "EUR"}),
    "staff_end_subscription": staff(C.STAFF_CANCEL_NOW, body=BECAUSE),
    "staff_hand_over": staff(C.STAFF_HAND_OVER, body={**BECAUSE, "to": "@person_id"}),
    "staff_begin_acting": staff(C.STAFF_ACT_FOR_CUSTOMER, body=BECAUSE),
    # The stretch is the one of support; to others who may act it is not there.
    "staff_end_acting": Entry(
        house(C.STAFF_ACT_FOR_CUSTOMER) | {"sales": MISSING, "operator": MISSING}, LOGIN
    ),
    "staff_list_sales_requests": staff(C.STAFF_OFFER),
    "get_clock": Entry(SANDBOX, OK),
    "set_clock": Entry(SANDBOX, OK, {"instant": "2026-05-12T10:00:00Z"}),
    "advance_clock": Entry(SANDBOX, OK, {"hours": 1}),
    "plan_gateway": Entry(SANDBOX, OK, {"behaviours": ["paid"]}),
    "clear_gateway": Entry(SANDBOX, OK),
    "list_captures": Entry(SANDBOX, OK),
    "complete_setup": Entry(SANDBOX, OK),
    "decide_approval": Entry(  # nothing waits for the bank here
        {who: MISSING if told == OK else told for who, told in SANDBOX.items()}, MISSING
    ),
    "list_mails": Entry(SANDBOX, OK),
}


def outcome(said: Said) -> str:
    """The class of an answer: what an operation thinks of what was sent does not matter here."""
    if said.status == 422 and said.body["code"] == "person_required":
        return PERSON
    classes = {401: LOGIN, 403: FORBIDDEN, 404: MISSING}
    assert said.status in (*classes, 200, 201, 202, 304, 402, 409, 422), said.body
    assert said.status != 422 or said.body["code"] not in ("fields_invalid", "field_unknown"), said.body
    return classes.get(said.status, OK)


def filled(callers: Callers, value: Any) -> Any:
    """`@space_id` and `@daan` stand for what they name in the world."""
    acme = callers.two.acme
    if isinstance(value, dict):
        return {name: filled(callers, part) for name, part in value.items()}
    if isinstance(value, str) and value.startswith("@"):
        name = value[1:]
        return acme.people[name].public_id if name in acme.people else acme.ids[name]
    return value


def call(callers: Callers, who: str, name: str, ids: Mapping[str, str]) -> Said:
    method, path = METHODS[name]
    entry = ENTRIES[name]
    named = {**ids, **{param: ids[other] for param, other in entry.ids.items()}}
    body = None if method == "GET" else filled(callers, dict(entry.body))
    address = (path + entry.query).format(**named)
    return callers.of(who, is_write=method != "GET").call(method, address, body)


def test_every_operation_stands_in_the_list() -> None:
    assert set(METHODS) == set(ENTRIES) == set(DECLARED)


@pytest.mark.parametrize("name", sorted(set(METHODS) & set(ENTRIES)))
def test_everybody_is_answered_as_the_matrix_says(name: str, callers: Callers, clock: HandClock) -> None:
    entry, answers = ENTRIES[name], {}
    expected = {**entry.rule, "host": entry.host, "narrow": NARROW}
    allowed = [who for who, told in expected.items() if told == OK]
    for who in expected:
        if who not in allowed:
            answers[who] = outcome(call(callers, who, name, callers.two.acme.ids))
    assert fingerprint() == callers.untouched, "a refusal changed something"
    for who in allowed:
        with undone():
            answers[who] = outcome(call(callers, who, name, callers.two.acme.ids))
    assert answers == expected


LOOK_ALIKES = [
    (name, param)
    for name in sorted(METHODS)
    for param in ("space_id", "person_id", "customer_id", "subscription_id", "invoice_id", "quote_id", "change_id",
                  "setup_id", "method_id", "invitation_id", "key_id")
    if "{" + param + "}" in METHODS[name][1] and DECLARED[name].scopes[-1] != "staff"
]  # fmt: skip


@pytest.mark.parametrize(("name", "param"), LOOK_ALIKES)
def test_ids_of_another_customer_are_like_ids_that_do_not_exist(
    name: str, param: str, callers: Callers, clock: HandClock
) -> None:
    acme, beta = callers.two.acme, callers.two.beta
    theirs = beta.ids[ENTRIES[name].ids.get(param, param)]
    nobodys = public_id(theirs.partition("_")[0], new_id())
    admins = (
        "edit_space",
        "move_space",
        "name_space",
        "add_member",
        "sync_people",
        "set_admin",
        "edit_person",
    )
    who = "bram" if name in admins or name.endswith("_member") else "anna"
    said = [
        call(callers, who, name, {**acme.ids, param: other, "purchase_id": other})
        for other in (theirs, nobodys)
    ]
    assert [one.status for one in said] == [404, 404]
    assert said[0].body == {**said[1].body, "instance": said[0].body["instance"]}
    assert fingerprint() == callers.untouched
    assert parse_public_id(theirs.partition("_")[0], theirs) is not None


BODIES: list[tuple[str, str, Any]] = [
    ("create_quote", "space", "space_id"),
    ("create_quote", "customer", "customer_id"),
    ("create_quote", "billing_owner", "person_id"),
    ("hand_over_billing", "to", "person_id"),
    ("create_sales_request", "space", "space_id"),
]


@pytest.mark.parametrize(("name", "field_name", "id_name"), BODIES)
def test_ids_of_another_customer_in_a_body_open_nothing(
    name: str, field_name: str, id_name: str, callers: Callers, clock: HandClock
) -> None:
    method, path = METHODS[name]
    body = filled(callers, dict(ENTRIES[name].body))
    theirs = callers.two.beta.ids[id_name]
    nobodys = public_id(theirs.partition("_")[0], new_id())
    said = [
        callers.programs["anna"].call(
            method, path.format(**callers.two.acme.ids), {**body, field_name: other}
        )
        for other in (theirs, nobodys)
    ]
    assert said[0].status in (404, 409, 422)
    assert (said[0].status, said[0].body) == (said[1].status, said[1].body), "it tells that there is one"
    assert fingerprint() == callers.untouched


@pytest.mark.parametrize("who", ["of another customer", "nobody"])
def test_a_stranger_named_as_billing_owner_stays_without_a_name(
    who: str, callers: Callers, clock: HandClock
) -> None:
    acme, beta = callers.two.acme, callers.two.beta
    person = beta.ids["person_id"] if who == "of another customer" else public_id("per", new_id())
    wish = {"space": acme.studio.public_id, "plan": "premium", "cycle": "month", "seats": 5}
    said = callers.programs["anna"].post("/trials", {**wish, "billing_owner": person})
    assert (said.code, said.body["facts"]) == ("409 not_member", {})
    assert fingerprint() == callers.untouched
