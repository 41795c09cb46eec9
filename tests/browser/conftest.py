"""A real browser in front of a running Zetel, for every test that needs one.

Opening a window takes a browser longer than reading ten pages, so one window for each language, with JavaScript and
without, is kept for all tests: `visit` hands it out with nobody logged in. A window can become a phone, or dark. It
remembers what went wrong in it, and a test ends badly when something did. With ZETEL_SCREENSHOTS set to a folder,
`shot` keeps pictures there.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.test import Client
from playwright.sync_api import Browser, Page, Route, ViewportSize, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests import environment
from tests.conftest import HandClock
from zetel.models import Person

LOCALES = {"nl": "nl-NL", "en": "en-GB"}
PATIENCE_MS = 10_000
SIZES = {"wide": ViewportSize(width=1280, height=900), "phone": ViewportSize(width=390, height=844)}
RUN_AXE = "options => axe.run(document, options).then(found => found.violations)"
ALL_RULES = {"resultTypes": ["violations"], "preload": False}
CONTRAST = ALL_RULES | {"runOnly": ["color-contrast"]}
SERIOUS = ("serious", "critical")


class Look(NamedTuple):
    """A screen and its colours."""

    size: Literal["wide", "phone"]
    colours: Literal["light", "dark"]


WIDE_LIGHT, PHONE_DARK = Look("wide", "light"), Look("phone", "dark")


class Window:
    """One browser window. `page` is Playwright's."""

    def __init__(self, browser: Browser, language: str, *, javascript: bool) -> None:
        self.words = [language] if javascript else [language, "nojs"]
        self.context = browser.new_context(
            locale=LOCALES[language], java_script_enabled=javascript, reduced_motion="reduce",
            viewport=SIZES["wide"], color_scheme="light",
        )  # fmt: skip
        self.look, self.address = WIDE_LIGHT, ""
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("console", lambda said: self._hear(said.type, said.text))
        self.page.on("requestfailed", lambda lost: self._miss(lost.url, lost.failure or ""))

    def begin(self, address: str, look: Look) -> None:
        """For the next test: nobody is logged in and nothing went wrong yet."""
        self.address = address
        self.context.clear_cookies()
        self.become(look)
        self.faults.clear()

    def become(self, look: Look) -> None:
        if look != self.look:
            self.page.set_viewport_size(SIZES[look.size])
            self.page.emulate_media(color_scheme=look.colours)
            self.look = look

    def _miss(self, url: str, why: str) -> None:
        """What could not be loaded; going on to the next page gives up what the last one still asked for."""
        if why != "net::ERR_ABORTED":
            self.faults.append(f"not loaded: {url} {why}")

    def _hear(self, kind: str, text: str) -> None:
        """Every error in the console is a fault, but for pages that refuse on purpose."""
        refused = any(f"status of {status}" in text for status in (402, 409, 410, 422))
        by_camera = bool(environment.SCREENSHOTS) and "inline style" in text  # Playwright hides the caret so
        given_up = text.startswith(("htmx:sendAbort", "htmx:afterRequest"))  # a newer choice asks anew
        if kind == "error" and not refused and not by_camera and not given_up:
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

    def hold_next(self, path: str) -> Callable[[], None]:
        """Keep the next answer for this address waiting, as a slow line does. What is returned lets it come."""
        held: list[Route] = []
        self.page.route(path, lambda route: held.append(route), times=1)  # Playwright takes no built-in

        def arrive() -> None:
            for route in held:
                route.continue_()

        return arrive

    def heading(self) -> str:
        return self.page.get_by_role("heading", level=1).inner_text()

    def shot(self, name: str) -> None:
        """Keep a picture of the whole page, if pictures are wanted; what runs over its edge is a fault."""
        self.faults += [f"{name}: {over}" for over in self.runs_over()]
        if environment.SCREENSHOTS:
            path = Path(environment.SCREENSHOTS)
            path.mkdir(parents=True, exist_ok=True)
            self.page.evaluate("() => { scrollTo(0, 0); return document.fonts.ready.then(() => 0); }")
            picture = "-".join([name, *self.words, *self.look])
            self.page.screenshot(path=path / f"{picture}.png", full_page=True)

    def runs_over(self) -> list[str]:
        """Whether one has to scroll sideways."""
        over = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return [f"runs over a {self.look.size} screen by {over} px"] if over > 0 else []

    def inspect(self, name: str) -> None:
        """What axe finds serious on the open page is a fault, on a wide light screen and on a dark phone.

        The page is the same on both, so what is not about colours is asked of axe once: in the look that the window
        has, which is then turned. So every other page is asked about as a phone.
        """
        self.page.evaluate(AXE_SCRIPT)
        self._inspect_look(name, ALL_RULES)
        self.become(WIDE_LIGHT if self.look == PHONE_DARK else PHONE_DARK)
        self.page.evaluate("document.getAnimations().forEach(one => one.finish())")  # colours on their way
        self._inspect_look(name, CONTRAST)

    def _inspect_look(self, name: str, rules: dict[str, object]) -> None:
        self.shot(name)
        for rule in self.page.evaluate(RUN_AXE, rules):
            if rule["impact"] in SERIOUS:
                where = [node["html"][:200] for node in rule["nodes"]]
                self.faults.append(f"{name}, {self.look.colours}: {rule['id']}: {where}")


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """A running Chromium for the tests of this folder. Playwright keeps an event loop in the test's own thread, which
    Django would take for asynchronous code of ours; other tests must not meet it."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        running = playwright.chromium.launch(executable_path=chromium, args=["--disable-gpu"])
        yield running
        running.close()


@pytest.fixture(scope="package")
def windows(browser: Browser) -> dict[tuple[str, bool], Window]:
    """Those that were opened so far, by language and whether scripts run."""
    return {}


@pytest.fixture
def server(live_server: LiveServer, settings: Settings, clock: HandClock) -> str:
    """The address of a running Zetel that knows its own address; its clock is the test's."""
    settings.CONFIG = settings.CONFIG.model_copy(update={"base_url": live_server.url})
    return str(live_server.url)


Visit = Callable[..., Window]


@pytest.fixture
def visit(browser: Browser, windows: dict[tuple[str, bool], Window], server: str) -> Iterator[Visit]:
    """A window: `visit("nl", javascript=False, look=PHONE_DARK)`."""
    visited: dict[tuple[str, bool], Window] = {}

    def opener(language: str = "en", *, javascript: bool = True, look: Look = WIDE_LIGHT) -> Window:
        kind = (language, javascript)
        if kind not in windows:
            windows[kind] = Window(browser, language, javascript=javascript)
        if kind not in visited:
            visited[kind] = windows[kind]
            visited[kind].begin(server, look)
        return visited[kind]

    yield opener
    faults = [fault for window in visited.values() for fault in window.faults]
    assert not faults, faults
