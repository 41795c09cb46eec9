"""Our letters for mails that allauth sends: its templates name a kind, and the words are those of `documents`."""

from typing import Any

from django import template

from zetel.documents.letters import letter
from zetel.documents.mail import house, html_values, one_line, text_of

register = template.Library()


@register.inclusion_tag("mail/letter.html")
def letter_html(kind: str, **params: Any) -> dict[str, object]:
    """The mail as HTML."""
    return html_values(letter(kind, params, house()))


@register.simple_tag
def letter_text(kind: str, **params: Any) -> str:
    """The mail as plain text; for templates that switch escaping off."""
    return text_of(letter(kind, params, house()))


@register.simple_tag
def letter_subject(kind: str, **params: Any) -> str:
    """Its one line of subject; likewise."""
    return one_line(letter(kind, params, house()).subject)
