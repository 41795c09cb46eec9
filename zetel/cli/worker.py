"""`zetel worker`: carries out deferred jobs and those of the schedule until it is asked to stop."""

from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from zetel import garbage
from zetel.config import Config
from zetel.supervisor import GRACE_SECONDS


def run(config: Config) -> None:
    """Work until TERM or INT; jobs in hand get GRACE_SECONDS to finish."""
    garbage.settle()
    connector = app.connector
    assert isinstance(connector, DjangoConnector)
    with app.replace_connector(connector.get_worker_connector()) as working:
        working.run_worker(concurrency=config.worker_jobs, shutdown_graceful_timeout=GRACE_SECONDS)
