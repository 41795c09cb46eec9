"""What each floor may do beyond whom it may import (import-linter sees to that): read time, settings, write rows."""

import ast
import sys

from tests.house.source import Source, calls, dotted, imported, python_files

CLOCKS = frozenset({"zetel/clock.py", "zetel/models/ids.py"})
TIME_READERS = frozenset(
    {
        "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "timezone.now", "timezone.localdate",
        "timezone.localtime", "datetime.datetime.now", "datetime.date.today", "time.time", "time.time_ns",
        "time.localtime", "time.gmtime",
    }
)  # fmt: skip
TIME_FIELDS = frozenset({"auto_now", "auto_now_add"})
TIME_IN_SQL = frozenset({"django.db.models.functions.Now", "django.db.models.functions.datetime.Now"})
WRITERS_ELSEWHERE = frozenset({"actions", "sandbox"})  # the sandbox company keeps books of its own
ROW_WRITES = frozenset(
    {
        "create",
        "get_or_create",
        "update_or_create",
        "bulk_create",
        "bulk_update",
        "update",
        "delete",
        "acreate",
    }
)
OBJECT_WRITES = frozenset({"save", "asave", "delete", "adelete", "save_base"})
QUERY_WORDS = frozenset(
    {"objects", "filter", "exclude", "all", "select_for_update", "_default_manager", "order_by"}
)


def test_only_the_clock_reads_the_time() -> None:
    found = [
        f"{source.place(node)} {dotted(node)}"
        for source in python_files("zetel")
        if source.name not in CLOCKS
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and dotted(node) in TIME_READERS
    ]
    found += [
        f"{source.place(node)} {node.arg}"
        for source in python_files("zetel")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.keyword) and node.arg in TIME_FIELDS
    ]
    found += [
        f"{source.place(node)} {name}"
        for source in python_files("zetel")
        for node, name in imported(source.tree)
        if name in TIME_IN_SQL
    ]
    assert not found, f"take `now` or `today` as a parameter; doors and jobs read zetel.clock: {found}"


def test_only_the_config_looks_at_the_environment() -> None:
    found = [
        source.place(node)
        for source in python_files("zetel")
        if source.name != "zetel/config.py"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and dotted(node) in ("os.environ", "os.getenv", "os.environb")
    ]
    assert not found, f"make it a field of zetel.config.Config and read settings.CONFIG: {found}"


def test_rules_use_the_standard_library_only_and_no_outside_world() -> None:
    outside = {"os", "socket", "subprocess", "random", "secrets", "time", "urllib", "threading", "asyncio"}
    found = [
        f"{source.place(node)} {name}"
        for source in python_files("zetel/rules")
        for node, name in imported(source.tree)
        if not name.startswith("zetel.rules")
        and (name.split(".")[0] not in sys.stdlib_module_names or name.split(".")[0] in outside)
    ]
    assert not found, f"rules are pure: take what you need as a value, or move it up a floor: {found}"


def test_rules_hold_no_float() -> None:
    found = [
        source.place(node)
        for source in python_files("zetel/rules")
        for node in ast.walk(source.tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
    ]
    assert not found, f"money and shares are integers (rule M1): {found}"


def test_only_actions_write() -> None:
    found = [
        f"{source.place(call)} .{call.func.attr}()"
        for source in python_files("zetel")
        if source.room not in WRITERS_ELSEWHERE
        for call in calls(source.tree)
        if isinstance(call.func, ast.Attribute) and _writes(call.func)
    ]
    assert not found, (
        f"move the change into an action, which writes it with its event in one transaction: {found}"
    )


def _writes(function: ast.Attribute) -> bool:
    if function.attr in ROW_WRITES and _is_query(function.value):
        return True
    # A session and a file are no rows.
    return function.attr in OBJECT_WRITES and not dotted(function.value).endswith(
        ("session", "cache", "path")
    )


def _is_query(node: ast.expr) -> bool:
    return any(isinstance(inner, ast.Attribute) and inner.attr in QUERY_WORDS for inner in ast.walk(node))


def test_nothing_happens_by_saving_or_by_signal() -> None:
    found = [
        f"{source.place(node)} {name}"
        for source in python_files("zetel")
        for node, name in imported(source.tree)
        if "signals" in name.split(".") or name.startswith("django.dispatch")
    ]
    found += [
        f"{source.place(node)} def {node.name}"
        for source in python_files("zetel/models")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef) and node.name in OBJECT_WRITES
    ]
    assert not found, f"call the action by name where the change is wanted: {found}"


def _fake(text: str) -> Source:
    source = Source(python_files("zetel")[0].path)
    source.__dict__["tree"] = ast.parse(text)
    return source


def test_the_search_for_writes_sees_what_it_should() -> None:
    written = "Space.objects.filter(pk=1).update(name='x')\nspace.save()\nSpace.objects.create()\n"
    allowed = "seen.update(names)\nrequest.session.save()\nhash.update(b'x')\n"
    found = [
        call.func.attr
        for call in calls(_fake(written + allowed).tree)
        if isinstance(call.func, ast.Attribute) and _writes(call.func)
    ]
    assert sorted(found) == ["create", "save", "update"]
