"""Mails about seats: nearly full, full, more people than seats, grown, and a growth that was not paid (rule C8)."""

from django.utils.translation import gettext, ngettext

from zetel.documents.letter import (
    Facts,
    House,
    Kinds,
    Letter,
    Params,
    amount,
    day,
    fact,
    renewal,
    shown,
    to_billing,
)
from zetel.documents.timeline import reason


def _use(params: Params) -> Facts:
    return shown(
        (gettext("Seats"), fact(params, "seats")),
        (gettext("People who count"), fact(params, "counted")),
        (gettext("Grows on"), "" if params.get("renews") else day(params, "resizes_on")),
        (gettext("Grows to"), fact(params, "fits")),
        (gettext("Costs then, with tax"), amount(params, "amount")),
    )


def _letter(params: Params, subject: str, *paragraphs: str) -> Letter:
    return to_billing(params, subject, *paragraphs, facts=_use(params))


def _nearly_full(params: Params, house: House) -> Letter:
    left = int(params.get("seats") or 0) - int(params.get("counted") or 0)
    words = ngettext("%(left)s seat of %(space)s is left.", "%(left)s seats of %(space)s are left.", left)
    return _letter(
        params,
        gettext("The seats of %(space)s are nearly full") % {"space": fact(params, "space")},
        words % {"left": left, "space": fact(params, "space")},
        gettext("You can choose more seats in Billing whenever you like."),
    )


def _full(params: Params, house: House) -> Letter:
    return _letter(
        params,
        gettext("All seats of %(space)s are taken") % {"space": fact(params, "space")},
        gettext("Everybody who counts has a seat, and none is left. You can choose more seats in Billing."),
    )


def _exceeded(params: Params, house: House) -> Letter:
    names = {"space": fact(params, "space")}
    return _letter(
        params,
        gettext("More people than seats in %(space)s") % names,
        ngettext(
            "%(counted)s person counts for %(seats)s seats. Everybody can go on working.",
            "%(counted)s people count for %(seats)s seats. Everybody can go on working.",
            int(params.get("counted") or 0),
        )
        % {"counted": fact(params, "counted"), "seats": fact(params, "seats")},
        what_follows(params),
    )


def what_follows(params: Params) -> str:
    """What happens by itself, when, and for how much; or that it does not, and why."""
    names = {
        "fits": fact(params, "fits"), "date": day(params, "resizes_on"), "amount": amount(params, "amount"),
    }  # fmt: skip
    if params.get("obstacle"):
        return {
            "ask": gettext("You chose to be asked: no seats are bought by themselves before the renewal."),
            "trial": gettext("During the trial no seats are bought by themselves."),
            "past_due": gettext("While an invoice is unpaid no seats are bought by themselves."),
            "ending": gettext("The plan ends, so no seats are bought by themselves."),
            "above_ladder": gettext("This is more than the largest size. Ask sales for more seats."),
        }.get(str(params["obstacle"]), gettext("No seats are bought by themselves before the renewal."))
    if params.get("renews"):
        return gettext("The plan renews on %(date)s with %(fits)s seats.") % names
    return (
        gettext(
            "On %(date)s the plan grows to %(fits)s seats, for %(amount)s with tax, unless there are fewer people by"
            " then or you choose more seats before."
        )
        % names
    )


def _resized(params: Params, house: House) -> Letter:
    names = {"space": fact(params, "space"), "seats": fact(params, "seats")}
    if params.get("trial"):
        words = gettext(
            "More people are counted in %(space)s than seats were chosen, so the plan begins with more."
        )
    elif params.get("starts_on"):
        words = gettext("More people count in %(space)s than there were seats for a week, so the plan grew.")
    else:
        words = gettext(
            "More people are counted in %(space)s than there were seats, so the renewal bought more."
        )
    return to_billing(
        params,
        gettext("%(space)s now has %(seats)s seats") % names,
        words % names,
        gettext("You find the invoice in Billing, and there you can see who takes a seat."),
        facts=(*shown((gettext("Charged"), amount(params, "due_amount"))), *renewal(params)),
    )


def _growth_declined(params: Params, house: House) -> Letter:
    names = {"space": fact(params, "space")}
    why = reason(fact(params, "reason"))
    return _letter(
        params,
        gettext("More seats for %(space)s could not be paid") % names,
        gettext("The payment was declined: %(why)s.") % {"why": why}
        if why
        else gettext("The payment was declined."),
        gettext("Everybody can go on working, but nobody new can join until the seats are paid."),
        gettext(
            "Set up another payment method, and we try again at once; or choose the seats yourself in Billing."
        ),
    )


def _growth_approval(params: Params, house: House) -> Letter:
    names = {"space": fact(params, "space")}
    return Letter(
        subject=gettext("Your bank wants your approval for more seats of %(space)s") % names,
        title=gettext("Your bank wants your approval"),
        paragraphs=(
            gettext(
                "More people count in %(space)s than there were seats for a week, so the plan grows. The bank asks"
                " you to approve the payment; you have 23 hours for it."
            )
            % names,
        ),
        facts=shown(
            (gettext("Seats"), fact(params, "seats")), (gettext("Amount"), amount(params, "due_amount"))
        ),
        label=gettext("Approve the payment"),
        path=fact(params, "path"),
    )


KINDS: Kinds = {
    "seats_nearly_full": _nearly_full,
    "seats_full": _full,
    "seats_exceeded": _exceeded,
    "seats_resized": _resized,
    "growth_declined": _growth_declined,
    "growth_approval": _growth_approval,
}
