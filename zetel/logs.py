"""How Zetel logs: one line per happening on standard error, readable on a terminal and JSON elsewhere.

Everything goes through structlog, the standard library's loggers included. Values whose name says they are
secret, and the keys in addresses that open a door by themselves, are struck out before anything is written (rule X15).
"""

import logging
import logging.config
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

STRUCK = "[struck out]"
SECRET_NAMES = (
    "password",
    "secret",
    "token",
    "authorization",
    "cookie",
    "csrf",
    "card_number",
    "cvc",
    "api_key",
)


# What follows these in an address opens a door by itself.
_KEYS_IN_ADDRESSES = re.compile(
    r"(/invitations/|/confirm-email/|/password/reset/key/|/sandbox/(?:setup|element|approve)/)(?!ivt_)[^/\s?'\"<>]+"
)
# Tell more than is wanted; the last three would also write down the ids by which methods are charged.
QUIET = ("asyncio", "procrastinate", "psycopg.pool", "stripe", "httpx", "httpcore")


def strike_out(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the value of every key that names a secret, at any depth."""
    for name, value in event.items():
        event[name] = _struck(name, value)
    return event


def _struck(name: str, value: object) -> object:
    if any(secret in name.lower() for secret in SECRET_NAMES):
        return STRUCK
    if isinstance(value, dict):
        return {key: _struck(str(key), inner) for key, inner in value.items()}
    if isinstance(value, str):
        return _KEYS_IN_ADDRESSES.sub(rf"\1{STRUCK}", value)
    return value


def configure(level: str) -> None:
    """Set up logging for this process; `level` is a name like `info`."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        strike_out,
    ]
    last: list[structlog.typing.Processor]
    if sys.stderr.isatty():
        last = [structlog.dev.ConsoleRenderer()]
    else:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"zetel": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "zetel"}},
            "root": {"handlers": ["stderr"], "level": level.upper()},
            "loggers": {name: {"level": "WARNING"} for name in QUIET},
        }
    )
