"""Mails about offers by sales, and about a plan that ended because a larger one covers the space (rules P6, P9)."""

from collections.abc import Callable

from django.utils.translation import gettext

from zetel.documents.letter import Facts, House, Letter, Params, amount, day, fact, shown


def _names(params: Params) -> dict[str, str]:
    names = {name: fact(params, name) for name in ("space", "from", "to", "by", "number")}
    return names | {"plan": fact(params, "plan").title()}


def _offered(params: Params) -> Facts:
    cycle = {"month": gettext("Monthly"), "year": gettext("Annual")}.get(fact(params, "cycle"), "")
    return shown(
        (gettext("Plan"), ", ".join(part for part in (fact(params, "plan").title(), cycle.lower()) if part)),
        (gettext("Seats"), fact(params, "seats")),
        (gettext("Price of a seat, before tax"), amount(params, "unit_amount")),
        (gettext("Valid through"), day(params, "last_on")),
    )


def _made(params: Params, house: House) -> Letter:
    names = _names(params)
    return Letter(
        subject=gettext("Your offer for %(space)s") % names,
        title=gettext("Your offer for %(space)s") % names,
        paragraphs=(
            gettext("%(from)s of sales made you an offer. Price and size hold until its last day.") % names,
            gettext(
                "Accept it by paying with card or PayPal. Until then nothing changes and nothing is charged."
            ),
        ),
        facts=_offered(params),
        quoted=fact(params, "message"),
        label=gettext("Look at the offer"),
        path=f"/offers/{fact(params, 'offer')}/" if params.get("offer") else "/billing/",
    )


def _withdrawn(params: Params, house: House) -> Letter:
    names = _names(params)
    return Letter(
        subject=gettext("The offer for %(space)s was withdrawn") % names,
        title=gettext("The offer for %(space)s was withdrawn") % names,
        paragraphs=(
            gettext("Sales took the offer back, for the reason below. Answer this mail for a new one."),
        ),
        facts=_offered(params),
        quoted=fact(params, "message"),
    )


def _accepted(params: Params, house: House) -> Letter:
    names = _names(params)
    return Letter(
        subject=gettext("%(to)s accepted the offer for %(space)s") % names,
        title=gettext("%(to)s accepted the offer for %(space)s") % names,
        paragraphs=(gettext("It was paid, and the plan is on."),),
        facts=_offered(params),
        label=gettext("Look at the offer"),
        path=f"/staff/offers/{fact(params, 'offer')}/" if params.get("offer") else "/staff/",
    )


def _covered(params: Params, house: House) -> Letter:
    names = _names(params)
    money: tuple[str, ...] = ()
    if params.get("number"):
        spendable = int(params.get("spendable") or 0)
        words = (
            gettext("What was not used is on credit note %(number)s, and pays your next invoices.")
            if spendable
            else gettext("What was not used is on credit note %(number)s.")
        )
        money = (words % names,)
    return Letter(
        subject=gettext("The plan of %(by)s covers %(space)s now") % names,
        title=gettext("The plan of %(by)s covers %(space)s now") % names,
        paragraphs=(
            gettext(
                "So the plan of %(space)s itself has ended. Everybody there goes on with the plan of %(by)s."
            )
            % names,
            *money,
            gettext("Everything that was made is kept, and you find your invoices on the page Billing."),
        ),
        facts=shown(
            (gettext("Ended on"), day(params, "ended_on")), (gettext("Taken back"), amount(params, "amount"))
        ),
        label=gettext("Go to Billing"),
        path="/billing/",
    )


KINDS: dict[str, Callable[[Params, House], Letter]] = {
    "offer_made": _made,
    "offer_withdrawn": _withdrawn,
    "offer_accepted": _accepted,
    "plan_covered": _covered,
}
