"""Sample data: a workspace, an organization with teams, guests and a paid team, and somebody for every role.

Everything is made by the product's own actions, at moments in the past that the clock of this process is set to, and
paid through the pretend company. It is made once; afterwards only the logins are printed.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from rich.console import Console
from rich.table import Table

from zetel import clock
from zetel.actions import (
    changes,
    directory,
    directory_account,
    directory_domains,
    directory_people,
    drafts,
    quotes,
    staff,
    trials,
)
from zetel.actions.customers import BillingInformation
from zetel.gateways.sandbox import save_sample_card
from zetel.jobs import billing_run, collect, methods, outbox
from zetel.models import Attempt, MethodSetup, Person, Space
from zetel.models.spaces import TEAM

MONTHS_BACK = 5
TRIAL_DAYS_BACK = 9
INFORMATION = BillingInformation(
    name="Bram Visser", company="Noordlicht B.V.", address_line1="Stationsplein 45", postal_code="3013 AK",
    city="Rotterdam", country="NL", language="nl", invoice_email="crediteuren@noordlicht.example",
)  # fmt: skip
COLLEAGUES = (
    "Anna de Wit", "Bram Visser", "Chris Jansen", "Eva Bakker", "Fatima El Amrani", "Gijs Mulder", "Hanna Smit",
    "Ibrahim Yıldız", "Julia Kok", "Kees van Dijk", "Lotte Brouwer", "Mehmet Demir", "Nora Peters", "Olaf Hendriks",
    "Priya Sharma", "Quinten Bos", "Roos Vermeulen", "Sander Dekker", "Tess Kuiper", "Umar Hassan", "Vera Postma",
    "Wouter Maas", "Xenia Papadopoulou", "Yasmin Bouzid", "Zoë Lambert", "Arjan Scholten", "Britt Prins",
    "Cem Kaya", "Dewi Santoso", "Emiel Claes", "Femke Hoekstra", "Giulia Ferrari", "Henk Willems", "Ilse Martens",
    "Jürgen Köhler", "Kim Nguyễn", "Liam O’Connor", "Maud Verhoeven", "Niels Østergaard", "Olga Kowalska",
)  # fmt: skip
TEAMS = (("Ontwikkeling", 0, 9), ("Ontwerp", 1, 5), ("Marketing", 2, 4), ("Verkoop", 10, 8), ("Onderzoek", 18, 6),
         ("Ondersteuning", 24, 11))  # fmt: skip
STUDIO = ("Iris Blom", "Joost Vos", "Karin Vink", "Lars Mol", "Mira Haas")
GUESTS = ("Gita Patel", "Hugo Janssens", "Ines Silva")
STAFF = ("operator", "sales", "support", "finance")
LOGINS = (
    ("member of teams on Basic: buy for Ontwerp (5 people) or Marketing", "chris@noordlicht.example"),
    ("billing owner of the paid team Ontwikkeling", "bram@noordlicht.example"),
    ("billing owner of the team Onderzoek, on trial", "tess@noordlicht.example"),
    ("admin of the organization, no billing right", "anna@noordlicht.example"),
    ("guest of the organization", "gita@partner.example"),
    ("member of the workspace", "iris@studio.example"),
    ("stranger to all of them", "daan@elders.example"),
    *((f"staff: {role}", f"{role}@zetel.example") for role in STAFF),
)


def load() -> None:
    """Make the sample data unless it is there, then print addresses and logins."""
    password = _password(settings.CONFIG.data)
    if not Person.objects.filter(email=LOGINS[0][1]).exists():
        with _clock_by_hand():
            Sample(password).make()
    _print(password)


def _password(folder: Path) -> str:
    """One password for all sample people, made once for this installation and readable by its owner only."""
    file = folder / "sample_password"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w") as out:
            out.write(f"sample-{secrets.token_hex(4)}\n")
    return file.read_text().strip()


@contextmanager
def _clock_by_hand() -> Iterator[None]:
    """What is made in the past is stamped with the past by everything in this process."""
    try:
        yield
    finally:
        clock.release()


@dataclass
class Sample:
    """Makes the data, moving the clock of this process forward as it goes."""

    password: str

    def make(self) -> None:
        real = clock.now()
        start = (real - timedelta(days=31 * MONTHS_BACK)).replace(hour=9, minute=0, second=0, microsecond=0)
        clock.freeze(start)
        for role in STAFF:
            staff.name_staff(
                person=self.person(f"Staff {role}", f"{role}@zetel.example"), role=role, now=clock.now()
            )
        self.person("Daan Verweg", "daan@elders.example")
        self.studio()
        organization = self.organization()
        paid = self.teams(organization)
        self.buy(paid)
        self.months_go_by(real - timedelta(days=TRIAL_DAYS_BACK))
        self.try_out(organization)
        self.months_go_by(real)

    def person(self, name: str, email: str) -> Person:
        known = email in {login for _, login in LOGINS}
        return directory_account.create_person(
            email=email, name=name, now=clock.now(), language="nl", password=self.password if known else ""
        )

    def studio(self) -> None:
        people = [self.person(name, f"{name.split()[0].lower()}@studio.example") for name in STUDIO]
        studio = directory.create_workspace(
            name="Studio Vier", country="NL", time_zone="Europe/Amsterdam", person=people[0], now=clock.now()
        )
        for person in people[1:]:
            directory_people.add_person(space=studio, person=person, actor=people[0], now=clock.now())

    def organization(self) -> Space:
        first = self.person(COLLEAGUES[0], "anna@noordlicht.example")
        directory_account.add_verified_address(
            person=first, email="anna@noordlicht-lab.example", now=clock.now()
        )
        made = directory.create_organization(
            name="Noordlicht", domain="noordlicht.example", country="NL", time_zone="Europe/Amsterdam", person=first,
            now=clock.now(),
        )  # fmt: skip
        directory_domains.add_domain(
            organization=made, domain="noordlicht-lab.example", actor=first, now=clock.now()
        )
        self.colleagues = [first]
        for number, name in enumerate(COLLEAGUES[1:], start=1):
            domain = "noordlicht.example" if number < 30 else "noordlicht-lab.example"
            login = name.split()[0].lower().replace("ü", "u").replace("ë", "e")
            person = self.person(name, f"{login}{'' if number < 25 else number}@{domain}")
            directory_people.add_person(space=made, person=person, actor=first, now=clock.now())
            self.colleagues.append(person)
        return made

    def teams(self, organization: Space) -> Space:
        made: list[Space] = []
        for name, start, size in TEAMS:
            people = self.colleagues[start : start + size]
            team = directory.create_team(
                organization=organization, name=name, person=people[0], now=clock.now()
            )
            for person in people[1:]:
                directory_people.add_person(space=team, person=person, actor=people[0], now=clock.now())
            made.append(team)
        for guest in GUESTS:
            person = self.person(guest, f"{guest.split()[0].lower()}@partner.example")
            directory_people.add_person(
                space=made[1], person=person, actor=self.colleagues[1], now=clock.now()
            )
        admin = self.colleagues[0]
        division = directory.create_division(
            organization=organization, name="Commercie", actor=admin, now=clock.now()
        )
        for team in made[2:4]:
            directory.put_team_into_division(team=team, division=division, actor=admin, now=clock.now())
        return made[0]

    def buy(self, team: Space) -> None:
        """Bram buys Premium for 10, a month at a time, by card."""
        bram = self.colleagues[1]
        clock.freeze(clock.now() + timedelta(days=2))
        draft = drafts.start(person=bram, currency="EUR", now=clock.now(), plan="premium", cycle="month")
        drafts.choose_space(draft, space=team, now=clock.now())
        drafts.choose_details(
            draft, plan="premium", cycle="month", seats=10, on_exceed="grow", now=clock.now()
        )
        customer = drafts.enter_customer(draft, INFORMATION, now=clock.now())
        methods.begin(
            customer, person=bram, kind="card", next_path="/", return_path="/upgrade/{setup}", now=clock.now()
        )
        setup = MethodSetup.objects.get(customer=customer)
        save_sample_card(setup.setup_id, now=clock.now())
        methods.finish(setup, now=clock.now())
        quote = quotes.bind(draft, now=clock.now())
        change = changes.confirm(
            quote_id=quote.pk,
            person=bram,
            now=clock.now(),
            return_path="/upgrade/changes/{change}/",
            language="nl",
        )
        collect.collect(Attempt.objects.get(payment__change=change).pk, now=clock.now())
        outbox.drain(clock.now())

    def try_out(self, organization: Space) -> None:
        """Tess tries Business for her team, without a payment method."""
        team = Space.objects.get(organization=organization, name="Onderzoek")
        tess = Person.objects.get(email="tess@noordlicht.example")
        draft = drafts.start(person=tess, currency="EUR", now=clock.now(), plan="business", cycle="month")
        drafts.choose_space(draft, space=team, now=clock.now())
        drafts.choose_details(
            draft, plan="business", cycle="month", seats=10, on_exceed="grow", now=clock.now()
        )
        trials.start(draft, now=clock.now())
        outbox.drain(clock.now())

    def months_go_by(self, real: datetime) -> None:
        """Day by day to the present, as the billing run and the post would have seen it."""
        while clock.now() + timedelta(days=1) < real:
            clock.freeze(clock.now() + timedelta(days=1))
            if billing_run.run_due(clock.now()):
                outbox.drain(clock.now())


def _print(password: str) -> None:
    console, address = Console(), settings.CONFIG.address
    table = Table(title="Sample people", title_justify="left", show_edge=False)
    table.add_column("Log in as")
    table.add_column("E-mail")
    for who, email in LOGINS:
        table.add_row(who, email)
    console.print(table)
    teams = Space.objects.filter(kind=TEAM, organization__name="Noordlicht").count()
    for line in (
        f"Password of all: {password}    ({teams} teams in Noordlicht)",
        f"Log in:  {address}/accounts/login/",
        f"Mailbox: {address}/sandbox/mailbox/",
        f"Prices:  {address}/pricing",
    ):
        console.print(line, soft_wrap=True, highlight=False)
