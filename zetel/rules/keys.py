"""Keys of the API: what they look like, and what a scope lets a program do.

A scope narrows what the one a key acts for may do; it never adds a right. `staff` is for acts of the seller's people
and is asked for beside read or write.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from zetel.rules.errors import ZetelError

SECRET_START = "zk_"
SECRET = re.compile(r"zk_[A-Za-z0-9_-]{43}")
SHOWN_LENGTH = 10  # of a secret in lists, enough to tell two apart and worth nothing
OVERLAP_HOURS = 24  # the replaced secret works on so long after a rotation, unless told otherwise
OVERLAP_HOURS_MAX = 24 * 14


class Scope(StrEnum):
    """What a key may be used for."""

    READ = "read"
    WRITE = "write"
    STAFF = "staff"


def scopes(names: Iterable[str]) -> tuple[str, ...]:
    """The scopes named, each once and in our order; value_required for none, value_invalid for an unknown one."""
    wanted = set(names)
    if not wanted:
        raise ZetelError("value_required", field="scopes")
    if wanted - set(Scope):
        raise ZetelError("value_invalid", field="scopes")
    return tuple(scope.value for scope in Scope if scope in wanted)
