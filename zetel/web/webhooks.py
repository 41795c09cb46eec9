"""Where payment companies tell us what happened: verify the raw bytes, store once, answer 200 (rules G3, X14)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from zetel import clock, gateways
from zetel.gateways.base import BadSignature, GatewayUnavailable
from zetel.jobs import inbound

LONGEST_BODY = 256 * 1024


@csrf_exempt  # a company has no session with us; its signature is what proves it
@require_POST
def receive(request: HttpRequest, gateway: str) -> HttpResponse:
    """One webhook. 400 for what is not authentic or fresh; the same event again is 200 and stored once."""
    if gateway not in [offered.name for offered in gateways.available()]:
        raise Http404
    body = request.read(LONGEST_BODY + 1)
    if len(body) > LONGEST_BODY:
        return HttpResponse("too large", status=413, content_type="text/plain")
    try:
        inbound.receive(gateway, request.headers, body, now=clock.now())
    except (BadSignature, UnicodeDecodeError):
        return HttpResponse("not authentic", status=400, content_type="text/plain")
    except (
        GatewayUnavailable
    ):  # the company is asked whether it is true and does not answer: it sends this again
        return HttpResponse("not now", status=503, content_type="text/plain")
    return HttpResponse("stored", content_type="text/plain")
