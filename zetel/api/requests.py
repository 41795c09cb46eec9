"""What people ask of the seller in words: sales requests and questions to support (rules P6, G5)."""

from datetime import datetime
from typing import Annotated, Any

from ninja import Query, Router
from pydantic import Field, StringConstraints

from zetel import clock
from zetel.access import load_space
from zetel.actions import requests
from zetel.api.callers import ApiRequest
from zetel.api.operations import operation
from zetel.api.values import (
    Count,
    Cycle,
    Email,
    ListQuery,
    Long,
    Many,
    PersonId,
    Plan,
    SalesRequestId,
    Sent,
    Shown,
    SpaceId,
    Text,
    page_of,
    parse_id,
)
from zetel.models import SalesRequest, Space
from zetel.models.ids import public_id
from zetel.rules.roles import Capability

router = Router()
Topic = Annotated[str, StringConstraints(min_length=1, max_length=24), Field(examples=["other"])]


class AskedFor(Sent):
    plan: Plan | None = None
    cycle: Cycle | None = None
    seats: Count | None = None


class SalesRequestWanted(Sent):
    """What is wanted; the answer comes to `email`."""

    topic: Topic = "other"
    space: SpaceId | None = None
    wish: AskedFor = AskedFor()
    name: Text = Field(min_length=1, examples=["Anna"])
    email: Email
    company: Text = ""
    phone: Annotated[str, StringConstraints(max_length=64)] = ""
    message: Long = ""


class SalesRequestShown(Shown):
    id: SalesRequestId
    person: PersonId
    space: SpaceId | None
    topic: str = Field(examples=["other"])
    wish: dict[str, Any]
    name: str = Field(examples=["Anna"])
    email: Email
    message: str
    status: str = Field(examples=["open"])
    created_at: datetime


def shown(row: SalesRequest) -> SalesRequestShown:
    return SalesRequestShown(
        id=row.public_id, person=public_id("per", row.person_id), topic=row.topic, wish=row.wish, name=row.name,
        space=public_id("spc", row.space_id) if row.space_id else None, email=row.email, message=row.message,
        status=row.status, created_at=row.created_at,
    )  # fmt: skip


@operation(
    router, "POST", "/sales-requests", answer=SalesRequestShown, status=201,
    codes=("name_invalid", "email_invalid", "not_member"),
)  # fmt: skip
def create_sales_request(request: ApiRequest, body: SalesRequestWanted) -> SalesRequestShown:
    """Ask sales for what cannot be bought by oneself: more than 500 seats, several teams, a manual invoice."""
    person, space = request.caller.somebody, _space(request, body.space)
    wish = {name: value for name, value in body.wish.model_dump().items() if value is not None}
    row = requests.ask_sales(
        person=person, space=space, topic=body.topic, wish=wish, name=body.name, email=body.email,
        company=body.company, phone=body.phone, message=body.message, now=clock.now(),
    )  # fmt: skip
    return shown(row)


@operation(
    router, "GET", "/sales-requests", answer=Many[SalesRequestShown], codes=("person_required",)
)  # fmt: skip
def list_sales_requests(request: ApiRequest, query: Query[ListQuery]) -> Many[SalesRequestShown]:
    """The person's own requests, newest first."""
    rows = SalesRequest.objects.filter(person=request.caller.somebody)
    return page_of(rows, query, lambda found: [shown(row) for row in found])


def _space(request: ApiRequest, space_id: str | None) -> Space | None:
    if space_id is None:
        return None
    return load_space(request, parse_id("spc", space_id), Capability.SUBSCRIPTION_BUY).space
