"""`zetel reconcile`: holds the payment companies' ledgers against our payments and says what differs."""

import json
import sys

from rich.console import Console

from zetel import clock
from zetel.jobs.reconcile import Compared, run


def run_by_hand(days: int, *, as_json: bool) -> None:
    """Print what came of each company; return code 1 when something differs, 3 when one could not be asked."""
    clock.refresh()
    done = run(clock.now(), days=days)
    if as_json:
        print(json.dumps([_as_json(one) for one in done]))
    else:
        console = Console(highlight=False)
        for one in done:
            console.print(_line(one))
            for found in one.parked:
                money = f"{found.amount.amount} {found.amount.currency}"
                console.print(f"  {found.what}  {found.reference or found.charge_id}  {money}")
        if not done:
            console.print("No payment went through any company yet.")
    if any(one.is_away for one in done):
        sys.exit(3)
    sys.exit(1 if any(one.parked for one in done) else 0)


def _line(one: Compared) -> str:
    if one.is_away:
        return f"{one.gateway}: could not be asked; nothing was compared"
    return (
        f"{one.gateway}: {one.captures} payments compared, {len(one.booked)} booked, {len(one.parked)} differ"
    )


def _as_json(one: Compared) -> dict[str, object]:
    return {
        "gateway": one.gateway, "away": one.is_away, "captures": one.captures, "booked": one.booked,
        "differences": [
            {
                "what": found.what, "reference": found.reference, "charge": found.charge_id,
                "amount": found.amount.amount, "currency": found.amount.currency,
            }
            for found in one.parked
        ],
    }  # fmt: skip
