"""Every setting of an installation, from the environment or a file, checked before anything starts.

A setting is a field of `Config`; its variable is the field's name in capitals after `ZETEL_`, and the same name
in small letters works in a TOML file (`ZETEL_CONFIG_FILE`, else `zetel.toml` in the working directory). The
environment wins over the file. This is the only module that looks at the environment; whatever is wrong with it
ends as one `ConfigError` whose text names the variable and what to do.
"""

import difflib
import ipaddress
import os
import re
import secrets
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from zetel import config_values
from zetel.rules.tax_rates import EU_COUNTRIES

PREFIX = "ZETEL_"
FILE_VARIABLE = "ZETEL_CONFIG_FILE"
DEFAULT_FILE = Path("zetel.toml")
SETTINGS_MODULE = "DJANGO_SETTINGS_MODULE"
SECRET_LENGTH_MIN = 40
# What live mode must be told. An IBAN may be absent, and outside the EU a VAT number, but then by an empty value.
LIVE_NEEDS = (
    "secret_key",
    "base_url",
    "smtp_url",
    "mail_from",
    "seller_legal_name",
    "seller_address_lines",
    "seller_postcode",
    "seller_city",
    "seller_country",
    "seller_vat_number",
    "seller_registration_number",
    "seller_currency",
    "seller_iban",
    "seller_time_zone",
    "seller_support_email",
    "seller_sales_email",
    "seller_oss_registered",
)

# What a payment company needs, each set whole or not at all.
COMPANY_NEEDS = (
    ("stripe_secret_key", "stripe_webhook_secret"),
    ("paypal_client_id", "paypal_secret", "paypal_webhook_id"),
)


class ConfigError(Exception):
    """The settings cannot be used; the text is for the person who starts Zetel."""


@dataclass(frozen=True)
class Seller:
    """The legal entity that sells and issues invoices, as printed on them."""

    legal_name: str
    address_lines: tuple[str, ...]
    postcode: str
    city: str
    country: str
    vat_number: str
    registration_number: str
    currency: str
    iban: str
    time_zone: ZoneInfo
    logo: Path | None
    support_email: str
    sales_email: str
    oss_registered: bool


@dataclass(frozen=True)
class Smtp:
    """The mail server, taken apart. A password never travels in the open: with one, STARTTLS is asked for."""

    host: str = "localhost"
    port: int = 25
    username: str = ""
    password: str = ""
    tls: bool = False
    starttls: bool = False


def _listed(value: object) -> object:
    """Lists are written `one; two` in a variable, as arrays in a file."""
    if isinstance(value, str):
        return [part.strip() for part in re.split(r"[;\n]", value) if part.strip()]
    return value


def _email(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        raise ValueError("is no e-mail address; write it like billing@example.com")
    return value


def _database_url(value: SecretStr | None) -> SecretStr | None:
    if value is None or not value.get_secret_value():
        return None
    try:
        parts = conninfo_to_dict(value.get_secret_value())
    except psycopg.ProgrammingError as error:
        raise ValueError("cannot be read; write postgresql://name:password@host:5432/database") from error
    if not parts.get("dbname"):
        raise ValueError("names no database; write postgresql://name:password@host:5432/database")
    return value


def _base_url(value: str | None) -> str | None:
    if not value:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("must be a bare address like https://billing.example.com, without a path")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError(
            "plain http works for this machine only (http://localhost:8000);"
            " put a server with https in front and write its https address"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _secret_key(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value()) < SECRET_LENGTH_MIN:
        raise ValueError(
            f"is shorter than {SECRET_LENGTH_MIN} characters;"
            " make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return value


def _smtp_url(value: SecretStr | None) -> SecretStr | None:
    if value is None or not value.get_secret_value():
        return None
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("must be like smtp://name:password@mail.example.com:587 (or smtps://)")
    return value


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def default_data() -> Path:
    """Where an installation keeps its things unless told otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/zetel")
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "zetel"


class Config(BaseSettings):
    """All settings. In sandbox mode everything has a default; live mode asks for what it must be told."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    mode: Literal["sandbox", "live"] = "sandbox"
    data: Annotated[Path, AfterValidator(Path.absolute)] = Field(default_factory=default_data)
    database_url: Annotated[SecretStr | None, AfterValidator(_database_url)] = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    base_url: Annotated[str | None, AfterValidator(_base_url)] = None
    secret_key: Annotated[SecretStr | None, AfterValidator(_secret_key)] = None
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    # Servers in front of Zetel whose X-Forwarded-* headers are believed.
    proxy_count: Annotated[int, Field(ge=0, le=9)] = 0
    # Requests to the API that one key, and one address, may make in a minute.
    api_key_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 1_200
    api_address_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 6_000
    web_threads: Annotated[int, Field(ge=1, le=64)] = 4
    worker_jobs: Annotated[int, Field(ge=1, le=64)] = 4
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    smtp_url: Annotated[SecretStr | None, AfterValidator(_smtp_url)] = None
    mail_from: Annotated[str, AfterValidator(_email)] = "zetel@zetel.example"

    seller_legal_name: str = "Zetel Voorbeeld B.V."
    seller_address_lines: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = (
        "Keizersgracht 100",
    )
    seller_postcode: str = "1015 AA"
    seller_city: str = "Amsterdam"
    seller_country: Annotated[str, AfterValidator(config_values.country)] = "NL"
    seller_vat_number: Annotated[str, AfterValidator(config_values.vat_number)] = "NL123456782B90"
    seller_registration_number: Annotated[str, Field(max_length=32)] = "34567890"
    # The one of its tax returns: tax in another currency is stated in this one too.
    seller_currency: Annotated[str, AfterValidator(config_values.currency)] = "EUR"
    seller_iban: Annotated[str, AfterValidator(config_values.iban)] = "NL91ABNA0417164300"
    seller_time_zone: Annotated[str, AfterValidator(config_values.zone)] = "Europe/Amsterdam"
    seller_logo: Annotated[Path | None, AfterValidator(config_values.logo)] = None
    seller_support_email: Annotated[str, AfterValidator(_email)] = "support@zetel.example"
    seller_sales_email: Annotated[str, AfterValidator(_email)] = "sales@zetel.example"
    seller_oss_registered: bool = True
    # Another address of the EU's VAT service; empty is the service itself, and in a sandbox one that pretends.
    vies_url: Annotated[str | None, AfterValidator(config_values.vies_url)] = None
    # VAT rates beside those that come along, as rows country,percent,from; they win over those of the same day.
    tax_rates: Annotated[Path | None, AfterValidator(config_values.tax_rates)] = None
    # The European Central Bank's file of reference rates, eurofxref-hist.csv.
    exchange_rates: Annotated[Path | None, AfterValidator(config_values.exchange_rates)] = None

    # Payment companies: all of what one needs makes it appear; docs/gateways.md says where to find it.
    stripe_secret_key: SecretStr | None = None
    stripe_webhook_secret: SecretStr | None = None
    paypal_client_id: str = ""
    paypal_secret: SecretStr | None = None
    paypal_webhook_id: str = ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, _file())

    @model_validator(mode="after")
    def _live_is_told(self) -> Self:
        """Live mode sends real invoices: nothing on them may be an example left standing."""
        if self.mode == "sandbox":
            return self
        missing = [variable(name) for name in LIVE_NEEDS if name not in self.model_fields_set]
        if missing:
            raise ValueError(
                f"live mode needs {', '.join(missing)}; set them, or set ZETEL_MODE=sandbox to try Zetel"
            )
        if not self.address.startswith("https://"):
            raise ValueError("live mode needs an https address; set ZETEL_BASE_URL to it")
        return self

    @model_validator(mode="after")
    def _charges_vat_under_its_number(self) -> Self:
        """Who charges VAT or reverses it states the own number (Article 226, Directive 2006/112/EC)."""
        if self.seller_country in EU_COUNTRIES and not self.seller_vat_number:
            raise ValueError(
                f"{variable('seller_vat_number')} is empty, but a seller in {self.seller_country} charges VAT;"
                " set it, since every invoice has to name it"
            )
        return self

    @model_validator(mode="after")
    def _companies_are_whole_and_fit(self) -> Self:
        """Half a set of keys would take money and not hear of it; real money and pretence are never mixed."""
        for names in COMPANY_NEEDS:
            told = [bool(getattr(self, name)) for name in names]
            if any(told) and not all(told):
                needs = " and ".join(variable(name) for name in names)
                raise ValueError(f"{needs} belong together; set them all, or none of them")
        key = self.stripe_secret_key.get_secret_value() if self.stripe_secret_key else ""
        if key and not re.fullmatch(r"(sk|rk)_(test|live)_\w+", key):
            raise ValueError(
                "ZETEL_STRIPE_SECRET_KEY is no secret key of Stripe's; it begins with sk_test_ or sk_live_"
            )
        if key and ("_live_" in key[:8]) is self.sandbox:
            kind = "a live key, which takes real money, but" if self.sandbox else "a test key, but"
            raise ValueError(
                f"ZETEL_STRIPE_SECRET_KEY is {kind} ZETEL_MODE is {self.mode}; use the other key"
            )
        return self

    @property
    def sandbox(self) -> bool:
        return self.mode == "sandbox"

    @property
    def address(self) -> str:
        """Where people reach Zetel, without a slash at the end."""
        if self.base_url:
            return self.base_url
        # A passkey cannot belong to an IP address, so the machine itself is called localhost.
        name = "localhost" if is_loopback(self.host) or self.host in ("0.0.0.0", "::") else self.host
        return f"http://{name}:{self.port}"

    @property
    def address_host(self) -> str:
        return urlsplit(self.address).hostname or "localhost"

    @property
    def hosts(self) -> list[str]:
        """Host names that are answered."""
        local = ["localhost", "127.0.0.1", "[::1]"] if is_loopback(self.address_host) else []
        return list(dict.fromkeys([self.address_host, *local, *self.allowed_hosts]))

    @property
    def secure_cookies(self) -> bool:
        """Browsers drop Secure cookies on plain http, which is accepted for this machine only."""
        return not (self.address.startswith("http://") and is_loopback(self.address_host))

    @property
    def static_root(self) -> Path:
        return self.data / "static"

    @property
    def locale_root(self) -> Path:
        return self.data / "locale"

    @cached_property
    def seller(self) -> Seller:
        return Seller(
            legal_name=self.seller_legal_name,
            address_lines=self.seller_address_lines,
            postcode=self.seller_postcode,
            city=self.seller_city,
            country=self.seller_country,
            vat_number=self.seller_vat_number,
            registration_number=self.seller_registration_number,
            currency=self.seller_currency,
            iban=self.seller_iban,
            time_zone=ZoneInfo(self.seller_time_zone),
            logo=self.seller_logo,
            support_email=self.seller_support_email,
            sales_email=self.seller_sales_email,
            oss_registered=self.seller_oss_registered,
        )

    @cached_property
    def smtp(self) -> Smtp:
        parts = urlsplit(self.smtp_url.get_secret_value() if self.smtp_url else "smtp://localhost")
        tls = parts.scheme == "smtps"
        port = parts.port or (465 if tls else 587 if parts.username else 25)
        return Smtp(
            host=parts.hostname or "localhost",
            port=port,
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            tls=tls,
            starttls=not tls and (bool(parts.username) or port == 587),
        )

    def secret(self) -> str:
        """The key that signs sessions: told, else the one made on the first start, else good for this process only."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        file = self.data / "secret_key"
        return file.read_text().strip() if file.is_file() else secrets.token_urlsafe(48)

    def keep_secret(self) -> None:
        """Make the key of a sandbox on its first start, readable by its owner only."""
        file = self.data / "secret_key"
        if self.secret_key is not None or file.exists():
            return
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w") as out:
            out.write(secrets.token_urlsafe(48) + "\n")


def variable(field: str) -> str:
    """`port` -> `ZETEL_PORT`."""
    return PREFIX + field.upper()


def _file() -> Path | None:
    named = os.environ.get(FILE_VARIABLE)
    if named and not Path(named).is_file():
        raise ConfigError(
            f"{FILE_VARIABLE}={named}: there is no such file; correct the path or unset the variable"
        )
    if named:
        return Path(named)
    return DEFAULT_FILE if DEFAULT_FILE.is_file() else None


def _refuse_unknown_variables() -> None:
    """A mistyped variable would otherwise silently leave a default standing."""
    known = [variable(name) for name in Config.model_fields] + [FILE_VARIABLE]
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "unset it"
            raise ConfigError(f"{name} is no setting of Zetel; {hint}")


def _sentence(problem: Any) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    name = str(problem["loc"][0])
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, list(Config.model_fields), n=1)
        return f"{name} in the file is no setting of Zetel; {f'did you mean {near[0]}?' if near else 'remove it'}"
    secret = Config.model_fields[name].annotation in (SecretStr, SecretStr | None)
    shown = "" if secret else f"={problem['input']}"
    own = problem["type"] == "value_error"
    return (
        f"{variable(name)}{shown}: {message}" if own else f"{variable(name)}{shown} cannot be used: {message}"
    )


def load(**told: object) -> Config:
    """Read and check all settings; `told` comes from the command line and wins. Raises ConfigError."""
    _refuse_unknown_variables()
    try:
        return Config(**{name: value for name, value in told.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [_sentence(problem) for problem in error.errors(include_url=False)]
        raise ConfigError("\n".join(lines)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the settings file {_file()} is not valid TOML: {error}; correct that line"
        ) from error


def use_django_settings() -> None:
    """Tell Django which settings are ours, for processes that nobody else told."""
    os.environ.setdefault(SETTINGS_MODULE, "zetel.settings")


def child_environment(config: Config, **extra: str) -> dict[str, str]:
    """The environment for a process we start: ours, with what the command line and the start decided on top."""
    return {
        **os.environ,
        "ZETEL_MODE": config.mode,
        "ZETEL_DATA": str(config.data),
        "ZETEL_HOST": config.host,
        "ZETEL_PORT": str(config.port),
        SETTINGS_MODULE: "zetel.settings",
        "PYTHONUNBUFFERED": "1",
        **extra,
    }


def adopt(environment: dict[str, str]) -> None:
    """Go on as a process that was started with this environment."""
    os.environ.update(environment)
