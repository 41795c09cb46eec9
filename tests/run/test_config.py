"""Settings: what is wrong is said with the variable's name and the cure, before anything starts."""

import os
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from zetel.config import ConfigError, load
from zetel.embedded import Embedded

LIVE = {
    "MODE": "live",
    "SECRET_KEY": "s" * 50,
    "BASE_URL": "https://billing.acme.test",
    "SMTP_URL": "smtp://mail.acme.test:587",
    "MAIL_FROM": "billing@acme.test",
    "SELLER_LEGAL_NAME": "Acme B.V.",
    "SELLER_ADDRESS_LINES": "Damrak 1; Gebouw C",
    "SELLER_POSTCODE": "1012 LG",
    "SELLER_CITY": "Amsterdam",
    "SELLER_COUNTRY": "NL",
    "SELLER_VAT_NUMBER": "NL123456782B90",
    "SELLER_REGISTRATION_NUMBER": "",
    "SELLER_CURRENCY": "EUR",
    "SELLER_IBAN": "",
    "SELLER_TIME_ZONE": "Europe/Amsterdam",
    "SELLER_SUPPORT_EMAIL": "help@acme.test",
    "SELLER_SALES_EMAIL": "sales@acme.test",
    "SELLER_OSS_REGISTERED": "no",
}


@pytest.fixture(autouse=True)
def _only_what_the_test_sets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("ZETEL_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def _message() -> str:
    with pytest.raises(ConfigError) as raised:
        load()
    return str(raised.value)


def test_a_sandbox_needs_no_setting_at_all() -> None:
    config = load()
    assert (config.mode, config.host, config.port) == ("sandbox", "127.0.0.1", 8000)
    assert config.address == "http://localhost:8000"
    assert config.seller.time_zone == ZoneInfo("Europe/Amsterdam")


STRIPE = {"STRIPE_SECRET_KEY": "sk_test_0123456789", "STRIPE_WEBHOOK_SECRET": "whsec_0123456789"}
PAYPAL = {"PAYPAL_CLIENT_ID": "client", "PAYPAL_SECRET": "secret", "PAYPAL_WEBHOOK_ID": "webhook"}


@pytest.mark.parametrize("keys", [STRIPE, PAYPAL], ids=["stripe", "paypal"])
def test_half_of_a_companys_keys_is_refused_and_all_are_taken(
    monkeypatch: pytest.MonkeyPatch, keys: dict[str, str]
) -> None:
    first, *others = keys
    monkeypatch.setenv(f"ZETEL_{first}", keys[first])
    said = _message()
    assert "belong together" in said
    assert all(f"ZETEL_{name}" in said for name in keys)
    for name in others:
        monkeypatch.setenv(f"ZETEL_{name}", keys[name])
    load()


@pytest.mark.parametrize(
    ("mode", "key", "said"),
    [
        ("sandbox", "sk_live_0123456789", "is a live key, which takes real money, but ZETEL_MODE is sandbox"),
        ("live", "sk_test_0123456789", "is a test key, but ZETEL_MODE is live"),
        ("live", "rk_test_0123456789", "is a test key, but ZETEL_MODE is live"),
        ("sandbox", "pk_test_0123456789", "is no secret key"),
    ],
)
def test_real_money_and_pretence_are_never_mixed(
    monkeypatch: pytest.MonkeyPatch, mode: str, key: str, said: str
) -> None:
    told = {**(LIVE if mode == "live" else {}), **STRIPE, "STRIPE_SECRET_KEY": key}
    for name, value in told.items():
        monkeypatch.setenv(f"ZETEL_{name}", value)
    message = _message()
    assert said in message
    assert "0123456789" not in message, "the key itself is not shown"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "eighty", "ZETEL_PORT=eighty cannot be used"),
        ("PORT", "70000", "ZETEL_PORT=70000 cannot be used"),
        ("MODE", "test", "ZETEL_MODE=test cannot be used: Input should be 'sandbox' or 'live'"),
        ("SECRET_KEY", "short", "ZETEL_SECRET_KEY: is shorter than 40 characters; make one with: python3 -c"),
        ("DATABASE_URL", "mysql://db", "ZETEL_DATABASE_URL: cannot be read; write postgresql://"),
        (
            "DATABASE_URL",
            "postgresql://u:hush@db",
            "ZETEL_DATABASE_URL: names no database; write postgresql://",
        ),
        ("BASE_URL", "http://zetel.acme.test", "plain http works for this machine only"),
        ("BASE_URL", "https://acme.test/zetel", "must be a bare address like https://billing.example.com"),
        (
            "SELLER_TIME_ZONE",
            "Amsterdam",
            "ZETEL_SELLER_TIME_ZONE=Amsterdam: is no time zone; write one like",
        ),
        (
            "SELLER_COUNTRY",
            "Holland",
            "ZETEL_SELLER_COUNTRY=Holland: is no country code; write its two ISO letters",
        ),
        ("SELLER_VAT_NUMBER", "NL1", "ZETEL_SELLER_VAT_NUMBER=NL1: is no valid EU VAT number; check it"),
        ("SELLER_CURRENCY", "EURO", "is no currency that Zetel knows; write its three ISO letters like EUR"),
        ("TAX_RATES", "/nowhere.csv", "is no file that can be read; check the path"),
        ("VIES_URL", "vies.example", "must be an address like https://"),
        ("EXCHANGE_RATES", "/nowhere.csv", "is no file that can be read; check the path"),
        ("SELLER_IBAN", "NL00ABNA0417164300", "is no valid IBAN; check its digits"),
        ("SELLER_SUPPORT_EMAIL", "help", "is no e-mail address; write it like billing@example.com"),
        ("SELLER_LOGO", "/nowhere/logo.svg", "is no file that can be read; check the path"),
        ("SELLER_LOGO", "/etc/passwd", "must be a picture ending in .svg, .png"),
        ("SMTP_URL", "mail.acme.test", "ZETEL_SMTP_URL: must be like smtp://name:password@"),
        ("PROT", "8000", "ZETEL_PROT is no setting of Zetel; did you mean ZETEL_PORT?"),
        (
            "CONFIG_FILE",
            "/nowhere.toml",
            "ZETEL_CONFIG_FILE=/nowhere.toml: there is no such file; correct the path",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_its_cure(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"ZETEL_{name}", value)
    message = _message()
    assert said in message
    assert "hush" not in message


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZETEL_PORT", "0")
    monkeypatch.setenv("ZETEL_SELLER_COUNTRY", "nl")
    assert [line.partition("=")[0] for line in _message().splitlines()] == [
        "ZETEL_PORT",
        "ZETEL_SELLER_COUNTRY",
    ]


def test_a_secret_is_never_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZETEL_SECRET_KEY", "hunter2")
    assert "hunter2" not in _message()
    monkeypatch.setenv("ZETEL_SECRET_KEY", "hunter2" * 10)
    assert "hunter2" not in repr(load())


def test_a_file_works_like_variables_and_variables_win(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "zetel.toml"
    file.write_text('port = 9000\nhost = "127.0.0.2"\nseller_address_lines = ["Damrak 1", "Gebouw C"]\n')
    monkeypatch.setenv("ZETEL_PORT", "9001")
    config = load()
    assert (config.host, config.port) == ("127.0.0.2", 9001)
    assert config.seller.address_lines == ("Damrak 1", "Gebouw C")


def test_what_the_command_line_says_wins_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZETEL_PORT", "9001")
    assert load(port=9002, host=None).port == 9002


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mode = 1\nport = x", "is not valid TOML: Invalid value (at line 2, column 8); correct that line"),
        ("prot = 8000", "prot in the file is no setting of Zetel; did you mean port?"),
        ('port = "x"', "ZETEL_PORT=x cannot be used"),
    ],
)
def test_a_wrong_file_says_where(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "zetel.toml").write_text(text)
    assert said in _message()


def test_live_mode_names_everything_it_must_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZETEL_MODE", "live")
    message = _message()
    missing = [f"ZETEL_{name}" for name in LIVE if name != "MODE"]
    assert all(name in message for name in missing)
    assert message.endswith("set them, or set ZETEL_MODE=sandbox to try Zetel")


def test_live_mode_with_everything_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LIVE.items():
        monkeypatch.setenv(f"ZETEL_{name}", value)
    config = load()
    assert config.seller.address_lines == ("Damrak 1", "Gebouw C")
    assert (config.hosts, config.secure_cookies) == (["billing.acme.test"], True)
    monkeypatch.setenv("ZETEL_BASE_URL", "http://localhost:8000")
    assert _message() == "live mode needs an https address; set ZETEL_BASE_URL to it"


@pytest.mark.parametrize(
    ("address", "secure"),
    [
        (None, False),
        ("http://localhost:8000", False),
        ("http://127.0.0.1:8000", False),
        ("http://[::1]:8000", False),
        ("https://localhost", True),
        ("https://zetel.acme.test", True),
    ],
)
def test_cookies_are_secure_except_on_plain_localhost(
    monkeypatch: pytest.MonkeyPatch, address: str | None, secure: bool
) -> None:
    if address:
        monkeypatch.setenv("ZETEL_BASE_URL", address)
    assert load().secure_cookies is secure


def test_the_key_of_a_sandbox_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    config = load(data=tmp_path)
    config.keep_secret()
    first = config.secret()
    config.keep_secret()
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    assert len(first) >= 40
    assert load(data=tmp_path).secret() == first


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("ZETEL_PORT", "eighty", ("up",)),
        ("ZETEL_MODE", "live", ("web",)),
        ("ZETEL_PORT", "8000", ("worker",)),
    ],
)
def test_the_command_ends_with_a_sentence_and_code_2(
    variable: str, value: str, words: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "zetel", *words],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), variable: value},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("zetel: ")
    assert "Traceback" not in done.stderr


def test_a_seller_in_the_eu_has_a_vat_number_and_another_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it no invoice could carry the words of reverse charge (T1)."""
    monkeypatch.setenv("ZETEL_SELLER_VAT_NUMBER", "")
    assert "ZETEL_SELLER_VAT_NUMBER is empty, but a seller in NL charges VAT" in _message()
    monkeypatch.setenv("ZETEL_SELLER_COUNTRY", "US")
    assert load().seller.vat_number == ""


def test_a_command_that_finds_no_zetel_says_where_it_looked_and_how_to_name_another(tmp_path: Path) -> None:
    left = Embedded(tmp_path).sockets  # what one that was stopped leaves behind
    left.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "zetel", "bill", "--dry-run"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "ZETEL_DATA": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    left.rmdir()
    assert done.returncode == 2
    assert done.stderr == (
        f"zetel: no `zetel up` runs on {tmp_path}; name the folder of the one that runs with --data,"
        " or set ZETEL_DATABASE_URL to the address of your PostgreSQL\n"
    )
