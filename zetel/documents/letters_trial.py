"""Mails about a trial: begun, ends in seven days and in one, cancelled, ended (rule P10).

The two reminders say what the last day will bring: the plan with its amount, or Basic unless a method is added.
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
    plan,
    shown,
    to_billing,
)


def _names(params: Params) -> dict[str, str]:
    return {
        "plan": plan(params), "space": fact(params, "space"), "date": day(params, "period_end"),
        "method": fact(params, "method"), "buyer": fact(params, "buyer"), "by": fact(params, "by"),
    }  # fmt: skip


def _facts(params: Params, due: str) -> Facts:
    then = shown(
        (gettext("Trial until"), day(params, "period_end")),
        (gettext("Costs then, with tax"), amount(params, due)),
    )
    return (*agreement(params), *then)


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
    return to_billing(
        params,
        gettext("The trial of %(plan)s for %(space)s has begun") % names,
        begun % names,
        then % names,
        facts=_facts(params, "renewal_amount"),
    )


def _ends_soon(params: Params, house: House) -> Letter:
    names = _names(params)
    days = int(params.get("days") or 1)
    subject = ngettext(
        "The trial of %(space)s ends in %(days)d day", "The trial of %(space)s ends in %(days)d days", days
    ) % (names | {"days": days})
    words: tuple[str, ...]
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
        words = (
            *words,
            gettext(
                "Plans inside end then, because they are covered; what is unused is given back: %(inside)s."
            ),
        )
    told = (sentence % names for sentence in words)
    return to_billing(params, subject, *told, facts=_facts(params, "amount"))


def _cancelled(params: Params, house: House) -> Letter:
    names = _names(params)
    return to_billing(
        params,
        gettext("The trial of %(space)s was cancelled") % names,
        gettext("%(plan)s works until %(date)s as it does now. Nothing is charged, then or later.") % names,
        gettext(
            "After that the space is on Basic. Nothing of yours is deleted: spaces, people and settings all stay."
        ),
        gettext("Did you change your mind? Until that day you can resume the trial in Billing."),
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


KINDS: Kinds = {
    "trial_started": _started,
    "trial_ends_soon": _ends_soon,
    "trial_cancelled": _cancelled,
    "trial_ended": _ended,
}
