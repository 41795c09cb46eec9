"""The company's server: every request a seller can make, and the levers of the pretence.

Requests take plain values and answer JSON-like dicts (`answers`), or fail as a company fails: `TimedOut`, `Failed`,
`Down`, `Invalid`. They must not be called inside a transaction. The levers (`plan`, `go_down`, `forget_keys`) decide
how coming requests go; `deliver_due` sends the webhooks that are due by the company's clock.
"""

from datetime import datetime

from zetel.sandbox import webhooks
from zetel.sandbox.answers import Answer, CompanyError, Down, Failed, Invalid, TimedOut
from zetel.sandbox.charges import (
    MINIMUM_AMOUNT,
    cancel,
    captures,
    charge,
    fetch_charge,
    settle_due,
)
from zetel.sandbox.disputes import bank_acts, give_back, take_back
from zetel.sandbox.refunds import fetch_refund, refund
from zetel.sandbox.script import (
    KEY_MEMORY,
    clear_plans,
    come_up,
    forget_keys,
    go_down,
    is_down,
    plan,
    sweep_keys,
)
from zetel.sandbox.setups import begin_setup, fetch_setup, forget
from zetel.sandbox.webhooks import SIGNATURE_HEADER, Post, signature

__all__ = [
    "KEY_MEMORY",
    "MINIMUM_AMOUNT",
    "SIGNATURE_HEADER",
    "Answer",
    "CompanyError",
    "Down",
    "Failed",
    "Invalid",
    "Post",
    "TimedOut",
    "bank_acts",
    "begin_setup",
    "cancel",
    "captures",
    "charge",
    "clear_plans",
    "come_up",
    "deliver_due",
    "fetch_charge",
    "fetch_refund",
    "fetch_setup",
    "forget",
    "forget_keys",
    "give_back",
    "go_down",
    "is_down",
    "plan",
    "refund",
    "settle_due",
    "signature",
    "take_back",
]


def deliver_due(now: datetime, post: Post | None = None) -> int:
    """Settle what is due, then send every webhook that is due; over HTTP unless `post` is given. Returns how many
    were accepted. A company that is down sends nothing."""
    if is_down(now):
        return 0
    settle_due(now)
    sweep_keys(now)
    return webhooks.deliver_due(now, post)
