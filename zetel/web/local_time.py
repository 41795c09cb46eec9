"""Times of day are shown in the reader's own time zone; to somebody who is not logged in, in the seller's."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from zetel.models import Person


def show_local_time(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: choose the zone in which templates show instants, for this request only."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with timezone.override(_zone(request)):
            return get_response(request)

    return middleware


def _zone(request: HttpRequest) -> ZoneInfo:
    seller: ZoneInfo = settings.CONFIG.seller.time_zone
    if not isinstance(request.user, Person):
        return seller
    try:
        return ZoneInfo(request.user.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return seller
