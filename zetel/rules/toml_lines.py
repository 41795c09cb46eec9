"""On which line of a TOML text a key stands, so that a complaint about the catalogue can point at it.

The standard reader gives values without places. This scan knows tables, arrays of tables and plain keys,
which is how a catalogue is written; for a key inside an inline table it falls back to the line of the nearest
name it knows.
"""

import re

Path = tuple[str | int, ...]

_TABLE = re.compile(r"^\s*\[(?P<array>\[)?\s*(?P<name>[^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*(?P<name>[A-Za-z0-9_\-.\"']+)\s*=")


def _names(dotted: str) -> Path:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def lines_of(text: str) -> dict[Path, int]:
    """Path of each table and key, arrays of tables by their index, to its line, counted from 1."""
    found: dict[Path, int] = {(): 1}
    counts: dict[Path, int] = {}
    here: Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if table := _TABLE.match(line):
            here = _names(table["name"])
            if table["array"]:
                counts[here] = counts.get(here, 0) + 1
                here = (*here, counts[here] - 1)
            found.setdefault(here, number)
        elif key := _KEY.match(line):
            found.setdefault((*here, *_names(key["name"])), number)
    return found


def line_at(lines: dict[Path, int], path: Path) -> int:
    """The line of a path, or of the nearest name above it."""
    while path not in lines:
        path = path[:-1]
    return lines[path]
