"""Two customers of the seller with everything a page can be about, for tests of who may open what.

Both are made once for a module, in a transaction that is undone at its end: a test takes them as they are, and whatever
it does to them is undone after it. `fingerprint` says whether anything that Zetel keeps has changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from tests.directory_world import World, begin
from tests.manual import manual_offer, on_invoice
from tests.world import DUTCH, customer_of, offer_for, save_method, subscribe
from zetel.actions import (
    bank,
    directory_invitations,
    directory_people,
    quotes_change,
    requests,
    subscriptions,
)
from zetel.jobs import files, methods
from zetel.models import (
    BankBooking,
    Change,
    Invoice,
    Mail,
    ManualInvoice,
    MethodSetup,
    PaymentMethod,
    Person,
    PurchaseDraft,
    Space,
    Subscription,
)
from zetel.models.ids import new_id
from zetel.rules.money import Money
from zetel.rules.subscriptions import Wish

STAFF = ("sales", "support", "finance", "operator")


@dataclass
class Tenant:
    """An organization with a team that Anna pays for, her own workspace about to be bought for, and what came of it.

    Bram founded it and is admin, Chris a member, Gast a guest, Daan a stranger; Frieda paid for the team before and
    has left.
    """

    people: dict[str, Person]
    organization: Space
    team: Space
    studio: Space
    ids: dict[str, str] = field(default_factory=dict)

    def address(self, name: str, params: list[str], **other: str) -> str:
        """The address of a page about this tenant's things; `other` puts other ids in their place."""
        held = {param: self.id_of(name, param) for param in params}
        return reverse(name, kwargs=held | other)

    def id_of(self, name: str, param: str) -> str:
        """What stands at a place of an address: some places mean another row on another page."""
        return self.ids.get(f"{name} {param}") or self.ids[param]


def client_of(person: Person | None, **facts: Any) -> Client:
    client = Client(headers={"accept-language": "en"}, **facts)
    if person:
        client.force_login(person)
    return client


def make(world: World, name: str, domain: str) -> Tenant:
    """Everything through the product's own actions."""
    now = world.now
    people = {
        who: world.person(who.title(), f"{who}@{domain}") for who in ("bram", "anna", "chris", "frieda")
    }
    people |= {who: world.person(who.title(), f"{who}@elders-{domain}") for who in ("gast", "daan")}
    organization = world.organization(people["bram"], name, domain)
    inside = [people[who] for who in ("anna", "chris", "frieda", "gast")]
    world.join(organization, *inside)
    team = world.team(organization, people["bram"], f"{name} Ontwerp")
    world.join(team, *inside)
    former = _former(world, organization, team, people["frieda"])
    subscription = subscribe(
        team, people["anna"], now, seats=5, customer=customer_of(people["anna"], now, **DUTCH)
    )
    tenant = Tenant(people, organization, team, world.workspace(people["anna"], f"{name} Studio"))
    tenant.ids = _ids(tenant, subscription, former, now) | _asked(tenant, now) | _on_invoice(world, name)
    return tenant


def _former(world: World, organization: Space, team: Space, person: Person) -> Subscription:
    """A plan that ended, and its last billing owner gone."""
    ended = subscribe(team, person, world.now, seats=5)
    with transaction.atomic():
        subscriptions.end(
            ended, ended.customer, on=world.now.date(), reason="cancelled", now=world.now, actor=person
        )
    for space in (team, organization):
        directory_people.leave(space=space, person=person, now=world.now)
    ended.refresh_from_db()
    return ended


def _ids(tenant: Tenant, subscription: Subscription, former: Subscription, now: datetime) -> dict[str, str]:
    """What the addresses name, of the paid team."""
    anna, invoice = tenant.people["anna"], Invoice.objects.get(subscription=subscription)
    mail = Mail.objects.get(invoice=invoice)
    Mail.objects.filter(pk=mail.pk).update(text="Beste Anna", html="<p>Beste Anna</p>", subject="Factuur")
    files.ensure_pdf(invoice, now)
    invitation = directory_invitations.invite(
        space=tenant.team,
        email=f"nieuw@{tenant.organization.domains.get().name}",
        actor=tenant.people["bram"],
        now=now,
    )
    link = Mail.objects.get(once_key=f"invitation:{invitation.public_id}").params["path"]
    draft = _draft(tenant, now)
    assert draft.customer is not None
    return {
        "space_id": tenant.team.public_id,
        **{
            f"{name} space_id": tenant.organization.public_id
            for name in ("team_new", "division_new", "domain_add", "domain_remove")
        },
        "person_id": tenant.people["chris"].public_id,
        "invitation_id": invitation.public_id,
        "token": str(link).strip("/").rpartition("/")[2],
        "draft_id": draft.public_id,
        "change_id": Change.objects.get(subscription=subscription).public_id,
        "setup_id": _setup(subscription.customer, anna, now),
        "upgrade_method_return setup_id": _setup(draft.customer, anna, now),
        "method_id": PaymentMethod.objects.get(customer=subscription.customer, status="active").public_id,
        "invoice_id": invoice.public_id,
        "quote_id": quotes_change.bind_change(subscription, Wish(seats=10), person=anna, now=now).public_id,
        "former invoice_id": Invoice.objects.get(subscription=former, kind="invoice").public_id,
        "kind": "ubl",
        "of_year": str(invoice.issued_on.year),
        "mail_id": mail.public_id,
        "customer_id": subscription.customer.public_id,
        "subscription_id": subscription.public_id,
        "staff_send_again mail_id": _sent(mail),
        "offer_id": offer_for(tenant.studio, anna, now, seats=5).public_id,
    }  # fmt: skip


def _sent(mail: Mail) -> str:
    """The same mail once more, gone out."""
    again = Mail.objects.get(pk=mail.pk)
    again.pk, again.once_key = new_id(), f"sent:{mail.pk}"
    again._state.adding = True
    again.status, again.sent_at = "sent", mail.created_at
    again.save(force_insert=True)
    return again.public_id


def _draft(tenant: Tenant, now: datetime) -> PurchaseDraft:
    """Anna's purchase for her workspace, filled in up to the review."""
    anna = tenant.people["anna"]
    payer = customer_of(anna, now)
    save_method(payer, anna, now)
    return PurchaseDraft.objects.create(
        person=anna, space=tenant.studio, plan="premium", cycle="month", seats=2, currency="EUR", customer=payer,
        created_at=now, updated_at=now,
    )  # fmt: skip


def _setup(customer: Any, person: Person, now: datetime) -> str:
    """A visit to the company's page that has not ended."""
    methods.begin(customer, person=person, kind="card", next_path="/", now=now, return_path="/x/{setup}")
    return MethodSetup.objects.filter(customer=customer).latest("id").public_id


def _asked(tenant: Tenant, now: datetime) -> dict[str, str]:
    """What Anna asked of sales and of support."""
    anna, wish = tenant.people["anna"], {"plan": "business", "cycle": "year", "seats": 40}
    sales = requests.ask_sales(
        person=anna, space=tenant.team, topic="other", wish=wish, name="Anna", email=anna.email, company="", phone="",
        message="Graag", now=now,
    )  # fmt: skip
    support = requests.ask_support(person=anna, space=tenant.team, subject="Vraag", message="Hoe?", now=now)
    return {
        **{f"{name} request_id": sales.public_id for name in ("sales_request_sent", "staff_sales_request")},
        **{
            f"{name} request_id": support.public_id
            for name in ("support_request_sent", "staff_support_request")
        },
    }


def _on_invoice(world: World, name: str) -> dict[str, str]:
    """Somebody else's plan on manual invoice, one for which a quote is open, and a bank line of each kind (G5)."""
    now, mia = world.now, world.person(f"Mia {name}", f"mia@{name.lower()}-elders.example")
    row = on_invoice(world.workspace(mia, f"Mia {name}"), mia, now)
    invoice = Invoice.objects.get(subscription=row)
    finance = Person.objects.get(email="finance@zetel.example")
    for once, amount in (("a", 100), ("b", 200)):
        bank.book_by_hand(
            invoice, Money(amount, "EUR"), booked_on=now.date(), reference="1", once=f"{once}{invoice.pk.hex}",
            staff=finance, now=now + timedelta(seconds=amount),
        )  # fmt: skip
    first, second = BankBooking.objects.filter(payment__invoice=invoice).order_by("id")
    bank.correct(second, staff=finance, reason="Typed twice", now=now + timedelta(seconds=300))
    ManualInvoice.objects.filter(invoice=invoice).update(at_finance_at=now, next_at=None)
    offer = manual_offer(world.workspace(mia, f"Mia too {name}"), mia, now)
    manual = ("change", "end", "stop")
    return {
        **{f"staff_manual_{page} subscription_id": row.public_id for page in manual},
        **{f"{page} offer_id": offer.public_id for page in ("offer_pdf", "staff_quote_pdf", "staff_quote_approve")},
        "staff_extend invoice_id": invoice.public_id, "staff_payment invoice_id": invoice.public_id,
        "line_id": second.line.public_id, "booking_id": first.public_id,
    }  # fmt: skip


@contextmanager
def undone() -> Iterator[None]:
    """A transaction that never happened. What calls a payment company may happen in it, as in a test of Django's."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)


def begin_two(now: datetime) -> tuple[Tenant, Tenant, dict[str, Person]]:
    """Both tenants, and one person of each staff role."""
    world = begin(now)
    staff = {role: world.person(role.title(), f"{role}@zetel.example") for role in STAFF}
    for role, person in staff.items():
        Person.objects.filter(pk=person.pk).update(staff_role=role)
    return make(world, "Acme", "acme.example"), make(world, "Beta", "beta.example"), staff


def fingerprint() -> dict[str, str]:
    """A hash per table of Zetel's and the company's, leaving out what merely counts visits."""
    tables = [
        model._meta.db_table
        for label in ("zetel", "sandbox")
        for model in apps.get_app_config(label).get_models()
        if model._meta.db_table != "zetel_throttle"
    ]
    parts = [
        f"select '{table}', md5(coalesce(string_agg(row::text, '|' order by row::text), ''))"  # noqa: S608
        f" from (select to_jsonb(t) - 'last_login' - 'last_used_at' as row from {table} t) rows"
        for table in tables
    ]
    with connection.cursor() as cursor:
        cursor.execute(" union all ".join(parts))
        return dict(cursor.fetchall())
