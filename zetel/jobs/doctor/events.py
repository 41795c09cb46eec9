"""X13: every change of money or rights has its event, written in its transaction.

What the tables can prove is that an event of the same instant speaks of the row. Rights that carry no instant of
their own (who holds billing, who is admin, who is staff) are held against the last event that speaks of them.
"""

from collections.abc import Iterator
from uuid import UUID

from zetel.jobs.doctor.finding import Finding, name_of
from zetel.jobs.doctor.looks import Facts, Look, Looks
from zetel.jobs.doctor.reading import Reading
from zetel.models import (
    BalanceEntry,
    Change,
    Customer,
    Membership,
    Payment,
    PaymentMethod,
    Person,
    Space,
    Subscription,
    SubscriptionTerms,
)


def check(reading: Reading) -> Iterator[Finding]:
    """X13, noun by noun."""
    yield from _LOOKS.found()


# Rows without the event that each of them must have.
_SILENT = (
    Look("document_without_event", None, """
        SELECT inv.number AS subject, 'zetel_invoice' AS "table" FROM zetel_invoice inv WHERE NOT EXISTS (
          SELECT FROM zetel_event told WHERE told.invoice_id = inv.id AND told.at = inv.issued_at)"""),
    Look("start_without_event", Subscription, """
        SELECT sub.id AS subject, 'zetel_subscription' AS "table" FROM zetel_subscription sub WHERE NOT EXISTS (
          SELECT FROM zetel_event told WHERE told.subscription_id = sub.id AND told.at = sub.created_at)"""),
    Look("end_without_event", Subscription, """
        SELECT sub.id AS subject, 'zetel_subscription' AS "table" FROM zetel_subscription sub
        WHERE sub.status = 'ended' AND NOT EXISTS (
          SELECT FROM zetel_event told WHERE told.subscription_id = sub.id
            AND told.kind IN ('subscription.ended', 'subscription.replaced'))"""),
    Look("terms_without_event", SubscriptionTerms, """
        SELECT terms.id AS subject, 'zetel_subscriptionterms' AS "table" FROM zetel_subscriptionterms terms
        WHERE NOT EXISTS (
          SELECT FROM zetel_event told
          WHERE told.subscription_id = terms.subscription_id AND told.at = terms.created_at)"""),
    Look("payment_without_event", Payment, """
        SELECT pay.id AS subject, 'zetel_payment' AS "table" FROM zetel_payment pay
        WHERE pay.paid_at IS NOT NULL AND NOT EXISTS (
          SELECT FROM zetel_event told WHERE told.customer_id = pay.customer_id AND told.at = pay.paid_at
            AND NOT starts_with(told.kind, 'method.'))"""),
    Look("method_without_event", PaymentMethod, """
        SELECT method.id AS subject, 'zetel_paymentmethod' AS "table" FROM zetel_paymentmethod method
        WHERE method.status IN ('active', 'replaced') AND NOT EXISTS (
          SELECT FROM zetel_event told WHERE told.customer_id = method.customer_id
            AND told.at = method.created_at AND told.kind = 'method.replaced')"""),
    Look("balance_without_event", BalanceEntry, """
        SELECT entry.id AS subject, 'zetel_balanceentry' AS "table" FROM zetel_balanceentry entry
        WHERE NOT EXISTS (
          SELECT FROM zetel_event told WHERE told.customer_id = entry.customer_id AND told.at = entry.created_at
            AND NOT starts_with(told.kind, 'method.'))"""),
    Look("member_without_event", Membership, """
        SELECT member.id AS subject, 'zetel_membership' AS "table" FROM zetel_membership member WHERE NOT EXISTS (
          SELECT FROM zetel_event told WHERE told.space_id = member.space_id AND told.at = member.joined_at)"""),
    Look("change_without_event", Change, """
        SELECT change.id AS subject, 'zetel_change' AS "table" FROM zetel_change change WHERE NOT EXISTS (
          SELECT FROM zetel_event told WHERE told.space_id = change.space_id AND told.at = change.created_at
            AND told.kind = 'change.started')"""),
)  # fmt: skip

# One change, one event: none of a kind twice about one document at one instant. While the clock of a sandbox stands,
# each further try to pay has its own events at the same instant.
_TWICE = Look("event_twice", None, """
    SELECT inv.number AS subject, told.kind, told.at, count(*)
    FROM zetel_event told JOIN zetel_invoice inv ON inv.id = told.invoice_id
    GROUP BY told.kind, told.at, inv.id HAVING count(*) > 1 AND (
      told.kind NOT IN ('payment.wanted', 'payment.declined') OR count(*) > (
        SELECT count(*) FROM zetel_attempt try JOIN zetel_payment pay ON pay.id = try.payment_id
        WHERE pay.invoice_id = inv.id AND told.at IN (try.created_at, try.settled_at)))""")  # fmt: skip

# As many refunds were told as were done, per customer and amount.
_REFUNDS = Look("refund_without_event", Customer, """
    SELECT done.customer_id AS subject, done.amount, done.currency, done.count - coalesce(told.count, 0) AS missing
    FROM (
      SELECT pay.customer_id, back.amount, back.currency, count(*) FROM zetel_refund back
      JOIN zetel_attempt try ON try.id = back.attempt_id JOIN zetel_payment pay ON pay.id = try.payment_id
      WHERE back.status = 'done' GROUP BY 1, 2, 3
    ) AS done LEFT JOIN (
      SELECT customer_id, after ->> 'amount' AS amount, after ->> 'currency' AS currency, count(*)
      FROM zetel_event WHERE kind = 'refund.done' GROUP BY 1, 2, 3
    ) AS told ON told.customer_id = done.customer_id AND told.amount = done.amount::text
      AND told.currency = done.currency
    WHERE done.count > coalesce(told.count, 0)""")  # fmt: skip


def _unnamed_owner(row: Facts) -> Facts | None:
    """Who holds billing was named by the last hand-over; before one, by the purchase (or bought, R1) or the trial."""
    owner, handed_to = name_of(Person, UUID(row["owner_id"])), row["handed_to"]
    if handed_to is not None:
        told = row["was_renamed"] or handed_to in (row["label"], owner)
    else:
        told = row["owner_id"] in (row["named"], row["buyer"]) or owner == row["tried_by"]
    return None if told else {"owner": owner, "handed_to": handed_to}


_OWNERS = Look("owner_without_event", Customer, """
    SELECT customer.id AS subject, owner.id AS owner_id,
      coalesce(nullif(owner.name, ''), split_part(owner.email, '@', 1)) AS label,
      (SELECT after ->> 'owner' FROM zetel_event WHERE customer_id = customer.id
        AND kind = 'billing_owner.changed' ORDER BY id DESC LIMIT 1) AS handed_to,
      EXISTS (SELECT FROM zetel_event
        WHERE actor_id = owner.id AND kind = 'person.profile_changed') AS was_renamed,
      bought.named, bought.buyer,
      (SELECT after ->> 'owner_id' FROM zetel_event WHERE customer_id = customer.id
        AND kind = 'subscription.trial_started' ORDER BY id DESC LIMIT 1) AS tried_by
    FROM zetel_customer customer JOIN zetel_person owner ON owner.id = customer.billing_owner_id
    LEFT JOIN LATERAL (
      SELECT quote.wish ->> 'billing_owner' AS named, change.person_id AS buyer
      FROM zetel_change change JOIN zetel_quote quote ON quote.id = change.quote_id
      WHERE quote.customer_id = customer.id AND quote.subscription_id IS NULL AND change.status = 'done'
      ORDER BY change.id DESC LIMIT 1
    ) AS bought ON true""", judge=_unnamed_owner)  # fmt: skip


def _unnamed_admin(row: Facts) -> Facts | None:
    """Events name people by id, or by their name of that day."""
    person = name_of(Person, UUID(row["person_id"]))
    if {row["label"], person} & set(row["named"] or ()):
        return None
    return {"person": person, "space": name_of(Space, UUID(row["space_id"]))}


# An admin made the space or was named.
_ADMINS = Look("admin_without_event", Membership, """
    SELECT member.id AS subject, person.id AS person_id, member.space_id,
      coalesce(nullif(person.name, ''), split_part(person.email, '@', 1)) AS label,
      (SELECT array_agg(after ->> 'person') FROM zetel_event
        WHERE space_id = member.space_id AND kind = 'admin.named') AS named
    FROM zetel_membership member JOIN zetel_person person ON person.id = member.person_id
    WHERE member.is_admin AND member.left_at IS NULL AND member.deactivated_at IS NULL
      AND NOT EXISTS (SELECT FROM zetel_event
        WHERE space_id = member.space_id AND kind = 'space.created' AND actor_id = person.id)
      AND NOT EXISTS (SELECT FROM zetel_event
        WHERE actor_id = person.id AND kind = 'person.profile_changed')""", judge=_unnamed_admin)  # fmt: skip


def _unnamed_staff(row: Facts) -> Facts | None:
    """Each staff role is the one that the last event about that person gave."""
    given = (row["given"] or {}).get(name_of(Person, UUID(row["person_id"])))
    return None if given == row["role"] else {"role": row["role"]}


_STAFF = Look("staff_without_event", Person, """
    SELECT person.id AS subject, person.id AS person_id, person.staff_role AS role, (
      SELECT jsonb_object_agg(told.person, told.role) FROM (
        SELECT DISTINCT ON (after ->> 'person') after ->> 'person' AS person, after ->> 'role' AS role
        FROM zetel_event WHERE kind = 'staff.role_changed' AND after ->> 'person' IS NOT NULL
        ORDER BY after ->> 'person', id DESC
      ) AS told) AS given
    FROM zetel_person person WHERE person.staff_role <> ''""", judge=_unnamed_staff)  # fmt: skip

_LOOKS = Looks("X13", *_SILENT, _TWICE, _REFUNDS, _OWNERS, _ADMINS, _STAFF)
