"""`zetel doctor`: looks whether rules X 1 to 17 hold on this database, and says exactly what is wrong."""

import json
import sys
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from zetel import clock
from zetel.jobs.doctor import CHECKS, Finding, Report, examine

SHOWN_MAX = 50  # of one rule on a terminal; --json gives all that were kept


def run(rules: Sequence[str], *, as_json: bool) -> None:
    """Print each rule as it was looked at; return code 1 when one is broken, 2 for a rule that is none."""
    asked = [rule.upper() for rule in rules]
    known = [check.rule for check in CHECKS]
    if unknown := [rule for rule in asked if rule not in known]:
        print(f"zetel: {', '.join(unknown)} is no rule; choose from {', '.join(known)}", file=sys.stderr)
        sys.exit(2)
    clock.refresh()
    reports = examine(clock.now(), asked)
    broken = _print_json(reports) if as_json else _print_table(reports)
    sys.exit(1 if broken else 0)


def _print_json(reports: Iterator[Report]) -> int:
    held = list(reports)
    broken = sum(report.broken_count for report in held)
    print(json.dumps({"ok": not broken, "rules": [_as_json(report) for report in held]}, default=str))
    return broken


def _as_json(report: Report) -> dict[str, object]:
    return {
        "rule": report.check.rule, "title": report.check.title, "ok": not report.broken_count,
        "broken": report.broken_count, "notices": report.notice_count,
        "findings": [
            {"what": f.what, "subject": f.subject, "notice": f.is_notice, "facts": f.facts} for f in report.findings
        ],
    }  # fmt: skip


def _print_table(reports: Iterator[Report]) -> int:
    console, broken, notices = Console(highlight=False), 0, 0
    for report in reports:
        broken += report.broken_count
        notices += report.notice_count
        word, style = ("BROKEN", "bold red") if report.broken_count else ("ok", "green")
        console.print(Text.assemble(f"{report.check.rule:<4}", (f"{word:<7}", style), report.check.title))
        shown = sorted(report.findings, key=lambda finding: finding.is_notice)[:SHOWN_MAX]
        for finding in shown:
            console.print(_line(finding), soft_wrap=True)
        if left := report.broken_count + report.notice_count - len(shown):
            console.print(f"           and {left} more")
    console.print(_summary(broken, notices))
    return broken


def _line(finding: Finding) -> Text:
    weight, style = ("notice ", "yellow") if finding.is_notice else ("", "red")
    facts = "  ".join(f"{name}={_fact(value)}" for name, value in finding.facts.items())
    return Text.assemble(
        "           ", (f"{weight}{finding.what}", style), f" {finding.subject}  ", (facts, "dim")
    )


def _fact(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _summary(broken: int, notices: int) -> str:
    found = f"{broken} findings" if broken != 1 else "1 finding"
    told = f"{notices} notices" if notices != 1 else "1 notice"
    return f"Healthy; {told}." if not broken else f"{found}, {told}."
