"""A process of its own that asks for a space's plan until it has changed: `python -m tests.races.asks <space> <plan>`.

It says `ready` once it has answered for the first time, and then the wall clock's time at which it saw another plan.
"""

import sys
import time
import uuid

import django

django.setup()

from zetel import clock  # noqa: E402  # models are there only after the set-up
from zetel.actions.directory_plans import entitled  # noqa: E402
from zetel.models import Space  # noqa: E402

PATIENCE_SECONDS = 20

space_id, old = uuid.UUID(sys.argv[1]), sys.argv[2]


def plan() -> str:
    return entitled(Space.objects.get(pk=space_id), clock.now()).plan


assert plan() == old
sys.stdout.write("ready\n")
sys.stdout.flush()
give_up_at = time.monotonic() + PATIENCE_SECONDS
while plan() == old and time.monotonic() < give_up_at:
    time.sleep(0.02)
sys.stdout.write(f"{plan()} {time.time()}\n")
