"""Prepares the process before Django reads its settings; imported first by tests/conftest.py.

The first process of a run makes a data folder, compiles the Dutch texts and chooses the database; it says so in
the environment, which the workers of a parallel run inherit. Nothing of the caller's own settings reaches a test,
except ZETEL_DATABASE_URL, which uses a PostgreSQL that runs already.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import django

from zetel import garbage
from zetel.embedded import Embedded
from zetel.translations import write

CHECKS = Path(__file__).parent.parent.parent / "shared" / "checks"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NOTHING_LEFT_OUT = os.environ.get("CI") == "true"
DATABASE_VARIABLE = "ZETEL_DATABASE_URL"
SCREENSHOTS = os.environ.get(
    "ZETEL_SCREENSHOTS", ""
)  # a folder for pictures of browser tests, run in one process
# The data of a test run is thrown away: it need not survive a power cut.
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "100"}

is_first_process = "PYTEST_XDIST_WORKER" not in os.environ
server: Embedded | None = None


def prepare() -> None:
    """Choose data folder and database for the whole run."""
    global server
    for name in [name for name in os.environ if name.startswith("ZETEL_") and name != DATABASE_VARIABLE]:
        del os.environ[name]
    data = Path(tempfile.mkdtemp(prefix="zetel-tests-"))
    data.chmod(0o755)  # the database's user must be able to enter it
    os.environ["ZETEL_DATA"] = str(data)
    os.environ["ZETEL_SECRET_KEY"] = "only-for-tests-" + "0" * 40
    write(data / "locale")
    if DATABASE_VARIABLE not in os.environ:
        server = Embedded(data, settings=QUICK)
        os.environ[DATABASE_VARIABLE] = server.url("postgres")
        if any(word.startswith(("-n", "--numprocesses")) for word in sys.argv):
            server.start()  # the workers cannot ask for it


def start_server() -> None:
    """Start the server if this run has its own and nobody asked before."""
    if server is not None and server.process is None:
        server.start()


def clear() -> None:
    """End what `prepare` began."""
    if not is_first_process:
        return
    if server is not None:
        server.stop()
        shutil.rmtree(server.sockets, ignore_errors=True)
    shutil.rmtree(os.environ["ZETEL_DATA"], ignore_errors=True)


if is_first_process:
    prepare()
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()
garbage.settle()
