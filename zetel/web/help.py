"""The help page `Upgrading and billing`: every answer on one page, with anchors, and a search that needs no script."""

import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from zetel import clock
from zetel.models import CatalogVersion
from zetel.web.help_answers import Answer, Group, groups
from zetel.web.help_facts import Facts
from zetel.web.help_ways import ways_of

QUERY_LENGTH_MAX = 100


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """For everybody, logged in or not; `q` leaves the answers that hold all of its words, `space` is whose links."""
    now = clock.now()
    facts, ways = Facts(CatalogVersion.objects.current(), now.date()), ways_of(request, now)
    query = request.GET.get("q", "").replace("\x00", "").strip()[:QUERY_LENGTH_MAX]
    shown = found(groups(facts, ways), query)
    context = {
        "groups": shown, "query": query, "found": sum(len(group.answers) for group in shown),
        "asked_space": ways.space.public_id if ways.space and request.GET.get("space") else "",
        "support_url": ways.support,
    }  # fmt: skip
    return render(request, "help/help.html", context)


def found(every: Iterable[Group], query: str) -> list[Group]:
    """The groups with the answers in which every word of the query stands; all of them without a query."""
    words = _plain(query).split()
    kept = [
        replace(group, answers=tuple(one for one in group.answers if _holds(one, group, words)))
        for group in every
    ]
    return [group for group in kept if group.answers]


def _holds(answer: Answer, group: Group, words: list[str]) -> bool:
    labels = (label for label, _ in answer.links)
    text = _plain(" ".join((group.title, answer.question, *answer.paragraphs, *labels)))
    return all(word in text for word in words)


def _plain(text: str) -> str:
    """Without capitals and accents, so that people find what they mean."""
    letters = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
