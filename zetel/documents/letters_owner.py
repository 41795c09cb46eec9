"""Mails about who manages billing: named at a purchase, handed over, and an organization's admins (R4, R5).

Whoever gave billing away is told too, with the way to take their payment method along.
"""

from django.utils.translation import gettext

from zetel.documents.letter import (
    Facts,
    House,
    Kinds,
    Letter,
    Params,
    agreement,
    day,
    fact,
    plan,
    renewal,
    to_billing,
)


def _bought(params: Params) -> Facts:
    return (*agreement(params), *renewal(params))


def _rights() -> str:
    return gettext("You get the invoices, and you alone can change the plan, cancel it or hand billing over.")


def _billing_owner_named(params: Params, house: House) -> Letter:
    names = {"buyer": fact(params, "buyer"), "space": fact(params, "space"), "plan": plan(params)}
    return to_billing(
        params,
        gettext("You are billing owner of %(space)s") % names,
        gettext("%(buyer)s bought %(plan)s for %(space)s and named you billing owner.") % names,
        _rights(),
        facts=_bought(params),
    )


def _purchase_done_colleague(params: Params, house: House) -> Letter:
    names = {"owner": fact(params, "owner"), "space": fact(params, "space"), "plan": plan(params)}
    return Letter(
        subject=gettext("%(space)s is now on %(plan)s") % names,
        title=gettext("%(space)s is now on %(plan)s") % names,
        paragraphs=(
            gettext("Your purchase is done. %(owner)s is billing owner and gets the invoices.") % names,
        ),
        facts=agreement(params),
    )


def _names(params: Params, house: House) -> dict[str, str]:
    return {
        "old": fact(params, "old"), "new": fact(params, "new"), "space": fact(params, "space"),
        "email": house.support_email,
    }  # fmt: skip


def _billing_owner_new(params: Params, house: House) -> Letter:
    names = _names(params, house)
    why = {
        "left": gettext(
            "%(old)s is no longer in %(space)s, so billing went to you, who have been there longest."
        ),
        "support": gettext("Our support handed billing of %(space)s over to you."),
    }.get(fact(params, "how"), gettext("%(old)s handed billing of %(space)s over to you."))
    method = (
        gettext("There is no payment method any more. Add one in Billing before the next payment.")
        if params.get("has_method") is False
        else gettext(
            "The payment method stays as it is until you change it. All earlier invoices are in Billing too."
        )
    )
    subject = gettext("You are billing owner of %(space)s") % names
    return to_billing(params, subject, why % names, _rights(), method)


def _billing_owner_old(params: Params, house: House) -> Letter:
    """The way leads to what is still theirs: the old owner has no right to the tab any more."""
    names = _names(params, house)
    method = gettext(
        "The payment method stays in use until it is replaced. If it is yours, take it away on the page Billing."
    )
    alarm = {
        "left": gettext(
            "That happened because you are no longer in %(space)s. Questions? Write to %(email)s."
        ),
        "support": gettext("Our support did this. If you do not know why, write to %(email)s."),
    }.get(
        fact(params, "how"), gettext("If you did not hand billing over yourself, write to %(email)s at once.")
    )
    return to_billing(
        {},
        gettext("Billing of %(space)s was handed over") % names,
        gettext("%(new)s is billing owner of %(space)s now, and you are not any more.") % names,
        "" if params.get("has_method") is False else method,
        alarm % names,
    )


def _billing_owner_gone(params: Params, house: House) -> Letter:
    names = _names(params, house) | {"ends_on": day(params, "ends_on")}
    return to_billing(
        {},
        gettext("The plan of %(space)s is not renewed") % names,
        gettext("You are no longer in %(space)s, and nobody else is left there who could manage billing.")
        % names,
        gettext("The plan ends on %(ends_on)s, and nothing is charged any more.") % names
        if names["ends_on"]
        else "",
        gettext(
            "Everything that was made there is kept. After the end you find your invoices on the page Billing."
        ),
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


KINDS: Kinds = {
    "billing_owner_named": _billing_owner_named,
    "purchase_done_colleague": _purchase_done_colleague,
    "billing_owner_new": _billing_owner_new,
    "billing_owner_old": _billing_owner_old,
    "billing_owner_gone": _billing_owner_gone,
    "admin_told": _admin_told,
}
