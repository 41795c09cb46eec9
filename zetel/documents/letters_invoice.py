"""Mails about money: an invoice or credit note with its PDF, and a payment that goes back to whoever made it."""

from django.utils.translation import gettext

from zetel.documents.letter import (
    House,
    Kinds,
    Letter,
    Params,
    agreement,
    amount,
    day,
    fact,
    plan,
    shown,
    to_billing,
)
from zetel.documents.letters_manual import bank_facts


def _invoice(params: Params, house: House) -> Letter:
    number, space = fact(params, "number"), fact(params, "space")
    names = {"number": number, "seller": house.name, "space": space}
    total = (gettext("Total"), amount(params, "total_amount"))
    issued = (gettext("Date"), day(params, "issued_on"))
    if params.get("kind") == "credit_note":
        words = gettext(
            "We took back part of what was invoiced for %(space)s. You find the credit note attached as a PDF."
        )
        return to_billing(
            params, gettext("Credit note %(number)s from %(seller)s") % names, words % names,
            title=gettext("Your credit note"), facts=shown((gettext("Credit note number"), number), issued, total),
        )  # fmt: skip
    if params.get("pay_by"):
        words = gettext(
            "You find the invoice for %(space)s attached as a PDF. Please pay it by bank, with the payment reference."
        )
        return to_billing(
            params, gettext("Invoice %(number)s from %(seller)s") % names, words % names,
            title=gettext("Your invoice"), facts=(*shown(issued), *bank_facts(params, "pay_by", "total_amount")),
        )  # fmt: skip
    if params.get("state") == "paid":
        words = gettext("Thank you: the invoice for %(space)s has been paid. You find it attached as a PDF.")
    else:
        words = gettext(
            "You find the invoice for %(space)s attached as a PDF. If you pay by card or PayPal, we collect the amount"
            " and you need not do anything."
        )
    return to_billing(
        params, gettext("Invoice %(number)s from %(seller)s") % names, words % names,
        title=gettext("Your invoice"), facts=shown((gettext("Invoice number"), number), issued, total),
    )  # fmt: skip


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
            (gettext("Plan"), plan(params)),
            (gettext("Space"), space),
        ),
    )


def _renewal_reminder(params: Params, house: House) -> Letter:
    names = {
        "space": fact(params, "space"), "date": day(params, "renews_on"), "amount": amount(params, "renewal_amount"),
        "seats": fact(params, "seats"), "counted": fact(params, "counted"), "method": fact(params, "method"),
    }  # fmt: skip
    grows = params.get("counted") and int(params["counted"]) > int(params.get("seats_before") or 0)
    return to_billing(
        params,
        gettext("The plan of %(space)s renews on %(date)s") % names,
        gettext("On %(date)s the next period begins. As things stand now it costs %(amount)s with tax.")
        % names,
        gettext("%(counted)s people count, so it renews with %(seats)s seats.") % names if grows else "",
        gettext("What you scheduled for that day is in this amount.") if _scheduled(params, grows) else "",
        gettext("We collect it with %(method)s; you need not do anything.") % names
        if names["method"]
        else gettext("There is no payment method to collect it with. Add one in Billing before that day.")
        if not params.get("is_manual")
        else gettext("You get an invoice then, to be paid by bank."),
        gettext("Would you like something else? Tell sales before that day.")
        if params.get("is_manual")
        else gettext(
            "Would you like something else? Until that day you can choose another plan, fewer seats or another billing"
            " cycle, or cancel. Cancelling costs nothing, and everything is kept."
        ),
        facts=(
            *agreement(params),
            *shown((gettext("Renews on"), names["date"]), (gettext("Expected amount"), names["amount"])),
        ),
    )


def _scheduled(params: Params, grows: object) -> bool:
    return bool(params.get("is_changed")) and not grows


KINDS: Kinds = {
    "renewal_reminder": _renewal_reminder,
    "invoice": _invoice,
    "purchase_refunded": _purchase_refunded,
}
