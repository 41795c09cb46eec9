"""The `zetel` command. Each subcommand reads the settings, then calls one function.

Subcommands that need Django live in modules of their own, which are loaded by name once Django is set up: their
imports of models would fail before. Settings that cannot be used end with return code 2 and a sentence.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import django
import typer
from django.utils.module_loading import import_string

from zetel import __version__
from zetel.config import Config, ConfigError, adopt, child_environment, load, use_django_settings
from zetel.embedded import Embedded
from zetel.supervisor import Up, web_command

app = typer.Typer(
    help="Zetel: plans, seats and billing for collaborative software.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """The entry point. A wrong setting is a sentence, never a traceback."""
    try:
        app()
    except ConfigError as error:
        print(f"zetel: {error}", file=sys.stderr)
        sys.exit(2)


def _in_django(config: Config, path: str) -> Callable[..., Any]:
    """The function at this dotted path, loaded after Django is set up."""
    if config.database_url is None:
        raise ConfigError(
            "ZETEL_DATABASE_URL is not set; only `zetel up` starts a database of its own,"
            " so set it to the address of your PostgreSQL"
        )
    use_django_settings()
    django.setup()
    found: Callable[..., Any] = import_string(path)
    return found


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(__version__)
        raise typer.Exit


@app.command()
def up(
    data: Annotated[Path | None, typer.Option(help="Folder for all data.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Add sample data once and print the logins.")] = False,
) -> None:
    """Start everything: database, web and worker. Ctrl-C stops everything."""
    sys.exit(Up(load(data=data, host=host, port=port), with_demo=demo).run())


@app.command()
def web() -> None:
    """Serve the web pages only; the database runs elsewhere."""
    config = load()
    command = web_command(config)
    os.execv(command[0], command)


@app.command()
def worker() -> None:
    """Carry out jobs only; the database runs elsewhere."""
    config = load()
    _in_django(config, "zetel.cli.worker.run")(config)


@app.command()
def prepare() -> None:
    """Make database, texts, catalogue and static files ready for this version. `zetel up` does it by itself."""
    config = load()
    config.static_root.mkdir(parents=True, exist_ok=True)  # Django's settings look whether it is there
    _in_django(config, "zetel.cli.prepare.run")(config)


Data = Annotated[Path | None, typer.Option(help="Folder of the `zetel up` that runs.")]


@app.command()
def catalog(
    file: Annotated[Path, typer.Argument(help="A catalogue in TOML.", exists=True, dir_okay=False)],
    data: Data = None,
) -> None:
    """Apply a catalogue of plans and prices."""
    _in_django(_beside_up(data), "zetel.cli.catalog.apply")(file)


@app.command()
def staff(
    email: Annotated[str, typer.Argument(help="The address somebody signed up with.")],
    role: Annotated[str, typer.Argument(help="sales, support, finance, operator, or none to take it away.")],
    data: Data = None,
) -> None:
    """Make somebody one of the seller's people: the way to the first operator of an installation."""
    _in_django(_beside_up(data), "zetel.cli.staff.name")(email, role)


@app.command()
def demo(data: Data = None) -> None:
    """Add sample data once, and print the logins. `zetel up --demo` does it by itself."""
    config = _beside_up(data)
    if not config.sandbox:
        raise ConfigError("ZETEL_MODE=live: sample data belongs in a sandbox; start one on another folder")
    _in_django(config, "zetel.cli.demo.load")()


@app.command()
def bill(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be billed now.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=16, help="How many processes share the work.")] = 2,
    data: Data = None,
) -> None:
    """Bill what is due now; the worker does it by itself every minute. Return code 1 when something was set aside."""
    config = _beside_up(data)
    if dry_run:
        _in_django(config, "zetel.cli.bill.dry_run")(as_json=as_json)
    else:
        _in_django(config, "zetel.cli.bill.run")(as_json=as_json, workers=workers)


@app.command()
def doctor(
    rule: Annotated[
        list[str] | None, typer.Option(help="Only this rule, such as X5; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    data: Data = None,
) -> None:
    """Check that everything that must always be true is true; return code 1 and the findings when it is not."""
    _in_django(_beside_up(data), "zetel.cli.doctor.run")(rule or [], as_json=as_json)


@app.command()
def reconcile(
    days: Annotated[int, typer.Option(min=1, max=1000, help="How many days to look back.")] = 35,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
    data: Data = None,
) -> None:
    """Hold the payment companies' ledgers against our payments; return code 1 when something differs."""
    _in_django(_beside_up(data), "zetel.cli.reconcile.run_by_hand")(days, as_json=as_json)


@app.command()
def export(
    table: Annotated[str, typer.Argument(help="journal, invoices, payments or vat.")],
    first: Annotated[str, typer.Option("--from", help="First day, like 2026-01-01.")],
    last: Annotated[str, typer.Option("--to", help="Last day, like 2026-03-31.")],
    output: Annotated[
        Path | None, typer.Option(help="A file ending in .csv or .xlsx; without one CSV is printed.")
    ] = None,
    data: Data = None,
) -> None:
    """Take a table along for the accountants."""
    _in_django(_beside_up(data), "zetel.cli.export.run")(table, first, last, output)


clock_app = typer.Typer(help="Show or set the clock of a sandbox.", no_args_is_help=True)
app.add_typer(clock_app, name="clock")
Back = Annotated[bool, typer.Option("--back", help="Turn the clock back although what has happened stays.")]


@clock_app.command("show")
def clock_show(data: Data = None) -> None:
    """Say what time it is here, and whether the clock stands."""
    _in_django(_beside_up(data), "zetel.cli.clock.show")()


@clock_app.command("set")
def clock_set(
    instant: Annotated[str, typer.Argument(help="2026-06-12 or 2026-06-12T09:30, the seller's local time.")],
    back: Back = False,
    data: Data = None,
) -> None:
    """Let the clock stand at an instant."""
    _in_django(_beside_up(data), "zetel.cli.clock.set_to")(instant, back=back)


@clock_app.command("advance")
def clock_advance(
    years: Annotated[int, typer.Option()] = 0,
    months: Annotated[int, typer.Option()] = 0,
    days: Annotated[int, typer.Option()] = 0,
    hours: Annotated[int, typer.Option()] = 0,
    data: Data = None,
) -> None:
    """Move the clock forward."""
    _in_django(_beside_up(data), "zetel.cli.clock.advance")(
        years=years, months=months, days=days, hours=hours
    )


@clock_app.command("run")
def clock_run(back: Back = False, data: Data = None) -> None:
    """Let real time run again."""
    _in_django(_beside_up(data), "zetel.cli.clock.run")(back=back)


key_app = typer.Typer(help="Keys of the API.", no_args_is_help=True)
app.add_typer(key_app, name="key")


@key_app.command("create")
def key_create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    person: Annotated[
        str, typer.Option(help="Address of whom it acts as; without, it is the installation's own.")
    ] = "",
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write or staff; may be repeated; read unless given.")
    ] = None,
    data: Data = None,
) -> None:
    """Make a key and print its secret, once."""
    _in_django(_beside_up(data), "zetel.cli.key.create")(name, person=person, scopes=scope or ["read"])


@key_app.command("list")
def key_list(data: Data = None) -> None:
    """Every key: how its secret begins, its scopes, and when it was last used."""
    _in_django(_beside_up(data), "zetel.cli.key.show")()


@key_app.command("rotate")
def key_rotate(
    key: Annotated[str, typer.Argument(help="Its id, key_…")],
    overlap_hours: Annotated[int, typer.Option(help="How long the secret before works on.")] = 24,
    data: Data = None,
) -> None:
    """Give a key a new secret and print it, once."""
    _in_django(_beside_up(data), "zetel.cli.key.rotate")(key, overlap_hours=overlap_hours)


@key_app.command("revoke")
def key_revoke(
    key: Annotated[str, typer.Argument(help="Its id, key_…")],
    data: Data = None,
) -> None:
    """Let a key open nothing from now on."""
    _in_django(_beside_up(data), "zetel.cli.key.revoke")(key)


def _beside_up(data: Path | None) -> Config:
    """The settings; without a database of one's own those of the `zetel up` that runs on this data folder."""
    config = load(data=data)
    beside = Embedded(config.data)
    if config.database_url is None and beside.is_answering():
        adopt(child_environment(config, ZETEL_DATABASE_URL=beside.url()))
        return load()
    if config.database_url is None:
        raise ConfigError(
            f"no `zetel up` runs on {config.data}; name the folder of the one that runs with --data,"
            " or set ZETEL_DATABASE_URL to the address of your PostgreSQL"
        )
    return config
