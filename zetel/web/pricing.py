"""The public price page: plans side by side per cycle and currency, with an anchor for each (screens 1)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from zetel import clock
from zetel.documents.languages import reader_language
from zetel.models import CatalogVersion
from zetel.rules.catalog import Catalog
from zetel.templatetags.zetel import number
from zetel.web.currencies import currency_choices
from zetel.web.upgrade_plan import chosen, plan_columns


@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """Nobody needs to be logged in; choosing a plan leads to the flow, by way of logging in."""
    catalog = CatalogVersion.objects.current()
    cycle, currency = chosen(request, catalog, "year", catalog.default_currency)
    columns = plan_columns(catalog, cycle=cycle, currency=currency, on=clock.now())
    for column in columns:
        asked = f"?plan={column['code']}&cycle={cycle}&currency={currency}"
        by_sales = f"?topic=plan&plan={column['code']}&cycle={cycle}"
        column["href"] = (
            reverse("sales_request") + by_sales if column["by_sales"] else reverse("upgrade") + asked
        )
    return render(
        request, "pricing/pricing.html",
        {
            "columns": columns, "cycle": cycle, "currency": currency, "currencies": currency_choices(catalog),
            "table": _table(catalog), "signup_url": reverse("account_signup"),
        },
    )  # fmt: skip


def _table(catalog: Catalog) -> list[tuple[str, list[str]]]:
    """Row by row what each plan contains, in words: for a close look, and for readers by ear."""
    yes, no = gettext("Yes"), gettext("No")
    plans = list(catalog.plans.values())
    rows = [
        (words[reader_language()], [yes if code in plan.features else no for plan in plans])
        for code, words in catalog.feature_words.items()
    ]
    rows += [
        (words[reader_language()], [_limit(plan.limits.get(code)) for plan in plans])
        for code, words in catalog.limit_words.items()
    ]
    return rows


def _limit(limit: int | None) -> str:
    return gettext("No limit") if limit is None else number(limit)
