"""The doctor at the end of a story: after every step the product makes, rules X 1 to 17 hold.

A module marks itself with `pytestmark = [..., pytest.mark.usefixtures("stays_healthy")]`, and each of its tests ends
with a visit. A test that damages its world by hand says which findings that leads to.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from tests.conftest import HandClock
from zetel.jobs.doctor import Finding, examine


def findings(now: datetime, *rules: str, notices: bool = False) -> list[Finding]:
    """What the doctor finds; without its notices unless asked for."""
    found = [finding for report in examine(now, rules) for finding in report.findings]
    return [finding for finding in found if notices or not finding.is_notice]


def assert_healthy(now: datetime) -> None:
    """Nothing is wrong, whatever was done."""
    found = findings(now)
    assert not found, "the doctor found:\n" + "\n".join(str(finding) for finding in found)


@dataclass
class Visit:
    """What a test expects of the doctor because it put its hand into the tables: (rule, code)."""

    expected: set[tuple[str, str]] = field(default_factory=set)

    def expect(self, rule: str, what: str) -> None:
        self.expected.add((rule, what))


@pytest.fixture
def stays_healthy(db: None, clock: HandClock) -> Iterator[Visit]:
    """Visits at the end of the test, at the instant at which its clock then stands."""
    visit = Visit()
    yield visit
    found = findings(clock.now)
    unexpected = [finding for finding in found if (finding.rule, finding.what) not in visit.expected]
    assert not unexpected, "the doctor found:\n" + "\n".join(str(finding) for finding in unexpected)
    missed = visit.expected - {(finding.rule, finding.what) for finding in found}
    assert not missed, f"the test expects findings that are none: {missed}"
