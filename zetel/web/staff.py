"""The back office: what waits for a person, and the requests and mails that say so. Reading, and sending again."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zetel import clock
from zetel.actions import offers as offers_of
from zetel.actions import outbox, requests
from zetel.actions import parked as parking
from zetel.documents.timeline import topic
from zetel.models import (
    Attempt,
    Difference,
    Event,
    InboundEvent,
    Mail,
    Offer,
    Person,
    Refund,
    SalesRequest,
    Subscription,
    SupportRequest,
    TakenBack,
)
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.money import Money
from zetel.rules.roles import Capability
from zetel.web.forms import ZetelForm
from zetel.web.mailbox import kind_word as mail_word
from zetel.web.staff_frame import allowed, enter, page, rows_of, search_of
from zetel.web.staff_spaces import places_around
from zetel.web.words import cycle_word

LATEST = 5
PARKED_LISTED_MAX = 50
SUPPORT_DAYS = timedelta(days=30)
STATUS_WORDS = {
    "open": (gettext_lazy("open"), "warn"),
    "answered": (gettext_lazy("answered"), "info"),
    "offered": (gettext_lazy("offered"), "info"),
    "approved": (gettext_lazy("approved"), "good"),
    "declined": (gettext_lazy("declined"), "bad"),
    "withdrawn": (gettext_lazy("withdrawn"), ""),
    "queued": (gettext_lazy("waits"), "info"),
    "sent": (gettext_lazy("sent"), "good"),
    "parked": (gettext_lazy("parked"), "bad"),
}


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """How much waits, each with the way to it."""
    person = enter(request, Capability.STAFF_ENTER)
    now = clock.now()
    may_sell = allowed(person, Capability.STAFF_OFFER)
    context = {
        "acts": _waiting(person, now - SUPPORT_DAYS),
        "latest_sales": SalesRequest.objects.select_related("space").order_by("-id")[:LATEST]
        if may_sell
        else [],
        "latest_support": SupportRequest.objects.select_related("space", "person").order_by("-id")[:LATEST],
    }
    return page(request, "staff/overview.html", person, context)


def _waiting(person: Person, since: datetime) -> list[dict[str, str]]:
    """The rows of the overview, those that this person may open."""
    sales = SalesRequest.objects.filter(status="open").count()
    asked = SupportRequest.objects.filter(created_at__gte=since).count()
    stuck = sum(_parked_counts().values())
    rows = [
        (
            Capability.STAFF_OFFER, "staff_sales", "mail", gettext("Sales inbox"),
            ngettext("%(count)d open request", "%(count)d open requests", sales) % {"count": sales},
        ),
        (
            Capability.STAFF_ENTER, "staff_support", "help", gettext("Questions to support"),
            ngettext("%(count)d in the last 30 days", "%(count)d in the last 30 days", asked) % {"count": asked},
        ),
        (
            Capability.STAFF_ENTER, "staff_parked", "alert", gettext("Parked work"),
            ngettext("%(count)d thing", "%(count)d things", stuck) % {"count": stuck}
            if stuck else gettext("Nothing is parked."),
        ),
        (
            Capability.STAFF_CUSTOMERS_SEE, "staff_customers", "users", gettext("Customers"),
            gettext("Search by name, e-mail, space or invoice number"),
        ),
    ]  # fmt: skip
    return [
        {"href": reverse(name), "icon": icon, "label": label, "note": note}
        for capability, name, icon, label, note in rows
        if allowed(person, capability)
    ]


@require_GET
def sales_requests(request: HttpRequest) -> HttpResponse:
    """The sales inbox: open requests first, newest first."""
    person = enter(request, Capability.STAFF_OFFER)
    rows = SalesRequest.objects.select_related("space")
    rows = rows.filter(status="open") if "all" not in request.GET else rows
    found = rows_of(request, rows.order_by("-id"))
    context = {
        "rows": found,
        "shown": [(row, STATUS_WORDS[row.status], topic(row.topic)) for row in found],
        "everything": "all" in request.GET,
    }
    return page(request, "staff/sales.html", person, context)


class AnswerForm(ZetelForm):
    """What sales write back."""

    message = forms.CharField(
        label=gettext_lazy("Answer"), max_length=requests.MESSAGE_LENGTH_MAX,
        widget=forms.Textarea(attrs={"rows": 6}), help_text=gettext_lazy("Goes by mail to who asked."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def sales_request(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """One request with everything that was asked, the answers to it, and the form for another one."""
    person = enter(request, Capability.STAFF_OFFER)
    row = SalesRequest.objects.select_related("space", "person", "customer").filter(pk=request_id).first()
    if row is None:
        raise ZetelError("not_found")
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        requests.answer(
            row, text=form.cleaned_data["message"], staff=person, now=clock.now(),
            declines="decline" in request.POST,
        )  # fmt: skip
        messages.success(request, gettext("The answer is on its way."))
        return redirect("staff_sales_request", row.pk)
    answers = Event.objects.filter(
        kind=EventType.SALES_REQUEST_ANSWERED, after__request=row.public_id
    ).select_related("actor")
    running = offers_of.running_plan(row.space) if row.space else None
    context = {
        "form": form, "answers": answers.order_by("id"), "manual": running if running and running.is_manual else None,
        "row": row, "facts": _wish_facts(row), "status": STATUS_WORDS[row.status],
        "places": places_around(row.space) if row.space else [],
        "offers": Offer.objects.filter(request=row).select_related("space").order_by("-id"),
    }  # fmt: skip
    return page(request, "staff/sales_request.html", person, context, 422 if form.errors else 200)


def _wish_facts(row: SalesRequest) -> list[dict[str, str]]:
    wish: dict[str, Any] = row.wish if isinstance(row.wish, dict) else {}
    told = [
        (gettext("Subject"), topic(row.topic) or row.topic),
        (gettext("Name"), row.name),
        (gettext("E-mail"), row.email),
        (gettext("Company"), row.company),
        (gettext("Phone"), row.phone),
        (gettext("Space"), row.space.name if row.space else ""),
        (gettext("Who pays"), str(row.customer) if row.customer else ""),
        (gettext("Plan"), str(wish.get("plan") or "").title()),
        (
            gettext("Billing cycle"),
            cycle_word(wish["cycle"]) if wish.get("cycle") in ("month", "year") else "",
        ),
        (gettext("Seats"), str(wish.get("seats") or "")),
    ]
    known = {"plan", "cycle", "seats", "space"}
    told += [
        (str(name), ", ".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in wish.items()
        if name not in known and value not in (None, "", [])
    ]
    return [{"label": label, "value": value} for label, value in told if value]


@require_GET
def support_requests(request: HttpRequest) -> HttpResponse:
    person = enter(request, Capability.STAFF_ENTER)
    rows = SupportRequest.objects.select_related("space", "person").order_by("-id")
    return page(request, "staff/support.html", person, {"rows": rows_of(request, rows)})


@require_GET
def support_request(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    person = enter(request, Capability.STAFF_ENTER)
    row = SupportRequest.objects.select_related("space", "person").filter(pk=request_id).first()
    if row is None:
        raise ZetelError("not_found")
    facts = [
        {"label": gettext("Name"), "value": row.person.label},
        {"label": gettext("E-mail"), "value": row.person.email},
        {"label": gettext("Space"), "value": row.space.name if row.space else gettext("none")},
    ]
    return page(request, "staff/support_request.html", person, {"row": row, "facts": facts})


# What a comparison with a payment company found, and what to do about it.
DIFFERENCE_WORDS = {
    "amount_differs": gettext_lazy(
        "The company took another amount than we asked for. Refund it at the company."
    ),
    "captured_twice": gettext_lazy(
        "The company took it a second time. Refund the second one at the company."
    ),
    "not_in_ledger": gettext_lazy("We booked it as paid, and the company does not know it. Ask the company."),
    "paid_after_refusal": gettext_lazy(
        "The company took it after it had refused it. Nothing was sold for it: refund it at the company."
    ),
    "refunds_differ": gettext_lazy(
        "The company gave back another amount than we did. Look at both, and ask it."
    ),
    "unknown_payment": gettext_lazy(
        "The company took it under a reference that is none of ours. Look whose it is."
    ),
}


@require_GET
def parked(request: HttpRequest) -> HttpResponse:
    """Work that will not go by itself, newest first; a number of each kind (rule X16)."""
    person = enter(request, Capability.STAFF_ENTER)
    context = {
        "counts": _parked_counts(),
        "limit": PARKED_LISTED_MAX,
        "attempts": Attempt.objects.filter(status="parked")
        .select_related("payment__customer")
        .order_by("-id")[:PARKED_LISTED_MAX],
        "refunds": _stuck_refunds()
        .select_related("attempt__payment__customer")
        .order_by("-id")[:PARKED_LISTED_MAX],
        "taken_back": _taken_back()
        .select_related("invoice", "payment__customer")
        .order_by("-id")[:PARKED_LISTED_MAX],
        "subscriptions": Subscription.objects.exclude(parked_reason="")
        .select_related("space", "customer")
        .order_by("-id")[:PARKED_LISTED_MAX],
        "ownerless": _ownerless().select_related("space", "customer").order_by("-id")[:PARKED_LISTED_MAX],
        "differences": [
            (row, DIFFERENCE_WORDS[row.what], Money(row.amount, row.currency))
            for row in Difference.objects.filter(closed_at=None).order_by("-id")[:PARKED_LISTED_MAX]
        ],
        "inbound": InboundEvent.objects.filter(status="parked").order_by("-id")[:PARKED_LISTED_MAX],
        "mails": [
            (mail, mail_word(mail.kind))
            for mail in Mail.objects.filter(status="parked").order_by("-id")[:PARKED_LISTED_MAX]
        ],
        "may_resend": allowed(person, Capability.STAFF_RESEND),
        "may_bill": allowed(person, Capability.STAFF_MONEY_BOOK),
    }
    return page(request, "staff/parked.html", person, context)


@require_POST
def parked_retry(request: HttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    """Let the runs come again to a subscription that was set aside."""
    person = enter(request, Capability.STAFF_MONEY_BOOK)
    if parking.retry(subscription_id, actor=person, now=clock.now()):
        messages.success(
            request, gettext("It is being tried again. What is still in the way appears here again.")
        )
    else:
        messages.warning(request, gettext("It is not parked any more."))
    return redirect("staff_parked")


def _ownerless() -> QuerySet[Subscription]:
    """Live plans that nobody is left to manage: they are not renewed, and support hands them to whoever comes (R6)."""
    return Subscription.objects.live().filter(customer__billing_owner=None)


def _stuck_refunds() -> "QuerySet[Refund]":
    """Money that could not be given back; what goes with a credit note is balance again (G6)."""
    return Refund.objects.filter(Q(status="parked") | Q(status="refused", credit_note=None))


def _taken_back() -> "QuerySet[TakenBack]":
    """What a bank took back after its period: nobody asks for it by itself, staff decide (G8)."""
    return TakenBack.objects.filter(is_for_staff=True, returned_at=None, invoice__state="open")


def _parked_counts() -> dict[str, int]:
    return {
        "attempts": Attempt.objects.filter(status="parked").count(),
        "refunds": _stuck_refunds().count(),
        "taken_back": _taken_back().count(),
        "subscriptions": Subscription.objects.exclude(parked_reason="").count(),
        "ownerless": _ownerless().count(),
        "differences": Difference.objects.filter(closed_at=None).count(),
        "inbound": InboundEvent.objects.filter(status="parked").count(),
        "mails": Mail.objects.filter(status="parked").count(),
    }


@require_GET
def mails(request: HttpRequest) -> HttpResponse:
    """Every mail, newest first, without its text: what a customer wrote or got is not for everybody's eyes."""
    person = enter(request, Capability.STAFF_RESEND)
    rows = Mail.objects.order_by("-id").defer("text", "html")
    status = request.GET.get("status", "")
    if status in ("queued", "sent", "parked"):
        rows = rows.filter(status=status)
    search = search_of(request)
    if search:
        rows = rows.filter(Q(to_email__icontains=search) | Q(subject__icontains=search))
    found = rows_of(request, rows)
    context = {
        "rows": found,
        "shown": [(mail, STATUS_WORDS[mail.status], mail_word(mail.kind)) for mail in found],
        "status": status,
        "search": search,
        "may_see": settings.CONFIG.sandbox and allowed(person, Capability.SANDBOX_CLOCK),
    }
    return page(request, "staff/mails.html", person, context)


@require_POST
def mail_retry(request: HttpRequest, mail_id: uuid.UUID) -> HttpResponse:
    """Send a parked mail again."""
    enter(request, Capability.STAFF_RESEND)
    if outbox.retry(mail_id, now=clock.now()):
        messages.success(request, gettext("The mail is being sent again."))
    else:
        messages.warning(request, gettext("That mail is not parked any more."))
    return redirect("staff_mails")
