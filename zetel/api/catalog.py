"""What is sold: the plans with their features and limits, and the prices of today (rules P1 to P4)."""

from ninja import Query, Router
from pydantic import Field

from zetel import clock
from zetel.api.callers import ApiRequest
from zetel.api.operations import operation
from zetel.api.values import Currency, Cycle, Money, Sent, Shown, money
from zetel.models import CatalogVersion
from zetel.rules.catalog import Plan
from zetel.rules.errors import ZetelError

router = Router()


class PriceShown(Shown):
    cycle: Cycle
    per_seat: Money = Field(description="For one seat and one cycle, without tax.")


class PlanShown(Shown):
    code: str = Field(examples=["premium"])
    name: str = Field(examples=["Premium"])
    rank: int = Field(description="A higher plan has a higher one.", examples=[1])
    is_free: bool
    features: list[str]
    limits: dict[str, int] = Field(description="A limit that is absent is no limit.")
    offered: dict[str, str] = Field(
        description="Per kind of space: `self_serve`, `sales` or `none`.", examples=[{"team": "self_serve"}]
    )
    sizes: list[int] = Field(description="The numbers of seats that can be bought.")
    on_exceed: str = Field(
        description="More people than seats: `expand`, `warn` or `block`.", examples=["expand"]
    )
    prices: list[PriceShown]


class CatalogShown(Shown):
    currencies: list[str] = Field(examples=[["EUR", "USD"]])
    default_currency: str = Field(examples=["EUR"])
    plans: list[PlanShown]


class CatalogQuery(Sent):
    currency: Currency | None = Field(default=None, description="Prices in this currency only.")


@operation(router, "GET", "/catalog", answer=CatalogShown, codes=("currency_unknown",))
def get_catalog(request: ApiRequest, query: Query[CatalogQuery]) -> CatalogShown:
    """Plans, lowest first, with today's prices."""
    catalog, today = CatalogVersion.objects.current(), clock.now().date()
    if query.currency is not None and query.currency not in catalog.currencies:
        raise ZetelError("currency_unknown", field="currency")
    prices: dict[str, list[PriceShown]] = {}
    for row in catalog.prices:
        if row.valid_on(today) and query.currency in (None, row.currency):
            shown = PriceShown(cycle=str(row.cycle), per_seat=money(row.unit_amount, row.currency))
            prices.setdefault(row.plan, []).append(shown)
    plans = [_plan(plan, prices.get(plan.code, [])) for plan in catalog.plans.values()]
    return CatalogShown(
        currencies=list(catalog.currencies), default_currency=catalog.default_currency, plans=plans
    )


def _plan(plan: Plan, prices: list[PriceShown]) -> PlanShown:
    return PlanShown(
        code=plan.code, name=plan.name, rank=plan.rank, is_free=plan.free, features=list(plan.features),
        limits=dict(plan.limits), offered={str(kind): str(how) for kind, how in plan.offered.items()},
        sizes=[] if plan.free else list(plan.policy.ladder), on_exceed=str(plan.policy.on_exceed), prices=prices,
    )  # fmt: skip
