"""What each kind of mail says, as a `Letter`: subject, paragraphs, facts and one thing to do.

A letter is made from the facts of its mail row, in the language that is active; `documents.mail` gives it its form.
Facts that a kind may go without are asked for with `_fact`, so that an older row never stops the post.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import get_language, gettext

from zetel.documents.amounts import amount_text, date_text
from zetel.documents.timeline import topic

Params = Mapping[str, Any]
Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class House:
    """Who writes: the seller, where its support is, and the address that links begin with."""

    name: str
    support_email: str
    address: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail without its form. `quoted` is what somebody typed; `path` begins with a slash."""

    subject: str
    title: str
    paragraphs: tuple[str, ...]
    facts: Facts = ()
    quoted: str = ""
    label: str = ""
    path: str = ""


def letter(kind: str, params: Params, house: House) -> Letter:
    """The letter of a kind, in the active language."""
    assert kind in _KINDS, f"mail kind {kind!r} has no letter in zetel/documents/letters.py"
    return _KINDS[kind](params, house)


def language() -> str:
    return "nl" if (get_language() or "en").startswith("nl") else "en"


def _fact(params: Params, name: str) -> str:
    return str(params.get(name) or "")


def _amount(params: Params, name: str, currency: str = "currency") -> str:
    if params.get(name) is None or not params.get(currency):
        return ""
    return amount_text(int(params[name]), str(params[currency]), language())


def _day(params: Params, name: str) -> str:
    return date_text(date.fromisoformat(params[name]), language()) if params.get(name) else ""


def _plan(params: Params) -> str:
    return _fact(params, "plan_name") or _fact(params, "plan").title()


def _cycle(params: Params) -> str:
    words = {"month": gettext("Monthly"), "year": gettext("Annual")}
    return words.get(_fact(params, "cycle"), "")


def _shown(*facts: tuple[str, str]) -> Facts:
    """Only what is known."""
    return tuple((label, value) for label, value in facts if value)


def _bought(params: Params) -> Facts:
    return _shown(
        (gettext("Plan"), _plan(params)),
        (gettext("Billing cycle"), _cycle(params)),
        (gettext("Seats"), _fact(params, "seats")),
        (gettext("Next invoice"), _day(params, "period_end")),
        (gettext("Expected amount"), _amount(params, "renewal_amount")),
    )


# ------------------------------------------------------------------------------------------------ invoices and money


def _invoice(params: Params, house: House) -> Letter:
    number, space = _fact(params, "number"), _fact(params, "space")
    names = {"number": number, "seller": house.name, "space": space}
    total = (gettext("Total"), _amount(params, "total_amount"))
    issued = (gettext("Date"), _day(params, "issued_on"))
    if params.get("kind") == "credit_note":
        return Letter(
            subject=gettext("Credit note %(number)s from %(seller)s") % names,
            title=gettext("Your credit note"),
            paragraphs=(
                gettext(
                    "We took back part of what was invoiced for %(space)s. You find the credit note attached as a PDF."
                )
                % names,
            ),
            facts=_shown((gettext("Credit note number"), number), issued, total),
            label=gettext("Go to Billing"),
            path="/billing/",
        )
    if params.get("state") == "paid":
        words = gettext("Thank you: the invoice for %(space)s has been paid. You find it attached as a PDF.")
    else:
        words = gettext(
            "You find the invoice for %(space)s attached as a PDF. If you pay by card or PayPal, we collect the amount"
            " and you need not do anything."
        )
    return Letter(
        subject=gettext("Invoice %(number)s from %(seller)s") % names,
        title=gettext("Your invoice"),
        paragraphs=(words % names,),
        facts=_shown((gettext("Invoice number"), number), issued, total),
        label=gettext("Go to Billing"),
        path="/billing/",
    )


def _purchase_refunded(params: Params, house: House) -> Letter:
    space = _fact(params, "space")
    why = {
        "already_subscribed": gettext("A moment earlier somebody else bought a plan for this space."),
        "already_covered": gettext("Meanwhile the space is covered by a plan of its organization."),
        "not_member": gettext("Nobody named in the purchase is a member of the space any more."),
        "expired": gettext("The payment came after the time for it had passed."),
    }.get(
        _fact(params, "reason"), gettext("Meanwhile something had changed, so that the price no longer held.")
    )
    return Letter(
        subject=gettext("Your payment for %(space)s goes back to you") % {"space": space},
        title=gettext("Your payment goes back to you"),
        paragraphs=(
            why,
            gettext(
                "So your purchase did not go through: nothing changed and there is no invoice. The money is refunded"
                " to the method you paid with; your bank may need a few days."
            ),
        ),
        facts=_shown(
            (gettext("Amount"), _amount(params, "amount")),
            (gettext("Plan"), _plan(params)),
            (gettext("Space"), space),
        ),
    )


# ---------------------------------------------------------------------------------------- billing owners and admins


def _billing_owner_named(params: Params, house: House) -> Letter:
    names = {"buyer": _fact(params, "buyer"), "space": _fact(params, "space"), "plan": _plan(params)}
    return Letter(
        subject=gettext("You are billing owner of %(space)s") % names,
        title=gettext("You are billing owner of %(space)s") % names,
        paragraphs=(
            gettext("%(buyer)s bought %(plan)s for %(space)s and named you billing owner.") % names,
            gettext(
                "You get the invoices, and you alone can change the plan, cancel it or hand billing over."
            ),
        ),
        facts=_bought(params),
        label=gettext("Go to Billing"),
        path="/billing/",
    )


def _purchase_done_colleague(params: Params, house: House) -> Letter:
    names = {"owner": _fact(params, "owner"), "space": _fact(params, "space"), "plan": _plan(params)}
    return Letter(
        subject=gettext("%(space)s is now on %(plan)s") % names,
        title=gettext("%(space)s is now on %(plan)s") % names,
        paragraphs=(
            gettext("Your purchase is done. %(owner)s is billing owner and gets the invoices.") % names,
        ),
        facts=_bought(params),
    )


def _billing_owner_new(params: Params, house: House) -> Letter:
    names = {"old": _fact(params, "old"), "space": _fact(params, "space")}
    return Letter(
        subject=gettext("You are billing owner of %(space)s") % names,
        title=gettext("You are billing owner of %(space)s") % names,
        paragraphs=(
            gettext("%(old)s handed billing of %(space)s over to you.") % names,
            gettext(
                "You get the invoices, and you alone can change the plan, cancel it or hand billing over."
            ),
            gettext(
                "The payment method stays as it is until you change it. All earlier invoices are in Billing too."
            ),
        ),
        label=gettext("Go to Billing"),
        path="/billing/",
    )


def _billing_owner_old(params: Params, house: House) -> Letter:
    names = {"new": _fact(params, "new"), "space": _fact(params, "space"), "email": house.support_email}
    return Letter(
        subject=gettext("Billing of %(space)s was handed over") % names,
        title=gettext("Billing of %(space)s was handed over") % names,
        paragraphs=(
            gettext("%(new)s is billing owner of %(space)s now, and you are not any more.") % names,
            gettext(
                "The payment method stays in use until it is replaced. If it is yours and you want it taken away, write"
                " to %(email)s. If you did not hand billing over yourself, write to us at once."
            )
            % names,
        ),
    )


def _admin_told(params: Params, house: House) -> Letter:
    names = {"owner": _fact(params, "owner"), "space": _fact(params, "space")}
    return Letter(
        subject=gettext("%(owner)s is billing owner and admin of %(space)s") % names,
        title=gettext("%(space)s has a new admin") % names,
        paragraphs=(
            gettext("%(owner)s is billing owner of %(space)s, and with that an admin, as you are.") % names,
            gettext(
                "Nothing changes in what you may do. The role cannot be taken away from a billing owner while they"
                " hold billing."
            ),
        ),
    )


def _seats_resized(params: Params, house: House) -> Letter:
    names = {"space": _fact(params, "space"), "seats": _fact(params, "seats")}
    return Letter(
        subject=gettext("%(space)s now has %(seats)s seats") % names,
        title=gettext("%(space)s now has %(seats)s seats") % names,
        paragraphs=(
            gettext("More people are counted in %(space)s than there were seats, so the renewal bought more.")
            % names,
            gettext("You find the invoice in Billing, and there you can see who takes a seat."),
        ),
        label=gettext("Go to Billing"),
        path="/billing/",
    )


# ---------------------------------------------------------------------------------------------------------- requests


def _request_facts(params: Params) -> Facts:
    wish = params.get("wish") or {}
    known = {**wish, **{key: value for key, value in params.items() if value}}
    return _shown(
        (gettext("Subject"), topic(_fact(params, "topic"))),
        (gettext("Name"), _fact(params, "name")),
        (gettext("E-mail"), _fact(params, "email")),
        (gettext("Company"), _fact(params, "company")),
        (gettext("Phone"), _fact(params, "phone")),
        (gettext("Space"), _fact(params, "space")),
        (gettext("Plan"), _plan(known)),
        (gettext("Billing cycle"), _cycle(known)),
        (gettext("Seats"), _fact(known, "seats")),
        (gettext("Number"), _fact(params, "request")),
    )


def _sales_request_staff(params: Params, house: House) -> Letter:
    names = {"name": _fact(params, "name") or _fact(params, "email")}
    return Letter(
        subject=gettext("Sales request from %(name)s") % names,
        title=gettext("Sales request from %(name)s") % names,
        paragraphs=(gettext("Somebody asks for what only sales can offer."),),
        facts=_request_facts(params),
        quoted=_fact(params, "message"),
        label=gettext("Open the request"),
        path=f"/staff/sales/{_fact(params, 'request')}/" if params.get("request") else "/staff/sales/",
    )


def _sales_request_copy(params: Params, house: House) -> Letter:
    return Letter(
        subject=gettext("We have your request"),
        title=gettext("We have your request"),
        paragraphs=(
            gettext("Thank you. Somebody at sales reads your request and answers you by mail."),
            gettext("Nothing changes and nothing is charged until you agree to an offer."),
        ),
        facts=_request_facts(params),
        quoted=_fact(params, "message"),
    )


def _support_request_staff(params: Params, house: House) -> Letter:
    names = {"name": _fact(params, "name") or _fact(params, "email"), "subject": _fact(params, "subject")}
    return Letter(
        subject=gettext("Question from %(name)s: %(subject)s") % names,
        title=names["subject"] or gettext("Question to support"),
        paragraphs=(gettext("%(name)s asks support.") % names,),
        facts=_request_facts(params),
        quoted=_fact(params, "message"),
        label=gettext("Open the question"),
        path=f"/staff/support/{_fact(params, 'request')}/" if params.get("request") else "/staff/support/",
    )


def _support_request_copy(params: Params, house: House) -> Letter:
    return Letter(
        subject=gettext("We have your question: %(subject)s") % {"subject": _fact(params, "subject")},
        title=gettext("We have your question"),
        paragraphs=(gettext("Thank you for writing. Somebody at support reads it and answers you by mail."),),
        facts=_shown(
            (gettext("Subject"), _fact(params, "subject")), (gettext("Number"), _fact(params, "request"))
        ),
        quoted=_fact(params, "message"),
    )


# ------------------------------------------------------------------------------------------------ people and the house


def _invitation(params: Params, house: House) -> Letter:
    names = {"inviter": _fact(params, "inviter"), "space": _fact(params, "space")}
    return Letter(
        subject=gettext("%(inviter)s invites you to %(space)s") % names,
        title=gettext("%(inviter)s invites you to %(space)s") % names,
        paragraphs=(
            gettext("Accept the invitation to work together in %(space)s. Joining costs you nothing.")
            % names,
            gettext("If you do not know %(inviter)s, you need not do anything.") % names,
        ),
        facts=_shown((gettext("Valid until"), _day(params, "expires_on"))),
        label=gettext("Accept the invitation"),
        path=_fact(params, "path"),
    )


def _staff_alert(params: Params, house: House) -> Letter:
    what = _fact(params, "what")
    words = {
        "amount_mismatch": gettext(
            "The payment company reports another amount than we asked for. Nothing was sold; look into it and refund"
            " the money."
        ),
        "paid_after_refusal": gettext(
            "The payment company reports a payment that it had refused before. Look into it and refund it."
        ),
    }.get(what, gettext("Something needs a person: %(what)s.") % {"what": what})
    return Letter(
        subject=gettext("To do for staff: %(what)s") % {"what": what},
        title=gettext("This needs a person"),
        paragraphs=(words,),
        facts=_shown(
            (gettext("Reference"), _fact(params, "reference")),
            (gettext("Asked for"), _amount(params, "amount")),
            (gettext("Reported"), _amount(params, "said_amount", "said_currency")),
            (gettext("Space"), _fact(params, "space")),
        ),
        label=gettext("Open the back office"),
        path="/staff/",
    )


_KINDS: dict[str, Callable[[Params, House], Letter]] = {
    "invoice": _invoice,
    "purchase_refunded": _purchase_refunded,
    "purchase_done_colleague": _purchase_done_colleague,
    "billing_owner_named": _billing_owner_named,
    "billing_owner_new": _billing_owner_new,
    "billing_owner_old": _billing_owner_old,
    "admin_told": _admin_told,
    "seats_resized": _seats_resized,
    "sales_request_staff": _sales_request_staff,
    "sales_request_copy": _sales_request_copy,
    "support_request_staff": _support_request_staff,
    "support_request_copy": _support_request_copy,
    "invitation": _invitation,
    "staff_alert": _staff_alert,
}
KINDS = frozenset(_KINDS)
