"""The small values that all nouns share: ids, money, dates, and lists with a cursor.

What is sent is read strictly (no guessing from other types, no unknown field); what is shown is made by hand from
rows, so that a new column is never shown by accident.
"""

import re
import uuid
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Annotated, Generic, Literal, TypeVar

from django.db.models import QuerySet
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from zetel.models.ids import parse_public_id, public_id
from zetel.models.row import Row
from zetel.rules.errors import ZetelError

PAGE_DEFAULT, PAGE_MAX = 20, 100
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})")
_EXAMPLE = uuid.UUID("019a0000-0000-7000-8000-000000000001")

Item = TypeVar("Item", bound=BaseModel)
Kind = TypeVar("Kind", bound=Row)


class Sent(BaseModel):
    """Base of what is sent: an unknown field is refused."""

    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    """Base of what is answered."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)


def _text_day(value: object) -> object:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("a date is written YYYY-MM-DD")
    return value


def _text_number(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError("a whole number")
    return int(value)


def example_id(prefix: str) -> str:
    return public_id(prefix, _EXAMPLE)


def id_schema(prefix: str) -> WithJsonSchema:
    pattern = rf"^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example_id(prefix)]})


def _text_instant(value: object) -> object:
    """An instant with its offset, so that nobody has to guess a time zone."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("an instant is written YYYY-MM-DDTHH:MM:SSZ")
    return value


Instant = Annotated[datetime, BeforeValidator(_text_instant), Field(examples=["2026-06-12T09:30:00Z"])]
Day = Annotated[date, BeforeValidator(_text_day), Field(examples=["2026-06-12"])]
Whole = Annotated[int, Field(strict=True, ge=0, le=2**53)]
Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000, examples=[5])]
Yes = Annotated[bool, Field(strict=True)]
Text = Annotated[str, StringConstraints(max_length=255)]
Long = Annotated[str, StringConstraints(max_length=4_000)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500), Field(examples=["Asked by phone"])]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=255), Field(examples=["user-1"])]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(examples=["EUR"])]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(examples=["NL"])]
Email = Annotated[str, StringConstraints(min_length=3, max_length=254), Field(examples=["anna@acme.example"])]
Zone = Annotated[str, StringConstraints(min_length=1, max_length=64), Field(examples=["Europe/Amsterdam"])]
Plan = Annotated[str, StringConstraints(min_length=1, max_length=32), Field(examples=["premium"])]
Language = Literal["nl", "en"]
Cycle = Literal["month", "year"]

SpaceId = Annotated[str, id_schema("spc")]
PersonId = Annotated[str, id_schema("per")]
KeyId = Annotated[str, id_schema("key")]
CustomerId = Annotated[str, id_schema("cus")]
SubscriptionId = Annotated[str, id_schema("sub")]
InvoiceId = Annotated[str, id_schema("inv")]
QuoteId = Annotated[str, id_schema("quo")]
ChangeId = Annotated[str, id_schema("chg")]
MethodId = Annotated[str, id_schema("pmd")]
SetupId = Annotated[str, id_schema("set")]
PaymentId = Annotated[str, id_schema("pay")]
RefundId = Annotated[str, id_schema("ref")]
EventId = Annotated[str, id_schema("evt")]
InvitationId = Annotated[str, id_schema("ivt")]
MailId = Annotated[str, id_schema("mai")]
OfferId = Annotated[str, id_schema("off")]
SalesRequestId = Annotated[str, id_schema("sal")]
ActingId = Annotated[str, id_schema("act")]


class Money(Shown):
    """An amount in the minor units of its currency: 1349 EUR is 13.49 euros, 1500 JPY is 1500 yen."""

    amount: int = Field(examples=[24484])
    currency: Currency


class Many(Shown, Generic[Item]):
    """One page of a list, newest first; ask on with `cursor` until `next_cursor` is null."""

    data: list[Item]
    next_cursor: str | None


class ListQuery(Sent):
    """How much of a list, and from where."""

    limit: Annotated[
        int, BeforeValidator(_text_number),
        WithJsonSchema({"type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": PAGE_DEFAULT}),
    ] = Field(default=PAGE_DEFAULT, ge=1, le=PAGE_MAX, validate_default=False)  # fmt: skip
    cursor: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        default=None, description="`next_cursor` of the page before."
    )


class Nothing(Sent):
    """A body with no fields: `{}`."""


class Done(Shown):
    """That it was done, where there is nothing to show."""

    done: Literal[True] = True


def parse_id(prefix: str, text: str) -> uuid.UUID:
    """The UUID of a public id; what is none does not exist (rule R8)."""
    found = parse_public_id(prefix, text)
    if found is None:
        raise ZetelError("not_found")
    return found


def the_one(rows: "QuerySet[Kind]", text: str) -> Kind:
    """The row with this public id among those the caller may know of; any other does not exist (rule R8)."""
    row = rows.filter(pk=parse_id(rows.model.PREFIX, text)).first()
    if row is None:
        raise ZetelError("not_found")
    return row


def money(amount: int, currency: str) -> Money:
    return Money(amount=amount, currency=currency)


def page_of(
    rows: "QuerySet[Kind]", query: ListQuery, show: Callable[[list[Kind]], Iterable[Item]]
) -> Many[Item]:
    """Rows newest first from the cursor on; `show` turns a whole page into what is answered."""
    prefix = rows.model.PREFIX
    if query.cursor is not None:
        last = parse_public_id(prefix, query.cursor)
        if last is None:
            raise ZetelError("page_invalid", field="cursor")
        rows = rows.filter(pk__lt=last)
    found = list(rows.order_by("-pk")[: query.limit + 1])
    more, found = len(found) > query.limit, found[: query.limit]
    return Many(data=list(show(found)), next_cursor=public_id(prefix, found[-1].pk) if more else None)
