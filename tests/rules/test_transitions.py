"""Statuses change along their tables or not at all; codes and events are well formed."""

import re

import pytest

from zetel.rules.errors import CODES, ZetelError
from zetel.rules.event_types import ON_TIMELINE, EventType
from zetel.rules.transitions import (
    ATTEMPT,
    CHANGE,
    LIVE_SUBSCRIPTION,
    PAYMENT,
    SUBSCRIPTION,
    TABLES,
    UNSETTLED_ATTEMPT,
    Table,
    before,
    check,
    is_final,
    is_legal,
)


def arrows(table: Table) -> set[str]:
    return {f"{old} {new}" for old, after in table.items() for new in after}


def test_a_subscription_that_ended_never_lives_again() -> None:
    assert arrows(SUBSCRIPTION) == {
        "trial active",
        "trial past_due",
        "trial ended",
        "active past_due",
        "active ended",
        "past_due active",
        "past_due ended",
    }
    assert sorted(LIVE_SUBSCRIPTION) == ["active", "past_due", "trial"]


def test_a_change_that_was_done_stays_done_and_one_that_was_not_is_never_done_later() -> None:
    assert is_final(CHANGE, "done")
    assert before(CHANGE, "done") == ("pending", "action")
    assert before(CHANGE, "refunded") == ("pending", "action", "declined", "expired")


def test_an_attempt_is_paid_once_and_refused_for_good() -> None:
    assert is_final(ATTEMPT, "paid")
    assert is_final(ATTEMPT, "declined")
    assert not any(is_final(ATTEMPT, status) for status in UNSETTLED_ATTEMPT)
    assert "created" not in before(ATTEMPT, "paid")


def test_money_that_came_after_a_refusal_is_still_money() -> None:
    assert is_legal(PAYMENT, "refused", "paid")
    assert is_final(PAYMENT, "refunded")


@pytest.mark.parametrize("name", TABLES)
def test_check_before_and_the_table_say_the_same(name: str) -> None:
    table = TABLES[name]
    for old in table:
        for new in table:
            legal = new in table[old]
            assert is_legal(table, old, new) is legal
            assert (str(old) in before(table, new)) is legal
            if legal:
                check(table, old, new)
                continue
            with pytest.raises(ZetelError, match="transition_illegal"):
                check(table, old, new)
        assert old not in table[old], "staying is no transition"


@pytest.mark.parametrize("name", TABLES)
def test_every_status_can_be_reached_from_the_first(name: str) -> None:
    table = TABLES[name]
    reached, fresh = set(), {next(iter(table))}
    while fresh:
        reached |= fresh
        fresh = {after for status in fresh for after in table[status]} - reached
    assert reached == set(table)


def test_a_status_the_table_does_not_know_is_refused() -> None:
    assert not is_legal(SUBSCRIPTION, "active", "sleeping")
    assert not is_legal(SUBSCRIPTION, "sleeping", "active")
    with pytest.raises(AssertionError):
        before(SUBSCRIPTION, "sleeping")


def test_an_error_carries_code_parameters_and_status() -> None:
    error = ZetelError("seats_in_use", members=["anna"])
    assert (error.code, error.params, error.status) == ("seats_in_use", {"members": ["anna"]}, 409)
    assert str(error) == "seats_in_use (members=['anna'])"
    assert str(ZetelError("no_change")) == "no_change"
    assert (ZetelError("payment_declined").status, ZetelError("not_found").status) == (402, 404)


def test_a_code_that_is_not_listed_is_our_mistake() -> None:
    with pytest.raises(AssertionError):
        ZetelError("oops")


def test_codes_and_event_types_are_written_in_one_way() -> None:
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in CODES)
    assert set(CODES.values()) <= {400, 401, 402, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503}
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*", kind) for kind in EventType)


def test_the_timeline_tells_of_money_and_plans_and_not_of_log_ins() -> None:
    assert {EventType.SUBSCRIPTION_BOUGHT, EventType.INVOICE_ISSUED, EventType.METHOD_REPLACED} <= ON_TIMELINE
    assert not {EventType.PERSON_SIGNED_UP, EventType.QUOTE_MADE, EventType.CLOCK_MOVED} & ON_TIMELINE
