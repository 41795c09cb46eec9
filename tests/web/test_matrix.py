"""Who may open and send what: every address for people against every kind of visitor (rules R1 to R9).

The list below must name every address there is; one that is missing fails. What an answer should be is reckoned from
the roles matrix and from who is what in the test's world, never by the code that checks rights for the pages.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from django.urls import URLResolver, get_resolver

from tests.conftest import HandClock
from tests.web.conftest import Two
from tests.web.tenants import fingerprint, undone
from zetel.rules.roles import MATRIX, Capability, Role

pytestmark = pytest.mark.django_db

C = Capability
OK, LOGIN, FORBIDDEN, MISSING, WRONG_METHOD = "ok", "log in", "403", "404", "405"
# Who is what at the team; at the organization Anna is a member like Chris.
AT_TEAM: dict[str, set[Role]] = {
    "nobody": {Role.ANONYMOUS}, "daan": {Role.STRANGER}, "gast": {Role.GUEST}, "chris": {Role.MEMBER},
    "bram": {Role.MEMBER, Role.ADMIN}, "anna": {Role.MEMBER, Role.BILLING_OWNER}, "frieda": {Role.FORMER_OWNER},
    "sales": {Role.SALES}, "support": {Role.SUPPORT}, "finance": {Role.FINANCE}, "operator": {Role.OPERATOR},
}  # fmt: skip
AT_ORGANIZATION = AT_TEAM | {"anna": {Role.MEMBER}, "frieda": {Role.STRANGER}}
STAFF = {Role.SALES, Role.SUPPORT, Role.FINANCE, Role.OPERATOR}
EVERYBODY = tuple(AT_TEAM)

Rule = dict[str, str]


def _answer(roles: set[Role], capability: Capability) -> str:
    if any(capability in MATRIX[role] for role in roles):
        return OK
    if roles == {Role.ANONYMOUS}:
        return LOGIN
    return MISSING if roles == {Role.STRANGER} else FORBIDDEN


def team(capability: Capability) -> Rule:
    return {who: _answer(roles, capability) for who, roles in AT_TEAM.items()}


def organization(capability: Capability) -> Rule:
    return {who: _answer(roles, capability) for who, roles in AT_ORGANIZATION.items()}


def house(capability: Capability) -> Rule:
    """The back office: it does not exist for customers."""
    return {who: _answer(roles & STAFF or roles & {Role.ANONYMOUS} or {Role.STRANGER}, capability)
            for who, roles in AT_TEAM.items()}  # fmt: skip


def everybody(answer: str = OK) -> Rule:
    return dict.fromkeys(EVERYBODY, answer)


def logged_in(answer: str = OK) -> Rule:
    return everybody(answer) | {"nobody": LOGIN}


def only(*names: str, nobody: str = LOGIN) -> Rule:
    """Somebody's own thing, which does not exist for others."""
    return everybody(MISSING) | {"nobody": nobody} | dict.fromkeys(names, OK)


# Decided before anything is asked about the visitor, so two of them will do.
NOT_THERE = {"nobody": WRONG_METHOD, "anna": WRONG_METHOD}


@dataclass(frozen=True)
class Address:
    """What getting and posting should end in, and what is sent."""

    get: Rule
    post: Rule = field(default_factory=lambda: NOT_THERE)
    data: Mapping[str, str] = field(default_factory=dict)


READ = {  # pages of a space that are only looked at
    "space_home": team(C.SPACE_SEE), "space_people": team(C.SPACE_PEOPLE_SEE), "billing_timeline": team(C.BILLING_SEE),
    "billing_seats": team(C.SEATUSE_SEE), "billing_owner": team(C.HAND_OVER),
    "billing_method_return": team(C.METHOD_MANAGE), "billing_invoices": team(C.INVOICES_SEE),
    # Members learn who the billing owner is; the last owner of an ended plan finds the own invoices.
    "billing": team(C.BILLING_SEE_OWNER) | {"frieda": OK},
    # Frieda has invoices here, but not this one; the year holds hers.
    "billing_invoice": team(C.INVOICES_SEE) | {"frieda": MISSING},
    "billing_invoice_pdf": team(C.INVOICES_SEE) | {"frieda": MISSING},
    "billing_invoices_year": team(C.INVOICES_SEE),
    "billing_pdf": team(C.INVOICES_SEE) | {"frieda": MISSING},
    "billing_invoice_xml": team(C.INVOICES_SEE) | {"frieda": MISSING},
    "billing_xml": team(C.INVOICES_SEE) | {"frieda": MISSING},
}  # fmt: skip
INFORMATION = {
    "name": "Ander", "country": "US", "drawn_for": "US", "address_line1": "1 Main Street", "region": "CA",
    "postal_code": "94105", "city": "San Francisco", "language": "en", "time_zone": "Europe/Amsterdam",
}  # fmt: skip
ADDRESSES: dict[str, Address] = {
    **{name: Address(rule) for name, rule in READ.items()},
    "home": Address(everybody()),
    "space_new": Address(logged_in(), logged_in(), {"kind": "workspace", "name": "Nieuw", "country": "NL",
                                                    "time_zone": "Europe/Amsterdam"}),
    "space_join": Address(NOT_THERE, logged_in() | {"daan": MISSING, "frieda": MISSING}
                          | dict.fromkeys(("sales", "support", "finance", "operator"), MISSING)),
    "space_leave": Address(NOT_THERE, team(C.SPACE_LEAVE)),
    "team_new": Address(organization(C.TEAM_CREATE), organization(C.TEAM_CREATE), {"name": "Nieuw"}),
    "division_new": Address(organization(C.SPACE_SETTINGS_EDIT), organization(C.SPACE_SETTINGS_EDIT),
                            {"name": "Nieuw"}),
    "invite": Address(NOT_THERE, team(C.SPACE_INVITE), {"emails": "iemand@elders.example"}),
    "person_act": Address(team(C.SPACE_PEOPLE_MANAGE), team(C.SPACE_PEOPLE_MANAGE), {"act": "deactivate"}),
    "invitation_revoke": Address(NOT_THERE, team(C.SPACE_INVITE)),
    "space_settings": Address(team(C.SPACE_SEE), team(C.SPACE_SETTINGS_EDIT), {"name": "Anders", "division": ""}),
    "domain_add": Address(NOT_THERE, organization(C.SPACE_SETTINGS_EDIT), {"domain": "nieuw.example"}),
    "domain_remove": Address(NOT_THERE, organization(C.SPACE_SETTINGS_EDIT), {"domain": "acme.example"}),
    "invitation": Address(everybody(), logged_in()),
    "invitation_accept": Address(NOT_THERE, only()),
    "profile": Address(logged_in(), logged_in(), {"name": "Anders", "language": "nl", "time_zone": "UTC"}),
    # Whoever holds billing or is the last admin is told why not; the others are gone, and so are their rights.
    "account_erase": Address(logged_in(), logged_in(f"{LOGIN}, and something changed") | {"bram": OK, "anna": OK}),
    # The Billing tab
    "billing_home": Address(logged_in()),
    "billing_method_remove": Address(NOT_THERE, only("anna")),
    "billing_plan": Address(team(C.BILLING_MANAGE), team(C.BILLING_MANAGE),
                            {"plan": "business", "cycle": "year", "seats": "10", "message": "Graag"}),
    **{name: Address(team(C.BILLING_MANAGE), team(C.BILLING_MANAGE))
       for name in ("billing_change_review", "billing_cancel", "billing_resume", "billing_withdraw",
                    "billing_trial_plan", "billing_trial_cancel", "billing_trial_resume")},
    **{name: Address(team(C.METHOD_MANAGE), team(C.METHOD_MANAGE)) for name in ("billing_pay", "billing_payment")},
    "cancellation_policy": Address(everybody()),
    "billing_information": Address(team(C.BILLING_MANAGE), team(C.BILLING_MANAGE), INFORMATION),
    "billing_owner_confirm": Address(team(C.HAND_OVER), team(C.HAND_OVER)),
    "billing_method": Address(team(C.METHOD_MANAGE), team(C.METHOD_MANAGE), {"kind": "paypal"}),
    # Buying
    "pricing": Address(everybody()),
    "help": Address(everybody()),
    "upgrade": Address(logged_in()),
    "upgrade_change": Address(only("anna")),
    "upgrade_change_stop": Address(NOT_THERE, only("anna")),
    "upgrade_plan": Address(only("anna"), only("anna"), {"plan": "business", "cycle": "year", "currency": "EUR"}),
    "upgrade_space": Address(only("anna"), only("anna")),
    "upgrade_details": Address(only("anna"), only("anna"), {"plan": "business", "cycle": "year", "seats": "5",
                                                            "on_exceed": "ask"}),
    "upgrade_billing": Address(only("anna"), only("anna"), INFORMATION | {"payer": "new", "method": "paypal"}),
    "upgrade_owner": Address(only("anna"), only("anna")),
    "upgrade_method": Address(only("anna"), only("anna"), {"method": "paypal"}),
    "upgrade_method_return": Address(only("anna"), only("anna")),
    "upgrade_review": Address(only("anna"), only("anna")),
    "offer": Address(only("anna"), only("anna")),
    "upgrade_trial": Address(only("anna"), only("anna")),
    "sales_request": Address(logged_in(), logged_in(), {"topic": "other", "name": "Ik", "email": "ik@elders.example"}),
    "sales_request_sent": Address(only("anna")),
    "support_request": Address(logged_in(), logged_in(), {"subject": "Vraag", "message": "Hoe?"}),
    "support_request_sent": Address(only("anna")),
    # The back office
    "staff": Address(house(C.STAFF_ENTER)),
    "staff_sales": Address(house(C.STAFF_OFFER)),
    "staff_sales_request": Address(house(C.STAFF_OFFER), house(C.STAFF_OFFER), {"message": "Gerne"}),
    "staff_offers": Address(house(C.STAFF_OFFER)),
    "staff_offer": Address(house(C.STAFF_OFFER), house(C.STAFF_OFFER), {"reason": "Wrong size"}),
    "staff_offer_new": Address(house(C.STAFF_OFFER), house(C.STAFF_OFFER), {"email": "x", "plan": "premium"}),
    "staff_spaces": Address(house(C.STAFF_CUSTOMERS_SEE)),
    "staff_space": Address(house(C.STAFF_CUSTOMERS_SEE)),
    "staff_division_new": Address(NOT_THERE, house(C.STAFF_OFFER), {"name": "Zuid"}),
    "staff_division_move": Address(house(C.STAFF_OFFER), house(C.STAFF_OFFER), {"reason": "Agreed"}),
    "staff_support": Address(house(C.STAFF_ENTER)),
    "staff_support_request": Address(house(C.STAFF_ENTER)),
    "staff_parked": Address(house(C.STAFF_ENTER)),
    "staff_parked_retry": Address(NOT_THERE, house(C.STAFF_MONEY_BOOK)),
    "staff_mails": Address(house(C.STAFF_RESEND)),
    "staff_mail_retry": Address(NOT_THERE, house(C.STAFF_RESEND)),
    "staff_customers": Address(house(C.STAFF_CUSTOMERS_SEE)),
    "staff_customer": Address(house(C.STAFF_CUSTOMERS_SEE)),
    "staff_invoice_pdf": Address(house(C.STAFF_MONEY_SEE)),
    "staff_acting_begin": Address(NOT_THERE, house(C.STAFF_ACT_FOR_CUSTOMER), {"reason": "Asked by phone"}),
    "staff_acting_end": Address(NOT_THERE, house(C.STAFF_ENTER)),
    "staff_hand_over": Address(house(C.STAFF_HAND_OVER), house(C.STAFF_HAND_OVER),
                               {"email": "chris@acme.example", "reason": "Asked by phone"}),
    "staff_send_again": Address(house(C.STAFF_RESEND), house(C.STAFF_RESEND), {"reason": "Asked by phone"}),
    "staff_people": Address(house(C.STAFF_NAME), house(C.STAFF_NAME), {"email": "x@y.example", "role": "sales"}),
    "staff_invoice": Address(house(C.STAFF_MONEY_SEE)),
    "staff_credit": Address(house(C.STAFF_CREDIT), house(C.STAFF_CREDIT),
                            {"what": "whole", "goes_to_field": "refund", "reason": "x", "left": "1", "confirm": "1"}),
    "staff_write_off": Address(house(C.STAFF_CREDIT), house(C.STAFF_CREDIT), {"reason": "x", "confirm": "1"}),
    "staff_bank": Address(NOT_THERE, house(C.SANDBOX_CLOCK), {"act": "take"}),
    "staff_exports": Address(house(C.STAFF_EXPORT)),
    "staff_vat": Address(house(C.STAFF_VAT_VERIFY), house(C.STAFF_VAT_VERIFY), {"reason": "Gezien"}),
    "staff_pay_out": Address(house(C.STAFF_REFUND), house(C.STAFF_REFUND), {"reason": "x", "confirm": "1"}),
    "staff_cancel": Address(house(C.STAFF_CANCEL_NOW), house(C.STAFF_CANCEL_NOW),
                            {"unused": "refund", "reason": "x", "confirm": "1"}),
    # Plans on invoice, and money by bank
    "offer_pdf": Address(logged_in(MISSING)),
    "staff_quote_new": Address(house(C.STAFF_OFFER), house(C.STAFF_OFFER), {"email": "x", "plan": "premium"}),
    "staff_quote_pdf": Address(house(C.STAFF_OFFER)),
    "staff_quote_approve": Address(house(C.STAFF_OFFER), house(C.STAFF_OFFER),
                                   {"agreed_by": "Mia", "agreed_on": "2026-05-12"}),
    "staff_manual": Address(house(C.STAFF_CUSTOMERS_SEE)),
    "staff_manual_change": Address(house(C.STAFF_MANUAL_CHANGE), house(C.STAFF_MANUAL_CHANGE),
                                   {"plan": "premium", "seats": "30", "reason": "x"}),
    "staff_manual_end": Address(house(C.STAFF_MANUAL_CHANGE), house(C.STAFF_MANUAL_CHANGE),
                                {"reason": "x", "confirm": "1"}),
    "staff_manual_stop": Address(house(C.STAFF_MONEY_BOOK), house(C.STAFF_MONEY_BOOK), {"reason": "x", "confirm": "1"}),
    "staff_extend": Address(house(C.STAFF_MONEY_BOOK), house(C.STAFF_MONEY_BOOK),
                            {"due_on": "2026-08-01", "reason": "x", "confirm": "1"}),
    "staff_payment": Address(house(C.STAFF_MONEY_BOOK), house(C.STAFF_MONEY_BOOK),
                             {"amount": "1", "booked_on": "2026-05-12", "reference": "x", "once": "z", "confirm": "1"}),
    "staff_bank_lines": Address(house(C.STAFF_MONEY_BOOK), house(C.STAFF_MONEY_BOOK)),
    "staff_bank_line": Address(house(C.STAFF_MONEY_BOOK), house(C.STAFF_MONEY_BOOK) | dict.fromkeys(
                               ("finance", "operator"), MISSING), {"invoice": "INV-0"}),
    "staff_bank_skip": Address(NOT_THERE, house(C.STAFF_MONEY_BOOK)),
    "staff_bank_correct": Address(house(C.STAFF_MONEY_BOOK), house(C.STAFF_MONEY_BOOK),
                                  {"reason": "x", "confirm": "1"}),
    "staff_clock": Address(house(C.SANDBOX_CLOCK), house(C.SANDBOX_CLOCK), {"step": "days:1"}),
    # The sandbox's own pages; the keys of the company's pages are unguessable, and this one is nobody's.
    "mailbox": Address(everybody()),
    **{name: Address(only("anna", "operator", nobody=MISSING))
       for name in ("mailbox_mail", "mailbox_body", "mailbox_attachment")},
    **{f"sandbox:{name}": Address(everybody(MISSING), everybody(MISSING)) for name in ("setup", "element", "approve")},
    "styleguide": Address(everybody(), everybody()),
    **{name: Address(everybody(), everybody()) for name in ("api_document", "api_docs")},
    "api_nowhere": Address(everybody(MISSING), everybody(MISSING)),
    "set_language": Address(NOT_THERE, everybody(), {"language": "nl", "next": "/"}),
    "gateway_webhook": Address(NOT_THERE, everybody()),
    # allauth's. Nobody here has a password or a second factor, so what is about those is not there for them.
    **{f"account_{name}": Address(everybody(), everybody())
       for name in ("login", "signup", "logout", "reset_password", "reset_password_from_key")},
    **{f"account_{name}": Address(everybody())
       for name in ("inactive", "reset_password_done", "reset_password_from_key_done", "email_verification_sent")},
    "account_confirm_email": Address(everybody(), everybody(MISSING)),
    "account_confirm_login_code": Address(logged_in(), logged_in()),
    **{f"account_{name}": Address(logged_in(), logged_in()) for name in ("email", "change_password", "set_password")},
    **{f"mfa_{name}": Address(logged_in(), logged_in())
       for name in ("authenticate", "login_webauthn", "activate_totp", "generate_recovery_codes", "add_webauthn")},
    **{name: Address(logged_in(FORBIDDEN), logged_in(FORBIDDEN))
       for name in ("account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn")},
    **{f"mfa_{name}": Address(logged_in(MISSING), logged_in(MISSING))
       for name in ("deactivate_totp", "remove_webauthn", "edit_webauthn")},
    **{f"mfa_{name}": Address(logged_in(), {"nobody": LOGIN, "anna": WRONG_METHOD})
       for name in ("index", "list_webauthn")},
    "mfa_view_recovery_codes": Address(logged_in(MISSING), {"nobody": LOGIN, "anna": WRONG_METHOD}),
    "mfa_download_recovery_codes": Address(logged_in(MISSING), logged_in(MISSING)),
}  # fmt: skip
# What stands in an address beside the ids of the world: keys that open nothing.
OTHERS = {
    "rest": "nergens",
    "field": "seats",
    "gateway": "sandbox",
    "page_key": "x" * 40,
    "key": "x-y",
    "uidb36": "1",
    "currency": "EUR",
    "pk": "1",
}


def places() -> dict[str, list[str]]:
    """Every address by name, with the names of what stands in it; of two with one name the first is the one in use."""
    found: dict[str, list[str]] = {}
    for name, params in _walk(get_resolver()):
        found.setdefault(name, params)
    return {
        name: held for name, held in found.items() if not name.startswith("api:")
    }  # programs have their own


def _walk(
    resolver: URLResolver, space: str = "", outer: tuple[str, ...] = ()
) -> Iterator[tuple[str, list[str]]]:
    for found in resolver.url_patterns:
        inner = (*outer, *found.pattern.regex.groupindex)
        if isinstance(found, URLResolver):
            yield from _walk(found, f"{found.namespace}:" if found.namespace else space, inner)
        else:
            yield space + (found.name or ""), list(inner)


PLACES = places()
NAMES = sorted(PLACES)


def address(two: Two, name: str) -> str:
    two.acme.ids |= OTHERS
    return two.acme.address(name, PLACES[name])


def outcome(answer: object) -> str:
    """The class of an answer: what a form thinks of what was sent does not matter here."""
    status, headers = answer.status_code, answer.headers  # type: ignore[attr-defined]
    if status == 302 and headers["Location"].startswith("/accounts/login/"):
        return LOGIN
    if status in (403, 404, 405):
        return str(status)
    assert status in (200, 302, 400, 401, 409, 410, 422), status
    return OK


def found(two: Two, name: str, method: str, data: Mapping[str, str], whom: Iterable[str]) -> dict[str, str]:
    """What everybody gets; a refusal that changed something says so."""
    path, answers = address(two, name), {}
    before = fingerprint()
    for who in whom:
        with undone():
            client = two.client(who)
            answers[who] = outcome(client.get(path) if method == "get" else client.post(path, data))
            if answers[who] != OK and fingerprint() != before:
                answers[who] += ", and something changed"
    return answers


def test_every_address_stands_in_the_list() -> None:
    assert set(PLACES) == set(ADDRESSES)


@pytest.mark.parametrize("name", sorted(set(PLACES) & set(ADDRESSES)))
def test_everybody_is_answered_as_the_matrix_says(name: str, two: Two, clock: HandClock) -> None:
    for method, rule in (("get", ADDRESSES[name].get), ("post", ADDRESSES[name].post)):
        data = ADDRESSES[name].data if method == "post" else {}
        assert found(two, name, method, data, rule) == rule, method


@pytest.mark.parametrize("who", ["nobody", "anna", "operator"])
def test_nothing_is_taken_without_the_token_of_a_form(who: str, two: Two, clock: HandClock) -> None:
    before, taken = fingerprint(), []
    for name in set(ADDRESSES) - {"gateway_webhook"}:
        client = two.client(who, checks_forms=True)
        if client.post(address(two, name), ADDRESSES[name].data).status_code != 403:
            taken.append(name)
    assert (taken, fingerprint()) == ([], before)
