"""Mails about paying by manual invoice: the quote of sales, an invoice that is due or overdue, more time (rule G5).

Whoever reads them pays at a bank, so each one names amount, account and payment reference.
"""

from django.utils.translation import gettext, ngettext

from zetel.documents.letter import (
    Facts,
    House,
    Kinds,
    Letter,
    Params,
    agreement,
    amount,
    day,
    fact,
    shown,
    to_billing,
)


def bank_facts(params: Params, due: str = "due_on", money: str = "amount") -> Facts:
    """What to type at the bank. The payment reference is the invoice's number."""
    return shown(
        (gettext("Amount to pay"), amount(params, money)),
        (gettext("IBAN"), fact(params, "iban")),
        (gettext("Payment reference"), fact(params, "number")),
        (gettext("To be paid by"), day(params, due)),
    )


def _names(params: Params) -> dict[str, str]:
    names = {name: fact(params, name) for name in ("number", "space", "from", "to", "reference")}
    return names | {
        "amount": amount(params, "amount"), "date": day(params, "due_on"), "term": fact(params, "term_days"),
    }  # fmt: skip


def _due(params: Params, house: House) -> Letter:
    names = _names(params)
    return to_billing(
        params,
        gettext("Invoice %(number)s is to be paid by %(date)s") % names,
        gettext(
            "A few days are left to pay %(amount)s for %(space)s. You find the invoice attached as a PDF."
        )
        % names,
        gettext("Have you paid already? Then you need not do anything: a transfer may take a day."),
        facts=bank_facts(params),
    )


def _overdue(params: Params, house: House) -> Letter:
    names, days = _names(params), int(params.get("days") or 0)
    late = ngettext(
        "Invoice %(number)s of %(amount)s is %(days)d day late: it was to be paid by %(date)s.",
        "Invoice %(number)s of %(amount)s is %(days)d days late: it was to be paid by %(date)s.",
        days,
    ) % (names | {"days": days})
    return to_billing(
        params,
        gettext("Invoice %(number)s is overdue") % names,
        late,
        gettext(
            "Everybody in %(space)s goes on with the plan meanwhile, but it is not renewed before the invoice is paid."
        )
        % names,
        gettext("Is something wrong with the invoice, or do you need more time? Answer this mail."),
        facts=bank_facts(params),
    )


def _extended(params: Params, house: House) -> Letter:
    names = _names(params)
    return to_billing(
        params,
        gettext("There is more time for invoice %(number)s") % names,
        gettext("You now have until %(date)s to pay %(amount)s. The invoice itself stays as it is.") % names,
        facts=bank_facts(params),
    )


def _offered(params: Params) -> Facts:
    return shown(
        (gettext("Quote"), fact(params, "reference")),
        *agreement(params),
        (gettext("Price of a seat, before tax"), amount(params, "unit_amount")),
        (
            gettext("Payment term"),
            gettext("%(term)s days") % _names(params) if fact(params, "term_days") else "",
        ),
        (gettext("Valid through"), day(params, "last_on")),
    )


def _offer_made(params: Params, house: House) -> Letter:
    names = _names(params)
    return Letter(
        subject=gettext("Your quote for %(space)s") % names,
        title=gettext("Your quote for %(space)s") % names,
        paragraphs=(
            gettext("%(from)s of sales made you a quote. Price and size hold until its last day.") % names,
            gettext(
                "Agree to it on its page, where you also find it as a PDF. The plan starts when sales approve it;"
                " you pay the invoice by bank."
            ),
        ),
        facts=_offered(params),
        quoted=fact(params, "message"),
        label=gettext("Look at the quote"),
        path=f"/offers/{fact(params, 'offer')}/" if params.get("offer") else "/billing/",
    )


def _offer_agreed(params: Params, house: House) -> Letter:
    names = _names(params)
    return Letter(
        subject=gettext("%(to)s agreed to quote %(reference)s") % names,
        title=gettext("%(to)s agreed to quote %(reference)s") % names,
        paragraphs=(gettext("Approve it, and the plan of %(space)s starts.") % names,),
        facts=_offered(params),
        label=gettext("Look at the quote"),
        path=f"/staff/offers/{fact(params, 'offer')}/" if params.get("offer") else "/staff/",
    )


KINDS: Kinds = {
    "manual_invoice_due": _due,
    "manual_invoice_overdue": _overdue,
    "manual_invoice_extended": _extended,
    "manual_offer_made": _offer_made,
    "manual_offer_agreed": _offer_agreed,
}
