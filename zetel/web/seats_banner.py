"""What a billing owner reads above the pages of a space when its seats run out (rule C8).

Nearly full, full, or exceeded with the day and amount of growth; nobody else sees how many seats there are (E2).
"""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from zetel.access import Seen
from zetel.actions import seat_use
from zetel.actions.seat_use import SeatUse
from zetel.documents.letters_seats import what_follows
from zetel.rules.seats import Fullness, one_more
from zetel.templatetags.zetel import number
from zetel.web.billing_manual import sales_url
from zetel.web.billing_view import Billing


@dataclass(frozen=True)
class Banner:
    """A notice with one thing to do."""

    tone: str
    title: str
    texts: tuple[str, ...]
    url: str


def owned_use(seen: Seen, now: datetime) -> SeatUse | None:
    """The seats that a space's people take, for the billing owner who pays for them; one query for others."""
    return next(iter(seat_use.over(seen.space, now, owner=seen.person)), None)


def use_of(billing: Billing, now: datetime) -> SeatUse:
    """The same of what the Billing tab has read already."""
    subscription = billing.subscription
    subscription.space = billing.space
    on = seat_use.day_of(subscription, billing.terms, now)
    use = SeatUse(subscription, billing.terms, on, billing.counted, None)
    return seat_use.with_overages([use])[0]


def seats_banner(use: SeatUse | None, now: datetime) -> Banner | None:
    """The banner of a page, or None while there is room or somebody else pays."""
    if use is None or use.fullness is Fullness.ROOM:
        return None
    return Banner(
        tone="bad" if use.fullness is Fullness.EXCEEDED else "warn",
        title=_title(use) % {"space": use.space.name},
        texts=tuple(text for text in _texts(use, now) if text),
        url=sales_url(use.space, "change", use.present)
        if use.subscription.is_manual
        else reverse("billing_plan", args=[use.space.pk]),
    )


def _title(use: SeatUse) -> str:
    if use.fullness is Fullness.NEARLY_FULL:
        return gettext("The seats of %(space)s are nearly full")
    if use.fullness is Fullness.FULL:
        return gettext("All seats of %(space)s are taken")
    return gettext("More people than seats in %(space)s")


def _texts(use: SeatUse, now: datetime) -> list[str]:
    used = ngettext(
        "%(counted)s person counts for %(seats)s seats.", "%(counted)s people count for %(seats)s seats.", use.counted
    ) % {"counted": number(use.counted), "seats": number(use.seats)}  # fmt: skip
    if use.declined:
        told = gettext(
            "More seats could not be paid. Everybody can go on working, but nobody new can join until then."
        )
        return [used, told]
    if use.overage is not None:
        return [used, what_follows(seat_use.told(use, use.overage, now))]
    size = one_more(use.counted, use.seats, use.policy.ladder)
    if use.fullness is Fullness.FULL and size:
        return [used, gettext("One person more needs the size of %(size)s seats.") % {"size": number(size)}]
    return [used]
