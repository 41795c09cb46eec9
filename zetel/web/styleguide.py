"""The gallery of parts at /styleguide/, in sandbox mode only.

Every part stands there once with the states it has. The accessibility check and the screenshots look at this page, so
a part that goes wrong shows here before it does on a page.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from zetel.rules.money import Money
from zetel.web.forms import Card, RadioCards, Segments, ZetelForm


@dataclass(frozen=True)
class Somebody:
    """Stands in for the person of the frame."""

    label: str = "Anna de Vries"
    email: str = "anna@example.com"


class GalleryForm(ZetelForm):
    """One field of each kind, most of them with something to complain about."""

    name = forms.CharField(label="Name", help_text="As it should stand on the invoice.", max_length=255)
    email = forms.EmailField(label="Invoice e-mail")
    note = forms.CharField(label="Reference", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    seats = forms.ChoiceField(
        label="Seats",
        choices=[
            ("2", "2 seats · €26.98 a month"),
            ("5", "5 seats · €67.45 a month"),
            ("10", "10 seats · €134.90 a month"),
        ],
    )
    cycle = forms.ChoiceField(
        label="Billing cycle",
        widget=Segments,
        choices=[("month", Card("Monthly")), ("year", Card("Annual", badge="2 months free"))],
    )
    space = forms.ChoiceField(
        label="Which space do you want to upgrade?",
        help_text="A subscription cannot be moved to another space.",
        widget=RadioCards,
        choices=[
            ("one", Card("Studio Noord", "Workspace · 5 people", "Basic")),
            ("two", Card("Design", "Team of Kade Groep · 8 people", "Basic", badge="Trial")),
            (
                "three",
                Card("Finance", "Team of Kade Groep · 4 people", "Premium", closed="Already has a plan."),
            ),
        ],
    )
    terms = forms.BooleanField(
        label="People lose a higher plan, and I want that", help_text="Finance is on Business now."
    )


def _frame(dark: bool, banner: bool) -> dict[str, Any]:
    teams = [
        {
            "name": "Design",
            "url": "#design",
            "settings_url": "#design-settings",
            "plan_label": "Premium",
            "current": True,
        },
        {"name": "Ontwikkeling en onderhoud van alles", "url": "#dev", "settings_url": "#dev-settings"},
        {"name": "فريق التصميم", "url": "#arabic", "settings_url": "#arabic-settings"},
        {"name": "Finance", "url": "#finance", "settings_url": "#finance-settings"},
    ]
    spaces = [
        {"name": "Kade Groep", "url": "#kade", "note": "Organization · Basic", "current": True},
        {"name": "Studio Noord", "url": "#noord", "note": "Workspace · Premium"},
    ]
    return {
        "person": Somebody(),
        "space": {"name": "Kade Groep", "url": "#home"},
        "spaces": spaces,
        "teams": teams,
        "plan_label": "Basic",
        "show_upgrade": True,
        "upgrade_url": "#upgrade",
        "menu": [("Admin console", "#console")],
        "clock_banner": datetime(2026, 5, 12, 9, 30, tzinfo=UTC) if banner else None,
        "clock_url": "#clock",
        "sandbox": True,
        "theme": "dark" if dark else "",
    }


def _amounts() -> list[dict[str, object]]:
    return [
        {
            "label": "Premium",
            "note": "15 × €13.49 × 13 of 31 days",
            "money": Money(-8486, "EUR"),
            "kind": "credit",
        },
        {"label": "Business", "note": "15 × €30.49 × 13 of 31 days", "money": Money(19179, "EUR")},
        {"label": "Net", "money": Money(10693, "EUR"), "kind": "sub"},
        {"label": "VAT 21%", "money": Money(2246, "EUR"), "kind": "soft"},
        {"label": "Due today", "money": Money(12939, "EUR"), "kind": "total"},
    ]


def _facts() -> list[dict[str, object]]:
    return [
        {"label": "Plan", "value": "Premium, monthly", "href": "#plan", "action": "Change"},
        {
            "label": "Billing address",
            "value": "Kade Groep B.V.\nKade 12\n1011 AB Amsterdam",
            "href": "#a",
            "action": "Edit",
        },
        {"label": "Renewal", "value": "12 June 2026", "note": "€457.35 excluding VAT"},
    ]


def _invoices() -> list[dict[str, object]]:
    rows = [
        (12, 12, 24484, "paid", "good"),
        (11, 11, 9_124_484, "open", "info"),
        (10, 10, -2738, "credited", ""),
        (9, 9, 24484, "late", "bad"),
    ]
    return [
        {
            "number": f"2026-{number:06}",
            "issued_on": date(2026, 6, day),
            "total": Money(amount, "EUR"),
            "state": state,
            "tone": tone,
        }
        for number, day, amount, state, tone in rows
    ]


def _steps() -> list[dict[str, str]]:
    names = ["Plan", "Space", "Details", "Billing", "Review"]
    states = ["done", "done", "current", "todo", "todo"]
    return [
        {"label": name, "state": state, "href": "#step"} for name, state in zip(names, states, strict=True)
    ]


def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every part; ``?dark`` forces the dark theme and ``?plain`` leaves out the sandbox's own banner."""
    if not settings.CONFIG.sandbox:
        raise Http404
    for level, text in (
        (messages.SUCCESS, "Saved."),
        (messages.ERROR, "Your card was declined. Nothing changed."),
    ):
        messages.add_message(request, level, text)
    context = {
        "frame": _frame("dark" in request.GET, "plain" not in request.GET),
        "form": GalleryForm({"name": "", "email": "anna@", "seats": "5", "cycle": "year", "space": "two"}),
        "amounts": _amounts(),
        "facts": _facts(),
        "invoices": _invoices(),
        "steps": _steps(),
        "acts": [
            {"href": "#1", "icon": "swap", "label": "Edit plan", "note": "Premium, monthly, 15 seats"},
            {"href": "#2", "icon": "users", "label": "Seat utilization", "note": "13 of 15 in use"},
            {"href": "#3", "icon": "invoice", "label": "Latest invoice"},
        ],
        "tabs": [
            {"href": "#t1", "label": "Members"},
            {"href": "#t2", "label": "Billing", "current": True},
            {"href": "#t3", "label": "Settings"},
        ],
        "price": Money(1349, "EUR"),
        "features": ["Unlimited projects", "Timeline and calendars", "Guests without a seat"],
        "lines": ["5 seats × €13.49 × 21 of 31 days = €45.69"],
        "at": datetime(2026, 5, 12, 9, 30, tzinfo=UTC),
        "page": Paginator(range(1, 120), 25).page(2),
    }
    return render(request, "styleguide.html", context)
