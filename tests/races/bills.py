"""Workers that are forked in an instant: `python -m tests.races.bills <batch size>` makes one for each line it reads.

It answers each line with the worker's process id. A worker bills what is due and collects, until nothing is left; it
may be killed at any moment, and whoever comes after it goes on.
"""

import os
import signal
import sys
from functools import partial

import django

django.setup()

from zetel import clock  # noqa: E402  # models are there only after the set-up
from zetel.actions import renewals  # noqa: E402
from zetel.jobs import billing_run, collect  # noqa: E402


def work() -> None:
    clock.refresh()
    while billing_run.bill(clock.now()).done or collect.collect_new(clock.now()):
        pass


renewals.renew_batch = partial(renewals.renew_batch, limit=int(sys.argv[1]))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever ended needs no burial
for _ in sys.stdin:
    child = os.fork()
    if not child:
        work()
        os._exit(0)
    sys.stdout.write(f"{child}\n")
    sys.stdout.flush()
