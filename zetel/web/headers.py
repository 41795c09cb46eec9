"""Headers that no view has to think of. What a view says itself is left as it is."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def keep_no_copies(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: pages show money and names, so neither browsers nor servers between may keep them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store, private"
        return response

    return middleware
