"""Templates keep to the strict content policy and never switch escaping off."""

import re
from pathlib import Path

from tests.house.source import ROOT, python_files, templates

INLINE = {
    r"\sstyle\s*=": "put it in the stylesheet",
    r"<style[\s>]": "put it in the stylesheet",
    r"\son[a-z]+\s*=\s*[\"']": "use a data attribute and a script file",
    r"javascript:": "use a script file",
    r"<script(?![^>]*\b(src|type=\"application/json\"))": "use a script file",
    r"(?:src|href)=\"(?:https?:)?//": "serve it yourself: no page asks another host",
}
UNESCAPED = (r"\|\s*safe\b", r"\|\s*safeseq\b", r"autoescape\s+off")
POST = re.compile(r"<form\b[^>]*method=\"post\"[^>]*>(.*?)</form>", re.IGNORECASE | re.DOTALL)


def _pages() -> list[Path]:
    """Mails are no pages: mail programs know no style sheets."""
    return [path for path in templates() if path.suffix == ".html" and "mail" not in path.parts]


def _found(*patterns: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1} {match.group().strip()[:80]}"
        for path in _pages()
        for text in [path.read_text()]
        for pattern in patterns
        for match in re.finditer(pattern, text)
    ]


def test_no_page_carries_its_own_styles_or_scripts() -> None:
    for pattern, cure in INLINE.items():
        found = _found(pattern)
        assert not found, f"{cure}: {found}"


def test_no_page_switches_escaping_off() -> None:
    found = _found(*UNESCAPED)
    assert not found, f"let Django escape it; build markup with format_html: {found}"


def test_no_code_declares_text_safe_unseen() -> None:
    found = [
        source.name
        for source in python_files("zetel")
        if re.search(r"\b(mark_safe|SafeString)\(", source.text)
    ]
    assert not found, f"use format_html, which escapes what it is given: {found}"


def test_every_form_that_posts_is_protected() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in _pages()
        for body in POST.findall(path.read_text())
        if "csrf_token" not in body
    ]
    assert not found, f"put {{% csrf_token %}} into these forms: {found}"
