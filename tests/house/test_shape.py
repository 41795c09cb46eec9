"""Size, naming and introductions: a file or function that grew too long does two things."""

import ast

from tests.house.source import PACKAGE, ROOT, python_files, templates

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
VAGUE = frozenset(
    {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "handlers", "data"}
)
EVERYTHING = ("zetel", "tests", "benchmarks")


def test_no_file_is_longer_than_five_hundred_lines() -> None:
    long = {source.name: source.text.count("\n") for source in python_files(*EVERYTHING)}
    long |= {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in templates()}
    over = [f"{name}: {lines} lines" for name, lines in long.items() if lines > FILE_LINES_MAX]
    assert not over, f"split these files by what they are about ({FILE_LINES_MAX} lines at most): {over}"


def test_no_function_is_longer_than_sixty_lines() -> None:
    over = [
        f"{source.place(node)} {node.name}: {length} lines"
        for source in python_files(*EVERYTHING)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not over, f"decide at the top, compute in leaves: split these functions: {over}"


def test_every_module_opens_by_saying_what_lives_in_it() -> None:
    silent = [
        source.name
        for source in python_files(*EVERYTHING)
        if source.text.strip() and not ast.get_docstring(source.tree)
    ]
    assert not silent, (
        f"open these modules with two to five sentences (what lives here, and the idea): {silent}"
    )


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [source.name for source in python_files("zetel") if source.path.stem in VAGUE]
    assert not vague, f"name these modules after the noun of the glossary they are about: {vague}"


def test_every_folder_of_the_package_can_be_imported() -> None:
    folders = {source.path.parent for source in python_files("zetel")} - {PACKAGE}
    missing = sorted(
        str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").is_file()
    )
    assert not missing, f"add an __init__.py, or the wheel will leave these folders out: {missing}"
