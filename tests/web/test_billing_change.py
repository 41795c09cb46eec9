"""Changing a live plan on its pages: the worked examples as people see them, what happens when, and what is refused."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conftest import HandClock
from tests.directory_world import World
from tests.web.change_steps import Owner, at
from tests.world import DUTCH, customer_of, subscribe
from zetel.models import Invoice, InvoiceLine, Person, Space, Subscription, SubscriptionTerms

pytestmark = pytest.mark.django_db

QUERIES_MAX = 15


@pytest.fixture
def owner(anna: Person, studio: Space) -> Owner:
    return Owner(anna, studio)


def lines(after: int = 1) -> list[tuple[str, str, int, str, str, int]]:
    """Every line after the purchase: kind, plan, seats, first day, end, amount."""
    rows = InvoiceLine.objects.order_by("invoice__issued_at", "invoice_id", "position")[after:]
    return [(x.kind, x.plan, x.seats, x.start.isoformat(), x.end.isoformat(), x.amount) for x in rows]


def says(page: str, *texts: str) -> None:
    for text in texts:
        assert text in page, f"{text!r} is not in: {page}"


# ------------------------------------------------------------------------------------------------- worked examples


def test_example_2_estimate_review_button_invoice_and_result_agree(
    owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, customer=customer_of(anna, clock.now, **DUTCH))
    clock.set(at(5, 30))
    shown = ("Given back: 15 seats × €13.49 × 13 of 31 days = €84.86", "15 seats × €30.49 × 13 of 31 days = €191.79",
             "Subtotal €106.93", "VAT 21% €22.46", "Due today €129.39",
             "12 June 2026: €553.39, tax included")  # fmt: skip
    says(owner.reads("plan", plan="business", cycle="month", seats=15), *shown)
    review = owner.wish(plan="business")
    says(owner.review(review), *shown, "Change for €129.39", "Business, monthly, 15 seats")
    done = owner.client.get(owner.confirm(review).headers["Location"])
    says(done.content.decode(), "The plan was changed", "€129.39", "INV-2026-00002")
    invoice = Invoice.objects.get(number="INV-2026-00002")
    assert (invoice.net_amount, invoice.tax_amount, invoice.total_amount, invoice.state) == (
        10693, 2246, 12939, "paid",
    )  # fmt: skip
    assert lines() == [
        ("credit", "premium", 15, "2026-05-30", "2026-06-12", -8486),
        ("charge", "business", 15, "2026-05-30", "2026-06-12", 19179),
    ]


def test_example_2_in_dutch(anna: Person, studio: Space, clock: HandClock) -> None:
    subscribe(studio, anna, clock.now, customer=customer_of(anna, clock.now, **DUTCH))
    clock.set(at(5, 30))
    owner = Owner(anna, studio, "nl")
    says(owner.reads("plan"), "Abonnement bewerken", "Je abonnement nu", "Volgende factuur")
    says(
        owner.review(owner.wish(plan="business")), "Wijziging controleren", "Wijzigen voor € 129,39",
        "Teruggegeven: 15 seats × € 13,49 × 13 van 31 dagen = € 84,86", "Vandaag te betalen € 129,39",
        "12 juni 2026: € 553,39, inclusief btw",
    )  # fmt: skip
    says(owner.change(plan="business"), "Het abonnement is gewijzigd", "Business, maandelijks, 15 seats")


def test_example_3_to_yearly_starts_a_year_today(
    owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now)
    clock.set(at(5, 30))
    says(
        owner.reads("plan", cycle="year"), "€84.86", "15 seats × €134.90 = €2,023.50", "Due today €1,938.64",
        "A full year starts today.", "30 May 2027: €2,023.50, tax included", "15 seats · €2,023.50 a year",
    )  # fmt: skip
    says(owner.review(owner.wish(cycle="year")), "Change for €1,938.64")
    says(owner.change(cycle="year"), "The plan was changed", "30 May 2027")
    assert [line[5] for line in lines()] == [-8486, 202350]


def test_example_4_more_seats_of_a_year_are_one_line(
    owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    clock.set(at(2, 1))
    subscribe(studio, anna, clock.now, plan="business", cycle="year", seats=10)
    clock.set(at(7, 15))
    wish: dict[str, str | int] = {"plan": "business", "cycle": "year", "seats": 20}
    says(
        owner.reads("plan", **wish), "10 seats × €304.90 × 201 of 365 days = €1,679.04", "Due today €1,679.04"
    )
    says(owner.review(owner.wish(**wish)), "Change for €1,679.04")
    owner.change(**wish)
    assert lines() == [("charge", "business", 10, "2026-07-15", "2027-02-01", 167904)]


def test_example_5_from_the_31st_in_february(
    owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    clock.set(datetime(2026, 1, 31, 10, tzinfo=UTC))
    subscribe(studio, anna, clock.now, seats=3)
    clock.set(at(2, 10))
    says(
        owner.reads("plan", seats=5), "2 seats × €13.49 × 18 of 28 days = €17.34", "28 February 2026: €67.45"
    )
    says(owner.review(owner.wish(seats=5)), "Change for €17.34")
    owner.change(seats=5)
    assert lines() == [("charge", "premium", 2, "2026-02-10", "2026-02-28", 1734)]


def test_example_7_seats_bought_twice_are_given_back_in_one_line(
    owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, seats=5)
    clock.set(at(5, 19))
    says(owner.review(owner.wish(seats=10)), "5 seats × €13.49 × 24 of 31 days = €52.22", "Change for €52.22")
    owner.change(seats=10)
    clock.set(at(5, 30))
    says(
        owner.review(owner.wish(plan="business", seats=10)), "Change for €71.29",
        "Given back: 10 seats × €13.49 × 13 of 31 days = €56.57", "10 seats × €30.49 × 13 of 31 days = €127.86",
    )  # fmt: skip


def test_example_8_yearly_with_less_happens_whole_at_the_end_and_is_scheduled(
    owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, plan="business", seats=10)
    clock.set(at(5, 30))
    wish: dict[str, str | int] = {"plan": "premium", "cycle": "year", "seats": 5}
    shown = ("Nothing changes today and nothing is due.", "Everything happens together on 12 June 2026",
             "From 12 June 2026: Premium instead of Business", "From 12 June 2026: annual instead of monthly",
             "From 12 June 2026: 5 seats instead of 10 seats", "12 June 2026: €674.50, tax included")  # fmt: skip
    says(owner.reads("plan", **wish), *shown)
    review = owner.review(owner.wish(**wish))
    says(review, *shown, "Schedule")
    assert "Change for" not in review
    says(owner.change(**wish), "The change is scheduled", "From 12 June 2026: 5 seats instead of 10 seats")
    assert lines() == []


# ------------------------------------------------------------------------------------ now, later, replaced, undone


def test_part_now_and_part_later_is_said_as_both(
    owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, seats=10)
    clock.set(at(5, 30))
    says(
        owner.reads("plan", plan="business", seats=5), "From today Business, monthly, 10 seats", "Due today €71.29",
        "More happens now, less on 12 June 2026", "From 12 June 2026: 5 seats instead of 10 seats",
        "12 June 2026: €152.45, tax included",
    )  # fmt: skip


def test_only_what_differs_is_asked_for_so_what_waits_for_the_rest_stays(
    owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, plan="business", seats=10)
    owner.change(plan="premium", seats=5)
    says(
        owner.reads("plan", plan="business", seats=15), "What no longer happens 12 June 2026: 5 seats",
        "From 12 June 2026: Premium instead of Business (scheduled before)",
    )  # fmt: skip
    owner.change(plan="business", seats=15)
    page = owner.reads()
    says(page, "From 12 June 2026: Premium instead of Business")
    assert "From 12 June 2026: 5 seats" not in page.partition("Timeline")[0]


def test_what_waits_stands_on_the_tab_one_by_one_and_each_is_undone_by_itself(
    owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, plan="business", seats=10)
    owner.change(plan="premium", seats=5)
    says(
        owner.reads(), "What will change", "From 12 June 2026: Premium instead of Business",
        "From 12 June 2026: 5 seats instead of 10 seats", "Cancel this change",
    )  # fmt: skip
    says(
        owner.reads("scheduled/plan"), "From 12 June 2026: Premium instead of Business",
        "What still happens From 12 June 2026: 5 seats instead of 10 seats", "12 June 2026: €152.45, tax included",
    )  # fmt: skip
    assert owner.post("scheduled/plan").headers["Location"] == owner.base
    page = owner.reads()
    assert "Premium instead of Business" not in page
    says(page, "From 12 June 2026: 5 seats instead of 10 seats", "Done. You get a mail that says so.")
    owner.post("scheduled/seats")
    assert "What will change" not in owner.reads()
    assert owner.post("scheduled/seats").headers["Location"] == owner.base
    says(owner.reads(), "This is how it is already; nothing was changed.")
    assert owner.get("scheduled/colour").status_code == 404


def test_the_list_of_sizes_holds_only_those_that_fit_each_with_its_total(
    world: World, owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, seats=10)
    world.crowd(studio, 5)
    page = owner.get("plan").content.decode()
    assert 'value="5"' not in page
    says(page, "10 seats · €134.90 a month", "500 seats · €6,745.00 a month", "6 people are counted.")
    says(owner.get("plan", plan="business", cycle="year").content.decode(), "10 seats · €3,049.00 a year")


def test_nothing_chosen_is_no_change(owner: Owner, anna: Person, studio: Space, clock: HandClock) -> None:
    subscribe(studio, anna, clock.now)
    says(owner.reads("plan"), "This is what you have now.", "12 June 2026: €202.35, tax included")
    answer = owner.post("plan", plan="premium", cycle="month", seats=15)
    assert answer.status_code == 422
    says(answer.content.decode(), "This is how it is already; nothing was changed.")


def test_recalculating_without_javascript_keeps_the_choices_and_quotes_nothing(
    owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now)
    answer = owner.post("plan", plan="business", cycle="year", seats=20, act="recalculate")
    assert answer.headers["Location"] == f"{owner.base}plan?plan=business&cycle=year&seats=20"
    says(
        owner.client.get(answer.headers["Location"]).content.decode(),
        "Due today",
        "20 seats · €6,098.00 a year",
    )


def test_choosing_basic_leads_to_cancelling(
    owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now)
    says(owner.reads("plan", plan="basic"), "Going to Basic is cancelling your plan", "Go on to cancelling")
    assert (
        owner.post("plan", plan="basic", cycle="month", seats=15).headers["Location"] == owner.base + "cancel"
    )
    assert Subscription.objects.get().ends_on is None


def test_above_the_ladder_is_for_sales(
    world: World, owner: Owner, anna: Person, studio: Space, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(studio, anna, clock.now)
    monkeypatch.setattr("zetel.web.billing_plan.sizes_for", lambda counted, ladder: ())
    for answer in (owner.get("plan"), owner.post("plan", plan="premium", cycle="month", seats=525)):
        asked = f"topic=more_seats&amp;plan=premium&amp;cycle=month&amp;space={studio.public_id}"
        says(answer.content.decode(), "So many people are for sales", asked)


def test_pages_cost_the_same_few_queries_however_large_the_space(
    world: World, owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, seats=50)
    owner.change(seats=20)
    review = owner.wish(plan="business", seats=50)
    pages = ("plan?plan=business&seats=60", "cancel", "scheduled/seats", review.removeprefix(owner.base), "")

    def counts() -> list[int]:
        found = []
        for page in pages:
            owner.client.get(owner.base + page)
            with CaptureQueriesContext(connection) as caught:
                assert owner.client.get(owner.base + page).status_code == 200, page
            found.append(len(caught))
        return found

    few = counts()
    assert max(few) <= QUERIES_MAX, dict(zip(pages, few, strict=True))
    world.crowd(studio, 15)
    assert counts() == few


def test_pages_are_kept_by_nobody(owner: Owner, anna: Person, studio: Space, clock: HandClock) -> None:
    subscribe(studio, anna, clock.now)
    for page in ("plan", "cancel", owner.wish(seats=20).removeprefix(owner.base)):
        assert owner.get(page).headers["Cache-Control"] == "no-store, private"


# --------------------------------------------------------------------------------------------- cancelling, resuming


def test_cancelling_says_when_it_ends_what_stops_and_that_everything_is_kept(
    owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, seats=10)
    owner.change(seats=5)
    says(
        owner.reads("cancel"), "Premium of Studio Noord ends on 12 June 2026.", "Everything is kept.",
        "nothing of it is refunded by itself", "What no longer happens: 12 June 2026: 5 seats", "Cancellation policy",
        "Fewer seats 2 seats · €26.98 a month", "Paying yearly Annual · saves €269.80 a year",
    )  # fmt: skip
    assert owner.post("cancel", reason="Too dear").headers["Location"] == owner.base
    subscription = Subscription.objects.get()
    assert subscription.ends_on == date(2026, 6, 12)
    assert subscription.events.get(kind="subscription.cancelled").reason == "Too dear"


def test_after_cancelling_it_ends_and_never_renews_until_it_is_resumed(
    owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, seats=10)
    owner.post("cancel")
    page = owner.reads()
    says(page, "Ends on 12 June 2026", "Resume")
    assert "Renews" not in page
    assert "renews" not in page
    assert "Cancel plan" not in page
    assert owner.post("cancel").headers["Location"] == owner.base
    says(
        owner.reads("resume"),
        "Studio Noord keeps Premium, monthly, 10 seats.",
        "12 June 2026: €134.90, tax included",
    )
    assert owner.post("resume").headers["Location"] == owner.base
    says(owner.reads(), "Active", "Renews on 12 June 2026")
    assert owner.post("resume").headers["Location"] == owner.base


def test_after_cancelling_more_may_be_bought_and_less_asks_for_resuming(
    owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, seats=10)
    owner.post("cancel")
    clock.set(at(5, 30))
    says(owner.reads("plan", seats=15), "The plan still ends on 12 June 2026.", "Due today €28.29")
    says(owner.reads("plan", seats=5), "This plan has been cancelled. Resume it first", "Resume")
    answer = owner.post("plan", plan="premium", cycle="year", seats=10)
    assert answer.status_code == 422
    says(answer.content.decode(), "This plan has been cancelled. Resume it first")
    owner.change(seats=15)
    assert Subscription.objects.get().ends_on == date(2026, 6, 12)


def test_a_reason_that_is_too_long_loses_nothing(
    owner: Owner, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now)
    answer = owner.post("cancel", reason="x" * 501)
    assert (answer.status_code, Subscription.objects.get().ends_on) == (422, None)
    assert "x" * 501 in answer.content.decode()


def test_the_policy_is_open_to_everybody(owner: Owner, clock: HandClock) -> None:
    owner.client.logout()
    answer = owner.client.get("/cancellation-policy")
    assert answer.status_code == 200
    says(answer.content.decode(), "When does a plan end?", "Not by itself", "Nothing is deleted")
    assert SubscriptionTerms.objects.count() == 0
