"""Plans on manual invoice in tests: asked for, offered, agreed to, approved; and what a bank statement says."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from tests.directory_world import World
from tests.world import OUTSIDE
from zetel.actions import changes, manual_offers, offers, quotes, quotes_change
from zetel.actions.customers import BillingInformation
from zetel.actions.manual_offers import Agreement
from zetel.actions.staff import name_staff
from zetel.models import Change, Offer, Person, Space, Subscription
from zetel.rules.periods import Cycle
from zetel.rules.subscriptions import Wish

IBAN = "NL91ABNA0417164300"


def staff_of(role: str, now: datetime) -> Person:
    """The member of staff with a role; there is one of each."""
    email = f"{role}@zetel.example"
    person = Person.objects.filter(email=email).first()
    if person is None:
        person = World(now).person(role.title(), email)
        name_staff(person=person, role=role, now=now)
    return person


def manual_offer(
    space: Space, person: Person, now: datetime, *, plan: str = "premium", seats: int = 20, term_days: int = 30,
    order: str = "", **information: str,
) -> Offer:  # fmt: skip
    """What sales offer on invoice; who pays is outside the EU unless told, so that no tax blurs the figures."""
    told = BillingInformation(**{"name": person.label, "company": "Acme", **OUTSIDE, **information})
    terms = offers.Terms(plan, "year", seats, "EUR", now.date() + timedelta(days=29))
    return manual_offers.make(
        space, to=person, terms=terms, agreement=Agreement(term_days, order, information=told),
        staff=staff_of("sales", now), now=now,
    )  # fmt: skip


def approve(offer: Offer, now: datetime, *, by: str = "Anna de Vries", on: date | None = None) -> Change:
    """Sales write down who agreed to it, see the quote and confirm it."""
    sales = staff_of("sales", now)
    quote = manual_offers.bind(
        offer,
        staff=sales,
        agreed_by=by,
        agreed_on=on or now.date(),
        purchase_order=offer.purchase_order,
        now=now,
    )
    quotes.agree_to_lower(quote, now=now)
    change = changes.confirm(quote_id=quote.pk, person=sales, now=now, return_path="/", language="en")
    assert change.status == "done", f"{change.status}: {change.reason}"
    return change


def on_invoice(space: Space, person: Person, now: datetime, **wish: object) -> Subscription:
    """A plan on manual invoice that runs."""
    change = approve(manual_offer(space, person, now, **wish), now)  # type: ignore[arg-type]
    assert change.subscription is not None
    return change.subscription


def sales_change(
    subscription: Subscription, now: datetime, *, reason: str = "Asked by phone", seats: int | None = None,
    plan: str | None = None, cycle: Cycle | None = None,
) -> Change:  # fmt: skip
    """Sales change a plan on invoice: quote, confirm."""
    sales, wish = staff_of("sales", now), Wish(plan, cycle, seats)
    quote = quotes_change.bind_for_sales(subscription, wish, staff=sales, reason=reason, now=now)
    return changes.confirm(quote_id=quote.pk, person=sales, now=now, return_path="/", language="en")


def camt(
    lines: Sequence[tuple[str, str, str, str]], *, version: str = "02", iban: str = IBAN, day: str = "2026-06-12",
    currency: str = "EUR",
) -> bytes:  # fmt: skip
    """A bank statement: each line an amount, the payer, the text, and the bank's own reference."""
    return _statement("".join(_entry(*line, version, day, currency) for line in lines), version, iban)


def _statement(entries: str, version: str, iban: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>'
        "<GrpHdr><MsgId>M1</MsgId></GrpHdr>"
        f"<Stmt><Id>S1</Id><Acct><Id><IBAN>{iban}</IBAN></Id></Acct>{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _entry(
    amount: str,
    payer: str,
    text: str,
    reference: str,
    version: str,
    day: str,
    currency: str,
    way: str = "CRDT",
) -> str:
    status = "BOOK" if version == "02" else "<Cd>BOOK</Cd>"
    name = f"<Nm>{payer}</Nm>" if version == "02" else f"<Pty><Nm>{payer}</Nm></Pty>"
    known = f"<AcctSvcrRef>{reference}</AcctSvcrRef>" if reference else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd><Sts>{status}</Sts>'
        f"<BookgDt><Dt>{day}</Dt></BookgDt>{known}<NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>"
        f"<RltdPties><Dbtr>{name}</Dbtr></RltdPties><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )
