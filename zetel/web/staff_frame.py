"""What every page of the back office has: who may enter, its own navigation, and lists a page at a time."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zetel.access import staff_of
from zetel.models import Person
from zetel.rules.roles import Capability, Role, may

Found = TypeVar("Found", bound=Model)

ROWS_ON_A_PAGE = 25
SEARCH_LENGTH_MAX = 100
_PAGE_DIGITS_MAX = 6

# Label, address, icon, and what one must be allowed to see it there.
_PAGES: tuple[tuple[Promise, str, str, Capability], ...] = (
    (_("Overview"), "staff", "home", Capability.STAFF_ENTER),
    (_("Sales inbox"), "staff_sales", "mail", Capability.STAFF_OFFER),
    (_("Offers"), "staff_offers", "document", Capability.STAFF_OFFER),
    (_("Manual invoices"), "staff_manual", "invoice", Capability.STAFF_CUSTOMERS_SEE),
    (_("Bank"), "staff_bank_lines", "card", Capability.STAFF_MONEY_BOOK),
    (_("Support inbox"), "staff_support", "help", Capability.STAFF_ENTER),
    (_("Customers"), "staff_customers", "users", Capability.STAFF_CUSTOMERS_SEE),
    (_("Spaces"), "staff_spaces", "building", Capability.STAFF_CUSTOMERS_SEE),
    (_("Parked work"), "staff_parked", "alert", Capability.STAFF_ENTER),
    (_("Mails"), "staff_mails", "document", Capability.STAFF_RESEND),
    (_("Exports"), "staff_exports", "download", Capability.STAFF_EXPORT),
    (_("Staff"), "staff_people", "shield", Capability.STAFF_NAME),
    (_("Clock"), "staff_clock", "clock", Capability.SANDBOX_CLOCK),
)


def enter(request: HttpRequest, capability: Capability) -> Person:
    """The member of staff who asks; strangers to the house are told that there is no such page."""
    return staff_of(request, capability)


def allowed(person: Person, capability: Capability) -> bool:
    return bool(person.staff_role) and may([Role(person.staff_role)], capability)


def page(
    request: HttpRequest, template: str, person: Person, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """A page of the back office with its navigation."""
    return render(request, template, {"staff_pages": _pages(request, person), **context}, status=status)


def _pages(request: HttpRequest, person: Person) -> list[dict[str, object]]:
    shown = [
        (label, reverse(name), icon)
        for label, name, icon, capability in _PAGES
        if allowed(person, capability)
    ]
    home = reverse("staff")
    return [
        {
            "label": label,
            "url": url,
            "icon": icon,
            "current": request.path == url or (url != home and request.path.startswith(url)),
        }
        for label, url, icon in shown
    ]


def search_of(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:SEARCH_LENGTH_MAX]


def rows_of(request: HttpRequest, rows: "QuerySet[Found]") -> "Page[Found]":
    """The asked-for page of a list; whatever else is asked for is its first page or its last."""
    return Paginator(rows, ROWS_ON_A_PAGE).get_page(request.GET.get("page", "1")[:_PAGE_DIGITS_MAX])
