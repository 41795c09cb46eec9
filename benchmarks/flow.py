"""Server time and number of queries of each page of the upgrade flow and of the quote, for 10 and for 400 people.

Pages are asked in this process, on an embedded PostgreSQL of their own, so no network blurs the figures. The limit
measured in the same run is the form to support, a light page of ours: what Django, the session and
the frame cost before a page says anything of its own.
"""

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.db import connection
from django.test.utils import setup_databases, setup_test_environment

from tests import environment  # prepares a database of its own; must come before models
from tests.directory_world import World, begin
from tests.web.upgrade_steps import Buyer
from zetel import clock
from zetel.actions import quotes
from zetel.models import Space
from zetel.rules.periods import Cycle

ROUNDS = 15
STEPS = ("plan", "space", "details", "billing", "review")


def measured(act: Callable[[], object]) -> tuple[float, int]:
    """Median milliseconds and the number of queries of one call."""
    act()
    asked: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        act()
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        act()
        taken.append((time.perf_counter() - begun) * 1000)
    return round(statistics.median(taken), 1), len(asked)


def crowded(world: World, people: int) -> tuple[Buyer, Space]:
    """A buyer at the review page of a purchase for a workspace of so many people."""
    anna = world.person(f"Anna{people}")
    space = world.workspace(anna, name=f"p{people}")
    world.crowd(space, min(people, 15) - 1)
    if people > 15:
        subscription = world.paid(space, anna, seats=500)
        world.join(
            space, *[world.person(f"Mens{n}", f"mens{n}-{people}@elders.example") for n in range(people - 15)]
        )
        subscription.terms.all().delete()
        subscription.delete()
    buyer = Buyer(anna)
    buyer.choose(space, seats=500)
    buyer.pay_with("paid")
    return buyer, space


def figures_of(buyer: Buyer, space: Space) -> dict[str, tuple[float, int]]:
    wish = quotes.Wish("premium", Cycle.YEAR, 500, "EUR")
    found = {step: measured(partial(asked, buyer, step)) for step in STEPS}
    found["quote"] = measured(lambda: quotes.estimate(space, wish, customer=None, now=clock.now()))
    found["limit"] = measured(lambda: buyer.client.get("/support/"))
    return found


def asked(buyer: Buyer, step: str) -> Any:
    page = buyer.get(step)
    assert page.status_code == 200, f"{step}: {page.status_code}"
    return page


def main() -> None:
    environment.start_server()
    setup_test_environment()
    setup_databases(verbosity=0, interactive=False)
    clock.freeze(datetime(2026, 5, 12, 10, 0, tzinfo=UTC))
    world = begin(clock.now())
    few, many = (figures_of(*crowded(world, people)) for people in (10, 400))
    for step in few:
        print(f"{step:8} {few[step][0]:6.1f} ms {few[step][1]:3} queries   with 400 people {many[step][0]:6.1f} ms"
              f" {many[step][1]:3} queries")  # fmt: skip
    slowest = max(many[step][0] for step in STEPS)
    figures = {
        "benchmark": "flow", "ms_10": {k: v[0] for k, v in few.items()}, "ms_400": {k: v[0] for k, v in many.items()},
        "queries_10": {k: v[1] for k, v in few.items()}, "queries_400": {k: v[1] for k, v in many.items()},
        "slowest_ms": slowest, "limit_ms": many["limit"][0], "ratio": round(slowest / many["limit"][0], 2),
    }  # fmt: skip
    print(json.dumps(figures))
    environment.clear()


if __name__ == "__main__":
    main()
