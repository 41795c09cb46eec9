"""VAT numbers of customers: wanting a check, keeping what was answered, and evidence by staff (rules T1, T2, T4).

The service is asked outside, by `jobs/vat_checks`; here its answer is booked once. A number that becomes verified gives
back the tax of the last 60 days, by `reverse_charges`, in the same transaction or, where money is under way, later.
"""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from zetel.actions import reverse_charges
from zetel.actions._change import lock_customer, record, transition
from zetel.actions.reasons import written
from zetel.models import Customer, Person, Subscription, VatCheck
from zetel.rules import transitions, vat_checks
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.transitions import VatCheckStatus
from zetel.rules.vat_checks import Answer

QUEUED_MAX = 500


def is_asked(customer: Customer) -> bool:
    """Whether tax depends on this customer's number (T1)."""
    return vat_checks.is_asked(settings.CONFIG.seller.country, customer.country, customer.vat_number)


def latest(customer: Customer) -> VatCheck | None:
    """The last check of the number that the customer has now."""
    rows = VatCheck.objects.filter(customer=customer, number=customer.vat_number, country=customer.country)
    return rows.exclude(status=VatCheckStatus.REPLACED).order_by("-id").first()


def want(customer: Customer, *, now: datetime) -> VatCheck | None:
    """A check that waits for the service, at once; None when tax does not depend on the number."""
    with transaction.atomic():
        held = lock_customer(customer.pk)
        waiting = VatCheck.objects.filter(customer=held, status=VatCheckStatus.WAITING).first()
        if waiting and (waiting.number, waiting.country) != (held.vat_number, held.country):
            transition(waiting, transitions.VAT_CHECK, VatCheckStatus.REPLACED, ask_at=None)
            waiting = None
        if not is_asked(held):
            return None
        if waiting is None:
            waiting = VatCheck.objects.create(
                customer=held, country=held.country, number=held.vat_number, created_at=now, ask_at=now
            )
        elif waiting.ask_at and waiting.ask_at > now:
            waiting.ask_at = now
            waiting.save(update_fields=["ask_at"])
        return waiting


def carry_over(old: Customer, new: Customer) -> None:
    """The proof of a number goes along with a copy of its customer (P12)."""
    proof = latest(old)
    if proof and proof.status == VatCheckStatus.VALID:
        proof.pk, proof.customer, proof.gives_back = VatCheck._meta.pk.get_default(), new, False
        proof._state.adding = True
        proof.save(force_insert=True)


def want_before_renewals(now: datetime) -> int:
    """Numbers of customers whose plan renews within two days are checked again, once before each renewal (T4)."""
    soon = now + vat_checks.BEFORE_RENEWAL
    recent = VatCheck.objects.filter(
        customer=OuterRef("customer"), created_at__gt=now - 2 * vat_checks.BEFORE_RENEWAL
    )
    rows = Subscription.objects.filter(
        ~Exists(recent), status="active", parked_reason="", ends_on=None, next_bill_at__gt=now,
        next_bill_at__lte=soon,
    ).exclude(customer__vat_number="").select_related("customer")  # fmt: skip
    found = {row.customer_id: row.customer for row in rows.order_by("next_bill_at", "id")[:QUEUED_MAX]}
    return sum(want(customer, now=now) is not None for customer in found.values())


def due_ids(now: datetime, *, limit: int) -> list[uuid.UUID]:
    """Checks that are to be asked about, longest due first."""
    rows = VatCheck.objects.filter(status=VatCheckStatus.WAITING, ask_at__lte=now)
    return list(rows.order_by("ask_at", "id").values_list("pk", flat=True)[:limit])


def claim(check_id: uuid.UUID, *, now: datetime) -> VatCheck | None:
    """Take a check that is due, so that no second worker asks too; it is due again later whatever happens to us."""
    with transaction.atomic():
        rows = VatCheck.objects.select_for_update(skip_locked=True).select_related("customer")
        check = rows.filter(pk=check_id, status=VatCheckStatus.WAITING, ask_at__lte=now).first()
        if check is None:
            return None
        check.tries += 1
        check.ask_at = now + vat_checks.pause_after(check.tries)
        check.save(update_fields=["tries", "ask_at"])
        return check


def answered(check: VatCheck, answer: Answer | None, *, now: datetime) -> VatCheck:
    """Book what the service said; nothing said leaves everything as it is, and the check is asked about again."""
    if answer is None:
        if now >= check.created_at + vat_checks.WAIT:
            transition(check, transitions.VAT_CHECK, VatCheckStatus.UNANSWERED, ask_at=None, answered_at=now)
        return check
    with transaction.atomic():
        customer = reverse_charges.lock(check.customer_id)
        status = VatCheckStatus.VALID if answer.is_valid else VatCheckStatus.INVALID
        moved = transition(
            check, transitions.VAT_CHECK, status, ask_at=None, answered_at=now, consultation=answer.consultation,
            name=answer.name, address=answer.address,
        )  # fmt: skip
        if moved:
            _book(customer, check, now=now, actor=None)
    return check


def record_evidence(customer: Customer, evidence: str, *, staff: Person, now: datetime) -> VatCheck:
    """Staff saw by other means that the number is the customer's, and write down how (T2).

    Raises reason_required, value_too_long; vat_number_missing where tax does not depend on a number.
    """
    evidence = written(evidence)
    with transaction.atomic():
        held = reverse_charges.lock(customer.pk)
        if not is_asked(held):
            raise ZetelError("vat_number_missing")
        waiting = VatCheck.objects.filter(customer=held, status=VatCheckStatus.WAITING).first()
        if waiting:
            transition(waiting, transitions.VAT_CHECK, VatCheckStatus.REPLACED, ask_at=None)
        check = VatCheck.objects.create(
            customer=held, country=held.country, number=held.vat_number, status=VatCheckStatus.VALID, evidence=evidence,
            staff=staff, created_at=now, answered_at=now,
        )  # fmt: skip
        _book(held, check, now=now, actor=staff)
    return check


def _book(customer: Customer, check: VatCheck, *, now: datetime, actor: Person | None) -> None:
    """What an answer changes: the status that tax is reckoned by, and tax that comes back."""
    if (customer.vat_number, customer.country) != (check.number, check.country):
        return  # the customer changed it meanwhile
    by_evidence = VatCheck.objects.filter(
        customer=customer, number=check.number, country=check.country, status=VatCheckStatus.VALID
    ).exclude(evidence="").exists()  # fmt: skip
    before = customer.vat_status
    status = vat_checks.vat_status(
        before, is_valid=check.status == VatCheckStatus.VALID, by_evidence=by_evidence
    )
    Customer.objects.filter(pk=customer.pk).update(vat_status=status, vat_checked_at=now)
    customer.vat_status, customer.vat_checked_at = status, now
    if status == before:
        return
    customer.version += 1
    customer.save(update_fields=["version"])
    is_verified = status == "verified"
    record(
        EventType.CUSTOMER_VAT_VERIFIED if is_verified else EventType.CUSTOMER_VAT_LOST, now=now, actor=actor,
        customer=customer, reason=check.evidence, before={"vat_status": before},
        after={"vat_status": status, "number": check.number, "consultation": check.consultation},
    )  # fmt: skip
    if is_verified:
        VatCheck.objects.filter(pk=check.pk).update(
            gives_back=not reverse_charges.give_back(customer, now=now)
        )


def give_back_later(now: datetime) -> int:
    """Tax that could not be given back because money was under way; how many customers got it now."""
    done = 0
    for check in VatCheck.objects.filter(gives_back=True).order_by("id")[:QUEUED_MAX]:
        with transaction.atomic():
            customer = reverse_charges.lock(check.customer_id)
            is_done = customer.vat_status != "verified" or reverse_charges.give_back(
                customer, now=now, verified_at=check.answered_at
            )
            if is_done:
                done += VatCheck.objects.filter(pk=check.pk, gives_back=True).update(gives_back=False)
    return done
