"""Who pays: entering and changing billing information, and the payment method (R3, R5, G2, P12).

Billing information is checked here, whatever door it came through. A method replaces the old one only once the
gateway says that it was set up.
"""

import re
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from zoneinfo import available_timezones

from django.db import transaction
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as NumberError

from zetel.actions import dunning, mail, reminders, vat_numbers
from zetel.actions._change import defer, lock_customer, record, transition
from zetel.actions.addresses import form_of
from zetel.models import Customer, MethodSetup, PaymentMethod, Person, Subscription
from zetel.rules import transitions
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.outcomes import MethodKind, SavedMethod
from zetel.rules.tax_rates import EU_COUNTRIES

_REQUIRED = ("name", "address_line1", "country")
_LANGUAGES = ("nl", "en")
LABEL_LONGEST = PaymentMethod._meta.get_field("label").max_length
LONGEST = {field.name: getattr(field, "max_length", None) or 255 for field in Customer._meta.get_fields()}


@dataclass(frozen=True, kw_only=True)
class BillingInformation:
    """What a customer is asked: name, company, address, VAT number, accounts mailbox, language, reference."""

    name: str
    company: str = ""
    address_line1: str = ""
    address_line2: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    vat_number: str = ""
    invoice_email: str = ""
    reference: str = ""
    language: str = "en"
    time_zone: str = "Europe/Amsterdam"


def checked(information: BillingInformation) -> BillingInformation:
    """The same with tidy texts, or a refusal that names the field: value_required, value_too_long, value_invalid."""
    tidy: dict[str, str] = {}
    for field in fields(BillingInformation):
        text = _tidy(field.name, getattr(information, field.name))
        if len(text) > LONGEST[field.name]:
            raise ZetelError("value_too_long", field=field.name, longest=LONGEST[field.name])
        if not text and field.name in _REQUIRED:
            raise ZetelError("value_required", field=field.name)
        tidy[field.name] = text
    tidy["country"] = tidy["country"].upper()
    if not re.fullmatch(r"[A-Z]{2}", tidy["country"]):
        raise ZetelError("country_invalid", field="country")
    if not tidy["city"] and "city" in form_of(tidy["country"]).required:
        raise ZetelError("value_required", field="city")
    if tidy["invoice_email"] and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", tidy["invoice_email"]):
        raise ZetelError("email_invalid", field="invoice_email")
    if tidy["language"] not in _LANGUAGES:
        raise ZetelError("language_invalid", field="language")
    if tidy["time_zone"] not in available_timezones():
        raise ZetelError("time_zone_invalid", field="time_zone")
    tidy["vat_number"] = _vat_number(tidy["vat_number"], tidy["country"])
    return BillingInformation(**tidy)


def _tidy(field: str, text: str) -> str:
    """NFC, outer and doubled white space gone; control characters and lone surrogates are refused."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Cn") for letter in text):
        raise ZetelError("value_invalid", field=field)
    return text


def _vat_number(number: str, country: str) -> str:
    """A malformed EU number is refused; elsewhere the number is kept as it was written (rule T2)."""
    if not number or country not in EU_COUNTRIES:
        return number
    prefix = "EL" if country == "GR" else country
    compact = re.sub(r"[\s.\-]", "", number).upper()
    try:
        return str(vat.validate(compact if compact.startswith(prefix) else prefix + compact))
    except NumberError as error:
        raise ZetelError("vat_number_malformed", field="vat_number") from error


def enter(
    information: BillingInformation,
    *,
    person: Person,
    currency: str,
    now: datetime,
    customer: Customer | None = None,
) -> Customer:
    """Keep the billing information of a purchase that is being filled in; nobody's customer until it is paid."""
    tidy = checked(information)
    assert customer is None or (customer.billing_owner_id is None and customer.entered_by_id == person.pk)
    with transaction.atomic():
        made = customer or Customer(entered_by=person, created_at=now)
        _write(made, tidy)
        made.currency = currency
        made.version += 1
        made.save(force_insert=customer is None)
        if made.vat_status == "unverified" and vat_numbers.want(made, now=now):
            defer("vat_checks")  # the review page asks too, but not every purchase passes by it
    return made


def change_information(
    customer: Customer,
    information: BillingInformation,
    *,
    actor: Person,
    now: datetime,
    remind_monthly: bool | None = None,
    mails_einvoice: bool | None = None,
) -> Customer:
    """Change the billing information of a paying customer; the rights are checked again under the lock (R3, R5).

    `remind_monthly` is whether its owner wants a mail before each monthly renewal, `mails_einvoice` whether invoices
    are mailed as data too; None leaves it as it is.
    """
    tidy = checked(information)
    with transaction.atomic():
        locked = lock_customer(customer.pk)
        if locked.billing_owner_id != actor.pk:
            raise ZetelError("forbidden")
        before = _kept(locked)
        _write(locked, tidy)
        if remind_monthly is not None and remind_monthly != locked.remind_monthly:
            locked.remind_monthly = remind_monthly
            reminders.set_anew(locked)
        if mails_einvoice is not None:
            locked.mails_einvoice = mails_einvoice
        after = _kept(locked)
        changed = [name for name in before if before[name] != after[name]]
        if not changed:
            return locked
        locked.version += 1
        locked.save()
        record(
            EventType.CUSTOMER_CHANGED, now=now, actor=actor, customer=locked,
            before={name: before[name] for name in changed}, after={name: after[name] for name in changed},
        )  # fmt: skip
        if {"vat_number", "country"} & set(changed) and vat_numbers.want(locked, now=now):
            defer("vat_checks")
    return locked


def _kept(customer: Customer) -> dict[str, object]:
    names = (*(field.name for field in fields(BillingInformation)), "remind_monthly", "mails_einvoice")
    return {name: getattr(customer, name) for name in names}


def _write(customer: Customer, information: BillingInformation) -> None:
    if customer.vat_number != information.vat_number or customer.country != information.country:
        customer.vat_status = "unverified" if information.vat_number else "none"
        customer.vat_checked_at = None
    for field in fields(BillingInformation):
        setattr(customer, field.name, getattr(information, field.name))


def begin_setup(
    customer: Customer, *, person: Person, kind: MethodKind, gateway: str, next_path: str, now: datetime
) -> MethodSetup:
    """Write down that somebody goes to the gateway's page to save a method, before the gateway is asked."""
    with transaction.atomic():
        setup = MethodSetup.objects.create(
            customer=customer, person=person, gateway=gateway, kind=kind, next_path=next_path, created_at=now
        )
        record(EventType.METHOD_STARTED, now=now, actor=person, customer=customer, after={"kind": kind})
    return setup


def name_setup(setup: MethodSetup, setup_id: str) -> None:
    """Keep the gateway's own name for the visit."""
    MethodSetup.objects.filter(pk=setup.pk, setup_id="").update(setup_id=setup_id)


def finish_setup(
    setup_row_id: uuid.UUID,
    method: SavedMethod | None,
    *,
    now: datetime,
    minimum_amounts: Mapping[str, int] | None = None,
    confirms_after_days: int = 0,
) -> PaymentMethod | None:
    """Book the end of a visit once: the new method replaces the old, or nothing changed when it was refused (G2).

    `minimum_amounts` is the gateway's smallest charge per currency, in minor units (G9); `confirms_after_days` how
    long it takes to say that it was paid (C5).
    """
    with transaction.atomic():
        setup = MethodSetup.objects.select_related("customer", "person").get(pk=setup_row_id)
        customer = lock_customer(setup.customer_id)
        setup = MethodSetup.objects.select_for_update().get(pk=setup_row_id)
        if setup.status != "pending":
            return PaymentMethod.objects.filter(customer=customer, status="active").first()
        if method is None:
            MethodSetup.objects.filter(pk=setup.pk).update(status="refused")
            record(
                EventType.METHOD_REFUSED,
                now=now,
                actor=setup.person,
                customer=customer,
                after={"kind": setup.kind},
            )
            return None
        MethodSetup.objects.filter(pk=setup.pk).update(status="done")
        if customer.billing_owner_id not in (None, setup.person_id):
            raise ZetelError("forbidden")  # billing was handed over meanwhile (R5)
        facts: dict[str, object] = {
            "minimum_amounts": dict(minimum_amounts or {}),
            "confirms_after_days": confirms_after_days,
        }
        return _replace_method(setup, customer, method, now, facts)


def _replace_method(
    setup: MethodSetup,
    customer: Customer,
    method: SavedMethod,
    now: datetime,
    facts: dict[str, object],
) -> PaymentMethod:
    old = PaymentMethod.objects.filter(customer=customer, status="active").first()
    if old:
        transition(old, transitions.METHOD, "replaced")
    made = PaymentMethod.objects.create(
        customer=customer, gateway=setup.gateway, kind=method.kind, token=method.token,
        label=method.label[:LABEL_LONGEST], expires_on=method.expires_on, set_up_by=setup.person, created_at=now,
        **facts,
    )  # fmt: skip
    record(
        EventType.METHOD_REPLACED, now=now, actor=setup.person, customer=customer,
        before={"label": old.label} if old else {}, after={"label": made.label, "kind": made.kind},
    )  # fmt: skip
    dunning.method_came(customer, made, now=now)
    return made


def give_up_method(method: PaymentMethod, *, now: datetime) -> None:
    """Its company was told to forget a replaced method: nothing is left to be done about it."""
    PaymentMethod.objects.filter(pk=method.pk).update(given_up_at=now)


def remove_method(method: PaymentMethod, *, actor: Person, now: datetime) -> Customer:
    """Whoever set a method up takes it away from billing that somebody else owns now (rule R5).

    Before the next charge another one is asked for. A billing owner replaces the own method instead: method_in_use.
    """
    with transaction.atomic():
        customer = lock_customer(method.customer_id)
        method = PaymentMethod.objects.select_for_update().get(pk=method.pk)
        if method.set_up_by_id != actor.pk:
            raise ZetelError("forbidden")
        if customer.billing_owner_id == actor.pk:
            raise ZetelError("method_in_use")
        if not transition(method, transitions.METHOD, "removed"):
            raise ZetelError("no_change")
        record(
            EventType.METHOD_REMOVED, now=now, actor=actor, customer=customer,
            before={"label": method.label, "kind": method.kind},
        )  # fmt: skip
        paid_for = Subscription.objects.live().filter(customer=customer).select_related("space").first()
        if customer.billing_owner and paid_for:
            mail.queue(
                "method_removed", once_key=f"method_removed:{method.pk}", now=now, to_person=customer.billing_owner,
                space=paid_for.space, owner_of=paid_for,
                params={"label": method.label, "old": actor.label, "customer": str(customer)},
            )  # fmt: skip
    return customer
