"""The words and figures that templates print, the contrast of the colours, and how a form is drawn.

Contrast is computed from the token block of the stylesheet itself, in both themes, by the WCAG 2.2 formula.
"""

import re
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.http import Http404
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone, translation
from pytest_django import Settings

import zetel
from zetel.rules.money import Money
from zetel.templatetags import zetel as parts
from zetel.web.forms import Card, RadioCards, Segments, ZetelForm
from zetel.web.styleguide import styleguide

STATIC = Path(zetel.__file__).parent / "static" / "zetel"
CSS = (STATIC / "zetel.css").read_text(encoding="utf-8")
LIGHT, DARK = 0, 1
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\);", CSS)
}
GROUNDS = ("ground", "surface", "raised", "sunken", "hover")
READABLE = [
    *product(("ink", "ink-soft", "ink-faint"), GROUNDS),
    *product(("accent", "good", "bad"), ("ground", "surface", "raised", "sunken")),
    *((tone, f"{tone}-soft") for tone in ("good", "warn", "bad", "info")),
    *product(("ink",), ("good-soft", "warn-soft", "bad-soft", "info-soft")),
    ("on-action", "action"),
    ("on-action", "action-hover"),
    ("on-brand", "brand"),
    ("on-brand", "brand-hover"),
]
VISIBLE = [*product(("line-control", "focus"), ("ground", "surface", "raised"))]


@pytest.mark.parametrize(
    ("amount", "currency", "dutch", "english"),
    [
        (1099, "EUR", "€\N{NO-BREAK SPACE}10,99", "€10.99"),
        (-8486, "EUR", "€\N{NO-BREAK SPACE}−84,86", "−€84.86"),
        (123456789, "EUR", "€\N{NO-BREAK SPACE}1.234.567,89", "€1,234,567.89"),
        (0, "EUR", "€\N{NO-BREAK SPACE}0,00", "€0.00"),
        (1500, "JPY", "JP¥\N{NO-BREAK SPACE}1.500", "¥1,500"),
        (1234, "KWD", "KWD\N{NO-BREAK SPACE}1,234", "KWD\N{NO-BREAK SPACE}1.234"),
        (9_007_199_254_740_993, "EUR", "€\N{NO-BREAK SPACE}90.071.992.547.409,93", "€90,071,992,547,409.93"),
    ],
)
def test_an_amount_is_written_in_the_readers_way(
    amount: int, currency: str, dutch: str, english: str
) -> None:
    money = Money(amount, currency)
    with translation.override("nl"):
        assert parts.amount(money) == dutch
    with translation.override("en"):
        assert parts.amount(money) == english


def test_what_is_absent_is_written_as_nothing() -> None:
    assert [parts.amount(None), parts.longdate(None), parts.shortdate(None), parts.longtime(None)] == [""] * 4
    assert [parts.percent(None), parts.number(None)] == [""] * 2


def test_a_date_is_written_day_first_in_both_languages() -> None:
    day = date(2023, 6, 5)
    with translation.override("nl"):
        assert (parts.longdate(day), parts.shortdate(day)) == ("5 juni 2023", "5 jun 2023")
    with translation.override("en"):
        assert (parts.longdate(day), parts.shortdate(day)) == ("5 June 2023", "5 Jun 2023")


def test_an_instant_is_shown_in_the_active_time_zone() -> None:
    instant = datetime(2026, 5, 31, 22, 30, tzinfo=UTC)
    with translation.override("nl"), timezone.override("Europe/Amsterdam"):
        assert parts.longdate(instant) == "1 juni 2026"
        assert parts.longtime(instant) == "1 juni 2026 00:30"
    with translation.override("en"), timezone.override("UTC"):
        assert parts.longtime(instant) == "31 May 2026 22:30"


def test_basis_points_become_a_percentage() -> None:
    with translation.override("nl"):
        assert [parts.percent(bp) for bp in (2100, 950, 0, 10_000)] == ["21%", "9,5%", "0%", "100%"]
    with translation.override("en"):
        assert parts.percent(1925) == "19.25%"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Anna de Vries", "AV"),
        ("bram", "B"),
        ("daan@example.com", "DE"),
        ("李 小龍", "李小"),
        ("Ægir ø", "ÆØ"),
        ("  \u202e\u200bchris  ", "C"),
        ("🦊", "?"),
        ("<script>", "S"),
        ("ß z", "SS"),
        ("", "?"),
    ],
)
def test_initials_are_found_in_any_script(name: str, letters: str) -> None:
    assert parts.initials(name) == letters


def test_a_name_keeps_its_colour() -> None:
    assert parts.hue("Anna de Vries") == parts.hue("Anna de Vries")
    assert {parts.hue(f"name {index}") for index in range(200)} == set(range(1, 9))


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str, theme: int) -> float:
    darker, lighter = sorted(_luminance(TOKENS[name][theme]) for name in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_wcag_says() -> None:
    black, white = _luminance("#000000"), _luminance("#ffffff")
    assert (white + 0.05) / (black + 0.05) == pytest.approx(21)
    assert 1.05 / (_luminance("#767676") + 0.05) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_every_text_reaches_aa_contrast_on_its_ground(theme: int) -> None:
    weak = {pair: round(_contrast(*pair, theme), 2) for pair in READABLE if _contrast(*pair, theme) < 4.5}
    assert weak == {}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_edges_of_controls_and_focus_reach_three_to_one(theme: int) -> None:
    weak = {pair: round(_contrast(*pair, theme), 2) for pair in VISIBLE if _contrast(*pair, theme) < 3}
    assert weak == {}


def test_colours_that_stand_outside_the_tokens_are_readable_too() -> None:
    pairs = re.findall(
        r"background: light-dark\((#\w{6}), (#\w{6})\); color: light-dark\((#\w{6}), (#\w{6})\)", CSS
    )
    assert len(pairs) == 9, "eight avatars and the orange badge"
    for ground_light, ground_dark, text_light, text_dark in pairs:
        for ground, text in ((ground_light, text_light), (ground_dark, text_dark)):
            darker, lighter = sorted((_luminance(ground), _luminance(text)))
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ground, text)


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    named = {
        name
        for page in (Path(zetel.__file__).parent / "templates").rglob("*.html")
        for name in re.findall(r'{% icon "([\w-]+)"|icon(?:_after)?="([\w-]+)"', page.read_text())
        for name in name
        if name
    }
    assert named <= drawn, f"draw these in icons.svg: {named - drawn}"


class ExampleForm(ZetelForm):
    """A form with one field of each shape."""

    name = forms.CharField(label="Name", help_text="As on the invoice.")
    reference = forms.CharField(label="Reference", required=False)
    cycle = forms.ChoiceField(
        label="Cycle", widget=Segments, choices=[("month", Card("Monthly")), ("year", Card("Annual"))]
    )
    space = forms.ChoiceField(
        label="Space",
        widget=RadioCards,
        choices=[("one", Card("Design <b>", closed="Already paid.")), ("two", Card("Finance"))],
    )


def test_a_refused_form_ties_each_error_to_its_field() -> None:
    html = str(ExampleForm({"cycle": "year", "space": "two"}))
    assert '<a href="#id_name">Name: This field is required.</a>' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert html.count('<span class="field__optional">') == 1


def test_a_form_without_mistakes_shows_none() -> None:
    html = str(ExampleForm())
    assert "data-errors" not in html
    assert "field__error" not in html


def test_a_closed_card_cannot_be_chosen_and_says_why() -> None:
    html = str(ExampleForm({"space": "two"})["space"])
    first, second = html.split('<label class="option">')[1:]
    assert " disabled" in first
    assert "Already paid." in first
    assert "Design &lt;b&gt;" in first
    assert " disabled" not in second
    assert " checked" in second
    assert "selected" in second


def test_a_field_can_be_drawn_alone() -> None:
    html = str(ExampleForm()["name"].as_field_group())
    assert '<label class="field__label" for="id_name">' in html
    assert "As on the invoice." in html


def test_a_part_escapes_what_people_typed() -> None:
    page = Template("{% load zetel %}{% panel title=name %}{{ name }}{% endpanel %}")
    html = page.render(Context({"name": "<script>"}))
    assert "<script>" not in html
    assert html.count("&lt;script&gt;") == 2


def test_the_frame_stands_without_anything_in_its_context() -> None:
    html = Template('{% extends "base.html" %}{% block heading %}Hello{% endblock %}').render(Context())
    assert "<h1>Hello</h1>" in html
    assert "button--upgrade" not in html


def test_the_frame_shows_the_space_the_plan_and_the_orange_button() -> None:
    frame = {
        "person": {"label": "Anna de Vries", "email": "anna@example.com"},
        "space": {"name": "Kade <Groep>", "url": "/s/1"},
        "plan_label": "Basic",
        "show_upgrade": True,
        "upgrade_url": "/upgrade",
        "teams": [{"name": "Design", "url": "/t/1", "settings_url": "/t/1/settings"}],
        "menu": [("Admin console", "/console")],
    }
    page = Template('{% extends "base.html" %}{% block title %}Hello{% endblock %}')
    html = page.render(Context({"frame": frame, "request": RequestFactory().get("/")}))
    assert "<title>Hello · Kade &lt;Groep&gt; · Zetel</title>" in html
    assert '<a class="button button--upgrade" href="/upgrade">Upgrade</a>' in html
    assert '<span class="switcher__plan">Basic</span>' in html
    assert 'href="/t/1/settings"' in html
    assert 'href="/console"' in html


def test_the_clock_is_a_banner_on_every_page_of_a_set_clock() -> None:
    page = Template('{% extends "base.html" %}')
    frame = {"clock_banner": datetime(2026, 5, 12, 9, 30, tzinfo=UTC)}
    assert "12 May 2026 09:30" in page.render(Context({"frame": frame}))
    assert "clockbar" not in page.render(Context({"frame": {}}))


@pytest.mark.django_db
def test_the_gallery_shows_every_part_in_a_sandbox(client: Client) -> None:
    html = client.get("/styleguide/").content.decode()
    for sign in (
        "button--upgrade",
        "progress--warn",
        "plan--best",
        "history",
        "amounts__row--total",
        "errors",
    ):
        assert sign in html, sign


def test_the_gallery_is_not_there_in_a_live_installation(settings: Settings) -> None:
    settings.CONFIG = SimpleNamespace(sandbox=False)
    with pytest.raises(Http404):
        styleguide(RequestFactory().get("/styleguide/"))
