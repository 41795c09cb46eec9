"""One lookup of our own: `pk__any=ids` asks for any of many ids with one array, where `__in` writes a parameter each.

Reading a batch of a thousand rows by id is what the billing run does all the time; the array is parsed once.
"""

from typing import TYPE_CHECKING, Any

from django.db.models import ForeignKey, Lookup, UUIDField

if TYPE_CHECKING:
    _Lookup = Lookup[Any]
else:
    _Lookup = Lookup


@UUIDField.register_lookup
@ForeignKey.register_lookup
class AnyOf(_Lookup):
    """`= ANY(array)`; the right side is a list of UUIDs."""

    lookup_name = "any"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        # As text, since an adapter that looks at each of a thousand ids takes longer than the query.
        return f"{left} = ANY(%s::uuid[])", (*left_params, "{" + ",".join([id.hex for id in self.rhs]) + "}")
