"""Public ids in addresses: `<spc:space_id>` matches `spc_…` and gives the view its UUID.

There is one converter per kind of row, named by its prefix. What is not a public id of that kind does not match, so
a malformed id ends in the same 404 as one that does not exist (rule R8).
"""

import uuid
from typing import ClassVar

from django.urls.converters import get_converters, register_converter

from zetel.models.ids import parse_public_id, public_id
from zetel.models.row import Row


class PublicId:
    """Turns `spc_01h…` into a UUID and back; subclasses name their prefix."""

    prefix: ClassVar[str]
    regex: ClassVar[str]

    def to_python(self, value: str) -> uuid.UUID:
        found = parse_public_id(self.prefix, value)
        if found is None:
            raise ValueError(value)
        return found

    def to_url(self, value: uuid.UUID | str) -> str:
        return value if isinstance(value, str) else public_id(self.prefix, value)


def register() -> None:
    """Make the converters known to Django; called by every module of addresses that uses them."""
    for kind in Row.__subclasses__():
        if kind.PREFIX not in get_converters():
            regex = rf"{kind.PREFIX}_[0-9a-z]{{26}}"
            register_converter(
                type(f"{kind.__name__}Id", (PublicId,), {"prefix": kind.PREFIX, "regex": regex}), kind.PREFIX
            )
