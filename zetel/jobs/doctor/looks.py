"""Looks: what must never be there, each as one small SELECT; all looks of a rule go to the database as one statement.

The first column of a look is its `subject`, the others are the facts of its finding. A healthy installation answers a
rule's looks with no row at all, so what a look costs is what the database needs to find nothing. Statements are put
together once, when a module is loaded.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from zetel.jobs.doctor.finding import BATCH, Finding, name_of
from zetel.models.payments import UNSETTLED
from zetel.models.row import Row
from zetel.models.subscriptions import LIVE, WAITING
from zetel.rules.money import DECIMALS
from zetel.rules.transitions import SubscriptionStatus

Facts = dict[str, Any]

# What the looks name in their conditions, beside the instants that a check gives.
SETS: Mapping[str, list[str]] = {
    "live": list(LIVE),
    "waiting": list(WAITING),
    "unsettled": list(UNSETTLED),
    "unsettled_or_paid": [*UNSETTLED, "paid"],
    "paid_for": [status for status in LIVE if status != SubscriptionStatus.TRIAL],
    "currencies": list(DECIMALS),
}


@dataclass(frozen=True, slots=True)
class Look:
    """`of` is the kind whose id the subject is (None: a number or a reference), `ids` the kinds of facts that are ids.

    `judge` looks at a row once more where SQL cannot, and gives the facts; None when nothing is wrong.
    """

    what: str
    of: type[Row] | None
    select: str
    ids: Mapping[str, type[Row]] = field(default_factory=dict)
    is_notice: bool = False
    judge: Callable[[Facts], Facts | None] | None = None


class Looks:
    """The looks of one rule."""

    def __init__(self, rule: str, *looks: Look) -> None:
        self.rule, self.looks = rule, looks
        self.statement = _union([look.select for look in looks])

    def found(self, **instants: datetime) -> Iterator[Finding]:
        """What is wrong, in the order of the looks and in each of them by subject; streamed from the server."""
        for index, facts in streamed(self.statement, {**SETS, **instants}):
            told = self._told(self.looks[index], json.loads(facts))
            if told is not None:
                yield told

    def _told(self, look: Look, facts: Facts) -> Finding | None:
        subject = facts.pop("subject")
        if look.judge is not None:
            judged = look.judge(facts)
            if judged is None:
                return None
            facts = judged
        for name, kind in look.ids.items():
            facts[name] = _named(kind, facts[name])
        if look.of is not None:
            subject = _named(look.of, subject)
        return Finding(self.rule, look.what, subject or "", facts, is_notice=look.is_notice)


def streamed(statement: str, params: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement, over a cursor of the server."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, params)
        while rows := cursor.fetchmany(BATCH):
            yield from rows


def _union(selects: Sequence[str]) -> str:
    numbered = (
        f"SELECT {index} AS look, to_jsonb(found) AS facts FROM ({select}) AS found"  # noqa: S608
        for index, select in enumerate(selects)
    )
    return f"SELECT look, facts FROM ({' UNION ALL '.join(numbered)}) AS looks ORDER BY look, facts ->> 'subject'"  # noqa: S608


def _named(kind: type[Row], row_id: str | None) -> str:
    return name_of(kind, UUID(row_id) if row_id else None)
