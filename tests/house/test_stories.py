"""Every rule about a life of a subscription is shown by a story: a test marked `@pytest.mark.story("C4", …)`.

A story sets the clock, acts through the product on a database, moves the clock and compares exact values. A mark is a
promise that the test shows what the rule says and would fail without it; passing through a rule is no reason for one.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.house.source import ROOT, Source, dotted, python_files

RULES = (
    *(f"C{n}" for n in range(1, 14)), "P9", "P10", "P12", *(f"R{n}" for n in range(1, 10)), "G4", "I7", "M11", "M12",
    "M13",
)  # fmt: skip
# Named here, with the reason, until the product does it; then this asks for the story.
NOT_THERE_YET = {"M12": "nothing gives a discount yet; tests/rules/test_billing.py shows how it is reckoned"}
STORIES = ("tests/journeys", "tests/actions", "tests/web", "tests/races", "tests/jobs", "tests/api")


def told(source: Source) -> Iterator[tuple[str, str]]:
    """The rules that the marks of one file name, each with the place of its test."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and dotted(mark.func) == "pytest.mark.story":
                for word in mark.args:
                    assert isinstance(word, ast.Constant), (
                        f"{source.place(node)}: name the rules as plain words"
                    )
                    yield str(word.value), f"{source.place(node)} {node.name}"


def stories(*folders: str) -> dict[str, list[str]]:
    """The tests that show each rule."""
    found: dict[str, list[str]] = defaultdict(list)
    for source in python_files(*folders):
        for rule, place in told(source):
            found[rule].append(place)
    return found


def test_every_rule_has_a_story() -> None:
    found = stories(*STORIES)
    missing = [rule for rule in RULES if rule not in found and rule not in NOT_THERE_YET]
    assert not missing, (
        f'write a story for each of these, marked `@pytest.mark.story("{missing[0]}")`: {missing}'
    )
    shown = sorted(set(found) & set(NOT_THERE_YET))
    assert not shown, f"these have a story by now; take them out of NOT_THERE_YET: {shown}"


def test_marks_name_rules_that_stories_are_kept_for() -> None:
    unknown = {rule: places for rule, places in stories("tests").items() if rule not in RULES}
    assert not unknown, f"no such rule among those that need a story ({', '.join(RULES)}): {unknown}"
    outside = {
        rule: [x for x in places if not x.startswith(STORIES)] for rule, places in stories("tests").items()
    }
    outside = {rule: places for rule, places in outside.items() if places}
    assert not outside, f"a story is told on a database, in one of {STORIES}: {outside}"


def test_a_story_is_found_by_its_mark() -> None:
    source = Source(ROOT / "tests/journeys/test_x.py")
    vars(source)["tree"] = ast.parse('@pytest.mark.story("C1", "C3")\ndef test_it(clock):\n    pass\n')
    assert [rule for rule, _ in told(source)] == ["C1", "C3"]
