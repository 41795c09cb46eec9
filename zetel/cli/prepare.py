"""`zetel prepare`: everything that must be in place before web and worker start, done once for a version.

Each step first looks whether there is anything to do, so that a second start takes seconds. Several machines may
prepare one outside database at the same time: a lock in the database lets them pass one by one.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import structlog
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from zetel import __version__, clock
from zetel.actions.catalog import apply_catalog
from zetel.config import Config, ConfigError
from zetel.models import CatalogVersion
from zetel.translations import write

SERVER_VERSION_MIN = 150_000  # PostgreSQL 15
CONNECT_SECONDS = 5
PREPARE_LOCK = 0x7A65_7465  # any number, the same everywhere
DEFAULT_CATALOG = Path(__file__).parent.parent / "catalog.toml"

log = structlog.get_logger(__name__)


def run(config: Config) -> None:
    """Bring texts, static files, tables and catalogue up to date."""
    check_database(config)
    write(config.locale_root)
    collect_static(config.static_root)
    with _alone():
        migrate()
        if not CatalogVersion.objects.exists():
            apply_catalog(DEFAULT_CATALOG.read_text(), now=clock.now())
            log.info("default catalogue applied")


def check_database(config: Config) -> None:
    """Find out with one try, before a pool of connections goes on trying. Raises ConfigError."""
    assert config.database_url is not None
    try:
        with psycopg.connect(
            config.database_url.get_secret_value(), connect_timeout=CONNECT_SECONDS
        ) as database:
            found = database.info.server_version
    except psycopg.OperationalError as error:
        raise ConfigError(
            f"ZETEL_DATABASE_URL: the database cannot be reached; check address and rights: {error}"
        ) from error
    if found < SERVER_VERSION_MIN:
        raise ConfigError(
            f"ZETEL_DATABASE_URL: that PostgreSQL is version {found // 10_000};"
            f" use {SERVER_VERSION_MIN // 10_000} or newer"
        )


@contextmanager
def _alone() -> Iterator[None]:
    """One start at a time, also of several machines on one database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [PREPARE_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [PREPARE_LOCK])


def migrate() -> None:
    """Apply what is missing of the migrations, and make the cache table."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        log.info("database migrated", migrations=len(missing))


def collect_static(root: Path) -> None:
    """Gather static files under hashed names with compressed copies, when they differ from last time."""
    note = root.with_name("static.fingerprint")
    wanted = _fingerprint()
    if note.is_file() and note.read_text() == wanted and (root / "staticfiles.json").is_file():
        return
    shutil.rmtree(root)
    root.mkdir()
    call_command("collectstatic", interactive=False, verbosity=0)
    note.write_text(wanted)


def _fingerprint() -> str:
    """Changes whenever a static file comes, goes or changes."""
    seen = hashlib.sha256(__version__.encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            state = Path(storage.path(name)).stat()
            seen.update(f"{name}\0{state.st_size}\0{state.st_mtime_ns}\0".encode())
    return seen.hexdigest()
