"""A process of its own that sends one keyed request and is killed on the way: `python -m tests.races.sends …`.

Arguments: the secret, the address, the Idempotency-Key, and where: `in_the_change` (nothing is committed),
`after_the_change` (the intent is, the company was not asked), `after_the_charge` (the company took the money, nothing
is booked) or `before_the_answer` (all is done, the answer is not kept). The killing is SIGKILL.
"""

import os
import signal
import sys
from typing import NoReturn

import django

django.setup()

from django.test import Client  # noqa: E402  # all of these only after the set-up

from tests.api.calling import Program  # noqa: E402
from zetel.actions import kept_answers, outcomes  # noqa: E402
from zetel.jobs import collect  # noqa: E402


def die(*_: object, **__: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


secret, address, key, where = sys.argv[1:]
if where == "in_the_change":
    kept_answers.name_subject = die
elif where == "after_the_change":
    collect.collect = die
elif where == "after_the_charge":
    outcomes.record_outcome = die
else:
    kept_answers.keep = die
Program(secret, client=Client(SERVER_NAME="localhost")).post(address, key=key)
