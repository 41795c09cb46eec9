"""What happened, in one sentence per event: the words of the timeline on the Billing tab and in the back office.

Each type of event has a sentence that needs no fact; many have a fuller one, used when all that it names is known.
So an event from before a fact was recorded still reads well.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

from django.utils import translation
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from zetel.documents.amounts import amount_text, date_text
from zetel.rules.event_types import EventType as T

_PLACES = re.compile(r"%\((\w+)\)s")
_DATES = (
    "period_start",
    "period_end",
    "ends_on",
    "ended_on",
    "starts_on",
    "resizes_on",
    "first_on",
    "due_on",
    "agreed_on",
)
_AMOUNTS = ("amount", "due_amount", "renewal_amount", "spendable", "still_due")


class Happened(Protocol):
    """What a sentence needs of an event."""

    @property
    def kind(self) -> str: ...
    @property
    def before(self) -> Any: ...
    @property
    def after(self) -> Any: ...


PLAIN = {
    T.SPACE_RENAMED: _("The space got another name."),
    T.SPACE_MOVED: _("The team was moved to another division."),
    T.SPACE_DELETED: _("The space was deleted."),
    T.DOMAIN_ADDED: _("An e-mail domain was added."),
    T.DOMAIN_REMOVED: _("An e-mail domain was removed."),
    T.MEMBERSHIP_JOINED: _("Somebody joined."),
    T.MEMBERSHIP_LEFT: _("Somebody left."),
    T.MEMBERSHIP_REMOVED: _("Somebody was removed."),
    T.MEMBERSHIP_STANDING_CHANGED: _("Somebody became member or guest."),
    T.ADMIN_NAMED: _("Somebody became admin."),
    T.ADMIN_WITHDRAWN: _("Somebody is no longer admin."),
    T.ACTING_BEGAN: _("Our staff began to act on behalf of the billing owner."),
    T.CUSTOMER_CREATED: _("Billing information was entered."),
    T.CUSTOMER_CHANGED: _("Billing information was changed."),
    T.CUSTOMER_VAT_VERIFIED: _("The VAT number was verified."),
    T.CUSTOMER_VAT_LOST: _("The VAT number is no longer known to the EU's service, so tax is charged."),
    T.BALANCE_CHANGED: _("The balance changed."),
    T.METHOD_REPLACED: _("A payment method was set up."),
    T.METHOD_REFUSED: _("A new payment method was refused; nothing changed."),
    T.METHOD_REMOVED: _("A payment method was taken away."),
    T.CHANGE_ACTION_NEEDED: _("A purchase waits for approval by the bank."),
    T.CHANGE_DECLINED: _("A payment was declined; nothing changed."),
    T.CHANGE_EXPIRED: _("A purchase was not paid in time; nothing changed."),
    T.CHANGE_REFUNDED: _("A purchase did not go through; the money goes back."),
    T.SUBSCRIPTION_BOUGHT: _("A plan was bought."),
    T.SUBSCRIPTION_TRIAL_STARTED: _("A trial began."),
    T.SUBSCRIPTION_TRIAL_CONVERTED: _("The trial ended and the plan began."),
    T.SUBSCRIPTION_CHANGED: _("The plan was changed."),
    T.SUBSCRIPTION_CHANGE_SCHEDULED: _("A change of the plan was scheduled."),
    T.SUBSCRIPTION_CHANGE_WITHDRAWN: _("A scheduled change was withdrawn."),
    T.SUBSCRIPTION_RENEWED: _("The plan was renewed."),
    T.SUBSCRIPTION_GREW: _("Seats were added for the people who joined."),
    T.SUBSCRIPTION_CANCELLED: _("The plan was cancelled."),
    T.SUBSCRIPTION_RESUMED: _("The plan was resumed."),
    T.SUBSCRIPTION_PAST_DUE: _("A renewal could not be collected yet."),
    T.SUBSCRIPTION_RECOVERED: _("The open renewal was paid."),
    T.SUBSCRIPTION_ENDED: _("The plan ended."),
    T.SUBSCRIPTION_REPLACED: _("The plan ended because a larger one covers the space."),
    T.BILLING_OWNER_CHANGED: _("Billing was handed over."),
    T.BILLING_OWNER_GONE: _("The billing owner is gone and nobody else is left; the plan is not renewed."),
    T.OVERAGE_OPENED: _("There are more people than seats."),
    T.OVERAGE_CLOSED: _("There are seats for everybody again."),
    T.OFFER_MADE: _("Sales made an offer."),
    T.OFFER_WITHDRAWN: _("Sales withdrew an offer."),
    T.SALES_REQUEST_MADE: _("A request was sent to sales."),
    T.SALES_REQUEST_ANSWERED: _("Sales answered the request."),
    T.OFFER_AGREED: _("The quote of sales was agreed to."),
    T.SUPPORT_ASKED: _("A question was sent to support."),
    T.MAIL_RESENT: _("A mail was sent again."),
    T.INVOICE_ISSUED: _("An invoice was issued."),
    T.INVOICE_SENT: _("An invoice was sent by mail."),
    T.INVOICE_PAID: _("An invoice was paid."),
    T.INVOICE_REOPENED: _("An invoice is open again."),
    T.INVOICE_OVERDUE: _("An invoice is overdue."),
    T.INVOICE_EXTENDED: _("There is more time to pay an invoice."),
    T.INVOICE_WRITTEN_OFF: _("An invoice was written off."),
    T.CREDIT_NOTE_ISSUED: _("A credit note was issued."),
    T.PAYMENT_PAID: _("A payment came in."),
    T.PAYMENT_DECLINED: _("A payment was declined; we try again."),
    T.PAYMENT_PARKED: _("A payment is being looked into by our staff."),
    T.PAYMENT_CORRECTED: _("A bank payment had been booked wrongly and was corrected."),
    T.PAYMENT_TAKEN_BACK: _("A payment was taken back by the bank."),
    T.REFUND_DONE: _("Money was refunded."),
    T.REFUND_REFUSED: _("A refund did not arrive; our staff look into it."),
}

FULLER = {
    T.SPACE_RENAMED: _("The space %(old_name)s is now called %(name)s."),
    T.DOMAIN_ADDED: _("The e-mail domain %(domain)s was added."),
    T.DOMAIN_REMOVED: _("The e-mail domain %(old_domain)s was removed."),
    T.METHOD_REPLACED: _("The payment method is now %(label)s."),
    T.METHOD_REMOVED: _("The payment method %(old_label)s was taken away."),
    T.CHANGE_DECLINED: _("The payment of %(amount)s was declined: %(why)s. Nothing changed."),
    T.CHANGE_REFUNDED: _("A purchase did not go through; %(amount)s goes back."),
    T.SUBSCRIPTION_BOUGHT: _("%(plan)s with %(seats)s seats was bought (%(cycle)s), until %(period_end)s."),
    T.SUBSCRIPTION_TRIAL_STARTED: _("A trial of %(plan)s began, until %(period_end)s."),
    T.SUBSCRIPTION_TRIAL_CONVERTED: _(
        "The trial ended and %(plan)s began with %(seats)s seats, until %(period_end)s."
    ),
    T.SUBSCRIPTION_CHANGED: _(
        "The plan is now %(plan)s with %(seats)s seats (%(cycle)s); it was %(old_plan)s with %(old_seats)s seats"
        " (%(old_cycle)s)."
    ),
    T.SUBSCRIPTION_CHANGE_WITHDRAWN: _("A scheduled change was withdrawn: %(dropped)s."),
    T.SUBSCRIPTION_RESUMED: _("The plan was resumed: it does not end on %(old_ends_on)s any more."),
    T.CUSTOMER_CHANGED: _("Billing information was changed: %(fields)s."),
    T.OVERAGE_CLOSED: _(
        "There are seats for everybody again, after there were too few since %(old_first_on)s."
    ),
    T.SUBSCRIPTION_ENDED: _("The plan ended on %(ended_on)s."),
    T.SUBSCRIPTION_CHANGE_SCHEDULED: _(
        "From %(starts_on)s it will be %(plan)s with %(seats)s seats (%(cycle)s)."
    ),
    T.SUBSCRIPTION_RENEWED: _("The plan was renewed with %(seats)s seats, until %(period_end)s."),
    T.SUBSCRIPTION_GREW: _("Seats were added for the people who joined: now %(seats)s."),
    T.SUBSCRIPTION_PAST_DUE: _("Invoice %(number)s of %(amount)s could not be collected; we try again."),
    T.SUBSCRIPTION_RECOVERED: _("The plan goes on: invoice %(number)s of %(amount)s was paid."),
    T.SUBSCRIPTION_CANCELLED: _("The plan was cancelled and ends on %(ends_on)s."),
    T.SUBSCRIPTION_REPLACED: _("The plan ended because the plan of %(by)s covers the space."),
    T.BILLING_OWNER_CHANGED: _("%(old_owner)s handed billing over to %(owner)s."),
    T.BILLING_OWNER_GONE: _(
        "%(old_owner)s is gone and nobody else is left to manage billing; the plan ends on %(ends_on)s."
    ),
    T.OFFER_MADE: _("Sales offered %(plan)s with %(seats)s seats (%(cycle)s) to %(to)s."),
    T.OFFER_AGREED: _("%(to)s agreed to quote %(reference)s."),
    T.SALES_REQUEST_MADE: _("A request was sent to sales: %(topic)s."),
    T.SUPPORT_ASKED: _("A question was sent to support: %(subject)s."),
    T.INVOICE_ISSUED: _("Invoice %(number)s of %(amount)s was issued."),
    T.INVOICE_SENT: _("Invoice %(number)s was sent by mail."),
    T.INVOICE_PAID: _("Invoice %(number)s of %(amount)s was paid."),
    T.INVOICE_REOPENED: _("Invoice %(number)s is open again."),
    T.INVOICE_OVERDUE: _(
        "Invoice %(number)s is overdue: %(amount)s was to be paid by %(due_on)s. The plan goes on, but is not renewed."
    ),
    T.INVOICE_EXTENDED: _("There is more time to pay invoice %(number)s: until %(due_on)s."),
    T.PAYMENT_CORRECTED: _(
        "A bank payment of %(amount)s had been booked on invoice %(number)s by mistake; that was taken back."
    ),
    T.INVOICE_WRITTEN_OFF: _("%(amount)s of invoice %(number)s was written off."),
    T.CREDIT_NOTE_ISSUED: _("Credit note %(number)s of %(amount)s was issued."),
    T.BALANCE_CHANGED: _("Balance of %(amount)s was paid out."),
    T.PAYMENT_TAKEN_BACK: _(
        "The bank took %(amount)s of invoice %(number)s back; the invoice is open again."
    ),
    T.PAYMENT_PAID: _("A payment of %(amount)s came in."),
    T.PAYMENT_DECLINED: _("A payment was declined: %(why)s. We try again."),
    T.REFUND_DONE: _("%(amount)s was refunded."),
    T.REFUND_REFUSED: _("A refund of %(amount)s did not arrive; our staff look into it."),
    T.ADMIN_NAMED: _("%(person)s became admin."),
    T.ADMIN_WITHDRAWN: _("%(person)s is no longer admin."),
    T.OVERAGE_OPENED: _("There are %(counted)s people for %(seats)s seats."),
}

# What a fact makes of the sentence: why a plan ended, why nothing could be collected, whether it will grow.
FOR_A_REASON = {
    (T.OVERAGE_OPENED, "grows"): _(
        "There are %(counted)s people for %(seats)s seats. On %(resizes_on)s the plan grows to %(fits)s seats."
    ),
    (T.BILLING_OWNER_CHANGED, "left"): _("%(old_owner)s is no longer here, so billing went to %(owner)s."),
    (T.OVERAGE_CLOSED, "ended"): _("The plan ended, and with it the count of people beyond its seats."),
    (T.SUBSCRIPTION_ENDED, "cancelled"): _("The plan ended on %(ended_on)s, as it was cancelled before."),
    (T.SUBSCRIPTION_ENDED, "unpaid"): _("The plan ended because its renewal was not paid."),
    (T.SUBSCRIPTION_ENDED, "cancelled_unpaid"): _(
        "The plan was cancelled while a renewal was unpaid, and ended."
    ),
    (T.SUBSCRIPTION_CHANGED, "trial"): _("The trial is now of %(plan)s with %(seats)s seats (%(cycle)s)."),
    (T.SUBSCRIPTION_CANCELLED, "trial"): _("The trial was cancelled; it runs until %(ends_on)s."),
    (T.SUBSCRIPTION_RESUMED, "trial"): _("The cancellation of the trial was taken back."),
    (T.SUBSCRIPTION_REPLACED, "trial"): _("The trial ended because the plan of %(by)s covers the space."),
    (T.SUBSCRIPTION_ENDED, "trial_over"): _("The trial ended: there was no payment method."),
    (T.SUBSCRIPTION_ENDED, "trial_cancelled"): _("The trial ended, as it was cancelled."),
    (T.SUBSCRIPTION_ENDED, "trial_covered"): _("The trial ended because a larger plan covers the space."),
    (T.SUBSCRIPTION_ENDED, "trial_bought"): _("The trial ended because a plan was bought for the space."),
    (T.SUBSCRIPTION_ENDED, "staff"): _("Our staff ended the plan."),
    (T.BALANCE_CHANGED, "used"): _("%(amount)s of the balance paid for invoice %(number)s."),
    (T.SUBSCRIPTION_BOUGHT, "approved"): _(
        "%(plan)s with %(seats)s seats began on invoice (%(cycle)s), as %(agreed_by)s agreed on %(agreed_on)s; until"
        " %(period_end)s."
    ),
    (T.SUBSCRIPTION_RECOVERED, "extended"): _("There is more time to pay, so the plan goes on."),
    (T.PAYMENT_PAID, "bank"): _("%(amount)s came by bank; invoice %(number)s is paid."),
    (T.PAYMENT_PAID, "bank_part"): _(
        "%(amount)s came by bank for invoice %(number)s; %(still_due)s is still to be paid."
    ),
    (T.PAYMENT_PAID, "bank_more"): _(
        "%(amount)s came by bank for invoice %(number)s; %(spendable)s of it was too much and is balance now."
    ),
    (T.PAYMENT_PAID, "returned"): _("The bank gave a payment of %(amount)s back."),
    (T.SUBSCRIPTION_PAST_DUE, "taken_back"): _(
        "The bank took the payment of invoice %(number)s back; %(amount)s is to be paid again."
    ),
    (T.SUBSCRIPTION_PAST_DUE, "no_method"): _(
        "A renewal could not be collected: there is no payment method."
    ),
}


def say(event: Happened, language: str) -> str:
    """The sentence of an event on the timeline, in `nl` or `en`."""
    kind = T(event.kind)
    with translation.override("nl" if language.startswith("nl") else "en"):
        fuller = FOR_A_REASON.get((kind, str((event.after or {}).get("reason", "")))) or FULLER.get(kind)
        if fuller is not None:
            facts = _facts(event.before or {}, event.after or {}, language)
            wanted = set(_PLACES.findall(str(fuller)))
            if all(facts.get(name) for name in wanted):
                return str(fuller) % {name: facts[name] for name in wanted}
        return str(PLAIN[kind])


def _facts(before: Mapping[str, Any], after: Mapping[str, Any], language: str) -> dict[str, str]:
    """Every fact as it stands in a sentence; those from before the event begin with `old_`."""
    facts = _shown(after, language)
    facts.update({f"old_{name}": text for name, text in _shown(before, language).items()})
    facts["fields"] = _changed(before, after)
    facts.setdefault("number", facts.get("invoice", ""))
    return facts


def _shown(values: Mapping[str, Any], language: str) -> dict[str, str]:
    shown = {name: str(value) for name, value in values.items() if value not in (None, "")}
    if str(values.get("person", "")).startswith("per_"):
        shown.pop("person")  # an id tells a reader nothing
    for name in _DATES:
        if name in shown:
            shown[name] = date_text(date.fromisoformat(shown[name][:10]), language)
    for name in _AMOUNTS:
        if name in shown:
            shown[name] = (
                amount_text(values[name], values["currency"], language) if values.get("currency") else ""
            )
    if "plan" in shown:
        shown["plan"] = shown.get("plan_name") or shown["plan"].title()
    shown["cycle"] = {"month": gettext("monthly"), "year": gettext("annual")}.get(shown.get("cycle", ""), "")
    if "dropped" in shown:
        shown["dropped"] = ", ".join(_dropped(item, language) for item in values["dropped"])
    shown["topic"] = topic(shown.get("topic", ""))
    shown["why"] = reason(shown.get("reason", ""))
    return shown


def _dropped(item: Mapping[str, Any], language: str) -> str:
    """One scheduled change that does not come any more: `5 seats on 12 June 2026`."""
    if item["field"] == "seats":
        new = ngettext("%(count)d seat", "%(count)d seats", item["new"]) % {"count": item["new"]}
    else:
        cycles = {"month": gettext("monthly"), "year": gettext("annual")}
        new = cycles.get(str(item["new"]), str(item["new"]).title())
    on = date_text(date.fromisoformat(item["on"]), language)
    return gettext("%(change)s on %(date)s") % {"change": new, "date": on}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Which parts of the billing information differ, each by its name and the address as one."""
    address = gettext("the address")
    names = {
        "name": gettext("the name"), "company": gettext("the company"), "country": address, "city": address,
        "region": address, "postal_code": address, "address_line1": address, "address_line2": address,
        "vat_number": gettext("the VAT number"), "invoice_email": gettext("the invoice e-mail"),
        "reference": gettext("the reference"), "language": gettext("the language of invoices"),
        "time_zone": gettext("the time zone"), "remind_monthly": gettext("mails before a renewal"),
        "mails_einvoice": gettext("e-invoices by mail"),
    }  # fmt: skip
    found = (names[field] for field in names if field in after and before.get(field) != after[field])
    return ", ".join(dict.fromkeys(found))


def topic(code: str) -> str:
    """What a request to sales is about."""
    return {
        "several_teams": gettext("several teams"),
        "division": gettext("a division"),
        "more_seats": gettext("more seats than are sold online"),
        "pay_by_invoice": gettext("paying by invoice"),
        "plan": gettext("a plan that sales offers"),
        "change": gettext("a change of the plan"),
        "cancel": gettext("cancelling the plan"),
        "resume": gettext("resuming the plan"),
        "other": gettext("something else"),
    }.get(code, "")


def reason(code: str) -> str:
    """Why a payment was declined, as far as it helps the payer; empty for what only banks know."""
    return {
        "method_required": gettext("there is no payment method"),
        "expired": gettext("the time for it had passed"),
        "insufficient_funds": gettext("not enough money on the account"),
        "expired_card": gettext("the card has expired"),
        "taken_back": gettext("the bank took the payment back"),
        "stolen_card": gettext("the card is blocked"),
        "account_closed": gettext("the account was closed"),
        "cancelled": gettext("the approval was cancelled"),
        "approval_refused": gettext("the bank did not approve"),
    }.get(code, "")
