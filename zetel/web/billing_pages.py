"""The Billing tab itself, what stands in its place on other spaces, and /billing, which leads people to theirs."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from zetel import clock
from zetel.access import Seen, person_of
from zetel.actions import dues, standing
from zetel.models import Invoice, PaymentMethod, Person, Space, Subscription
from zetel.models.subscriptions import LIVE
from zetel.rules.money import Money
from zetel.rules.periods import local_date
from zetel.rules.roles import Capability
from zetel.rules.subscriptions import scheduled
from zetel.templatetags.zetel import amount, longdate
from zetel.web.billing_acts import acts_of
from zetel.web.billing_change_words import Later, waiting
from zetel.web.billing_manual import ToPay, sales_url, to_pay
from zetel.web.billing_timeline import events_of, told
from zetel.web.billing_trial_view import Trial, trial_of
from zetel.web.billing_view import (
    Billing,
    as_seen,
    billing_of,
    invoices_of,
    load_for_billing,
    load_owned,
    place,
    shown,
)
from zetel.web.seats_banner import seats_banner, use_of
from zetel.web.words import kind_word

INVOICES_ON_TAB = 6
INVOICES_ON_A_PAGE = 25
EVENTS_ON_TAB = 6
EVENTS_ON_A_PAGE = 25
PLACES_MAX = 100


@require_GET
def tab(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """The tab for the billing owner; for others who that is; without a subscription what there is instead."""
    seen = load_for_billing(request, space_id)
    now = clock.now()
    billing = billing_of(seen.space, now)
    if billing is None:
        return _instead(request, seen, now)
    if not seen.may(Capability.BILLING_SEE_OWNER):
        return _ended(request, seen, now)  # owned billing once and left: who does now is not theirs to know
    if billing.customer.billing_owner is None:
        return render(request, "billing/gone.html", {**place(seen), "billing": billing})
    if not seen.may(Capability.BILLING_SEE):
        context = {**place(seen), "owner": billing.owner, "past_due": billing.past_due}
        return render(request, "billing/who.html", context)
    context = {
        **_tab(seen, as_seen(seen, billing), now),
        "seats_banner": seats_banner(use_of(billing, now), now),
    }
    return render(request, "billing/tab.html", context)


def _tab(seen: Seen, billing: Billing, now: datetime) -> dict[str, object]:
    sees_money = seen.may(Capability.INVOICES_SEE)
    rows = invoices_of(seen.space, seen.person) if sees_money else Invoice.objects.none()
    newest = list(dues.with_account(rows)[: INVOICES_ON_TAB + 1])
    happened = list(events_of(billing, sees_money=sees_money)[: EVENTS_ON_TAB + 1])
    open_ones = [row for row in newest if row.state == "open" and row.kind == "invoice"]
    trial = trial_of(billing, now)
    return {
        **place(seen),
        "billing": billing,
        "trial": trial,
        "past_due": billing.past_due,
        "facts": _facts(billing, trial, sees_money=sees_money),
        "pending": [] if trial else pending(billing),
        "acts": acts_of(seen, billing, newest[0] if newest else None),
        "sees_money": sees_money,
        "invoices": shown(newest[:INVOICES_ON_TAB], billing.today),
        "has_more": len(newest) > INVOICES_ON_TAB,
        "open_invoices": [_open(billing, row) for row in open_ones if not _is_by_bank(row)],
        "to_pay": [_to_pay(row, now) for row in open_ones if _is_by_bank(row)],
        "manual": _manual(billing),
        "timeline": told(happened[:EVENTS_ON_TAB], sees_money=sees_money),
        "has_more_events": len(happened) > EVENTS_ON_TAB,
    }


def _open(billing: Billing, row: Invoice) -> tuple[Invoice, Money, bool]:
    """An open invoice, what is due of it, and whether that waits for the next charge (G9)."""
    due = Money(dues.raw_due(dues.account_of(row)), row.currency)
    return row, due, billing.method is not None and billing.method.waits(due)


def _is_by_bank(row: Invoice) -> bool:
    return getattr(row, "manual", None) is not None


def _to_pay(row: Invoice, now: datetime) -> ToPay:
    """An open invoice that is paid by bank (G5)."""
    due = Money(dues.raw_due(dues.account_of(row)), row.currency)
    return to_pay(row, row.manual, due, _seller_today(now))


def _manual(billing: Billing) -> dict[str, object] | None:
    """What the tab of a plan on manual invoice says in place of a payment method, and where its buttons lead."""
    row = billing.subscription
    if not billing.is_manual:
        return None
    days = gettext("%(term)s days") % {"term": row.payment_term_days}
    facts = [{"label": gettext("Payment term"), "value": days}]
    if row.purchase_order:
        facts.append({"label": gettext("Purchase order"), "value": row.purchase_order})
    urls = {
        f"{topic}_url": sales_url(billing.space, topic, billing.present)
        for topic in ("change", "cancel", "resume")
    }
    return {"facts": facts, **urls}


def pending(billing: Billing) -> list[Later]:
    """What waits for its day, one by one (C4); nothing does once the plan has been cancelled."""
    changes = scheduled(billing.terms, on=billing.today, ends_on=billing.subscription.ends_on)
    return waiting(billing.catalog, changes)


@require_GET
def timeline(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Everything that happened, page by page."""
    seen, billing = load_owned(request, space_id, Capability.BILLING_SEE, clock.now())
    sees_money = seen.may(Capability.INVOICES_SEE)
    rows = events_of(billing, sees_money=sees_money)
    page = Paginator(rows, EVENTS_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {**place(seen), "page": page, "timeline": told(list(page.object_list), sees_money=sees_money)}
    return render(request, "billing/timeline.html", context)


def _facts(billing: Billing, trial: Trial | None, *, sees_money: bool) -> list[dict[str, object]]:
    """When it renews and for how much, or what comes after the trial; the balance, who pays, and who manages."""
    rows: list[dict[str, object]] = []
    if trial:
        rows += trial.facts()
    elif billing.next_on and billing.renewal:
        note = gettext("%(amount)s with tax, as things stand now") % {"amount": amount(billing.renewal)}
        if billing.is_manual and billing.subscription.status == "past_due":
            note = gettext("Once the overdue invoice is paid. %(note)s") % {"note": note}
        rows.append({"label": gettext("Renews on"), "value": longdate(billing.next_on), "note": note})
    elif billing.subscription.ends_on:
        kept = gettext("Everything that was made here is kept.")
        rows.append(
            {"label": gettext("Ends on"), "value": longdate(billing.subscription.ends_on), "note": kept}
        )
    if billing.balances and sees_money:
        held = "\n".join(amount(money) for money in billing.balances)
        note = gettext("It pays the next invoices first.")
        rows.append({"label": gettext("Balance"), "value": held, "note": note})
    if billing.customer.address_line1:  # of a trial it may be empty: nobody pays yet
        rows.append({"label": gettext("Paid by"), "value": str(billing.customer)})
    rows.append(
        {"label": gettext("Billing owner"), "value": billing.owner.label, "note": billing.owner.email}
    )
    return rows


def _instead(request: HttpRequest, seen: Seen, now: datetime) -> HttpResponse:
    """No live subscription: what covers the space, what it was once invoiced, or that it is free (R7, P9)."""
    space = seen.space
    if seen.may(Capability.INVOICES_SEE):
        return _ended(request, seen, now)
    cover = standing.around(space).above
    if cover:
        holder = cover[0]
        owner = Person.objects.filter(customers=holder.customer_id).first()
        context = {**place(seen, has_tab=False), "by": holder.space, "owner": owner}
        return render(request, "billing/covered.html", context)
    return render(request, "billing/free.html", place(seen, has_tab=False))


def _ended(request: HttpRequest, seen: Seen, now: datetime) -> HttpResponse:
    """For the last billing owner: the invoices stay, and the plan can be bought again."""
    last = (
        Subscription.objects.filter(space=seen.space, status="ended", last_owner=seen.person)
        .order_by("-id")
        .first()
    )
    page = Paginator(invoices_of(seen.space, seen.person), INVOICES_ON_A_PAGE).get_page(
        request.GET.get("page")
    )
    cover = standing.around(seen.space).above
    context = {
        **place(seen, has_tab=False), "ended_on": last.ended_on if last else None, "page": page,
        "by": cover[0].space if cover else None,
        "was_unpaid": last is not None and last.end_reason == "unpaid",
        "was_trial": last is not None and was_trial(last),
        "invoices": shown(page.object_list, _seller_today(now)), "may_buy": seen.may(Capability.SUBSCRIPTION_BUY),
    }  # fmt: skip
    return render(request, "billing/ended.html", context)


def was_trial(ended: Subscription) -> bool:
    """Whether it ended without ever having become a plan."""
    end, over = ended.ended_on, ended.trial_ends_on
    return end is not None and over is not None and end <= over and ended.end_reason != "unpaid"


@dataclass(frozen=True)
class Place:
    """A space of which a person is billing owner, in a choice of several."""

    space: Space

    @property
    def kind(self) -> str:
        return kind_word(self.space.kind)


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Lead a billing owner to the tab, or to a choice of several; a former one to the invoices; others a word."""
    person = person_of(request)
    owned = Subscription.objects.filter(status__in=LIVE, customer__billing_owner=person)
    places = [
        Place(row.space) for row in owned.select_related("space").order_by("space__name", "id")[:PLACES_MAX]
    ]
    kept = left_behind(person)
    has_past = _past(person).exists()
    if len(places) == 1 and not kept and not has_past:
        return redirect("billing", places[0].space.pk)
    page = Paginator(_past(person), INVOICES_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "places": places, "methods": kept, "page": page,
        "invoices": shown(page.object_list, _seller_today(clock.now())),
        "again": _ended_places(person),
    }  # fmt: skip
    return render(request, "billing/home.html", context)


def _past(person: Person) -> QuerySet[Invoice]:
    """Invoices of ended subscriptions whose last owner the person was; also of spaces that are gone (S8)."""
    ended = Invoice.objects.filter(subscription__status="ended", subscription__last_owner=person)
    return ended.select_related("space").order_by("-issued_on", "-id")


@dataclass(frozen=True)
class EndedPlace:
    """A space whose plan or trial, the last one there, this person owned."""

    space: Space
    was_trial: bool
    ended_on: date | None

    @property
    def words(self) -> str:
        on = {"date": longdate(self.ended_on)}
        if self.was_trial:
            return gettext("The trial ended on %(date)s. Nothing was charged.") % on
        return gettext("Ended on %(date)s") % on


def _ended_places(person: Person) -> list[EndedPlace]:
    """Spaces that this person once held billing of and that have no plan now, nor one of what they are in; by name."""
    lived = Subscription.objects.filter(status__in=LIVE).values("space_id")
    rows = Subscription.objects.filter(status="ended", last_owner=person, space__isnull=False)
    covered = Q(space__in=lived) | Q(space__organization__in=lived) | Q(space__division__in=lived)
    rows = rows.exclude(covered).select_related("space").order_by("space__name", "id")
    last = {row.space_id: row for row in rows[:PLACES_MAX]}
    return [EndedPlace(row.space, was_trial(row), row.ended_on) for row in last.values()]


def left_behind(person: Person) -> list[PaymentMethod]:
    """Methods this person set up that now pay for somebody else's billing (rule R5)."""
    rows = PaymentMethod.objects.filter(status="active", set_up_by=person).exclude(
        Q(customer__billing_owner=person) | Q(customer__billing_owner=None)
    )
    return list(rows.select_related("customer__billing_owner").order_by("id")[:PLACES_MAX])


def _seller_today(now: datetime) -> date:
    return local_date(now, settings.CONFIG.seller.time_zone)
