"""Mails about a plan that was changed, scheduled to change, resumed or cancelled (rules C1 to C4, C11).

All of those are made from the same facts: the terms that the change leads to, what waits on which day, what waits no
longer, and the next invoice. One more is about the payment method that its owner took away (R5).
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext, ngettext

from zetel.documents.amounts import date_text
from zetel.documents.languages import reader_language
from zetel.documents.letter import (
    Facts,
    House,
    Kinds,
    Letter,
    Params,
    agreement,
    amount,
    cycle,
    day,
    fact,
    renewal,
    shown,
    to_billing,
)


def _value(field: str, value: object) -> str:
    """One part of terms in words."""
    if field == "seats":
        count = int(str(value))
        return ngettext("%(count)d seat", "%(count)d seats", count) % {"count": count}
    return cycle({"cycle": value}) if field == "cycle" else str(value).title()


def _waiting(items: list[Mapping[str, Any]], label: str) -> Facts:
    """What waits, or waits no longer: a row for each change, by its day."""
    return tuple(
        (
            label % {"date": date_text(date.fromisoformat(item["on"]), reader_language())},
            _value(item["field"], item["new"]),
        )
        for item in items
    )


def _facts(params: Params, *, with_terms: bool = True) -> Facts:
    return (
        *(agreement(params) if with_terms else ()),
        *_waiting(params.get("scheduled") or [], gettext("From %(date)s")),
        *_waiting(params.get("dropped") or [], gettext("No longer on %(date)s")),
        *shown((gettext("Ends on"), day(params, "ends_on"))),
        *renewal(params),
    )


def _plan_changed(params: Params, house: House) -> Letter:
    names = {"space": fact(params, "space"), "date": day(params, "starts_on")}
    what = fact(params, "what")
    subject, words = {
        "change_scheduled": (
            gettext("The plan of %(space)s will change on %(date)s"),
            gettext("Until then everything stays as it was paid. You can undo the change in Billing until that day."),
        ),
        "change_withdrawn": (
            gettext("A scheduled change for %(space)s was undone"),
            gettext("The plan goes on as it is."),
        ),
        "resumed": (
            gettext("The plan of %(space)s goes on"),
            gettext("The cancellation was taken back. The plan renews as before."),
        ),
    }.get(
        what,
        (
            gettext("The plan of %(space)s was changed"),
            gettext("The change is in force. Whatever was charged for it is on an invoice of its own."),
        ),
    )  # fmt: skip
    facts = _facts(params, with_terms=what != "change_scheduled")
    return to_billing(params, subject % names, words, facts=facts)


def _cancelled(params: Params, house: House) -> Letter:
    names = {"space": fact(params, "space"), "date": day(params, "ends_on")}
    return to_billing(
        params,
        gettext("The plan of %(space)s ends on %(date)s") % names,
        gettext(
            "The plan was cancelled. Until %(date)s everything works as it does now; nothing more is charged."
        )
        % names,
        gettext(
            "After that the space is on Basic. Nothing of yours is deleted: spaces, people, settings and invoices"
            " all stay."
        ),
        gettext("Did you change your mind? Until that day you can resume the plan in Billing."),
        facts=_facts(params),
    )


def _method_removed(params: Params, house: House) -> Letter:
    names = {"label": fact(params, "label"), "old": fact(params, "old"), "customer": fact(params, "customer")}
    return to_billing(
        params,
        gettext("%(label)s no longer pays for your plan") % names,
        gettext(
            "%(old)s took this payment method away. Nothing else changes: the plan runs on, and nothing is due"
            " today."
        )
        % names,
        gettext("Add a payment method of your own in Billing before the next invoice comes."),
        facts=shown((gettext("Payment method"), names["label"]), (gettext("Billed to"), names["customer"])),
    )


def _approval_needed(params: Params, house: House) -> Letter:
    names = {"space": fact(params, "space")}
    return Letter(
        subject=gettext("Your bank wants your approval for the plan of %(space)s") % names,
        title=gettext("Your bank wants your approval"),
        paragraphs=(
            gettext(
                "Our staff changed the plan of %(space)s for you, and the bank asks you to approve the payment."
            )
            % names,
            gettext(
                "You have 23 hours for it. Without your approval nothing changes and nothing is charged."
            ),
        ),
        facts=shown((gettext("Amount"), amount(params, "amount"))),
        label=gettext("Approve the payment"),
        path=fact(params, "path"),
    )


KINDS: Kinds = {
    "approval_needed": _approval_needed,
    "plan_changed": _plan_changed,
    "cancelled": _cancelled,
    "method_removed": _method_removed,
}
