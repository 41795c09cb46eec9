"""What each refusal says: one sentence per code of `rules.errors`, what is the matter and what to do.

`PLAIN` holds a sentence for every code, which needs nothing to fill in. `FULLER` holds a better one for the codes whose
refusal usually names what it is about; it is used when all that it names is there. `sentence` decides
which of them is shown; both front doors use it.
"""

import re
from collections.abc import Mapping

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext

from zetel.rules.errors import ZetelError

_PLACES = re.compile(r"%\((\w+)\)s")
_NAMES_SHOWN_MAX = 5

PLAIN: Mapping[str, Promise] = {
    "not_logged_in": gettext_lazy("Log in to go on."),
    "forbidden": gettext_lazy(
        "Your role does not allow this. Ask an admin or the billing owner of the space."
    ),
    "billing_owner_required": gettext_lazy(
        "This person is billing owner. Hand billing over to somebody else first."
    ),
    "not_member": gettext_lazy(
        "This needs an active member of the space who is not a guest. Choose somebody else."
    ),
    "person_inactive": gettext_lazy("This person is deactivated. Ask an admin to reactivate them first."),
    "guest_not_allowed": gettext_lazy("Guests cannot do this. Ask a member of the organization."),
    "not_found": gettext_lazy("This does not exist, or you have no access to it. Check the address."),
    "too_many_requests": gettext_lazy("That was a bit much at once. Wait a few minutes and try again."),
    "key_invalid": gettext_lazy(
        "This key is unknown, revoked or over. Send a valid one: “Authorization: Bearer zk_…”."
    ),
    "scope_missing": gettext_lazy("This key may not be used for that. Use one with the scope that it needs."),
    "person_required": gettext_lazy(
        "Say for whom this is done: name a person in the header Zetel-On-Behalf-Of, or use that person's own key."
    ),
    "person_unknown": gettext_lazy("There is nobody with this id. Check the header Zetel-On-Behalf-Of."),
    "body_invalid": gettext_lazy("This request cannot be read. Send valid JSON in UTF-8, each name once."),
    "method_not_allowed": gettext_lazy(
        "This address does not take this method. Look up which ones it takes."
    ),
    "body_too_large": gettext_lazy("This request is too large. Send less at once."),
    "content_type_unsupported": gettext_lazy("Send JSON, with “Content-Type: application/json”."),
    "fields_invalid": gettext_lazy("Some fields cannot be used. See which ones, and what each needs."),
    "field_unknown": gettext_lazy("There is no such field here. Check how it is written."),
    "request_in_flight": gettext_lazy(
        "The same request is being carried out. Wait a moment and send it again under the same key."
    ),
    "unexpected": gettext_lazy("Something went wrong on our side. Send the same request again later."),
    "value_required": gettext_lazy("Fill this in."),
    "value_too_long": gettext_lazy("This is too long. Shorten it."),
    "value_invalid": gettext_lazy("This cannot be used here. Check what you filled in."),
    "name_invalid": gettext_lazy(
        "This name holds characters that cannot be shown. Write it with letters, figures and signs."
    ),
    "email_invalid": gettext_lazy("This is no e-mail address. Write it like name@example.com."),
    "country_invalid": gettext_lazy("Choose a country from the list."),
    "language_invalid": gettext_lazy("Choose a language from the list."),
    "time_zone_invalid": gettext_lazy("Choose a time zone from the list."),
    "currency_unknown": gettext_lazy("We do not sell in this currency. Choose one from the list."),
    "vat_number_missing": gettext_lazy(
        "Tax does not depend on a VAT number of this customer: there is none, or it is of a country where that makes"
        " no difference."
    ),
    "vat_number_malformed": gettext_lazy(
        "This is no valid VAT number. Write it with its country code, like NL123456782B90."
    ),
    "plan_unknown": gettext_lazy("There is no such plan. Choose one of the plans that are shown."),
    "cycle_unknown": gettext_lazy("Choose monthly or annual."),
    "space_kind_invalid": gettext_lazy("This cannot be done with this kind of space. Choose another space."),
    "reason_required": gettext_lazy("Write down the reason; the customer can read it."),
    "tick_required": gettext_lazy(
        "Some people would lose a higher plan. Tick the box to confirm that you want this."
    ),
    "limit_reached": gettext_lazy("The space is full. Upgrade to a paid plan, or make room first."),
    "seats_full": gettext_lazy("All seats are taken. Ask the billing owner for more seats first."),
    "email_taken": gettext_lazy("Somebody has this e-mail address already. Look them up instead."),
    "external_id_taken": gettext_lazy("Something else is called so already. Look it up by this id first."),
    "already_member": gettext_lazy("This person is in the space already."),
    "last_admin": gettext_lazy("A space needs an admin. Name another admin first."),
    "last_operator": gettext_lazy("The back office needs an operator. Name another operator first."),
    "admin_is_billing_owner": gettext_lazy("The billing owner stays admin. Hand billing over first."),
    "domain_invalid": gettext_lazy("This is no e-mail domain. Write it like example.com."),
    "domain_public": gettext_lazy(
        "Everybody can get an address at this domain. Use your company's own domain."
    ),
    "domain_taken": gettext_lazy(
        "This domain belongs to another organization. Contact support if it is yours."
    ),
    "domain_not_proved": gettext_lazy(
        "Confirm an e-mail address at this domain first; that proves that it is yours."
    ),
    "domain_last": gettext_lazy(
        "An organization needs a domain. Add another one before you remove this one."
    ),
    "domain_makes_guest": gettext_lazy(
        "Without this domain a billing owner would become a guest. Hand billing over first."
    ),
    "invitation_invalid": gettext_lazy("This invitation is no longer valid. Ask for a new one."),
    "invitation_expired": gettext_lazy("This invitation has expired. Ask for a new one."),
    "space_has_subscription": gettext_lazy(
        "This space has a paid plan, or one inside it has. Cancel that first."
    ),
    "space_in_division": gettext_lazy("This team is in a division already. Take it out of that one first."),
    "erasure_refused": gettext_lazy(
        "Your account cannot be erased yet. Hand over what you manage first, or ask support."
    ),
    "seats_in_use": gettext_lazy(
        "More people are counted than this size holds. Choose more seats, or let people leave first."
    ),
    "seat_size_unknown": gettext_lazy("This number of seats is not sold. Choose a size from the list."),
    "sales_only": gettext_lazy("This is agreed with sales. Send your wish with the sales form."),
    "not_offered": gettext_lazy("This plan is not offered for this kind of space. Choose another plan."),
    "already_covered": gettext_lazy(
        "This space is covered by a larger plan already; nothing needs to be bought."
    ),
    "already_subscribed": gettext_lazy(
        "This space has a paid plan already. Its billing owner can change it in Billing."
    ),
    "price_unknown": gettext_lazy(
        "There is no price for this choice on this day. Choose another plan, cycle or currency."
    ),
    "price_immutable": gettext_lazy(
        "A published price cannot be changed. Publish a new price from a later day."
    ),
    "catalog_invalid": gettext_lazy(
        "The catalogue has mistakes. Correct the lines that are named and apply it again."
    ),
    "trial_used": gettext_lazy("This space has had its trial. Choose a plan to go on."),
    "trial_over": gettext_lazy("This space is not on trial any more. Billing says how things stand."),
    "customer_owner_differs": gettext_lazy(
        "These billing details belong to another billing owner. Use new details."
    ),
    "no_change": gettext_lazy("This is how it is already; nothing was changed."),
    "no_subscription": gettext_lazy("This space has no paid plan. Choose a plan first."),
    "resume_first": gettext_lazy("This plan has been cancelled. Resume it first, then change it."),
    "change_pending": gettext_lazy(
        "Another change of this space waits for its payment. Wait until it is done, then try again."
    ),
    "quote_expired": gettext_lazy(
        "The price shown was valid for 30 minutes. Look at the new price and confirm again."
    ),
    "quote_stale": gettext_lazy(
        "Something has changed since this price was shown. Look at the new price and confirm again."
    ),
    "offer_expired": gettext_lazy("This offer is not valid any more. Ask sales for a new one."),
    "offer_withdrawn": gettext_lazy("Sales withdrew this offer. Ask sales for a new one."),
    "offer_used": gettext_lazy("This offer was accepted already. Look at Billing for what came of it."),
    "offer_for_owner": gettext_lazy(
        "A plan runs here, so only its billing owner can accept an offer. Offer it to that person."
    ),
    "quote_used": gettext_lazy("This was confirmed already. Look at Billing for what came of it."),
    "past_due": gettext_lazy(
        "A payment is overdue. Pay the open invoice first, or use another payment method."
    ),
    "not_resumable": gettext_lazy("This plan has ended already. Choose a plan to start again."),
    "manual_invoice_only": gettext_lazy(
        "This plan is paid by invoice and changed by sales. Send your wish with the sales form."
    ),
    "manual_invoice_terms": gettext_lazy(
        "Plans on invoice are annual and have 20 seats or more. Choose those, or another way to pay."
    ),
    "period_unsettled": gettext_lazy(
        "A new period has just begun and is being settled. Try again in a minute."
    ),
    "terms_immutable": gettext_lazy("What was agreed stays as it is. Make a change from today or later."),
    "currency_mismatch": gettext_lazy(
        "Amounts in two currencies cannot be taken together. Use one currency."
    ),
    "currency_fixed": gettext_lazy(
        "The currency stays while a plan is live. It can be changed after the plan has ended."
    ),
    "amount_invalid": gettext_lazy("This is no amount in this currency. Write it like 13.49."),
    "rate_unknown": gettext_lazy("No tax rate is known for this country on this day. Contact support."),
    "vat_check_unavailable": gettext_lazy(
        "VAT numbers cannot be checked right now. Go on with tax, or wait and try again."
    ),
    "credit_too_large": gettext_lazy("This is more than can still be credited. Choose a smaller amount."),
    "refund_too_large": gettext_lazy(
        "This is more than was paid and not yet refunded. Choose a smaller amount."
    ),
    "balance_too_small": gettext_lazy("The balance is smaller than that. Choose a smaller amount."),
    "invoice_written_off": gettext_lazy(
        "This invoice was written off. Nothing can be credited on it any more."
    ),
    "nothing_due": gettext_lazy("There is nothing left to pay."),
    "issued_immutable": gettext_lazy("An issued document never changes. Issue a credit note instead."),
    "invoice_open": gettext_lazy("An invoice is still open. Pay it or have it credited first."),
    "bank_line_taken": gettext_lazy(
        "This line of the bank is here already, and each is booked once. Look among all lines what became of it."
    ),
    "bank_account_other": gettext_lazy(
        "This statement is of another bank account than the one on your invoices. Choose the right file."
    ),
    "bank_file_unreadable": gettext_lazy(
        "This is no bank statement that can be read. Export it at your bank as CAMT.053."
    ),
    "bank_file_too_large": gettext_lazy("This file is too large. Export fewer days at once."),
    "payment_declined": gettext_lazy(
        "The payment was declined and nothing was changed. Try again, or use another method."
    ),
    "payment_pending": gettext_lazy("The payment is still under way. Wait a moment and look again."),
    "method_required": gettext_lazy("Add a card or PayPal first."),
    "method_too_slow": gettext_lazy(
        "Your payment method confirms after days, and this is paid at once. Choose a card or PayPal for it."
    ),
    "method_refused": gettext_lazy(
        "This payment method was refused and nothing was changed. Try again, or use another one."
    ),
    "method_in_use": gettext_lazy("This payment method is needed for a live plan. Add another one first."),
    "method_unsupported": gettext_lazy(
        "This kind of payment method is not offered here. Choose another one."
    ),
    "amount_below_minimum": gettext_lazy(
        "This amount is too small to be collected. It comes with the next invoice."
    ),
    "gateway_unavailable": gettext_lazy(
        "The payment company cannot be reached. Nothing was lost; try again in a few minutes."
    ),
    "gateway_unknown": gettext_lazy("There is no such payment company here. Choose one that is set up."),
    "signature_invalid": gettext_lazy("The signature of this message is not right. Check the shared secret."),
    "message_stale": gettext_lazy("This message is too old. Send it again."),
    "mail_unavailable": gettext_lazy(
        "Mail cannot be sent right now. Nothing was lost; try again in a few minutes."
    ),
    "transition_illegal": gettext_lazy(
        "That cannot follow from where things stand now. Reload the page and look again."
    ),
    "version_conflict": gettext_lazy(
        "Somebody changed this in the meantime. Reload the page and look again."
    ),
    "idempotency_mismatch": gettext_lazy("This key was used for another request. Use a new key."),
    "clock_backwards": gettext_lazy(
        "That would turn the clock back. Tick the box if you mean it: what has happened stays."
    ),
    "not_sandbox": gettext_lazy("The clock can only be set in a sandbox. Here real time runs."),
    "page_invalid": gettext_lazy("There is no such page of the list. Go back to its beginning."),
    "unavailable": gettext_lazy("This does not work right now. Try again in a few minutes."),
}

FULLER: Mapping[str, Promise] = {
    "billing_owner_required": gettext_lazy(
        "This person is billing owner of %(space)s. Hand billing over to somebody else first."
    ),
    "not_member": gettext_lazy("%(person)s is not an active member of %(space)s. Choose somebody else."),
    "value_too_long": gettext_lazy("This is too long. Use at most %(limit)s characters."),
    "limit_reached": gettext_lazy(
        "%(space)s is full: Basic holds %(limit)s people. Upgrade to a paid plan, or make room first."
    ),
    "already_member": gettext_lazy("%(email)s is in the space already."),
    "last_admin": gettext_lazy("%(space)s needs an admin. Name another admin first."),
    "domain_public": gettext_lazy(
        "Everybody can get an address at %(domain)s. Use your company's own domain."
    ),
    "domain_taken": gettext_lazy(
        "%(domain)s belongs to another organization. Contact support if it is yours."
    ),
    "domain_not_proved": gettext_lazy(
        "Confirm an e-mail address at %(domain)s first; that proves that it is yours."
    ),
    "domain_last": gettext_lazy(
        "An organization needs a domain. Add another one before you remove %(domain)s."
    ),
    "domain_makes_guest": gettext_lazy(
        "Without this domain %(person)s, who is billing owner, would become a guest. Hand billing over first."
    ),
    "space_has_subscription": gettext_lazy(
        "%(space)s has a paid plan, or a space inside it has. Cancel that first."
    ),
    "seats_in_use": gettext_lazy(
        "%(counted)s people are counted, so %(seats)s seats are too few."
        " Choose more seats, or let people leave first: %(members)s."
    ),
    "sales_only": gettext_lazy(
        "More than %(largest)s seats are agreed with sales. Send your wish with the sales form."
    ),
}


def sentence(error: ZetelError) -> str:
    """What is the matter and what to do, in the language that is active."""
    fuller = FULLER.get(error.code)
    if fuller is not None:
        wanted = set(_PLACES.findall(str(fuller)))
        params = {**error.params, "limit": error.params.get("limit") or error.params.get("longest")}
        if all(params.get(name) not in (None, "", [], ()) for name in wanted):
            return str(fuller) % {name: _shown(params[name]) for name in wanted}
    return str(PLAIN[error.code])


def _shown(value: object) -> str:
    """A parameter as it stands in a sentence; of a long list of names the first ones and how many more."""
    if isinstance(value, list | tuple):
        names = [str(name) for name in value[:_NAMES_SHOWN_MAX]]
        more = len(value) - len(names)
        if more:
            names.append(ngettext("%(count)d other", "%(count)d others", more) % {"count": more})
        return ", ".join(names)
    return number_format(value) if isinstance(value, int) else str(value)
