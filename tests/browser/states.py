"""A stage with one workspace or team in each state that the design names, so that a browser can look at all of them.

Each scene says who looks at which page and what must be read there, in English and Dutch. `STAGES` are played in order
of their day; between them time passes as an installation lets it pass. What stops the payment company comes last.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.conftest import HandClock
from tests.directory_world import World, begin
from tests.manual import on_invoice
from tests.web.upgrade_steps import Buyer
from tests.world import DUTCH, buy, change, customer_of, save_method, subscribe, try_out
from zetel.actions import cancellations, directory_host, quotes_change
from zetel.jobs import tasks
from zetel.models import Person, Space, Subscription
from zetel.rules.subscriptions import Wish


@dataclass(frozen=True)
class Scene:
    """A page in a state: who looks, where, and the words that tell the state."""

    name: str
    person: Person
    path: str
    en: str
    nl: str


@dataclass
class Stage:
    """The world in which all scenes are set."""

    world: World
    clock: HandClock
    scenes: list[Scene] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.clock.now

    def owner(self, name: str) -> tuple[Person, Space]:
        """Somebody with a workspace of the same name."""
        self.world.now = self.now
        person = self.world.person(name)
        return person, self.world.workspace(person, name=f"Studio {name}")

    def paid(self, name: str, **wish: object) -> tuple[Person, Space, Subscription]:
        person, space = self.owner(name)
        payer = customer_of(person, self.now, **DUTCH)
        return person, space, subscribe(space, person, self.now, customer=payer, **wish)

    def show(
        self, name: str, person: Person, space: Space | None, en: str, nl: str, *, path: str = ""
    ) -> None:
        at = path or (f"/s/{space.public_id}/billing/" if space else "/billing/")
        self.scenes.append(Scene(name, person, at, en, nl))

    def until(self, instant: datetime) -> None:
        """Let time pass, day by day, with everything that becomes due."""
        while self.now < instant:
            self.clock.set(min(instant, self.now + timedelta(days=1)))
            tasks.do_due(self.now)


def _day(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 10, 0, tzinfo=UTC)


def free(stage: Stage) -> None:
    person, space = stage.owner("Free")
    stage.show("free", person, space, "Nothing is billed here", "Hier wordt niets in rekening gebracht")


def ended_after_dunning(stage: Stage) -> None:
    person, space, row = stage.paid("Unpaid", seats=2)
    save_method(row.customer, person, stage.now, behaviour="declined_soft")
    stage.show(
        "ended-unpaid",
        person,
        space,
        "because its renewal was not paid",
        "omdat de verlenging niet betaald is",
    )
    stage.show("home", person, None, "Invoices of ended plans", "Facturen van beëindigde abonnementen")


def ended(stage: Stage) -> None:
    person, space, row = stage.paid("Ended", seats=2)
    cancellations.cancel(row, actor=person, now=stage.now)
    stage.show("ended", person, space, "The plan has ended", "Het abonnement is beëindigd")


def active(stage: Stage) -> None:
    person, space, _ = stage.paid("Active", seats=5)
    stage.show("active", person, space, "Renews on", "Wordt verlengd op")


def past_due(stage: Stage) -> None:
    person, space, row = stage.paid("Late", seats=2)
    bram = stage.world.person("Bram")
    stage.world.join(space, bram)
    save_method(row.customer, person, stage.now, behaviour="declined_soft")
    stage.show("past-due", person, space, "Pay now", "Nu betalen")
    stage.show("past-due-member", bram, space, "late@acme.example", "late@acme.example")


def nearly_full(stage: Stage) -> None:
    person, space, _ = stage.paid("Nearly", seats=3)
    stage.world.join(space, stage.world.person("Chris"))
    stage.show("nearly-full", person, space, "One seat is left", "Er is één seat over")


def over_seats(stage: Stage) -> None:
    person, space, _ = stage.paid("Crowded", seats=2)
    stage.world.join(space, *[stage.world.person(name) for name in ("Els", "Fay")])
    stage.show(
        "over-seats", person, space, "There are more people than seats", "Er zijn meer mensen dan seats"
    )


def pending_decrease(stage: Stage) -> None:
    person, space, row = stage.paid("Fewer", seats=10)
    change(row, stage.now, seats=5)
    stage.show("pending-decrease", person, space, "Cancel this change", "Deze wijziging annuleren")


def cancelled(stage: Stage) -> None:
    person, space, row = stage.paid("Leaving", seats=2)
    cancellations.cancel(row, actor=person, now=stage.now)
    stage.show("cancelled", person, space, "Ends on", "Eindigt op")


def trials(stage: Stage) -> None:
    """With a payment method and without one; the latter has no invoices yet."""
    person, space = stage.owner("Trying")
    try_out(space, person, stage.now, seats=2)
    stage.show("trial", person, space, "Trial until", "Proefperiode tot")
    stage.show("no-invoices", person, space, "No invoices yet", "Nog geen facturen")
    person, space = stage.owner("Sure")
    payer = customer_of(person, stage.now, **DUTCH)
    save_method(payer, person, stage.now)
    try_out(space, person, stage.now, seats=2, customer=payer)
    stage.show("trial-with-method", person, space, "Visa •••• 4242", "Visa •••• 4242")


def trial_ended(stage: Stage) -> None:
    person, space = stage.owner("Tried")
    try_out(space, person, stage.now, seats=2)
    stage.show("trial-ended", person, space, "The trial has ended", "De proefperiode is voorbij")


def covered(stage: Stage) -> None:
    anna = stage.world.person("Anna")
    acme = stage.world.organization(anna)
    team = stage.world.team(acme, anna)
    first = subscribe(team, anna, stage.now, seats=5, customer=customer_of(anna, stage.now, **DUTCH))
    buy(acme, anna, stage.now, seats=15, customer=first.customer)
    stage.show("covered", anna, team, "Covered by Acme", "Valt onder Acme")
    stage.show("credit-notes", anna, acme, "INV-2026-", "INV-2026-")


def owner_gone(stage: Stage) -> None:
    """The one member of a team was taken out by the host's directory; an admin of the organization looks."""
    admin = stage.world.person("Gea", "gea@vera.example")
    vera = stage.world.organization(admin, name="Vera", domain="vera.example")
    team = stage.world.team(vera, admin, name="Team Vera")
    row = subscribe(team, admin, stage.now, seats=2, customer=customer_of(admin, stage.now, **DUTCH))
    assert row.status == "active"
    directory_host.removed(space=team, person=admin, now=stage.now)
    stage.show(
        "owner-gone", admin, team, "Nobody manages billing here", "Niemand beheert hier de facturering"
    )


def waiting_for_the_bank(stage: Stage) -> None:
    person, space = stage.owner("Bank")
    made = buy(space, person, stage.now, seats=2, behaviour="approval").change
    path = f"/upgrade/changes/{made.public_id}/"
    stage.show(
        "bank", person, space, "Your bank wants your approval", "Je bank vraagt je goedkeuring", path=path
    )


def gateway_away(stage: Stage) -> None:
    person, space = stage.owner("Away")
    made = buy(space, person, stage.now, seats=2, behaviour="down").change
    path = f"/upgrade/changes/{made.public_id}/"
    stage.show(
        "gateway-away", person, space, "We wait for the answer", "We wachten op het antwoord", path=path
    )


def on_manual_invoice(stage: Stage) -> None:
    """An open invoice within its term."""
    person, space = stage.owner("Manual")
    on_invoice(space, person, stage.now, order="PO-77", **DUTCH)
    stage.show("manual-invoice", person, space, "On invoice", "Op factuur")


def manual_overdue(stage: Stage) -> None:
    person, space = stage.owner("Overdue")
    on_invoice(space, person, stage.now, term_days=15, **DUTCH)
    stage.show("manual-overdue", person, space, "On invoice, overdue", "Op factuur, te laat")


def expired_quote(stage: Stage) -> None:
    """A review that was left open; it is looked at half an hour later."""
    person, space, row = stage.paid("Slow", seats=2)
    quote = quotes_change.bind_change(
        row, Wish(seats=5), person=person, now=stage.now - timedelta(minutes=31)
    )
    path = f"/s/{space.public_id}/billing/plan/{quote.public_id}"
    en, nl = "so we made a new one", "dus hebben we een nieuwe gemaakt"
    stage.show("quote-expired", person, space, en, nl, path=path)


def stale_tab(stage: Stage) -> None:
    """The second tab of a purchase that the first one finished."""
    person, space = stage.owner("Stale")
    buyer = Buyer(person)
    buyer.choose(space, seats=2)
    buyer.pay_with()
    old = f"{buyer.base}/review"
    buyer.confirm()
    stage.show("stale-tab", person, space, "Premium is on", "Premium staat aan", path=old)


STAGES: tuple[tuple[datetime, tuple[Callable[[Stage], None], ...]], ...] = (
    (_day(5, 12), (free, ended_after_dunning, ended, trial_ended, manual_overdue)),
    (_day(5, 19), (past_due,)),
    (
        _day(6, 20),
        (
            active, nearly_full, over_seats, pending_decrease, cancelled, trials, covered, owner_gone,
            on_manual_invoice, waiting_for_the_bank, expired_quote, stale_tab, gateway_away,
        ),
    ),
)  # fmt: skip


def play(clock: HandClock) -> Stage:
    """Every scene, at the instant at which they are looked at."""
    stage = Stage(begin(clock.now), clock)
    for day, builders in STAGES:
        stage.until(day)
        stage.world.now = stage.now
        for build in builders:
            build(stage)
    return stage
