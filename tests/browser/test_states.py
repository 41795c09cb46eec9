"""Every state that has a screen of its own, in a real browser: both languages, wide and light, narrow and dark."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PHONE_DARK, Visit, Window
from tests.browser.states import Scene, play
from tests.conftest import HandClock
from tests.doctor import assert_healthy

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def _faults(page: Page, words: str) -> list[str]:
    shown = page.locator("main").inner_text()
    return [] if words in shown else [f"does not say {words!r}: {shown[:300]!r}"]


def _look(window: Window, scenes: list[Scene], language: str) -> dict[str, list[str]]:
    """What is wrong with each scene; one person after the other, so that each logs in once."""
    faults, person = {}, None
    for scene in scenes:
        if scene.person != person:
            window.log_in(scene.person)
            person = scene.person
        page = window.go(scene.path)
        window.shot(f"state-{scene.name}")
        if wrong := _faults(page, scene.nl if language == "nl" else scene.en):
            faults[f"{scene.name} ({language})"] = wrong
    return faults


def test_every_state_says_what_it_is_in_both_languages(visit: Visit, clock: HandClock) -> None:
    scenes = play(clock).scenes
    faults = _look(visit("nl"), scenes, "nl")
    faults |= _look(visit("en", look=PHONE_DARK), scenes, "en")
    assert not faults, "\n".join(f"{name}: {wrong}" for name, wrong in faults.items())
    assert_healthy(clock.now)
