"""A priced purchase in words: rows for the table of amounts, what ends, what comes next, why a payment failed.

Estimate, review and done page show the same rows, so that what was promised can be found again in what was paid.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zetel.actions.trials_first import First
from zetel.documents.explain import explain
from zetel.documents.languages import reader_language
from zetel.models import Subscription
from zetel.rules.billing import Line
from zetel.rules.catalog import Catalog, price_on
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.periods import Cycle
from zetel.rules.quotes import PricedChange, PricedPurchase, yearly_saving
from zetel.rules.tax import TaxRow
from zetel.templatetags.zetel import longdate, percent
from zetel.web.words import cycle_word, plan_name

Row = dict[str, object]


def amount_rows(priced: PricedPurchase, catalog: Catalog, due_label: str) -> list[Row]:
    """Lines with how they came about, tax, what balance pays, and what is due now."""
    return money_rows(priced, priced.terms.currency, catalog, due_label)


def money_rows(
    priced: PricedPurchase | PricedChange | First, currency: str, catalog: Catalog, due_label: str
) -> list[Row]:
    """The same for a purchase, a change, or the first invoice after a trial."""

    def money(amount: int) -> Money:
        return Money(amount, currency)

    rows: list[Row] = [_line_row(line, catalog, currency) for line in priced.document.lines]
    rows.append({"label": gettext("Subtotal"), "money": money(priced.document.net), "kind": "sub"})
    rows += [
        {"label": tax_label(tax), "money": money(tax.tax), "kind": "soft"} for tax in priced.document.taxes
    ]
    if priced.balance_used:
        rows.append({"label": gettext("Total"), "money": money(priced.document.total), "kind": "sub"})
        rows.append(
            {
                "label": gettext("Paid from your balance"),
                "money": money(-priced.balance_used),
                "kind": "credit",
            }
        )
    rows.append({"label": due_label, "money": money(priced.due), "kind": "total"})
    return rows


def _line_row(line: Line, catalog: Catalog, currency: str) -> Row:
    sum_in_words = explain(
        seats=line.seats, unit_price=line.unit_amount, days=line.days, of_days=line.of_days, amount=line.amount,
        discount_bp=line.discount_bp, discount_amount=line.discount_amount, currency=currency,
        language=reader_language(),
    )  # fmt: skip
    return {
        "label": f"{plan_name(catalog, line.plan)}, {cycle_word(line.cycle).lower()}",
        "note": f"{stretch(line.start, line.end)} · {sum_in_words}",
        "money": Money(line.net, currency),
        "kind": "credit" if line.net < 0 else "",
    }


def stretch(start: date, end: date) -> str:
    """A half-open stretch: `12 May 2026 to 12 June 2026`."""
    return gettext("%(start)s to %(end)s") % {"start": longdate(start), "end": longdate(end)}


def tax_label(row: TaxRow) -> str:
    if row.category == "AE":
        return gettext("VAT, reverse charge")
    if row.category == "O":
        return gettext("VAT, not charged outside the EU")
    return gettext("VAT %(rate)s") % {"rate": percent(row.rate_bp)}


def endings_shown(priced: PricedPurchase) -> list[Row]:
    """The subscriptions that this purchase ends (P9), each with what is given back."""
    ids = [ending.subscription_id for ending in priced.endings]
    if not ids:
        return []
    names = {
        str(pk): name for pk, name in Subscription.objects.filter(pk__in=ids).values_list("pk", "space__name")
    }
    return [
        {
            "space": names.get(ending.subscription_id, ""),
            "credit": Money(-ending.credit.total, priced.terms.currency) if ending.credit.total else None,
            "own": ending.same_customer,
        }
        for ending in priced.endings
    ]


def saving(catalog: Catalog, priced: PricedPurchase) -> Money | None:
    """What a year costs less than twelve months, for the seats chosen; None when there is no such price."""
    terms = priced.terms
    try:
        monthly, yearly = (
            price_on(catalog.prices, terms.plan, cycle, terms.currency, terms.starts_on).unit_amount
            for cycle in (Cycle.MONTH, Cycle.YEAR)
        )
    except ZetelError:
        return None
    saved = yearly_saving(monthly, yearly, terms.seats)
    return Money(saved, terms.currency) if saved > 0 else None


def summary(priced: PricedPurchase, catalog: Catalog) -> Mapping[str, Any]:
    """What every page with a price shows of it."""
    return {
        "priced": priced,
        "due": Money(priced.due, priced.terms.currency),
        "renewal_on": priced.period_end,
        "renewal": Money(priced.renewal_total, priced.terms.currency),
        "endings": endings_shown(priced),
        "saving": saving(catalog, priced),
        "is_yearly": priced.terms.cycle is Cycle.YEAR,
    }


# Why a purchase did not happen: the companies' codes in our words (screens 2.6).
_REASONS: Mapping[str, str | Promise] = {
    "insufficient_funds": _("There is not enough money on this card or account."),
    "stolen_card": _("The bank refuses this card. Choose another payment method."),
    "account_closed": _("This account is closed. Choose another payment method."),
    "expired_card": _("This card has expired. Choose another payment method."),
    "unknown_method": _("The payment company no longer knows this card or account. Choose it anew."),
    "approval_refused": _("You refused the payment at your bank or PayPal."),
    "refused_by_person": _("You refused the payment at your bank or PayPal."),
    "cancelled": _("You stopped the payment."),
    "unknown_reference": _("You stopped the payment."),
    "amount_mismatch": _(
        "The payment company told us another amount than we asked for. We are looking into it."
    ),
    "expired": _("The payment was not approved in time."),
    "approval_expired": _("The payment was not approved in time."),
    "already_subscribed": _("Somebody else bought a plan for this space at the same moment."),
    "already_covered": _("Meanwhile a larger plan covers this space."),
    "not_member": _("You are no longer a member of this space."),
    "quote_stale": _("Meanwhile something changed in what you were buying."),
}


def reason_sentence(code: str) -> str:
    """Why, in plain words; a code that is not known says the least that is true."""
    return str(_REASONS.get(code, _("Your bank or PayPal refused the payment. It did not tell us why.")))
