"""What each kind of mail says, as a `Letter`: subject, paragraphs, facts and one thing to do.

A letter is made from the facts of its mail row, in the language that is active; `documents.mail` gives it its form.
Facts that a kind may go without are asked for with `fact`, so that an older row never stops the post.
"""

from collections.abc import Callable

from django.utils.translation import gettext

from zetel.documents import letters_account, letters_change, letters_dunning, letters_owner, letters_seats
from zetel.documents.letter import Facts, House, Letter, Params, amount, day, fact, shown
from zetel.documents.timeline import topic


def letter(kind: str, params: Params, house: House) -> Letter:
    """The letter of a kind, in the active language."""
    assert kind in _KINDS, f"mail kind {kind!r} has no letter in zetel/documents/letters.py"
    return _KINDS[kind](params, house)


def _plan(params: Params) -> str:
    return fact(params, "plan_name") or fact(params, "plan").title()


def _cycle(params: Params) -> str:
    words = {"month": gettext("Monthly"), "year": gettext("Annual")}
    return words.get(fact(params, "cycle"), "")


def _bought(params: Params) -> Facts:
    return shown(
        (gettext("Plan"), _plan(params)),
        (gettext("Billing cycle"), _cycle(params)),
        (gettext("Seats"), fact(params, "seats")),
        (gettext("Next invoice"), day(params, "period_end")),
        (gettext("Expected amount"), amount(params, "renewal_amount")),
    )


# ------------------------------------------------------------------------------------------------ invoices and money


def _invoice(params: Params, house: House) -> Letter:
    number, space = fact(params, "number"), fact(params, "space")
    names = {"number": number, "seller": house.name, "space": space}
    total = (gettext("Total"), amount(params, "total_amount"))
    issued = (gettext("Date"), day(params, "issued_on"))
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
            facts=shown((gettext("Credit note number"), number), issued, total),
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
        facts=shown((gettext("Invoice number"), number), issued, total),
        label=gettext("Go to Billing"),
        path="/billing/",
    )


def _purchase_refunded(params: Params, house: House) -> Letter:
    space = fact(params, "space")
    why = {
        "already_subscribed": gettext("A moment earlier somebody else bought a plan for this space."),
        "already_covered": gettext("Meanwhile the space is covered by a plan of its organization."),
        "not_member": gettext("Nobody named in the purchase is a member of the space any more."),
        "expired": gettext("The payment came after the time for it had passed."),
    }.get(
        fact(params, "reason"), gettext("Meanwhile something had changed, so that the price no longer held.")
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
        facts=shown(
            (gettext("Amount"), amount(params, "amount")),
            (gettext("Plan"), _plan(params)),
            (gettext("Space"), space),
        ),
    )


# ---------------------------------------------------------------------------------------- billing owners and admins


def _billing_owner_named(params: Params, house: House) -> Letter:
    names = {"buyer": fact(params, "buyer"), "space": fact(params, "space"), "plan": _plan(params)}
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
    names = {"owner": fact(params, "owner"), "space": fact(params, "space"), "plan": _plan(params)}
    return Letter(
        subject=gettext("%(space)s is now on %(plan)s") % names,
        title=gettext("%(space)s is now on %(plan)s") % names,
        paragraphs=(
            gettext("Your purchase is done. %(owner)s is billing owner and gets the invoices.") % names,
        ),
        facts=_bought(params),
    )


def _admin_told(params: Params, house: House) -> Letter:
    names = {"owner": fact(params, "owner"), "space": fact(params, "space")}
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


# ---------------------------------------------------------------------------------------------------------- requests


def _request_facts(params: Params) -> Facts:
    wish = params.get("wish") or {}
    known = {**params, **wish}
    return shown(
        (gettext("Subject"), topic(fact(params, "topic"))),
        (gettext("Name"), fact(params, "name")),
        (gettext("E-mail"), fact(params, "email")),
        (gettext("Company"), fact(params, "company")),
        (gettext("Phone"), fact(params, "phone")),
        (gettext("Space"), fact(params, "space")),
        (gettext("Plan"), _plan(known)),
        (gettext("Billing cycle"), _cycle(known)),
        (gettext("Seats"), fact(known, "seats")),
        (gettext("Number"), fact(params, "request")),
    )


def _sales_request_staff(params: Params, house: House) -> Letter:
    names = {"name": fact(params, "name") or fact(params, "email")}
    return Letter(
        subject=gettext("Sales request from %(name)s") % names,
        title=gettext("Sales request from %(name)s") % names,
        paragraphs=(gettext("Somebody asks for what only sales can offer."),),
        facts=_request_facts(params),
        quoted=fact(params, "message"),
        label=gettext("Open the request"),
        path=f"/staff/sales/{fact(params, 'request')}/" if params.get("request") else "/staff/sales/",
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
        quoted=fact(params, "message"),
    )


def _support_request_staff(params: Params, house: House) -> Letter:
    names = {"name": fact(params, "name") or fact(params, "email"), "subject": fact(params, "subject")}
    return Letter(
        subject=gettext("Question from %(name)s: %(subject)s") % names,
        title=names["subject"] or gettext("Question to support"),
        paragraphs=(gettext("%(name)s asks support.") % names,),
        facts=_request_facts(params),
        quoted=fact(params, "message"),
        label=gettext("Open the question"),
        path=f"/staff/support/{fact(params, 'request')}/" if params.get("request") else "/staff/support/",
    )


def _support_request_copy(params: Params, house: House) -> Letter:
    return Letter(
        subject=gettext("We have your question: %(subject)s") % {"subject": fact(params, "subject")},
        title=gettext("We have your question"),
        paragraphs=(gettext("Thank you for writing. Somebody at support reads it and answers you by mail."),),
        facts=shown(
            (gettext("Subject"), fact(params, "subject")), (gettext("Number"), fact(params, "request"))
        ),
        quoted=fact(params, "message"),
    )


# ------------------------------------------------------------------------------------------------ people and the house


def _invitation(params: Params, house: House) -> Letter:
    names = {"inviter": fact(params, "inviter"), "space": fact(params, "space")}
    return Letter(
        subject=gettext("%(inviter)s invites you to %(space)s") % names,
        title=gettext("%(inviter)s invites you to %(space)s") % names,
        paragraphs=(
            gettext("Accept the invitation to work together in %(space)s. Joining costs you nothing.")
            % names,
            gettext("If you do not know %(inviter)s, you need not do anything.") % names,
        ),
        facts=shown((gettext("Valid until"), day(params, "expires_on"))),
        label=gettext("Accept the invitation"),
        path=fact(params, "path"),
    )


def _staff_alert(params: Params, house: House) -> Letter:
    what = fact(params, "what")
    title, words = {
        "amount_mismatch": (
            gettext("A payment came with another amount"),
            gettext(
                "The payment company reports another amount than we asked for. Nothing was sold; look into it and"
                " refund the money."
            ),
        ),
        "owner_gone": (
            gettext("Nobody is left to manage billing"),
            gettext(
                "The billing owner was taken out of the space by its directory, and no member is left. The plan is not"
                " renewed. When members come back, hand billing over to one of them."
            ),
        ),
        "paid_after_refusal": (
            gettext("A payment came after it was refused"),
            gettext(
                "The payment company reports a payment that it had refused before. Look into it and refund it."
            ),
        ),
    }.get(what, (gettext("Something needs a person: %(what)s") % {"what": what}, gettext("Look into it.")))
    return Letter(
        subject=gettext("To do for staff: %(what)s") % {"what": title},
        title=title,
        paragraphs=(words,),
        facts=shown(
            (gettext("Reference"), fact(params, "reference")),
            (gettext("Asked for"), amount(params, "amount")),
            (gettext("Reported"), amount(params, "said_amount", "said_currency")),
            (gettext("Space"), fact(params, "space")),
        ),
        label=gettext("Open the back office"),
        path="/staff/",
    )


_KINDS: dict[str, Callable[[Params, House], Letter]] = {
    **letters_account.KINDS,
    **letters_change.KINDS,
    **letters_dunning.KINDS,
    **letters_owner.KINDS,
    **letters_seats.KINDS,
    "invoice": _invoice,
    "purchase_refunded": _purchase_refunded,
    "purchase_done_colleague": _purchase_done_colleague,
    "billing_owner_named": _billing_owner_named,
    "admin_told": _admin_told,
    "sales_request_staff": _sales_request_staff,
    "sales_request_copy": _sales_request_copy,
    "support_request_staff": _support_request_staff,
    "support_request_copy": _support_request_copy,
    "invitation": _invitation,
    "staff_alert": _staff_alert,
}
KINDS = frozenset(_KINDS)
