"""Reads the catalogue from TOML and refuses what it does not understand, saying on which line (rule P1).

All problems are gathered before anything is refused, so that an operator mends a file in one go. Unknown keys
and unknown values are problems too: a policy that is silently ignored would be a promise not kept (P11).
"""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from zetel.rules.catalog import Catalog, Offered, OnExceed, Plan, PriceRow, SeatPolicy, with_yearly
from zetel.rules.errors import ZetelError
from zetel.rules.money import DECIMALS, parse_plain
from zetel.rules.periods import Cycle
from zetel.rules.seats import LADDER, SpaceKind
from zetel.rules.toml_lines import Path, line_at, lines_of

POLICY_VALUES: Mapping[str, tuple[str, ...]] = {
    "counted": ("members",),
    "on_exceed": tuple(OnExceed),
    "on_increase": ("now",),
    "on_decrease": ("next_period",),
    "settlement": ("now",),
}


class CatalogError(ZetelError):
    """The catalogue cannot be used; `problems` are sentences that begin with the line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("catalog_invalid", problems=problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


class _Reader:
    """Walks the parsed file; remembers every problem with its line and goes on with a harmless value."""

    def __init__(self, text: str) -> None:
        self.lines = lines_of(text)
        self.problems: list[tuple[int, str]] = []

    def wrong(self, path: Path, message: str) -> None:
        self.problems.append((line_at(self.lines, path), message))

    def table(self, data: Any, path: Path, allowed: tuple[str, ...] | None = None) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.wrong(path, f"{_name(path)} must be a table")
            return {}
        for key in data:
            if allowed is not None and key not in allowed:
                self.wrong((*path, key), f"unknown key {key!r} in {_name(path)}; known: {', '.join(allowed)}")
        return data

    def text(self, data: dict[str, Any], key: str, path: Path) -> str:
        value = data.get(key)
        if isinstance(value, str) and value.strip() and len(value) <= 200:
            return value
        self.wrong((*path, key), f"{_name((*path, key))} must be a text of 1 to 200 characters")
        return ""

    def integer(self, data: dict[str, Any], key: str, path: Path) -> int:
        value = data.get(key)
        if type(value) is int and value >= 0:
            return value
        self.wrong((*path, key), f"{_name((*path, key))} must be a whole number, not negative")
        return 0

    def one_of(self, data: dict[str, Any], key: str, path: Path, known: Sequence[str]) -> str:
        value = data.get(key)
        if isinstance(value, str) and value in known:
            return value
        shown = f"{value!r} is not known here" if key in data else "is missing"
        self.wrong((*path, key), f"{_name((*path, key))}: {shown}; known: {', '.join(known)}")
        return known[0]

    def day(self, data: dict[str, Any], key: str, path: Path) -> date:
        value = data.get(key)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        self.wrong((*path, key), f"{_name((*path, key))} must be a date such as 2026-01-31, without quotes")
        return date.max

    def texts(self, data: dict[str, Any], key: str, path: Path) -> tuple[str, ...]:
        value = data.get(key, [])
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self.wrong((*path, key), f"{_name((*path, key))} must be a list of texts")
        return ()


def _name(path: Path) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path) or "the file"


def parse(text: str) -> Catalog:
    """A catalogue from the text of a TOML file, or `CatalogError` with every problem and its line."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError([_syntax_message(str(error))]) from error
    reader = _Reader(text)
    catalog = _catalog(reader, data)
    if reader.problems:
        raise CatalogError([f"line {line}: {message}" for line, message in sorted(set(reader.problems))])
    return catalog


def _syntax_message(message: str) -> str:
    """`Invalid value (at line 3, column 9)` as `line 3: Invalid value (column 9)`."""
    what, _, place = message.rpartition(" (at line ")
    number, _, column = place.rstrip(")").partition(", ")
    return f"line {number}: {what} ({column})" if number.isdigit() else f"at the end of the file: {message}"


def _catalog(reader: _Reader, data: dict[str, Any]) -> Catalog:
    known = ("version", "default_currency", "currencies", "ladders", "features", "limits", "plans", "prices")
    reader.table(data, (), known)
    if data.get("version") != 1:
        reader.wrong(("version",), "version must be 1")
    currencies = reader.texts(data, "currencies", ())
    for currency in currencies:
        if currency not in DECIMALS:
            reader.wrong(("currencies",), f"currency {currency!r} is not known")
    ladders = _ladders(reader, data.get("ladders", {}))
    features = _words(reader, data.get("features", {}), "features")
    limits = _words(reader, data.get("limits", {}), "limits")
    plans = _plans(reader, data.get("plans", {}), ladders, tuple(features), tuple(limits))
    prices = _prices(reader, data.get("prices", []), plans, currencies)
    if not reader.problems:  # a price that cannot be read is not missing
        _check_complete(reader, plans, prices, currencies)
    return Catalog(
        plans=plans,
        prices=prices,
        currencies=currencies,
        default_currency=reader.one_of(data, "default_currency", (), currencies or tuple(DECIMALS)),
        feature_words=features,
        limit_words=limits,
    )


def _ladders(reader: _Reader, data: Any) -> dict[str, tuple[int, ...]]:
    ladders = {"standard": LADDER}
    for name, sizes in reader.table(data, ("ladders",)).items():
        whole = isinstance(sizes, list) and bool(sizes) and all(type(size) is int for size in sizes)
        if not whole or sizes != sorted(set(sizes)):
            reader.wrong(("ladders", name), f"ladders.{name} must be a list of growing whole numbers")
        elif sizes[0] < 2:
            reader.wrong(("ladders", name), f"ladders.{name} must not have a size below 2")
        else:
            ladders[name] = tuple(sizes)
    return ladders


def _words(reader: _Reader, data: Any, part: str) -> dict[str, Mapping[str, str]]:
    words: dict[str, Mapping[str, str]] = {}
    for code, labels in reader.table(data, (part,)).items():
        path = (part, code)
        found = reader.table(labels, path)
        words[code] = {language: reader.text(found, language, path) for language in found}
        if "en" not in found:
            reader.wrong(path, f"{_name(path)} needs a text in en")
    return words


def _plans(
    reader: _Reader,
    data: Any,
    ladders: Mapping[str, tuple[int, ...]],
    features: tuple[str, ...],
    limits: tuple[str, ...],
) -> dict[str, Plan]:
    plans = [
        _plan(reader, code, row, ladders, features, limits)
        for code, row in reader.table(data, ("plans",)).items()
    ]
    ranks: dict[int, str] = {}
    for plan in plans:
        if plan.rank in ranks:
            path = ("plans", plan.code, "rank")
            reader.wrong(path, f"plans {ranks[plan.rank]} and {plan.code} have the same rank {plan.rank}")
        ranks[plan.rank] = plan.code
    ordered = sorted(plans, key=lambda plan: plan.rank)
    if [plan.free for plan in ordered] != [True] + [False] * (len(ordered) - 1):
        reader.wrong(("plans",), "exactly one plan is free, and it has the lowest rank")
    return {plan.code: plan for plan in ordered}


def _plan(
    reader: _Reader,
    code: str,
    row: Any,
    ladders: Mapping[str, tuple[int, ...]],
    features: tuple[str, ...],
    limits: tuple[str, ...],
) -> Plan:
    path: Path = ("plans", code)
    data = reader.table(row, path, ("name", "rank", "free", "features", "limits", "policy", "offered"))
    if not (code.isascii() and code.replace("_", "").isalnum() and code == code.lower() and len(code) <= 40):
        reader.wrong(path, f"plan code {code!r} must be lower-case letters, digits and underscores")
    own = reader.texts(data, "features", path)
    for feature in own:
        if feature not in features:
            reader.wrong((*path, "features"), f"feature {feature!r} is not described under [features]")
    limit_rows = reader.table(data.get("limits", {}), (*path, "limits"), limits)
    free = data.get("free", False)
    if type(free) is not bool:
        reader.wrong((*path, "free"), f"{_name((*path, 'free'))} must be true or false")
    return Plan(
        code=code,
        name=reader.text(data, "name", path),
        rank=reader.integer(data, "rank", path),
        features=own,
        limits={key: reader.integer(limit_rows, key, (*path, "limits")) for key in limit_rows},
        policy=_policy(reader, data, (*path, "policy"), ladders, free is True),
        offered=_offered(reader, data, (*path, "offered")),
        free=free is True,
    )


def _policy(
    reader: _Reader, plan: dict[str, Any], path: Path, ladders: Mapping[str, tuple[int, ...]], free: bool
) -> SeatPolicy:
    if free:  # nothing is bought, so there are no seats; above the limit nobody new comes in (S5)
        return SeatPolicy(on_exceed=OnExceed.BLOCK)
    data = reader.table(plan.get("policy", {}), path, (*POLICY_VALUES, "ladder"))
    values = {key: reader.one_of(data, key, path, known) for key, known in POLICY_VALUES.items()}
    return SeatPolicy(
        counted=values["counted"],
        ladder=ladders[reader.one_of(data, "ladder", path, tuple(ladders))],
        on_exceed=OnExceed(values["on_exceed"]),
        on_increase=values["on_increase"],
        on_decrease=values["on_decrease"],
        settlement=values["settlement"],
    )


def _offered(reader: _Reader, plan: dict[str, Any], path: Path) -> dict[SpaceKind, Offered]:
    data = reader.table(plan.get("offered", {}), path, tuple(SpaceKind))
    return {kind: Offered(reader.one_of(data, kind, path, tuple(Offered))) for kind in SpaceKind}


def _prices(
    reader: _Reader, rows: Any, plans: Mapping[str, Plan], currencies: tuple[str, ...]
) -> tuple[PriceRow, ...]:
    if not isinstance(rows, list):
        reader.wrong(("prices",), "prices must be written as [[prices]]")
        return ()
    prices: list[PriceRow] = []
    begins: set[tuple[str, str, str, date]] = set()
    for index, row in enumerate(rows):
        path: Path = ("prices", index)
        before = len(reader.problems)
        price = _price(reader, row, path, plans, currencies)
        if len(reader.problems) > before:
            continue
        key = (price.plan, price.cycle, price.currency, price.valid_from)
        if key in begins:
            what = f"{price.plan} per {price.cycle} in {price.currency}"
            reader.wrong(path, f"{what} has two prices from one day")
        begins.add(key)
        prices.append(price)
    return with_yearly(prices)


def _price(
    reader: _Reader, row: Any, path: Path, plans: Mapping[str, Plan], currencies: tuple[str, ...]
) -> PriceRow:
    data = reader.table(row, path, ("plan", "cycle", "currency", "amount", "valid_from", "valid_until"))
    plan = reader.one_of(data, "plan", path, tuple(code for code, p in plans.items() if not p.free) or ("",))
    currency = reader.one_of(data, "currency", path, currencies or ("EUR",))
    amount = 0
    try:
        amount = parse_plain(reader.text(data, "amount", path) or "0", currency)
    except ZetelError:
        reader.wrong((*path, "amount"), f"{data['amount']!r} is not an amount in {currency}")
    if amount < 0:
        reader.wrong((*path, "amount"), "a price is not negative")
    begins = reader.day(data, "valid_from", path)
    ends = reader.day(data, "valid_until", path) if "valid_until" in data else None
    if ends and ends <= begins:
        reader.wrong((*path, "valid_until"), "valid_until must be after valid_from")
    cycle = Cycle(reader.one_of(data, "cycle", path, tuple(Cycle)))
    return PriceRow(plan, cycle, currency, amount, begins, ends)


def _check_complete(
    reader: _Reader, plans: Mapping[str, Plan], prices: tuple[PriceRow, ...], currencies: tuple[str, ...]
) -> None:
    """Whoever may choose a plan may choose each cycle and currency, so each needs a price."""
    priced = {(row.plan, row.cycle, row.currency) for row in prices}
    for plan in plans.values():
        missing = [
            f"{currency} per {cycle}"
            for currency in currencies
            for cycle in Cycle
            if not plan.free and (plan.code, cycle, currency) not in priced
        ]
        if missing:
            reader.wrong(("plans", plan.code), f"plan {plan.code} has no price in {', '.join(missing)}")
