"""Every refusal of Zetel has a code; this file is the list of them.

A rule or an action raises `ZetelError("seats_in_use", members=[...])`; the sentence a person reads is made at
the edge, in the reader's language, from the code and its parameters. The number beside a code is the HTTP
status both front doors answer with. A code that is not in the list is a mistake of ours, not of a customer.
"""

from collections.abc import Mapping
from types import MappingProxyType

_CODES: dict[str, int] = {
    # Who is asking (R8). A stranger is told the same as for an id that does not exist.
    "not_logged_in": 401,
    "forbidden": 403,
    "billing_owner_required": 409,  # R6: hand over first
    "not_member": 409,
    "person_inactive": 409,
    "guest_not_allowed": 409,
    "not_found": 404,
    "too_many_requests": 429,
    # Programs. Which key asks, for whom, and whether the request can be read at all.
    "key_invalid": 401,
    "scope_missing": 403,
    "person_required": 422,
    "person_unknown": 422,
    "body_invalid": 400,
    "method_not_allowed": 405,
    "body_too_large": 413,
    "content_type_unsupported": 415,
    "fields_invalid": 422,
    "field_unknown": 422,
    "request_in_flight": 409,
    "unexpected": 500,
    # What was typed.
    "value_required": 422,
    "value_too_long": 422,
    "value_invalid": 422,
    "name_invalid": 422,
    "email_invalid": 422,
    "country_invalid": 422,
    "language_invalid": 422,
    "time_zone_invalid": 422,
    "currency_unknown": 422,
    "vat_number_malformed": 422,
    "vat_number_missing": 409,
    "plan_unknown": 422,
    "cycle_unknown": 422,
    "space_kind_invalid": 422,
    "reason_required": 422,  # C10, R9: staff acts carry a written reason
    "tick_required": 422,  # P9: people would lose a higher plan
    # Directory (S1 to S8).
    "limit_reached": 409,  # S5: Basic holds 15
    "seats_full": 409,  # C8, policy block, or growth declined
    "already_member": 409,
    "email_taken": 409,
    "external_id_taken": 409,
    "last_admin": 409,
    "last_operator": 409,  # R9
    "admin_is_billing_owner": 409,  # R4
    "domain_invalid": 422,
    "domain_public": 409,
    "domain_taken": 409,
    "domain_not_proved": 409,
    "domain_last": 409,
    "domain_makes_guest": 409,  # S7: would turn a billing owner into a guest
    "invitation_invalid": 409,
    "invitation_expired": 409,
    "space_has_subscription": 409,  # S8
    "space_in_division": 409,
    "erasure_refused": 409,
    # Plans, seats and prices (P).
    "seats_in_use": 409,  # P5, parameter members
    "seat_size_unknown": 422,  # P4
    "sales_only": 409,  # P6
    "not_offered": 409,
    "already_covered": 409,  # P9
    "already_subscribed": 409,  # P8
    "price_unknown": 409,
    "price_immutable": 409,  # P2
    "catalog_invalid": 422,
    "offer_expired": 409,  # P6
    "offer_withdrawn": 409,
    "offer_used": 409,
    "offer_for_owner": 409,
    "trial_used": 409,  # P10
    "trial_over": 409,  # P10: it converted or ended meanwhile
    "customer_owner_differs": 409,  # P12
    # Changing (C).
    "no_change": 409,  # C11
    "no_subscription": 409,
    "resume_first": 409,  # C4: only an increase goes with a cancellation
    "change_pending": 409,  # C5
    "quote_expired": 409,  # C6
    "quote_stale": 409,  # C6
    "quote_used": 409,
    "past_due": 409,  # G4: only paying, a new method, cancelling
    "not_resumable": 409,  # C11
    "manual_invoice_only": 409,  # G5: no self-service
    "manual_invoice_terms": 409,  # G5: yearly, 20 seats or more
    "period_unsettled": 409,  # C12
    "terms_immutable": 409,
    # Money, tax and documents (M, T, I).
    "currency_mismatch": 409,  # M9
    "currency_fixed": 409,  # M10
    "amount_invalid": 422,
    "rate_unknown": 409,
    "vat_check_unavailable": 503,
    "credit_too_large": 409,  # I1
    "refund_too_large": 409,  # G6
    "balance_too_small": 409,
    "nothing_due": 409,
    "invoice_written_off": 409,
    "issued_immutable": 409,  # I1
    "invoice_open": 409,
    "bank_line_taken": 409,  # G5
    "bank_account_other": 409,
    "bank_file_unreadable": 422,  # G5
    "bank_file_too_large": 422,
    # Getting paid (G).
    "payment_declined": 402,
    "payment_pending": 409,
    "method_required": 409,
    "method_too_slow": 409,
    "method_refused": 402,
    "method_in_use": 409,
    "method_unsupported": 409,
    "amount_below_minimum": 409,
    "gateway_unavailable": 503,
    "gateway_unknown": 422,
    "signature_invalid": 400,
    "message_stale": 400,
    "mail_unavailable": 503,
    # How things stand.
    "transition_illegal": 409,
    "version_conflict": 409,
    "idempotency_mismatch": 422,
    "clock_backwards": 409,
    "not_sandbox": 409,
    "page_invalid": 422,
    "unavailable": 503,
}

CODES: Mapping[str, int] = MappingProxyType(_CODES)


class ZetelError(Exception):
    """A refusal that a person, a program or a gateway can cause; `params` fill the sentence made at the edge."""

    def __init__(self, code: str, **params: object) -> None:
        assert code in CODES, f"error code {code!r} is not in zetel/rules/errors.py"
        super().__init__(code)
        self.code = code
        self.params: dict[str, object] = params
        self.status: int = CODES[code]

    def __str__(self) -> str:
        if not self.params:
            return self.code
        shown = ", ".join(f"{name}={value!r}" for name, value in sorted(self.params.items()))
        return f"{self.code} ({shown})"
