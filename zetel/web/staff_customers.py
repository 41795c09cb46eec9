"""Customers in the back office: search, and one customer's story on a page. Reading only."""

import uuid

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_GET

from zetel import clock
from zetel.access import acting_of
from zetel.actions import resending, standing, vat_numbers
from zetel.documents.timeline import PLAIN, say
from zetel.jobs.files import ensure_pdf, file_name
from zetel.models import CatalogVersion, Customer, Event, Invoice, PaymentMethod, Person, Subscription
from zetel.models.ids import parse_public_id
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.roles import Capability
from zetel.templatetags.zetel import shortdate
from zetel.web.acting import ReasonForm
from zetel.web.billing_timeline import MONEY_NOUNS, who_words
from zetel.web.mailbox import kind_word as mail_word
from zetel.web.staff_frame import allowed, enter, page, rows_of, search_of
from zetel.web.words import cycle_word, kind_word, plan_name

LISTED_MAX = 50
MAILS_LISTED_MAX = 10


@require_GET
def customers(request: HttpRequest) -> HttpResponse:
    """Search by name, company, e-mail, VAT number, space, or the number of an invoice."""
    person = enter(request, Capability.STAFF_CUSTOMERS_SEE)
    search = search_of(request)
    rows = _found(search).select_related("billing_owner").order_by("-id")
    return page(request, "staff/customers.html", person, {"rows": rows_of(request, rows), "search": search})


def _found(search: str) -> QuerySet[Customer]:
    # A customer without a billing owner was only entered in a purchase that came to nothing.
    rows = Customer.objects.filter(Q(billing_owner__isnull=False) | Q(subscriptions__isnull=False))
    if search:
        matches = Q()
        for field in (
            "name", "company", "invoice_email", "vat_number", "billing_owner__email", "billing_owner__name",
            "subscriptions__space__name",
        ):  # fmt: skip
            matches |= Q(**{f"{field}__icontains": search})
        matches |= Q(invoices__number__iexact=search)
        known = parse_public_id("cus", search)
        rows = rows.filter(matches | Q(pk=known) if known else matches)
    return Customer.objects.filter(pk__in=rows.values("pk"))


@require_GET
def customer(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Everything about one customer that this member of staff may read."""
    person = enter(request, Capability.STAFF_CUSTOMERS_SEE)
    row = Customer.objects.select_related("billing_owner").filter(pk=customer_id).first()
    if row is None:
        raise ZetelError("not_found")
    sees_money = allowed(person, Capability.STAFF_MONEY_SEE)
    context = {
        "customer": row,
        "facts": _facts(row, sees_money),
        "subscriptions": _subscriptions(row),
        "sees_money": sees_money,
        "invoices": _invoices(row) if sees_money else [],
        "balances": _balances(row) if sees_money else [],
        "may_pay_out": allowed(person, Capability.STAFF_REFUND),
        "may_change_manual": allowed(person, Capability.STAFF_MANUAL_CHANGE),
        "may_cancel_now": allowed(person, Capability.STAFF_CANCEL_NOW),
        "events": _events(row, sees_money),
        "limit": LISTED_MAX,
        **_acts(request, person, row),
    }
    return page(request, "staff/customer.html", person, context)


def _acts(request: HttpRequest, person: Person, row: Customer) -> dict[str, object]:
    """What this member of staff may do here: act for the customer, hand over, send a mail again (R9)."""
    behalf = acting_of(request)
    may_resend = allowed(person, Capability.STAFF_RESEND)
    mails = resending.of_customer(row)[:MAILS_LISTED_MAX] if may_resend else []
    return {
        "acts_here": behalf is not None and behalf.acting.customer_id == row.pk,
        "act_form": ReasonForm(prefix=None) if allowed(person, Capability.STAFF_ACT_FOR_CUSTOMER) else None,
        "may_verify_vat": allowed(person, Capability.STAFF_VAT_VERIFY)
        and vat_numbers.is_asked(row)
        and row.vat_status != "verified",
        "may_hand_over": allowed(person, Capability.STAFF_HAND_OVER),
        "mails": [(mail, mail_word(mail.kind)) for mail in mails],
    }


def _facts(row: Customer, sees_money: bool) -> list[dict[str, str]]:
    owner = row.billing_owner
    address = (
        row.address_line1,
        row.address_line2,
        f"{row.postal_code} {row.city}".strip(),
        row.region,
        row.country,
    )
    facts = [
        (gettext("Billing owner"), f"{owner.label}\n{owner.email}" if owner else gettext("none")),
        (gettext("Name"), "\n".join(dict.fromkeys(part for part in (row.company, row.name) if part))),
        (gettext("Address"), "\n".join(part for part in address if part)),
        (gettext("VAT number"), _vat_words(row)),
        (gettext("Invoice e-mail"), row.invoice_email),
        (gettext("Language and time zone"), f"{row.language}, {row.time_zone}"),
        (gettext("Currency"), row.currency),
        (gettext("Number"), row.public_id),
    ]
    method = PaymentMethod.objects.filter(customer=row, status="active").first()
    if sees_money and method:
        facts.insert(4, (gettext("Payment method"), method.label))
    return [{"label": label, "value": value} for label, value in facts if value]


def _vat_words(row: Customer) -> str:
    """The number, what is known of it, and by what proof."""
    check = vat_numbers.latest(row) if row.vat_number and vat_numbers.is_asked(row) else None
    if check is None:
        return row.vat_number
    said = {
        "waiting": gettext("waits for the European service"),
        "valid": gettext("recorded by staff")
        if check.evidence
        else gettext("confirmed by the European service"),
        "invalid": gettext("not known to the European service"),
        "unanswered": gettext("the European service never answered"),
    }[check.status]
    at = shortdate(check.answered_at) if check.answered_at else ""
    return "\n".join(part for part in (row.vat_number, f"{said} {at}".strip(), check.consultation) if part)


def _subscriptions(row: Customer) -> list[dict[str, object]]:
    found = list(
        Subscription.objects.filter(customer=row).select_related("space").order_by("-id")[:LISTED_MAX]
    )
    catalog, terms = CatalogVersion.objects.current(), standing.terms_of([one.pk for one in found])
    shown: list[dict[str, object]] = []
    for one in found:
        last = terms[one.pk][-1]
        shown.append(
            {
                "row": one,
                "kind": kind_word(one.space.kind),
                "plan": plan_name(catalog, last.plan),
                "cycle": cycle_word(str(last.cycle)),
                "seats": last.seats,
                "status": _status(one.status),
            }
        )
    return shown


def _status(status: str) -> tuple[str, str]:
    return {
        "active": (gettext("active"), "good"),
        "trial": (gettext("trial"), "info"),
        "past_due": (gettext("past due"), "bad"),
        "ended": (gettext("ended"), ""),
    }[status]


def _invoices(row: Customer) -> list[dict[str, object]]:
    found = Invoice.objects.filter(customer=row).order_by("-issued_on", "-id")[:LISTED_MAX]
    return [
        {"row": one, "total": Money(one.total_amount, one.currency), "state": _state(one.state)}
        for one in found
    ]


def _balances(row: Customer) -> list[Money]:
    return [Money(amount, currency) for currency, amount in standing.balances_of(row).items()]


def _state(state: str) -> tuple[str, str]:
    return {
        "open": (gettext("open"), "warn"),
        "paid": (gettext("paid"), "good"),
        "credited": (gettext("credited"), ""),
        "written_off": (gettext("written off"), "bad"),
    }[state]


def _events(row: Customer, sees_money: bool) -> list[tuple[str, Event, str]]:
    """What happened, in words; money only for those who may read money."""
    language = get_language() or "en"
    kinds = [kind for kind in PLAIN if sees_money or kind.partition(".")[0] not in MONEY_NOUNS]
    found = Event.objects.filter(Q(customer=row) | Q(subscription__customer=row), kind__in=kinds)
    rows = found.select_related("actor", "on_behalf_of", "space").order_by("-id")[:LISTED_MAX]
    return [(say(event, language), event, who_words(event)) for event in rows]


@require_GET
def invoice_pdf(request: HttpRequest, invoice_id: uuid.UUID) -> HttpResponse:
    """An issued document for those in the house who may read money."""
    enter(request, Capability.STAFF_MONEY_SEE)
    row = Invoice.objects.filter(pk=invoice_id).first()
    if row is None:
        raise ZetelError("not_found")
    response = HttpResponse(ensure_pdf(row, clock.now()), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{file_name(row)}"'
    return response
