"""Mails about who holds billing: handed over by its owner, by support, or gone from the space (rules R5, R6)."""

from collections.abc import Callable

from django.utils.translation import gettext

from zetel.documents.letter import House, Letter, Params, day, fact


def _names(params: Params, house: House) -> dict[str, str]:
    return {
        "old": fact(params, "old"), "new": fact(params, "new"), "space": fact(params, "space"),
        "email": house.support_email,
    }  # fmt: skip


def _new(params: Params, house: House) -> Letter:
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
    return Letter(
        subject=gettext("You are billing owner of %(space)s") % names,
        title=gettext("You are billing owner of %(space)s") % names,
        paragraphs=(
            why % names,
            gettext(
                "You get the invoices, and you alone can change the plan, cancel it or hand billing over."
            ),
            method,
        ),
        label=gettext("Go to Billing"),
        path="/billing/",
    )


def _old(params: Params, house: House) -> Letter:
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
    return Letter(
        subject=gettext("Billing of %(space)s was handed over") % names,
        title=gettext("Billing of %(space)s was handed over") % names,
        paragraphs=(
            gettext("%(new)s is billing owner of %(space)s now, and you are not any more.") % names,
            *(() if params.get("has_method") is False else (method,)),
            alarm % names,
        ),
        label=gettext("Go to Billing"),
        path="/billing/",
    )


def _gone(params: Params, house: House) -> Letter:
    names = _names(params, house) | {"ends_on": day(params, "ends_on")}
    return Letter(
        subject=gettext("The plan of %(space)s is not renewed") % names,
        title=gettext("The plan of %(space)s is not renewed") % names,
        paragraphs=(
            gettext("You are no longer in %(space)s, and nobody else is left there who could manage billing.") % names,
            *((gettext("The plan ends on %(ends_on)s, and nothing is charged any more.") % names,)
              if names["ends_on"] else ()),
            gettext(
                "Everything that was made there is kept. After the end you find your invoices on the page Billing."
            ),
        ),
        label=gettext("Go to Billing"),
        path="/billing/",
    )  # fmt: skip


KINDS: dict[str, Callable[[Params, House], Letter]] = {
    "billing_owner_new": _new,
    "billing_owner_old": _old,
    "billing_owner_gone": _gone,
}
