"""A real browser in front of a running Zetel, for every test that needs one.

`visit` opens a window: in one of both languages, with or without JavaScript, on a phone or a wide screen, light or
dark. A window remembers what went wrong in it, and a test ends badly when something did. With ZETEL_SCREENSHOTS set to
a folder, `shot` keeps pictures there.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests import environment
from tests.conftest import HandClock
from zetel.models import Person

WIDE, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
LOCALES = {"nl": "nl-NL", "en": "en-GB"}
PATIENCE_MS = 10_000


class Window:
    """One browser window. `page` is Playwright's."""

    def __init__(self, context: BrowserContext, address: str, name: str) -> None:
        self.context, self.address, self.name = context, address, name
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("console", lambda said: self._hear(said.type, said.text))
        self.page.on("requestfailed", lambda lost: self._miss(lost.url, lost.failure or ""))

    def _miss(self, url: str, why: str) -> None:
        """What could not be loaded; going on to the next page gives up what the last one still asked for."""
        if why != "net::ERR_ABORTED":
            self.faults.append(f"not loaded: {url} {why}")

    def _hear(self, kind: str, text: str) -> None:
        """Every error in the console is a fault, but for pages that refuse on purpose."""
        refused = any(f"status of {status}" in text for status in (402, 409, 410, 422))
        by_camera = bool(environment.SCREENSHOTS) and "inline style" in text  # Playwright hides the caret so
        if kind == "error" and not refused and not by_camera:
            self.faults.append(text)

    def log_in(self, person: Person) -> None:
        """As if the person had logged in a moment ago."""
        client = Client()
        client.force_login(person)
        cookie = client.cookies["sessionid"]
        self.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": self.address}])

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def press(self, label: str) -> None:
        """Press the one button or link of that name."""
        self.page.get_by_role("button", name=label).or_(
            self.page.get_by_role("link", name=label)
        ).first.click()

    def shot(self, name: str) -> None:
        """Keep a picture of the whole page, if pictures are wanted."""
        if environment.SCREENSHOTS:
            path = Path(environment.SCREENSHOTS)
            path.mkdir(parents=True, exist_ok=True)
            self.page.evaluate("() => { scrollTo(0, 0); return document.fonts.ready.then(() => 0); }")
            self.page.screenshot(path=path / f"{name}-{self.name}.png", full_page=True)


@pytest.fixture
def server(live_server: LiveServer, settings: Settings, clock: HandClock) -> str:
    """The address of a running Zetel that knows its own address; its clock is the test's."""
    settings.CONFIG = settings.CONFIG.model_copy(update={"base_url": live_server.url})
    return str(live_server.url)


Visit = Callable[..., Window]


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Visit]:
    """Open a window: `visit("nl", javascript=False, phone=True, dark=True)`."""
    opened: list[Window] = []

    def opener(
        language: str = "en", *, javascript: bool = True, phone: bool = False, dark: bool = False
    ) -> Window:
        context = browser.new_context(
            locale=LOCALES[language], viewport=PHONE if phone else WIDE, has_touch=phone,
            java_script_enabled=javascript, color_scheme="dark" if dark else "light", reduced_motion="reduce",
        )  # fmt: skip
        words = [language, "phone" if phone else "wide", "dark" if dark else "light"]
        window = Window(context, server, "-".join(words if javascript else [*words, "nojs"]))
        opened.append(window)
        return window

    yield opener
    faults = [fault for window in opened for fault in window.faults]
    for window in opened:
        window.context.close()
    assert not faults, faults
