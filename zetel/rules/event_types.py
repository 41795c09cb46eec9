"""The types of events: every change of money or rights records exactly one (rule X13).

An event type is `noun.what_happened`. Audit, timeline, mail and webhooks read it, so a type is never renamed once it
was used. `ON_TIMELINE` are those that a billing owner reads on the Billing tab.
"""

from enum import StrEnum


class EventType(StrEnum):
    """What happened."""

    # People and spaces
    PERSON_SIGNED_UP = "person.signed_up"
    PERSON_PROFILE_CHANGED = "person.profile_changed"
    PERSON_DEACTIVATED = "person.deactivated"
    PERSON_REACTIVATED = "person.reactivated"
    PERSON_ERASED = "person.erased"
    STAFF_ROLE_CHANGED = "staff.role_changed"
    SPACE_CREATED = "space.created"
    SPACE_RENAMED = "space.renamed"
    SPACE_SETTINGS_CHANGED = "space.settings_changed"
    SPACE_MOVED = "space.moved"
    SPACE_DELETED = "space.deleted"
    DOMAIN_ADDED = "domain.added"
    DOMAIN_REMOVED = "domain.removed"
    MEMBERSHIP_JOINED = "membership.joined"
    MEMBERSHIP_LEFT = "membership.left"
    MEMBERSHIP_REMOVED = "membership.removed"
    MEMBERSHIP_STANDING_CHANGED = "membership.standing_changed"
    ADMIN_NAMED = "admin.named"
    ADMIN_WITHDRAWN = "admin.withdrawn"
    INVITATION_SENT = "invitation.sent"
    INVITATION_ACCEPTED = "invitation.accepted"
    INVITATION_DECLINED = "invitation.declined"
    INVITATION_REVOKED = "invitation.revoked"
    ACTING_BEGAN = "acting.began"  # R9: staff act for a customer
    ACTING_ENDED = "acting.ended"
    # Catalogue
    CATALOG_APPLIED = "catalog.applied"
    PRICE_PUBLISHED = "price.published"
    # Customers
    CUSTOMER_CREATED = "customer.created"
    CUSTOMER_CHANGED = "customer.changed"
    CUSTOMER_VAT_VERIFIED = "customer.vat_verified"
    CUSTOMER_VAT_LOST = "customer.vat_lost"  # T4: the service no longer knows the number
    BALANCE_CHANGED = "balance.changed"
    METHOD_STARTED = "method.started"
    METHOD_REPLACED = "method.replaced"
    METHOD_REFUSED = "method.refused"
    METHOD_REMOVED = "method.removed"
    # Buying and changing
    QUOTE_MADE = "quote.made"
    CHANGE_STARTED = "change.started"
    CHANGE_ACTION_NEEDED = "change.action_needed"
    CHANGE_DECLINED = "change.declined"
    CHANGE_EXPIRED = "change.expired"
    CHANGE_REFUNDED = "change.refunded"
    OFFER_AGREED = "offer.agreed"  # G5: accepted by the customer, not yet approved
    SUBSCRIPTION_BOUGHT = "subscription.bought"
    SUBSCRIPTION_TRIAL_STARTED = "subscription.trial_started"
    SUBSCRIPTION_TRIAL_CONVERTED = "subscription.trial_converted"
    SUBSCRIPTION_CHANGED = "subscription.changed"
    SUBSCRIPTION_CHANGE_SCHEDULED = "subscription.change_scheduled"
    SUBSCRIPTION_CHANGE_WITHDRAWN = "subscription.change_withdrawn"
    SUBSCRIPTION_RENEWED = "subscription.renewed"
    SUBSCRIPTION_GREW = "subscription.grew"
    SUBSCRIPTION_CANCELLED = "subscription.cancelled"
    SUBSCRIPTION_RESUMED = "subscription.resumed"
    SUBSCRIPTION_PAST_DUE = "subscription.past_due"
    SUBSCRIPTION_RECOVERED = "subscription.recovered"
    SUBSCRIPTION_ENDED = "subscription.ended"
    SUBSCRIPTION_REPLACED = "subscription.replaced"
    SUBSCRIPTION_RETRIED = "subscription.retried"
    BILLING_OWNER_CHANGED = "billing_owner.changed"
    BILLING_OWNER_GONE = "billing_owner.gone"
    OVERAGE_OPENED = "overage.opened"
    OVERAGE_CLOSED = "overage.closed"
    OFFER_MADE = "offer.made"
    OFFER_WITHDRAWN = "offer.withdrawn"
    SALES_REQUEST_MADE = "sales_request.made"
    SALES_REQUEST_ANSWERED = "sales_request.answered"
    SUPPORT_ASKED = "support.asked"
    # Documents and money
    INVOICE_ISSUED = "invoice.issued"
    INVOICE_SENT = "invoice.sent"
    INVOICE_PAID = "invoice.paid"
    INVOICE_REOPENED = "invoice.reopened"
    INVOICE_OVERDUE = "invoice.overdue"  # G5
    INVOICE_EXTENDED = "invoice.extended"
    INVOICE_WRITTEN_OFF = "invoice.written_off"
    CREDIT_NOTE_ISSUED = "credit_note.issued"
    PAYMENT_WANTED = "payment.wanted"
    PAYMENT_PAID = "payment.paid"
    PAYMENT_DECLINED = "payment.declined"
    PAYMENT_PARKED = "payment.parked"
    PAYMENT_CORRECTED = "payment.corrected"  # a bank payment that was booked wrongly
    PAYMENT_TAKEN_BACK = "payment.taken_back"
    REFUND_WANTED = "refund.wanted"
    REFUND_DONE = "refund.done"
    REFUND_REFUSED = "refund.refused"
    MAIL_RESENT = "mail.resent"
    # The house
    KEY_CREATED = "key.created"
    KEY_ROTATED = "key.rotated"
    KEY_REVOKED = "key.revoked"
    CLOCK_MOVED = "clock.moved"
    SETTINGS_CHANGED = "settings.changed"


_NOT_ON_TIMELINE_NOUNS = frozenset(
    {"person", "staff", "catalog", "price", "quote", "clock", "settings", "invitation", "key"}
)
_NOT_ON_TIMELINE = frozenset(
    {
        EventType.SPACE_CREATED,
        EventType.SPACE_SETTINGS_CHANGED,
        EventType.SUBSCRIPTION_RETRIED,
        EventType.ACTING_ENDED,
        EventType.METHOD_STARTED,
        EventType.CHANGE_STARTED,
        EventType.PAYMENT_WANTED,
        EventType.REFUND_WANTED,
    }
)
ON_TIMELINE: frozenset[EventType] = frozenset(
    kind
    for kind in EventType
    if kind.partition(".")[0] not in _NOT_ON_TIMELINE_NOUNS and kind not in _NOT_ON_TIMELINE
)
