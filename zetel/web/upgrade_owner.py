"""Who will hold billing: the buyer, or a colleague from a searchable list of members (screens 2.4; rule R1)."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.utils.translation import gettext

from zetel import clock
from zetel.actions import drafts
from zetel.models import Membership
from zetel.models.ids import parse_public_id
from zetel.models.spaces import MEMBER
from zetel.web.upgrade import Visit, page, step

PEOPLE_ON_A_PAGE = 12
SEARCH_LENGTH_MAX = 100
WORDS_MAX = 5


@step("plan", "space", "details")
def owner(visit: Visit) -> HttpResponse:
    """Me, or a colleague found by name or address; guests are not in the list (rule R1)."""
    request = visit.request
    onward = "trial" if request.GET.get("for") == "trial" else "billing"
    people = (
        Membership.objects.active()
        .of_space(visit.space)
        .filter(standing=MEMBER, person__is_active=True, person__is_machine=False)
        .select_related("person")
        .order_by("person__name", "person__email", "person_id")
        .distinct("person__name", "person__email", "person_id")  # in a division one may be in several teams
    )
    if request.method == "POST":
        wanted = parse_public_id("per", request.POST.get("person", ""))
        chosen = people.filter(person_id=wanted).first() if wanted else None
        if chosen is None:
            messages.error(request, gettext("Choose somebody from the list."))
            return visit.away(visit.url("owner") + ("?for=trial" if onward == "trial" else ""))
        drafts.choose_owner(visit.draft, owner=chosen.person, now=clock.now())
        return visit.to(onward)
    search = " ".join(request.GET.get("q", "").split())[:SEARCH_LENGTH_MAX]
    for word in search.split()[:WORDS_MAX]:
        people = people.filter(Q(person__name__icontains=word) | Q(person__email__icontains=word))
    found = Paginator(people.exclude(person=visit.person), PEOPLE_ON_A_PAGE).get_page(request.GET.get("page"))
    return page(
        visit,
        "upgrade/owner.html",
        "billing",
        found=found,
        search=search,
        is_for_trial=onward == "trial",
        back_url=visit.url(onward),
        owner=visit.opened.owner,
        me=visit.person,
    )
