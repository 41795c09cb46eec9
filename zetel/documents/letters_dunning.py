"""Mails about a renewal that was not paid: each step that came to nothing, the last warning, paid after all, the end.

All name the invoice, the amount, what happens next and on which day, and lead to the one thing that helps: another
payment method (rule G4).
"""

from dataclasses import replace

from django.utils.translation import gettext

from zetel.documents.letter import (
    Facts,
    House,
    Kinds,
    Letter,
    Params,
    amount,
    billing_path,
    day,
    fact,
    shown,
    to_billing,
)
from zetel.documents.timeline import reason


def _facts(params: Params) -> Facts:
    return shown(
        (gettext("Invoice number"), fact(params, "number")),
        (gettext("Amount"), amount(params, "amount")),
        (gettext("Payment method"), fact(params, "method")),
        (gettext("Next try"), day(params, "next_on")),
        (gettext("The plan ends on"), day(params, "ends_on")),
    )


def _why(params: Params) -> str:
    """What went wrong, as far as anybody knows."""
    names = {"space": fact(params, "space"), "why": reason(fact(params, "reason"))}
    if not fact(params, "method"):
        return (
            gettext("The plan of %(space)s was renewed, but there is no payment method to collect it with.")
            % names
        )
    if fact(params, "reason") == "approval_needed":
        return (
            gettext("The bank wants your approval for the payment for %(space)s. Pay the invoice in Billing.")
            % names
        )
    if names["why"]:
        return gettext("The payment for %(space)s did not succeed: %(why)s.") % names
    return gettext("The payment for %(space)s did not succeed.") % names


def _next(params: Params) -> str:
    dates = {"next": day(params, "next_on"), "end": day(params, "ends_on")}
    if dates["next"]:
        return gettext("We try again on %(next)s. With another payment method we try at once.") % dates
    return gettext("Add another payment method, and we try at once; this one we do not try again.")


def _payment_failed(params: Params, house: House) -> Letter:
    names = {"space": fact(params, "space"), "end": day(params, "ends_on")}
    return Letter(
        subject=gettext("The payment for %(space)s did not succeed") % names,
        title=gettext("The payment for %(space)s did not succeed") % names,
        paragraphs=(
            _why(params),
            _next(params),
            gettext("Until then everything keeps working. If it stays unpaid, the plan ends on %(end)s.")
            % names,
        ),
        facts=_facts(params),
        label=gettext("Edit payment information"),
        path=billing_path(params, "method"),
    )


def _last_warning(params: Params, house: House) -> Letter:
    names = {"space": fact(params, "space"), "end": day(params, "ends_on")}
    return Letter(
        subject=gettext("Last warning: the plan of %(space)s ends on %(end)s") % names,
        title=gettext("The plan of %(space)s ends on %(end)s") % names,
        paragraphs=(
            _why(params),
            gettext("On %(end)s we try for the last time. If that does not succeed, the plan ends that day.")
            % names
            if day(params, "next_on")
            else gettext("Without another payment method the plan ends on %(end)s.") % names,
            gettext(
                "The space would then be on Basic. Nothing of yours is deleted: spaces, people, settings and invoices"
                " all stay, and you would owe nothing for the unpaid period."
            ),
        ),
        facts=_facts(params),
        label=gettext("Edit payment information"),
        path=billing_path(params, "method"),
    )


def _recovered(params: Params, house: House) -> Letter:
    names = {"space": fact(params, "space")}
    paid = shown(
        (gettext("Invoice number"), fact(params, "number")), (gettext("Amount"), amount(params, "amount"))
    )
    return to_billing(
        params,
        gettext("The invoice for %(space)s has been paid") % names,
        gettext("Thank you. The payment came in, and the plan of %(space)s goes on as before.") % names,
        facts=paid,
    )


def _ended(params: Params, house: House) -> Letter:
    names = {"space": fact(params, "space"), "number": fact(params, "number")}
    if fact(params, "reason") == "cancelled_unpaid":
        why = gettext(
            "The plan of %(space)s was cancelled while its renewal was unpaid, so it ended at once."
        )
    else:
        why = gettext(
            "The renewal of %(space)s was not paid, so the plan ended today. The space is on Basic now."
        )
    return to_billing(
        params,
        gettext("The plan of %(space)s has ended") % names,
        why % names,
        gettext("We took the unpaid invoice back with a credit note: you owe nothing for it."),
        gettext(
            "Nothing of yours was deleted: spaces, people, settings and invoices are all there. You can buy a plan"
            " again whenever you like."
        ),
        facts=shown(
            (gettext("Invoice number"), names["number"]),
            (gettext("Credit note number"), fact(params, "credit_note")),
            (gettext("Amount taken back"), amount(params, "amount")),
            (gettext("Ended on"), day(params, "ended_on")),
        ),
    )


def _ended_by_staff(params: Params, house: House) -> Letter:
    names = {"space": fact(params, "space"), "seller": house.name}
    letter = to_billing(
        params,
        gettext("The plan of %(space)s has ended") % names,
        gettext("%(seller)s ended the plan of %(space)s today. The space is on Basic now.") % names,
        gettext(
            "Nothing of yours was deleted: spaces, people, settings and invoices are all there. You can buy a plan"
            " again whenever you like."
        ),
        facts=shown(
            (gettext("Credit note number"), fact(params, "credit_note")),
            (gettext("Amount taken back"), amount(params, "amount") if fact(params, "credit_note") else ""),
            (gettext("Ended on"), day(params, "ended_on")),
        ),
    )
    return replace(letter, quoted=fact(params, "words"))


KINDS: Kinds = {
    "subscription_ended_by_staff": _ended_by_staff,
    "payment_failed": _payment_failed,
    "payment_last_warning": _last_warning,
    "payment_recovered": _recovered,
    "subscription_ended_unpaid": _ended,
}
