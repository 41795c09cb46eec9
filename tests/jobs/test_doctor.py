"""The doctor's visit as a whole: a healthy installation, the command, and that looking changes nothing."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.doctor import assert_healthy, findings
from tests.jobs.doctor_world import Story, damage
from tests.world import buy
from zetel.cli.doctor import run
from zetel.jobs.doctor import CHECKS, examine
from zetel.models import Event, Invoice, Subscription

pytestmark = pytest.mark.django_db


def test_there_is_a_check_for_each_of_the_seventeen_rules() -> None:
    assert [check.rule for check in CHECKS] == [f"X{number}" for number in range(1, 18)]


def test_a_healthy_installation_gives_no_finding_and_no_notice(story: Story) -> None:
    assert findings(story.clock.now, notices=True) == []
    assert_healthy(story.clock.now)


@pytest.mark.parametrize(
    "behaviour", ["declined_soft", "approval", "timeout_after", "processing", "wrong_amount"]
)
def test_trouble_that_the_product_lives_with_is_no_finding(story: Story, behaviour: str) -> None:
    atelier = story.world.workspace(story.bram, name="Atelier")
    buy(atelier, story.bram, story.clock.now, behaviour=behaviour)
    assert_healthy(story.clock.now)


def test_looking_reads_and_asks_no_more_when_there_is_more_to_look_at(story: Story) -> None:
    with CaptureQueriesContext(connection) as before:
        assert_healthy(story.clock.now)
    for number in range(3):
        buy(story.world.workspace(story.bram, name=f"Atelier {number}"), story.bram, story.clock.now)
    with CaptureQueriesContext(connection) as after:
        assert_healthy(story.clock.now)
    ours = [query["sql"] for query in after if "zetel_" in query["sql"]]
    assert [statement for statement in ours if statement.split()[0] in ("INSERT", "UPDATE", "DELETE")] == []
    assert len(ours) == len([query for query in before if "zetel_" in query["sql"]])


def test_a_check_that_cannot_be_carried_out_is_a_finding_and_the_others_go_on(story: Story) -> None:
    damage('ALTER TABLE "zetel_series" RENAME TO "zetel_series_gone"')
    found = {(finding.rule, finding.what) for finding in findings(story.clock.now)}
    assert found == {("X3", "guard_missing"), ("X3", "check_failed"), ("X9", "check_failed")}


def test_thousands_of_findings_are_counted_and_some_are_kept(story: Story) -> None:
    Event.objects.bulk_create(
        Event(kind="subscription.renewed", at=story.clock.now - timedelta(days=1), invoice=story.first,
              after={"amount": n, "currency": "EUR"})
        for n in range(300)
    )  # fmt: skip
    [report] = examine(story.clock.now, ["X10"])
    assert (report.broken_count, report.notice_count, len(report.findings)) == (300, 0, 200)


def test_the_command_says_each_rule_and_ends_with_nothing_wrong(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run([], as_json=False)
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert "X17 ok     Billing again bills nothing" in said
    assert said.endswith("Healthy; 0 notices.\n")


def test_the_command_names_what_is_wrong_and_fails(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    Invoice.objects.filter(pk=story.first.pk).update(state="open")
    with pytest.raises(SystemExit) as ended:
        run(["x6"], as_json=False)
    said = capsys.readouterr().out
    assert ended.value.code == 1
    assert "X6  BROKEN Documents, lines and what is due add up" in said
    assert "state_wrong INV-2026-00001  due=0" in said


def test_the_command_in_json_gives_findings_and_notices_as_values(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    Subscription.objects.update(parked_reason="no price")
    with pytest.raises(SystemExit) as ended:
        run(["X16"], as_json=True)
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out) == {
        "ok": True,
        "rules": [{
            "rule": "X16", "title": "What is due is done, retried or parked", "ok": True, "broken": 0, "notices": 1,
            "findings": [{
                "what": "subscription_parked", "subject": story.subscription.public_id, "notice": True,
                "facts": {"reason": "no price"},
            }],
        }],
    }  # fmt: skip


def test_a_rule_that_is_none_is_refused(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["X18"], as_json=False)
    assert ended.value.code == 2
    assert "X18 is no rule" in capsys.readouterr().err
