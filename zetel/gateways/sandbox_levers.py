"""What a test of the host's can make the pretend company do: how coming requests go, and what a payer does there.

Only for a sandbox. Everything is the company's own doing; Zetel learns of it as of a real company's, by webhook or by
asking.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from zetel.gateways.sandbox import SandboxGateway
from zetel.rules.errors import ZetelError
from zetel.sandbox import charges, script, setups
from zetel.sandbox.behaviours import ACCOUNTS, BEHAVIOURS, CARDS
from zetel.sandbox.models import Charge

LAST_DAY = date(2199, 12, 31)  # of a card that is typed by itself: as far as the clock goes


def plan(behaviours: Sequence[str], *, operation: Any) -> None:
    """Let the next requests of this kind go so, one each. Raises value_invalid for a behaviour there is not."""
    if not set(behaviours) <= set(BEHAVIOURS):
        raise ZetelError("value_invalid", field="behaviours")
    script.plan(*behaviours, operation=operation)


def clear() -> None:
    """Forget what was planned, and answer again."""
    script.clear_plans()


def check_behaviour(kind: str, behaviour: str) -> None:
    """value_invalid unless a documented card or account behaves so."""
    _typed(kind, behaviour)


def type_in(setup_id: str, *, kind: str, behaviour: str, now: datetime) -> None:
    """Do what a person does on the company's page: type the documented card or account of a behaviour, and agree.

    Where it was done already nothing happens.
    """
    setups.enter(setup_id, _typed(kind, behaviour), now)
    setups.agree(setup_id, now)


def _typed(kind: str, behaviour: str) -> setups.Typed:
    card = next((one for one in CARDS if one.behaviour == behaviour), None)
    account = next((one for one in ACCOUNTS if one.behaviour == behaviour), None)
    if kind == "card" and card is not None:
        return setups.Typed.of_card(card, LAST_DAY)
    if kind == "paypal" and account is not None:
        return setups.Typed.of_account(account)
    raise ZetelError("value_invalid", field="behaviour")


def decide(charge_id: str, *, approved: bool, now: datetime) -> None:
    """The payer's bank approves or refuses a charge that asks for it; what was decided stays."""
    if Charge.objects.filter(id=charge_id, status="action").exists():
        charges.decide_approval(charge_id, approved=approved, now=now)


def ledger(since: datetime, until: datetime) -> list[Any]:
    """What the company took, oldest first."""
    return list(SandboxGateway().captures(since=since, until=until))
