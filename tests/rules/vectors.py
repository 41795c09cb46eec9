"""Where the expected results are that were reckoned apart from this code, and how they are read.

The folder is `$ZETEL_SHARED_CHECKS`, or `../shared/checks` beside the repository. Where it is missing the tests that
need it are left out and say so; where nothing may be left out (`CI=true`) they fail.
"""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def load(name: str) -> list[dict[str, Any]]:
    """The rows of one file of vectors."""
    folder = Path(os.environ.get("ZETEL_SHARED_CHECKS") or REPOSITORY.parent / "shared" / "checks")
    path = folder / "vectors" / name
    if not path.exists():
        message = f"left out: {path} is not there; set ZETEL_SHARED_CHECKS to the folder of checks"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    rows: list[dict[str, Any]] = json.loads(path.read_text())
    assert rows, f"{path} is empty"
    return rows


def day(text: str) -> date:
    return date.fromisoformat(text)
