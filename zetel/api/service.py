"""The API put together: its routers, its document, its page of documentation, and its addresses."""

from types import ModuleType
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, path, re_path
from ninja import NinjaAPI

from zetel.api import (
    catalog,
    changes,
    customers,
    entitlements,
    events,
    invoices,
    keys,
    mails,
    members,
    methods,
    people,
    quotes,
    requests,
    sandbox,
    spaces,
    staff,
    subscriptions,
    trials,
)
from zetel.api.document import complete
from zetel.api.problems import listen, no_such_address
from zetel.api.reading import StrictParser

DESCRIPTION = (
    "Everything that a person can do in the browser, and staff in the back office, for programs. "
    "Amounts are integers of minor units with a currency, times are UTC, lists go by cursor, "
    "and unknown fields are refused."
)


class Service(NinjaAPI):
    def get_openapi_schema(self, **options: Any) -> Any:
        return complete(dict(super().get_openapi_schema(**options)))


api = Service(
    title="Zetel", version="v1", description=DESCRIPTION, parser=StrictParser(), docs_url=None, openapi_url=None,
    urls_namespace="api",
)  # fmt: skip
listen(api)
NOUNS: dict[str, ModuleType] = {
    "Catalogue": catalog,
    "Spaces": spaces,
    "People": people,
    "People of a space": members,
    "Entitlements": entitlements,
    "Customers": customers,
    "Payment methods": methods,
    "Quotes": quotes,
    "Changes": changes,
    "Trials": trials,
    "Subscriptions": subscriptions,
    "Invoices": invoices,
    "Requests": requests,
    "Events": events,
    "Staff": staff,
    "Mails": mails,
    "Keys": keys,
    "Sandbox": sandbox,
}
for name, noun in NOUNS.items():
    api.add_router("", noun.router, tags=[name])

_document: dict[str, Any] = {}


def document() -> dict[str, Any]:
    """Made once a process: it does not change while one runs."""
    if not _document:
        _document.update(api.get_openapi_schema(path_prefix="/api/v1/"))
    return _document


def openapi(request: HttpRequest) -> HttpResponse:
    """The document, for anybody: it holds nothing of an installation."""
    return JsonResponse(document())


def docs(request: HttpRequest) -> HttpResponse:
    """The page that reads the document, from files of our own."""
    return render(request, "api/docs.html")


urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/openapi.json", openapi, name="api_document"),
    path("v1/docs", docs, name="api_docs"),
    path("v1/", api.urls),
    re_path(r"^(?P<rest>.*)$", no_such_address, name="api_nowhere"),
]
