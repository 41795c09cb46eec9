"""A process of its own that collects one try and is killed on the way: `python -m tests.races.dies <try> <where>
[<company> <address>]`; the company is the sandbox unless told, else a stand-in that listens at the address.

`where` is `after_claim` (before the company was asked) or `after_charge` (the company took the money, nothing is
booked). The killing is SIGKILL, so nothing in the process can tidy up.
"""

import os
import signal
import sys
import uuid
from typing import NoReturn

import django

django.setup()

from tests.gateways import drivers  # noqa: E402
from zetel import clock, gateways  # noqa: E402  # models are there only after the set-up
from zetel.actions import outcomes  # noqa: E402
from zetel.jobs import collect  # noqa: E402


def die(*_: object, **__: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


attempt_id, where = uuid.UUID(sys.argv[1]), sys.argv[2]
name, address = (*sys.argv[3:], "sandbox", "")[:2]
if name in drivers.ADAPTERS:
    gateways._GATEWAYS[name] = drivers.ADAPTERS[name](address)
if where == "after_claim":
    type(gateways.get(name)).charge = die  # type: ignore[method-assign]
else:
    outcomes.record_outcome = die
collect.collect(attempt_id, now=clock.now())
