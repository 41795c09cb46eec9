"""Mails about a trial: begun, ends in seven days and in one, cancelled, ended (rule P10).

The two reminders say what the last day will bring: the plan with its amount, or Basic unless a method is added.
"""

from collections.abc import Callable

from django.utils.translation import gettext, ngettext

from zetel.documents.letter import Facts, House, Letter, Params, amount, day, fact, shown


def _plan(params: Params) -> str:
    return fact(params, "plan_name") or fact(params, "plan").title()


def _names(params: Params) -> dict[str, str]:
    return {
        "plan": _plan(params), "space": fact(params, "space"), "date": day(params, "period_end"),
        "method": fact(params, "method"), "buyer": fact(params, "buyer"), "by": fact(params, "by"),
    }  # fmt: skip


def _facts(params: Params, due: str) -> Facts:
    cycle = {"month": gettext("Monthly"), "year": gettext("Annual")}.get(fact(params, "cycle"), "")
    return shown(
        (gettext("Plan"), _plan(params)),
        (gettext("Billing cycle"), cycle),
        (gettext("Seats"), fact(params, "seats")),
        (gettext("Trial until"), day(params, "period_end")),
        (gettext("Costs then, with tax"), amount(params, due)),
    )


def _started(params: Params, house: House) -> Letter:
    names = _names(params)
    begun = (
        gettext("%(buyer)s began a trial of %(plan)s for %(space)s and named you billing owner.")
        if names["buyer"]
        else gettext("Everybody in %(space)s can use %(plan)s until %(date)s, free of charge.")
    )
    if names["method"]:
        then = gettext(
            "On that day the plan begins, and %(method)s is charged. You can change it or cancel in Billing before."
        )
    else:
        then = gettext(
            "Nothing is charged by itself: without a payment method the space is on Basic again after that day. Add"
            " one in Billing, and the plan goes on."
        )
    return Letter(
        subject=gettext("The trial of %(plan)s for %(space)s has begun") % names,
        title=gettext("The trial of %(plan)s for %(space)s has begun") % names,
        paragraphs=(begun % names, then % names),
        facts=_facts(params, "renewal_amount"),
        label=gettext("Go to Billing"),
        path="/billing/",
    )


def _ends_soon(params: Params, house: House) -> Letter:
    names = _names(params)
    days = int(params.get("days") or 1)
    subject = ngettext(
        "The trial of %(space)s ends in %(days)d day", "The trial of %(space)s ends in %(days)d days", days
    ) % (names | {"days": days})
    if names["method"]:
        words = (
            gettext(
                "On %(date)s %(plan)s begins for %(space)s, and the amount below is charged to %(method)s."
            ),
            gettext("You need not do anything. If you would rather not, cancel in Billing before that day."),
        )
    else:
        words = (
            gettext("On %(date)s %(space)s is on Basic again, because there is no payment method."),
            gettext("Add one in Billing, and %(plan)s goes on. Either way everything that was made is kept."),
        )
    names["inside"] = ", ".join(str(name) for name in params.get("inside") or ())
    if names["inside"] and names["method"]:
        words += (
            gettext(
                "Plans inside end then, because they are covered; what is unused is given back: %(inside)s."
            ),
        )
    return Letter(
        subject=subject,
        title=subject,
        paragraphs=tuple(sentence % names for sentence in words),
        facts=_facts(params, "amount"),
        label=gettext("Go to Billing"),
        path="/billing/",
    )


def _cancelled(params: Params, house: House) -> Letter:
    names = _names(params)
    return Letter(
        subject=gettext("The trial of %(space)s was cancelled") % names,
        title=gettext("The trial of %(space)s was cancelled") % names,
        paragraphs=(
            gettext("%(plan)s works until %(date)s as it does now. Nothing is charged, then or later.")
            % names,
            gettext(
                "After that the space is on Basic. Nothing of yours is deleted: spaces, people and settings all stay."
            ),
            gettext("Did you change your mind? Until that day you can resume the trial in Billing."),
        ),
        label=gettext("Go to Billing"),
        path="/billing/",
    )


def _ended(params: Params, house: House) -> Letter:
    names = _names(params)
    why, then = {
        "trial_covered": (
            gettext("A larger plan covers %(space)s now, so the trial is not needed any more."),
            gettext("Nothing was charged for the trial, and everything that was made is kept."),
        ),
        "trial_bought": (
            gettext("%(by)s bought a plan for %(space)s, which takes the place of the trial."),
            gettext("Nothing was charged to you. Whoever holds billing now manages the plan."),
        ),
    }.get(
        fact(params, "reason"),
        (
            gettext("%(space)s is on Basic again, because there was no payment method to go on with."),
            gettext(
                "Nothing was charged, and everything that was made is kept. You can choose a plan at any time."
            ),
        ),
    )
    to_buy = fact(params, "reason") not in ("trial_covered", "trial_bought")
    return Letter(
        subject=gettext("The trial of %(space)s has ended") % names,
        title=gettext("The trial of %(space)s has ended") % names,
        paragraphs=(why % names, then % names),
        facts=shown((gettext("Ended on"), day(params, "ended_on"))),
        label=gettext("Choose a plan") if to_buy else "",
        path=f"/upgrade/?space={fact(params, 'space_id')}" if to_buy else "",
    )


KINDS: dict[str, Callable[[Params, House], Letter]] = {
    "trial_started": _started,
    "trial_ends_soon": _ends_soon,
    "trial_cancelled": _cancelled,
    "trial_ended": _ended,
}
